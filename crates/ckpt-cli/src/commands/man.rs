//! Writes manual pages, one for the program and one for each command.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use clap_mangen::{
    Man,
    roff::{Roff, roman},
};

use crate::{
    context::{Answer, Context, Outcome, PROGRAM},
    failure::Failure,
    format, json,
    outside::check_outside,
    whole_file,
};

/// Starts the part of a help text that holds examples.
const EXAMPLES: &str = "Examples:\n";

/// Prints a manual page, or writes all of them into a folder
///
/// There is one page for the program and one for each command, such as ckpt.1 and ckpt-log.1.
/// Pages that are in the folder already are replaced.
///
/// With --json: page (the text of it); with -o: pages (a list of paths).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt man promote | man -l -
  ckpt man -o ~/.local/share/man/man1
")]
pub(crate) struct ManArgs {
    /// The command to print the page of [default: the program's own page]
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    command: Option<String>,

    /// The folder for all pages, which is made if need be
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub(crate) fn man(context: &mut Context, args: &ManArgs) -> Outcome {
    let mut program = (context.grammar)().disable_help_subcommand(true);
    program.build();
    match &args.output {
        Some(folder) => write_all(context, &program, folder)?,
        None => print(context, find(&program, args.command.as_deref())?)?,
    }
    Ok(Answer::Done)
}

/// Finds the program's command of a name.
fn find<'a>(program: &'a clap::Command, name: Option<&str>) -> Result<&'a clap::Command, Failure> {
    let Some(name) = name.filter(|name| *name != PROGRAM) else {
        return Ok(program);
    };
    program.find_subcommand(name).ok_or_else(|| {
        Failure::usage(format!("there is no command {name:?}"))
            .with_hint(crate::Hint::command("help", "lists all"))
    })
}

fn print(context: &mut Context, command: &clap::Command) -> Result<(), Failure> {
    let page = page(command).map_err(Failure::of)?;
    match context.json {
        true => context.ui.json(&json::ManPage { page: String::from_utf8_lossy(&page).into() }),
        false => context.ui.verbatim(&page),
    }
}

fn write_all(context: &mut Context, program: &clap::Command, folder: &Path) -> Result<(), Failure> {
    let writing = |path: &Path| {
        let message = format!("cannot write {}", path.display());
        move |error: io::Error| Failure::because(&message, error)
    };
    check_outside(folder)?;
    fs::create_dir_all(folder).map_err(writing(folder))?;
    let mut pages = Vec::new();
    for command in [program].into_iter().chain(program.get_subcommands()) {
        let path = folder.join(manual(command).get_filename());
        whole_file::write(&path, &page(command).map_err(writing(&path))?)?;
        pages.push(path.display().to_string());
    }
    if context.json {
        return context.ui.json(&json::ManPages { pages });
    }
    let count = format::count(pages.len() as u64, "page");
    context.ui.line(format!("wrote {count} into {}", folder.display()))
}

fn manual(command: &clap::Command) -> Man {
    let source = format!("{PROGRAM} {}", env!("CARGO_PKG_VERSION"));
    Man::new(command.clone()).source(source)
}

/// Makes the page of a command that was built.
fn page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let man = manual(command);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    after_help(&help).to_writer(&mut page)?;
    Ok(page)
}

/// Lays out what follows the options in the help: the examples line by line, the rest as text.
fn after_help(help: &str) -> Roff {
    let mut roff = Roff::new();
    let (before, examples) = help.split_once(EXAMPLES).unwrap_or((help, ""));
    let (examples, after) = examples.split_once("\n\n").unwrap_or((examples, ""));
    if !examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]).control("nf", []);
        for line in examples.lines() {
            roff.text([roman(line.trim())]);
        }
        roff.control("fi", []);
    }
    let notes = [before, after].into_iter().flat_map(|text| text.split("\n\n"));
    let mut notes = notes.filter(|paragraph| !paragraph.trim().is_empty()).peekable();
    if notes.peek().is_some() {
        roff.control("SH", ["NOTES"]);
    }
    for paragraph in notes {
        roff.control("PP", []).text([roman(paragraph.trim())]);
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_keep_their_lines_and_nothing_is_taken_for_a_request() {
        let roff = after_help("Examples:\n  ckpt log\n  ckpt show 'a b'\n\n.REV is\na version.");
        insta::assert_snapshot!(roff.render(), @r"
        .ie \n(.g .ds Aq \(aq
        .el .ds Aq '
        .SH EXAMPLES
        .nf
        ckpt log
        ckpt show \*(Aqa b\*(Aq
        .fi
        .SH NOTES
        .PP
        \&.REV is
        a version.
        ");
    }
}
