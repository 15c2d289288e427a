//! Puts a report where it was asked for.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process,
};

use super::page::START;
use crate::{failure::Failure, outside::check_outside};

/// Fails where a report cannot be written, and unless `force` is set where something stands that is
/// no report: before any work is done.
pub(super) fn check(path: &Path, force: bool) -> Result<(), Failure> {
    check_outside(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let message =
            format!("cannot write {}: there is no folder {}", path.display(), folder.display());
        return Err(Failure::failed(message).with_hint("make the folder, or -o FILE names another"));
    }
    if path.is_dir() {
        let message = format!("cannot write {}: it is a folder", path.display());
        return Err(Failure::failed(message).with_hint("-o FILE names a file"));
    }
    if path.exists() && !path.is_file() {
        let message = format!("cannot write {}: it is neither a file nor a folder", path.display());
        return Err(Failure::failed(message).with_hint("-o FILE names a file, -o - the output"));
    }
    if force || !path.exists() || is_report(path)? {
        return Ok(());
    }
    let message = format!("{} is there and is no report", path.display());
    Err(Failure::failed(message).with_hint("--force replaces it; -o FILE names another file"))
}

/// Tells whether a file starts as reports do.
fn is_report(path: &Path) -> Result<bool, Failure> {
    let mut start = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(START.len() as u64).read_to_end(&mut start));
    match read {
        Ok(_) => Ok(start == START.as_bytes()),
        Err(error) => Err(Failure::because(&format!("cannot read {}", path.display()), error)),
    }
}

/// Writes a file whole or not at all, in the place of what has that name.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let cannot =
        |error: io::Error| Failure::because(&format!("cannot write {}", path.display()), error);
    let beside = beside(path).ok_or_else(|| {
        let message = format!("{:?} is no name of a file", path.display().to_string());
        Failure::usage(message)
    })?;
    let written = write_new(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        // Whether it goes or not, the error is what went wrong.
        let _ = fs::remove_file(&beside);
        cannot(error)
    })
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Names a file in the same folder that no other process uses.
fn beside(path: &Path) -> Option<PathBuf> {
    let mut name = OsString::from(".");
    name.push(path.file_name()?);
    name.push(format!(".{}.tmp", process::id()));
    Some(path.with_file_name(name))
}
