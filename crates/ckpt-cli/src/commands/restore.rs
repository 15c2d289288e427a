use std::{
    fs,
    path::{Path, PathBuf},
};

use ckpt_store::{
    Error, Repository, RestoreAction, RestoreOptions, RestorePlan, Version, disk::RealDisk,
    record::Role,
};
use clap::Args;

use crate::{
    context::{Answer, Context, Outcome, find},
    failure::Failure,
    format, json,
    ui::{Style, Text, Ui},
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

    /// Also restores the optimizer state of a version made in memory, beside its weights
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

/// Where files go: a folder, and the name of the file if it is not the recorded one.
struct Target {
    folder: PathBuf,
    name: Option<String>,
}

pub(crate) fn restore(context: &mut Context, args: &RestoreArgs) -> Outcome {
    let repository = context.repository()?;
    let version = find(&repository, &args.revision)?;
    let files = file_count(&repository, &version, args.notes)?;
    let Target { folder, name } = target(files, args.fallback(&version), args.output.as_deref())?;
    let options = RestoreOptions { name, with_state: args.with_state, force: args.force };
    let progress = context.ui.progress("restoring");
    let plan = carry_out(&repository, &folder, |disk| match args.notes {
        true => repository.plan_restore_notes(&version.id, disk, &options),
        false => repository.plan_restore(&version.record, disk, &options),
    })
    .map_err(|error| explain(error, &folder))?;
    drop(progress);
    if args.with_state && !has_state(&repository, &version)? {
        context.ui.notice("note: the version holds no optimizer state")?;
    }
    if context.json {
        context.ui.json(&keys(&version, &folder, &plan))?;
        return Ok(Answer::Done);
    }
    print(&mut context.ui, &folder, &plan)?;
    Ok(Answer::Done)
}

/// Puts the files of a plan into a folder; if that fails, no folder is left that was not there.
fn carry_out(
    repository: &Repository,
    folder: &Path,
    plan: impl FnOnce(&RealDisk) -> Result<RestorePlan, Error>,
) -> Result<RestorePlan, Error> {
    // An empty path joins well, but is no folder.
    let root = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let disk = RealDisk::new(root);
    let plan = plan(&disk)?;
    let new_folders = missing_folders(folder, &plan);
    if let Err(error) = repository.apply_restore(&plan, &disk) {
        remove_empty(&new_folders);
        return Err(error);
    }
    Ok(plan)
}

/// Names the folder where an error names a path in it.
fn explain(error: Error, folder: &Path) -> Failure {
    let is_of_folder = matches!(
        error,
        Error::WouldOverwrite(_) | Error::Target { .. } | Error::Contents(_) | Error::Io { .. }
    );
    let failure = Failure::from(error);
    if is_of_folder && !folder.as_os_str().is_empty() {
        failure.within(&format!("restoring into {}", folder.display()))
    } else {
        failure
    }
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

/// Decides where files go, as `cp` does; several go to the folder `fallback` if nothing is said.
fn target(files: usize, fallback: PathBuf, output: Option<&Path>) -> Result<Target, Failure> {
    let is_single = files == 1;
    let in_folder = |folder: PathBuf| Target { folder, name: None };
    let Some(output) = output else {
        return Ok(in_folder(if is_single { PathBuf::new() } else { fallback }));
    };
    let ends_in_separator = output.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
    if !is_single && output.exists() && !output.is_dir() {
        let message = format!("{} is a file; the {files} files need a folder", output.display());
        return Err(Failure::failed(message));
    }
    let name = match output.file_name() {
        Some(name) if is_single && !output.is_dir() && !ends_in_separator => name,
        _ => return Ok(in_folder(output.to_owned())),
    };
    let name = name.to_str().ok_or_else(|| {
        Failure::usage(format!("{} has a name that is not UTF-8", output.display()))
    })?;
    let folder = output.parent().map_or_else(PathBuf::new, Path::to_owned);
    Ok(Target { folder, name: Some(name.to_owned()) })
}

fn has_state(repository: &Repository, version: &Version) -> Result<bool, Failure> {
    let checkpoint = repository.checkpoint(&version.record)?;
    Ok(checkpoint.tensors.iter().any(|tensor| tensor.role == Role::State))
}

/// Lists the folders that a plan makes, the outermost first.
fn missing_folders(folder: &Path, plan: &RestorePlan) -> Vec<PathBuf> {
    let files = plan.files().iter().map(|file| folder.join(&file.path));
    let above =
        |file: PathBuf| -> Vec<PathBuf> { file.ancestors().skip(1).map(Path::to_owned).collect() };
    let mut folders: Vec<PathBuf> = files
        .flat_map(above)
        .filter(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .collect();
    folders.sort();
    folders.dedup();
    folders
}

/// Removes those of the folders that are there and empty.
fn remove_empty(folders: &[PathBuf]) {
    for folder in folders.iter().rev() {
        // What is not empty holds files and stays.
        let _ = fs::remove_dir(folder);
    }
}

const fn done(action: RestoreAction) -> &'static str {
    match action {
        RestoreAction::Create => "written",
        RestoreAction::Replace => "replaced",
        RestoreAction::Keep => "kept",
    }
}

fn keys(version: &Version, folder: &Path, plan: &RestorePlan) -> json::Restore {
    let file = |file: &ckpt_store::PlannedFile| json::RestoredFile {
        path: folder.join(&file.path).display().to_string(),
        bytes: file.len,
        action: done(file.action),
    };
    json::Restore { version: version.id, files: plan.files().iter().map(file).collect() }
}

fn print(ui: &mut Ui, folder: &Path, plan: &RestorePlan) -> Result<(), Failure> {
    for file in plan.files() {
        let style = match file.action {
            RestoreAction::Create => Style::Good,
            RestoreAction::Replace => Style::Notice,
            RestoreAction::Keep => Style::Faint,
        };
        let line = Text::styled(style, format!("{:<8}", done(file.action)))
            .plain(format!("  {}", folder.join(&file.path).display()))
            .push(Style::Faint, format!("  {}", format::bytes(file.len)));
        ui.line(line)?;
    }
    Ok(())
}
