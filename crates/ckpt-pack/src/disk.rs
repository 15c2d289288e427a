//! The one interface to the disk.
//!
//! Everything that the store changes on a disk goes through [`Disk`], which [`RealDisk`] is a form of;
//! tests have others, which keep everything in memory and show what a crash would leave, or fail at the
//! n-th change. Paths are relative to the disk's root, their parts separated by `/`.

pub mod durable;
mod real;

use std::{fmt, io, time::Duration};

pub use self::real::RealDisk;
pub use ckpt_tensor::ReadAt;

/// A folder tree that can be read by position and changed by small steps.
///
/// No step is durable by itself: [`WriteFile::sync`] makes a file's bytes durable and
/// [`sync_dir`](Self::sync_dir) the names in a folder. The module
/// [`durable`] is the only caller that combines them.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Opens a file for positioned reads.
    fn open(&self, path: &str) -> io::Result<Box<dyn ReadFile>>;

    /// Creates a file for writing; fails with `AlreadyExists` where the name is taken.
    fn create(&self, path: &str) -> io::Result<Box<dyn WriteFile>>;

    /// Lists the names in a folder, sorted.
    fn list(&self, dir: &str) -> io::Result<Vec<String>>;

    /// Tells what a name stands for, without following a link; `None` if there is nothing.
    fn kind(&self, path: &str) -> io::Result<Option<FileKind>>;

    /// Creates a folder and those above it; does nothing where it exists.
    fn create_dir(&self, dir: &str) -> io::Result<()>;

    /// Renames a file, replacing the file that has the new name; fails where that is a folder.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// Makes the names in a folder durable.
    fn sync_dir(&self, dir: &str) -> io::Result<()>;

    /// Locks a file, creating it if need be, and waits for it up to `patience`; fails with
    /// `TimedOut` after that. Dropping the guard, or the end of the process, releases it.
    ///
    /// Removing a file that is locked lets others lock a new one in its place: nothing may do so
    /// while writers run.
    fn lock(
        &self,
        path: &str,
        mode: LockMode,
        patience: Duration,
    ) -> io::Result<Box<dyn LockGuard>>;

    /// Returns a number that no other call returned, in this process or another, but by accident of
    /// 1 in 2^64: names of temporary files and packs carry it.
    fn nonce(&self) -> u64;
}

/// A file open for positioned reads, shared between threads.
pub trait ReadFile: ReadAt + fmt::Debug + Send + Sync {}

impl<T: ReadAt + fmt::Debug + Send + Sync> ReadFile for T {}

/// A file being written: either from start to end, or place by place.
pub trait WriteFile: Send + Sync {
    /// Appends all bytes.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Writes all bytes from a place on, by several threads at once as long as their places differ.
    /// What lies between places that were written is zeros.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes the bytes durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// Holds a lock until it is dropped.
pub trait LockGuard: Send {}

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// With others that share it.
    Shared,
    /// Alone.
    Exclusive,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Dir,
    /// A link, a device, a pipe, a socket.
    Other,
}

/// Reads a small file whole.
///
/// # Errors
/// What reading fails with; `InvalidData` for a file over `limit` bytes.
pub fn read_small(disk: &dyn Disk, path: &str, limit: u64) -> io::Result<Vec<u8>> {
    let file = disk.open(path)?;
    let len = file.len()?;
    if len > limit {
        let message = format!("{path} has {len} bytes, more than the {limit} that it can have");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let mut bytes = vec![0; len as usize];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}
