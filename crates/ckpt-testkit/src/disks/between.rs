//! A disk without the locks of writers and mergers, on which something happens before each step.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ckpt_pack::disk::{Disk, LockGuard, LockMode};

use super::{
    MemDisk,
    watched::{Step, Verdict, Watch, WatchedDisk},
};

/// Calls a function with the number of each step before it is done. The locks `writers` and `mergers`
/// are given at once, as if another process removed their files again and again. Those of refs are not:
/// nothing else lets a file be compared and then replaced. What is done under one is one step.
///
/// Steps are everything but reads of files that are open, which show what they held when opened, and
/// making folders.
pub type BetweenDisk = WatchedDisk<Between>;

/// Calls a function before each step.
pub struct Between {
    before: Box<dyn Fn(u64) + Send + Sync>,
    steps: AtomicU64,
    /// Locks of refs that are held.
    held: Arc<AtomicU64>,
}

impl BetweenDisk {
    /// Wraps a disk.
    pub fn new(inner: MemDisk, before: impl Fn(u64) + Send + Sync + 'static) -> Self {
        let (steps, held) = (AtomicU64::new(0), Arc::default());
        Self::over(Arc::new(inner), Between { before: Box::new(before), steps, held })
    }

    /// Returns how many steps there were.
    pub fn steps(&self) -> u64 {
        self.watch.steps.load(Ordering::SeqCst)
    }
}

impl Watch for Between {
    fn judge(&self, step: Step, _path: &str) -> Verdict {
        let is_step = !matches!(step, Step::Read | Step::Listed | Step::CreateDir);
        if is_step && self.held.load(Ordering::SeqCst) == 0 {
            (self.before)(self.steps.fetch_add(1, Ordering::SeqCst));
        }
        Verdict::Pass
    }

    fn lock(
        &self,
        inner: &dyn Disk,
        path: &str,
        mode: LockMode,
        patience: Duration,
    ) -> io::Result<Box<dyn LockGuard>> {
        if path.ends_with("/writers") || path.ends_with("/mergers") {
            return Ok(Box::new(Free));
        }
        let lock = inner.lock(path, mode, patience)?;
        self.held.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Held { _lock: lock, held: Arc::clone(&self.held) }))
    }
}

struct Free;

impl LockGuard for Free {}

struct Held {
    _lock: Box<dyn LockGuard>,
    held: Arc<AtomicU64>,
}

impl LockGuard for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.held.fetch_sub(1, Ordering::SeqCst);
    }
}
