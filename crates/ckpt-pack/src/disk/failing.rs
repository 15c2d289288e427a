//! A disk whose n-th change fails.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{Disk, FileKind, LockGuard, LockMode, ReadFile, WriteFile};

/// Wraps a disk and lets one change, or every change from one on, fail.
///
/// Changes are counted from 0: creating, each write, each sync, renaming, removing. Reads and locks
/// always work.
#[derive(Debug)]
pub struct FailingDisk {
    inner: Arc<dyn Disk>,
    state: Arc<State>,
}

/// What happens at the counted change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: only count.
    Never,
    /// That one change fails with this kind of error; a write puts down half of its bytes first.
    Once {
        /// The change, counted from 0.
        at: u64,
        /// The error.
        kind: io::ErrorKind,
    },
    /// That change and all after it fail: nothing more reaches the disk, as after a crash. A write
    /// puts down half of its bytes first.
    Cut {
        /// The change, counted from 0.
        at: u64,
    },
}

#[derive(Debug)]
struct State {
    fault: Fault,
    changes: AtomicU64,
}

/// What to do with one change.
enum Verdict {
    Pass,
    /// It fails, but half of a write's bytes reach the disk.
    Break(io::Error),
    /// It fails and leaves no trace.
    Dead,
}

impl FailingDisk {
    /// Wraps `inner`.
    pub fn new(inner: Arc<dyn Disk>, fault: Fault) -> Self {
        Self { inner, state: Arc::new(State { fault, changes: AtomicU64::new(0) }) }
    }

    /// Returns how many changes were tried so far.
    pub fn changes(&self) -> u64 {
        self.state.changes.load(Ordering::Relaxed)
    }
}

impl State {
    fn verdict(&self) -> Verdict {
        let change = self.changes.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Fault::Once { at, kind } if change == at => Verdict::Break(kind.into()),
            Fault::Cut { at } if change == at => Verdict::Break(cut()),
            Fault::Cut { at } if change > at => Verdict::Dead,
            _ => Verdict::Pass,
        }
    }

    fn check(&self) -> io::Result<()> {
        match self.verdict() {
            Verdict::Pass => Ok(()),
            Verdict::Break(error) => Err(error),
            Verdict::Dead => Err(cut()),
        }
    }
}

fn cut() -> io::Error {
    io::Error::other("the disk was cut off")
}

impl Disk for FailingDisk {
    fn open(&self, path: &str) -> io::Result<Box<dyn ReadFile>> {
        self.inner.open(path)
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn WriteFile>> {
        self.state.check()?;
        let inner = self.inner.create(path)?;
        Ok(Box::new(FailingFile { inner, state: Arc::clone(&self.state) }))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.inner.list(dir)
    }

    fn kind(&self, path: &str) -> io::Result<Option<FileKind>> {
        self.inner.kind(path)
    }

    fn create_dir(&self, dir: &str) -> io::Result<()> {
        self.state.check()?;
        self.inner.create_dir(dir)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.state.check()?;
        self.inner.rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.state.check()?;
        self.inner.remove(path)
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.state.check()?;
        self.inner.sync_dir(dir)
    }

    fn lock(
        &self,
        path: &str,
        mode: LockMode,
        patience: Duration,
    ) -> io::Result<Box<dyn LockGuard>> {
        self.inner.lock(path, mode, patience)
    }

    fn nonce(&self) -> u64 {
        self.inner.nonce()
    }
}

struct FailingFile {
    inner: Box<dyn WriteFile>,
    state: Arc<State>,
}

impl WriteFile for FailingFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.state.verdict() {
            Verdict::Pass => self.inner.write_all(bytes),
            Verdict::Break(error) => {
                self.inner.write_all(&bytes[..bytes.len() / 2])?;
                Err(error)
            }
            Verdict::Dead => Err(cut()),
        }
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        match self.state.verdict() {
            Verdict::Pass => self.inner.write_at(offset, bytes),
            Verdict::Break(error) => {
                self.inner.write_at(offset, &bytes[..bytes.len() / 2])?;
                Err(error)
            }
            Verdict::Dead => Err(cut()),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.state.check()?;
        self.inner.sync()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::MemDisk, *};

    fn disk(fault: Fault) -> (MemDisk, FailingDisk) {
        let inner = MemDisk::new();
        (inner.clone(), FailingDisk::new(Arc::new(inner), fault))
    }

    #[test]
    fn one_change_fails_and_the_next_works() {
        let (_, disk) = disk(Fault::Once { at: 0, kind: io::ErrorKind::StorageFull });
        let error = disk.create("a").map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(disk.create("a").is_ok());
    }

    #[test]
    fn a_cut_write_leaves_half_and_nothing_works_after_it() {
        let (inner, disk) = disk(Fault::Cut { at: 1 });
        let mut file = disk.create("a").unwrap();
        assert!(file.write_all(b"12345678").is_err());
        assert!(file.write_all(b"9").is_err());
        assert!(disk.rename("a", "b").is_err());
        assert_eq!(super::super::read_small(&inner, "a", 100).unwrap(), b"1234");
        assert_eq!(disk.changes(), 4);
    }
}
