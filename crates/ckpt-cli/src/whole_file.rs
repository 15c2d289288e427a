//! Files that commands write for users: whole or not at all.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
};

use crate::failure::Failure;

/// Writes a file whole or not at all, in the place of what has that name.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
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
