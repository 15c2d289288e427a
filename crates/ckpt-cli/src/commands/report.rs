//! Writes a stretch of history as a page.

mod output;

use std::path::{Path, PathBuf};

use ckpt_app::report::{Report, ReportOptions};
use ckpt_store::REPOSITORY_DIR;
use clap::Args;

use crate::{
    context::{Answer, Context, Outcome},
    failure::Failure,
    format, json,
    ui::{Style, Text},
    whole_file,
};

/// Stands for standard output.
const STDOUT: &str = "-";

/// Writes a page of charts, tables and the history graph
///
/// One HTML file that needs nothing else: curves of the metrics, a table of them, inputs and
/// where it changed, how much each tensor changed from version to version, and the history graph
/// with branches, merges, tags and aliases. A..B are the versions after A up to B, along the first
/// parents; one revision alone is all its history. Without a range the graph shows all branches.
///
/// Of long histories 60 steps of tensors are compared, evenly spread, and the 80 tensors that
/// changed most are shown. A file that is there is replaced if it is a report.
///
/// With --json: report (the file), versions (how many), bytes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt report
  ckpt report v1..main -o release.html
  ckpt report main~100.. --no-tensors -o - | gzip > report.html.gz
")]
pub(crate) struct ReportArgs {
    /// The versions: A..B, or a revision [default: HEAD, with all branches in the graph]
    #[arg(value_name = "RANGE")]
    range: Option<String>,

    /// The file to write; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    output: PathBuf,

    /// Leaves the heat map out, so that no tensor is read
    #[arg(long)]
    no_tensors: bool,

    /// Replaces a file that is no report
    #[arg(long)]
    force: bool,
}

pub(crate) fn report(context: &mut Context, args: &ReportArgs) -> Outcome {
    let is_stdout = args.output.as_os_str() == STDOUT;
    if is_stdout && context.json {
        let message = "-o - and --json both write to standard output; give one of them";
        return Err(Failure::usage(message));
    }
    if !is_stdout {
        output::check(&args.output, args.force)?;
    }
    let report = read(context, args)?;
    let page = report.page();
    if is_stdout {
        context.ui.verbatim(page.as_bytes())?;
        return Ok(Answer::Done);
    }
    whole_file::write(&args.output, page.as_bytes())?;
    let (versions, bytes) = (report.versions(), page.len() as u64);
    let place = args.output.display().to_string();
    if context.json {
        context.ui.json(&json::Report { report: place, versions, bytes })?;
        return Ok(Answer::Done);
    }
    let facts = format!("  {}, {}", format::count(versions, "version"), format::bytes(bytes));
    let line = Text::from("wrote ").push(Style::Strong, place).push(Style::Faint, facts);
    context.ui.line(line)?;
    Ok(Answer::Done)
}

/// Reads and measures all that the page shows.
fn read(context: &Context, args: &ReportArgs) -> Result<Report, Failure> {
    let repository = context.repository()?;
    let progress = context.ui.progress("reading history");
    let options = ReportOptions {
        repository: name(context)?,
        range: args.range.clone(),
        time_ms: context.environment.now_ms()?,
        with_tensors: !args.no_tensors,
    };
    Report::read(&repository, &options, &|done, total| {
        progress.message("comparing tensors");
        progress.update(done, total);
    })
}

/// Gives the name of the folder that holds the repository.
fn name(context: &Context) -> Result<String, Failure> {
    let current = context.environment.current_dir()?;
    let holds = |folder: &&Path| folder.join(REPOSITORY_DIR).is_dir();
    let folder = match &context.repo {
        Some(folder) => current.join(folder),
        None => current.ancestors().find(holds).unwrap_or(&current).to_owned(),
    };
    let whole = folder.canonicalize().unwrap_or(folder);
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(name.unwrap_or_else(|| whole.display().to_string()))
}
