//! The only place that syncs and renames.
//!
//! Everything in a repository follows one order: write a file under `tmp/`, sync it, rename it to
//! its place, sync the folder that now names it. A crash before the rename leaves a stray file that
//! nobody reads; a crash after it leaves the whole file or the old state.

use std::io;

use super::{Disk, WriteFile};

/// The folder of files that are not in place yet. Any file in it may be removed at any time that
/// no writer runs.
pub const TMP: &str = "tmp";

/// A file that is being written next to its place, removed again unless it comes there.
pub struct Draft<'a> {
    // Before what removes it: some systems remove no open file.
    file: Box<dyn WriteFile>,
    written: Written<'a>,
}

/// A file that is written and closed but not in its place, removed again unless it comes there.
pub struct Written<'a> {
    disk: &'a dyn Disk,
    path: String,
    placed: bool,
}

impl<'a> Draft<'a> {
    /// Starts a file under `tmp/`.
    pub fn create(disk: &'a dyn Disk) -> io::Result<Self> {
        with_folder(disk, TMP, || Self::create_at(disk, format!("{TMP}/{:016x}", disk.nonce())))
    }

    /// Starts a file at a place of the caller's, on the file system where it is to appear.
    pub fn create_at(disk: &'a dyn Disk, path: String) -> io::Result<Self> {
        let file = disk.create(&path)?;
        Ok(Self { file, written: Written { disk, path, placed: false } })
    }

    /// Returns where it is until it comes to its place.
    pub fn path(&self) -> &str {
        &self.written.path
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Writes to a place of the file; see [`WriteFile::write_at`].
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, bytes)
    }

    /// Closes the file; with `sync`, its bytes outlast a crash from here on.
    pub fn close(mut self, sync: bool) -> io::Result<Written<'a>> {
        if sync {
            self.file.sync()?;
        }
        Ok(self.written)
    }

    /// Makes the file appear whole and for good as `name` in the folder `dir`, which is made if it
    /// is not there.
    ///
    /// Where only the last step fails, the file is in its place and the error says so.
    pub fn publish(self, dir: &str, name: &str) -> io::Result<()> {
        let mut written = self.close(true)?;
        let disk = written.disk;
        with_folder(disk, dir, || written.rename(&join(dir, name)))?;
        disk.sync_dir(dir).map_err(|error| io::Error::new(error.kind(), Unsynced(error)))
    }
}

impl Written<'_> {
    /// Makes the file appear whole as `path`, in a folder that is there. The name outlasts a crash
    /// only once its folder is synced, the bytes only if the file was closed with a sync.
    pub fn place(mut self, path: &str) -> io::Result<()> {
        self.rename(path)
    }

    fn rename(&mut self, path: &str) -> io::Result<()> {
        self.disk.rename(&self.path, path)?;
        self.placed = true;
        Ok(())
    }
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        if !self.placed {
            // What is left under tmp/ is ignored by every reader, so failing here loses nothing.
            let _ = self.disk.remove(&self.path);
        }
    }
}

/// Why a file that is in its place may not be there after a crash.
#[derive(Debug, thiserror::Error)]
#[error("it is in place, but a crash may undo that")]
struct Unsynced(#[source] io::Error);

/// Does something in a folder; where the folder is not there, makes it and tries once more.
///
/// Folders without files get lost: archives, remotes and tidy users drop them.
pub fn with_folder<T>(
    disk: &dyn Disk,
    dir: &str,
    mut act: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    match act() {
        Err(error) if error.kind() == io::ErrorKind::NotFound && disk.kind(dir)?.is_none() => {
            disk.create_dir(dir)?;
            for (end, _) in dir.match_indices('/') {
                disk.sync_dir(&dir[..end])?;
            }
            disk.sync_dir("")?;
            act()
        }
        other => other,
    }
}

/// Writes a small file whole, replacing what had its name.
pub fn write_file(disk: &dyn Disk, dir: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut draft = Draft::create(disk)?;
    draft.write(bytes)?;
    draft.publish(dir, name)
}

/// Moves files from one folder to another for good. One that is gone is passed over: another
/// process moved it.
pub fn move_files<'a>(
    disk: &dyn Disk,
    from: &str,
    to: &str,
    names: impl IntoIterator<Item = &'a String>,
) -> io::Result<()> {
    for name in names {
        let rename = || disk.rename(&join(from, name), &join(to, name));
        match with_folder(disk, to, rename) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    // The new names first: after a crash a file may have both names, but never none.
    disk.sync_dir(to)?;
    disk.sync_dir(from)
}

/// Joins a folder and a name, where the folder may be the root.
pub fn join(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}
