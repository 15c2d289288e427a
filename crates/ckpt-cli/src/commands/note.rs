use std::path::PathBuf;

use ckpt_app::files::input_files;
use ckpt_store::{NewNote, Note};
use clap::Args;

use super::commit::{note_odd_metrics, parse_metric, unique};
use crate::{
    Failure,
    context::{Answer, Context, Outcome},
    format, json,
    ui::{Style, Text},
};

/// Adds metrics, text and files to a version, which stays what it is
///
/// A metric that is noted counts before the version's own, and before earlier notes, wherever
/// metrics are shown, searched and compared: in log, compare, min: and max:, and conditions. Files
/// are kept as they are; `restore REV --notes` gives them back. `show` lists the notes.
///
/// With --json: version, note (its id), time, author, text, metrics, files (a list of path,
/// bytes).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt note HEAD --metric test_accuracy=0.913
  ckpt note v1.2 -m 'in use since May' --file report.pdf
")]
pub(crate) struct NoteArgs {
    /// The version
    #[arg(value_name = "REV")]
    revision: String,

    /// A metric: a number, nan or inf; repeatable
    #[arg(long = "metric", value_name = "NAME=VALUE", value_parser = parse_metric)]
    metrics: Vec<(String, f64)>,

    /// A file or a folder to keep with the version; repeatable
    #[arg(long = "file", value_name = "PATH")]
    files: Vec<PathBuf>,

    /// Text
    #[arg(short, long, default_value = "", hide_default_value = true)]
    message: String,
}

pub(crate) fn note(context: &mut Context, args: &NoteArgs) -> Outcome {
    let metrics = unique("metric", &args.metrics)?;
    if metrics.is_empty() && args.files.is_empty() && args.message.is_empty() {
        let hint = "give --metric NAME=VALUE, --file PATH or -m TEXT";
        return Err(Failure::usage("there is nothing to note").with_hint(hint));
    }
    let repository = context.repository()?;
    let version = repository.resolve(&args.revision)?;
    let progress = context.ui.progress("noting");
    let files = match args.files.is_empty() {
        true => Vec::new(),
        false => input_files(&args.files, true, &progress.counting())?,
    };
    let note = repository.note(
        &NewNote::new(vec![version], context.signature()?)
            .with_metrics(metrics)
            .with_text(args.message.clone())
            .with_files(files),
    )?;
    drop(progress);
    if context.json {
        context.ui.json(&json::Noted { version, note: json::Note::new(&note) })?;
    } else {
        let line = Text::from("noted on ").push(Style::Id, version.short());
        context.ui.line(line.plain(": ").plain(summary(&note)))?;
        note_odd_metrics(&mut context.ui, &note.record.metrics)?;
    }
    Ok(Answer::Done)
}

/// Says in a few words what a note holds.
fn summary(note: &Note) -> String {
    let record = &note.record;
    let metrics = record.metrics.iter();
    let mut parts: Vec<String> =
        metrics.map(|(name, value)| format!("{name}={}", format::exact(*value))).collect();
    if !record.files.is_empty() {
        parts.push(format::count(record.files.len() as u64, "file"));
    }
    if let Some(line) = record.text.lines().next() {
        parts.push(format!("\"{line}\""));
    }
    parts.join(", ")
}
