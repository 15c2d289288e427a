//! A disk whose n-th change fails.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use ckpt_pack::disk::Disk;

use super::watched::{Step, Verdict, Watch, WatchedDisk};

/// Wraps a disk and lets one change, or every change from one on, fail.
///
/// Changes are counted from 0: creating, each write, each sync, renaming, removing. Reads and locks
/// always work.
pub type FailingDisk = WatchedDisk<Faults>;

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

/// Counts changes and lets some fail.
#[derive(Debug)]
pub struct Faults {
    fault: Fault,
    changes: AtomicU64,
}

impl FailingDisk {
    /// Wraps `inner`.
    pub fn new(inner: Arc<dyn Disk>, fault: Fault) -> Self {
        Self::over(inner, Faults { fault, changes: AtomicU64::new(0) })
    }

    /// Returns how many changes were tried so far.
    pub fn changes(&self) -> u64 {
        self.watch.changes.load(Ordering::Relaxed)
    }
}

impl Watch for Faults {
    fn judge(&self, step: Step, _path: &str) -> Verdict {
        match step {
            Step::Open | Step::Read | Step::List | Step::Listed | Step::Kind | Step::Lock(_) => {
                return Verdict::Pass;
            }
            Step::Create
            | Step::Write
            | Step::Sync
            | Step::CreateDir
            | Step::Rename
            | Step::Remove
            | Step::SyncDir => {}
        }
        let change = self.changes.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Fault::Once { at, kind } if change == at => Verdict::Half(kind.into()),
            Fault::Cut { at } if change == at => Verdict::Half(cut()),
            Fault::Cut { at } if change > at => Verdict::Fail(cut()),
            _ => Verdict::Pass,
        }
    }
}

fn cut() -> io::Error {
    io::Error::other("the disk was cut off")
}

#[cfg(test)]
mod tests {
    use ckpt_pack::disk::read_small;

    use super::*;
    use crate::disks::MemDisk;

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
        assert_eq!(read_small(&inner, "a", 100).unwrap(), b"1234");
        assert_eq!(disk.changes(), 4);
    }
}
