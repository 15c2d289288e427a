use std::path::PathBuf;

use ckpt_store::{Repository, RestoreOptions, Role, Version};
use clap::Args;

use super::output::{self, Target};
use crate::{
    context::{Answer, Context, Outcome, find},
    failure::Failure,
};

/// Gives the files of a version back, byte for byte
///
/// Every byte is checked before any file appears. What is there already and the same is kept; what
/// differs is replaced only with --force, and nothing else is touched. With --notes the files that
/// notes brought are given back in place of the version's own; of one path, that of the last note.
///
/// With --json: version, files (a list of path, bytes, action: written, kept or replaced).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt restore HEAD
  ckpt restore production -o model.safetensors
  ckpt restore min:val_loss -o best/ --with-state --force
")]
pub(crate) struct RestoreArgs {
    /// The version
    #[arg(value_name = "REV")]
    revision: String,

    /// Where to: the file's name if the version holds one file, a folder otherwise [default: the
    /// recorded name, or the folder ckpt-ID, of notes ckpt-ID-notes]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Also restores the optimizer state of a version made in memory, with its weights
    #[arg(long)]
    with_state: bool,

    /// Restores the files of the version's notes, see `note`
    #[arg(long, conflicts_with = "with_state")]
    notes: bool,

    /// Replaces files that differ
    #[arg(long)]
    force: bool,
}

impl RestoreArgs {
    /// Names the folder for several files.
    fn fallback(&self, version: &Version) -> PathBuf {
        let what = if self.notes { "-notes" } else { "" };
        PathBuf::from(format!("ckpt-{}{what}", version.id.short()))
    }
}

pub(crate) fn restore(context: &mut Context, args: &RestoreArgs) -> Outcome {
    let repository = context.repository()?;
    let version = find(&repository, &args.revision)?;
    let files = file_count(&repository, &version, args.notes)?;
    let Target { folder, name } =
        output::target(files, args.fallback(&version), args.output.as_deref())?;
    let options = RestoreOptions::default()
        .with_name(name)
        .with_state(args.with_state)
        .with_force(args.force);
    let progress = context.ui.progress("restoring");
    let plan = output::carry_out(&repository, &folder, &progress, |disk| match args.notes {
        true => repository.plan_restore_notes(&version.id, disk, &options),
        false => repository.plan_restore(&version.record, disk, &options),
    })
    .map_err(|error| output::explain("restoring", error, &folder))?;
    drop(progress);
    if args.with_state && !has_state(&repository, &version)? {
        context.ui.notice("note: the version holds no optimizer state")?;
    }
    if context.json {
        context.ui.json(&output::keys(&version, &folder, &plan))?;
        return Ok(Answer::Done);
    }
    output::print(&mut context.ui, &folder, &plan)?;
    Ok(Answer::Done)
}

/// Counts what is going to be restored, which is something.
fn file_count(
    repository: &Repository,
    version: &Version,
    of_notes: bool,
) -> Result<usize, Failure> {
    let id = version.id.short();
    let (files, nothing) = if of_notes {
        let notes = repository.notes()?;
        let files = notes.on(&version.id).map_or(0, |notes| notes.files().len());
        (files, format!("no note on version {id} has files"))
    } else {
        let files = repository.file_count(&version.record)?;
        (files, format!("version {id} holds metrics and parameters alone"))
    };
    if files == 0 { Err(Failure::failed(nothing)) } else { Ok(files) }
}

fn has_state(repository: &Repository, version: &Version) -> Result<bool, Failure> {
    let checkpoint = repository.checkpoint(&version.record)?;
    Ok(checkpoint.tensors.iter().any(|tensor| tensor.role == Role::State))
}
