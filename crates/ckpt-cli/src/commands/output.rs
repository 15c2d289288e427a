//! Where restored and exported files go, and what is said of them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ckpt_store::{Error, Repository, RestoreAction, RestorePlan, Version, disk::RealDisk};

use crate::{
    failure::Failure,
    format, json,
    outside::check_outside,
    ui::{Progress, Style, Text, Ui},
};

/// Where files go: a folder, and the name of the file if it is not the recorded one.
pub(super) struct Target {
    pub(super) folder: PathBuf,
    pub(super) name: Option<String>,
}

/// Puts the files of a plan into a folder, which `progress` is told; if that fails, no folder is left
/// that was not there.
pub(super) fn carry_out(
    repository: &Repository,
    folder: &Path,
    progress: &Progress,
    plan: impl FnOnce(&RealDisk) -> Result<RestorePlan, Error>,
) -> Result<RestorePlan, Error> {
    // An empty path joins well, but is no folder.
    let root = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let disk = RealDisk::new(root);
    let plan = plan(&disk)?;
    let new_folders = missing_folders(folder, &plan);
    let tell = |done, total| progress.update_bytes(done, total);
    if let Err(error) = repository.apply_restore_with(&plan, &disk, &tell) {
        remove_empty(&new_folders);
        return Err(error);
    }
    Ok(plan)
}

/// Names the folder, and what was done there, where an error names a path in it.
pub(super) fn explain(doing: &str, error: Error, folder: &Path) -> Failure {
    let is_of_folder = matches!(
        error,
        Error::WouldOverwrite(_) | Error::Target { .. } | Error::Contents(_) | Error::Io { .. }
    );
    let failure = Failure::from(error);
    if is_of_folder && !folder.as_os_str().is_empty() {
        failure.within(&format!("{doing} into {}", folder.display()))
    } else {
        failure
    }
}

/// Decides where files go, as `cp` does; several go to the folder `fallback` if nothing is said.
pub(super) fn target(
    files: usize,
    fallback: PathBuf,
    output: Option<&Path>,
) -> Result<Target, Failure> {
    let is_single = files == 1;
    let in_folder = |folder: PathBuf| Target { folder, name: None };
    let Some(output) = output else {
        return Ok(in_folder(if is_single { PathBuf::new() } else { fallback }));
    };
    check_outside(output)?;
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

pub(super) fn keys(version: &Version, folder: &Path, plan: &RestorePlan) -> json::Restore {
    let file = |file: &ckpt_store::PlannedFile| json::RestoredFile {
        path: folder.join(&file.path).display().to_string(),
        bytes: file.len,
        action: done(file.action),
    };
    json::Restore { version: version.id, files: plan.files().iter().map(file).collect() }
}

pub(super) fn print(ui: &mut Ui, folder: &Path, plan: &RestorePlan) -> Result<(), Failure> {
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
