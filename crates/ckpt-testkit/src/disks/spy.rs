//! A disk that tells a test what happens to it.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use ckpt_pack::disk::Disk;

use super::{
    MemDisk,
    watched::{Step, Verdict, Watch, WatchedDisk},
};

/// Calls a function before each step, which may let it fail, and counts the files that are open for
/// writing.
pub type SpyDisk = WatchedDisk<Spy>;

type Before = dyn Fn(Step, &str) -> io::Result<()> + Send + Sync;

/// Calls a function before each step.
pub struct Spy {
    before: Box<Before>,
    writers: AtomicUsize,
    most_writers: AtomicUsize,
}

impl SpyDisk {
    /// Wraps a disk.
    pub fn new(
        inner: MemDisk,
        before: impl Fn(Step, &str) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let (writers, most_writers) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self::over(Arc::new(inner), Spy { before: Box::new(before), writers, most_writers })
    }

    /// Returns how many files were open for writing at once, at most.
    pub fn most_writers(&self) -> usize {
        self.watch.most_writers.load(Ordering::SeqCst)
    }
}

impl Watch for Spy {
    fn judge(&self, step: Step, path: &str) -> Verdict {
        match (self.before)(step, path) {
            Ok(()) => Verdict::Pass,
            Err(error) => Verdict::Fail(error),
        }
    }

    fn created(&self) {
        let writers = 1 + self.writers.fetch_add(1, Ordering::SeqCst);
        self.most_writers.fetch_max(writers, Ordering::SeqCst);
    }

    fn closed(&self) {
        self.writers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Counts files opened, and reads made, whose path starts in a certain way.
#[derive(Debug, Default)]
pub struct Counts {
    opens: AtomicU64,
    reads: AtomicU64,
}

/// Counts what happens to files whose path starts so.
pub fn counting(disk: &MemDisk, start: &str) -> (Arc<dyn Disk>, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    let (counted, start) = (Arc::clone(&counts), start.to_owned());
    let spy = SpyDisk::new(disk.clone(), move |step, path| {
        match step {
            Step::Open if path.starts_with(&start) => &counted.opens,
            Step::Read if path.starts_with(&start) => &counted.reads,
            _ => return Ok(()),
        }
        .fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    (Arc::new(spy), counts)
}

impl Counts {
    /// Returns opens and reads since the last call.
    pub fn take(&self) -> (u64, u64) {
        (self.opens.swap(0, Ordering::SeqCst), self.reads.swap(0, Ordering::SeqCst))
    }

    /// Returns reads alone, since the last call.
    pub fn take_reads(&self) -> u64 {
        self.reads.swap(0, Ordering::SeqCst)
    }
}
