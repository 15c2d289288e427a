//! From arguments to an exit code.

use std::{ffi::OsString, iter, path::PathBuf, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::{
    commands::Command,
    context::{Context, Outcome, PROGRAM},
    environment::Environment,
    failure::Class,
    ui::Ui,
    usage,
};

/// Version control for model checkpoints.
#[derive(Debug, Parser)]
#[command(
    name = PROGRAM,
    version,
    after_help = "\
Examples:
  ckpt init
  ckpt commit model.safetensors -m 'first try' --metric val_loss=0.31
  ckpt log
  ckpt compare HEAD~ HEAD
  ckpt restore min:val_loss -o best.safetensors

REV names a version: a branch, tag or alias, HEAD, the first digits of an id, main~3 \
                  (3 versions before), main@12 (version number 12), min:loss or max:f1 (the best \
                  of the current branch), min:loss@main.\n\n\
                  Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the answer is no, 4 conflict."
)]
struct Cli {
    /// The folder that holds .ckpt [default: found upwards from the current folder]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    repo: Option<PathBuf>,

    /// Prints the result as JSON
    #[arg(long, global = true, help_heading = "Global options")]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

/// Runs the command line `program ARGS`, where `args` does not hold the program's name.
///
/// `program` is what users type to get here, such as `ckpt`.
pub fn run(program: &'static str, args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let environment = Environment::read();
    let mut ui = Ui::new(program, &environment);
    let command = for_program(program).term_width(ui.width().min(usage::WIDTH));
    let args = iter::once(OsString::from(program)).chain(args);
    let parsed = command
        .try_get_matches_from(args)
        .and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches));
    let Cli { repo, json, command } = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage::report(&mut ui, &error),
    };
    let mut context = Context { ui, environment, repo, json, grammar: Cli::command };
    let outcome = command.run(&mut context);
    let outcome = outcome.map_err(|failure| match context.repository() {
        Ok(repository) => ckpt_app::refs::suggest(&repository, failure),
        Err(_) => failure,
    });
    exit_code(&mut context.ui, outcome)
}

/// Describes the command line for users who run this program under that name, in examples too.
fn for_program(program: &'static str) -> clap::Command {
    let example = |name: &str| format!("\n  {name} ");
    let rename = |command: clap::Command| match command.get_after_help() {
        Some(help) => {
            let help = help.to_string().replace(&example(PROGRAM), &example(program));
            command.after_help(help)
        }
        None => command,
    };
    rename(Cli::command()).mut_subcommands(rename).name(program).bin_name(program)
}

/// Ends the output and turns the outcome into the code that the process exits with.
fn exit_code(ui: &mut Ui, outcome: Outcome) -> ExitCode {
    let ended = outcome.and_then(|answer| match ui.flush() {
        // The answer stands, even if nobody reads what explains it.
        Err(failure) if failure.class() != Class::ClosedPipe => Err(failure),
        _ => Ok(answer),
    });
    match ended {
        Ok(answer) => answer.into(),
        Err(failure) => usage::report_failure(ui, &failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lists the program and all its commands.
    fn all(program: &clap::Command) -> impl Iterator<Item = &clap::Command> {
        [program].into_iter().chain(program.get_subcommands())
    }

    /// Returns the examples in a command's help, without what a shell makes of their results.
    fn examples(command: &clap::Command) -> Vec<String> {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = help.split_once("Examples:\n").map_or("", |(_, examples)| examples);
        let examples = examples.split_once("\n\n").map_or(examples, |(examples, _)| examples);
        let line = |line: &str| {
            let end = [" | ", " > "].iter().filter_map(|end| line.find(end)).min();
            line[..end.unwrap_or(line.len())].trim().to_owned()
        };
        examples.lines().map(line).collect()
    }

    /// Parts a line into words as a shell does: by spaces, but for those in single quotes.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut is_quoted = false;
        for char in line.chars() {
            match char {
                '\'' => is_quoted = !is_quoted,
                ' ' if !is_quoted => words.push(String::new()),
                char => words.last_mut().unwrap().push(char),
            }
        }
        assert!(!is_quoted && !words.contains(&String::new()), "{line}");
        words
    }

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples_of_itself() {
        let program = Cli::command();
        for command in all(&program) {
            let (name, examples) = (command.get_name(), examples(command));
            let most = if name == PROGRAM { 6 } else { 5 };
            assert!((2..=most).contains(&examples.len()), "{name}: {examples:?}");
            for example in examples.iter().map(|example| words(example)) {
                assert!(example[0] == PROGRAM && [PROGRAM, &example[1]].contains(&name), "{name}");
            }
        }
    }

    #[test]
    fn every_example_parses() {
        let program = Cli::command();
        for example in all(&program).flat_map(examples) {
            let parsed = Cli::command().try_get_matches_from(words(&example));
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
        }
        assert!(Cli::command().try_get_matches_from(words("ckpt log --nothing")).is_err());
    }

    #[test]
    fn examples_call_the_program_what_people_call_it() {
        let help = |program| {
            let command = for_program(program);
            all(&command).map(|command| command.get_after_help().unwrap().to_string()).collect()
        };
        let (plain, xtask): (Vec<String>, Vec<String>) = (help("ckpt"), help("cargo xtask"));
        for (plain, xtask) in plain.iter().zip(xtask) {
            assert_eq!(plain.replace("\n  ckpt ", "\n  cargo xtask "), xtask);
            assert!(!xtask.contains("\n  ckpt "), "{xtask}");
        }
    }
}
