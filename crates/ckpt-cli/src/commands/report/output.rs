//! Puts a report where it was asked for.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

use ckpt_app::report::START;

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
    // Of a link, the link: a page would take its place.
    let Ok(meta) = fs::symlink_metadata(path) else { return Ok(()) };
    if meta.is_dir() {
        let message = format!("cannot write {}: it is a folder", path.display());
        return Err(Failure::failed(message).with_hint("-o FILE names a file"));
    }
    if !meta.is_file() {
        let message = format!("{} is neither a regular file nor a folder", path.display());
        return Err(Failure::failed(message).with_hint("-o FILE names a file, -o - the output"));
    }
    if force || is_report(path)? {
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
