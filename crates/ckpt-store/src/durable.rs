//! The only place that syncs and renames.
//!
//! Everything in a repository follows one order: write a file under `tmp/`, sync it, rename it to its place,
//! sync the folder that now names it. A crash before the rename leaves a stray file that nobody
//! reads; a crash after it leaves the whole file or the old state.

use std::io;

use crate::disk::{Disk, WriteFile};

/// The folder of files that are not in place yet. Any file in it may be removed at any time that
/// no writer runs.
pub(crate) const TMP: &str = "tmp";

/// A file under `tmp/`, removed again unless it is published.
pub(crate) struct Draft<'a> {
    disk: &'a dyn Disk,
    path: String,
    file: Box<dyn WriteFile>,
    published: bool,
}

impl<'a> Draft<'a> {
    pub(crate) fn create(disk: &'a dyn Disk) -> io::Result<Self> {
        Self::create_at(disk, format!("{TMP}/{:016x}", disk.nonce()))
    }

    /// Starts a file at a place of the caller's, on the file system where it is to appear.
    pub(crate) fn create_at(disk: &'a dyn Disk, path: String) -> io::Result<Self> {
        let file = disk.create(&path)?;
        Ok(Self { disk, path, file, published: false })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Makes the file appear whole and for good as `name` in the folder `dir`.
    pub(crate) fn publish(mut self, dir: &str, name: &str) -> io::Result<()> {
        self.file.sync()?;
        self.disk.rename(&self.path, &join(dir, name))?;
        self.published = true;
        self.disk.sync_dir(dir)
    }
}

impl Draft<'_> {
    /// Makes the file appear whole as `path`: for good only with `sync`.
    pub(crate) fn place(mut self, path: &str, sync: bool) -> io::Result<()> {
        if sync {
            self.file.sync()?;
        }
        self.disk.rename(&self.path, path)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.published {
            // What is left under tmp/ is ignored by every reader, so failing here loses nothing.
            let _ = self.disk.remove(&self.path);
        }
    }
}

/// Writes a small file whole, replacing what had its name.
pub(crate) fn write_file(disk: &dyn Disk, dir: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut draft = Draft::create(disk)?;
    draft.write(bytes)?;
    draft.publish(dir, name)
}

/// Joins a folder and a name, where the folder may be the root.
pub(crate) fn join(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}
