//! What is told of long work while it goes on, and how it is stopped.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};

/// Is told how far long work has come, by several threads, and says whether it is to stop.
///
/// Any closure `|done: u64, total: u64|` that threads can share is one that never stops the work;
/// [`Silent`] is one that nobody looks at.
pub trait Progress: Sync {
    /// Is told how much is done, of how much that is known of so far. What is counted, the operation
    /// says: mostly bytes.
    fn update(&self, done: u64, total: u64);

    /// Tells whether to stop. The operation then ends with an error that says it was cancelled, soon
    /// but not at once, and has changed nothing.
    fn is_cancelled(&self) -> bool {
        false
    }
}

impl<F: Fn(u64, u64) + Sync> Progress for F {
    fn update(&self, done: u64, total: u64) {
        self(done, total);
    }
}

/// Progress that nobody looks at, of work that nobody stops.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Silent;

impl Progress for Silent {
    fn update(&self, _done: u64, _total: u64) {}
}

/// Adds up what several threads do of one work.
pub struct Meter<'a> {
    progress: &'a dyn Progress,
    done: AtomicU64,
    total: u64,
}

impl<'a> Meter<'a> {
    /// Starts with nothing done of so much.
    pub fn new(progress: &'a dyn Progress, total: u64) -> Self {
        Self { progress, done: AtomicU64::new(0), total }
    }

    /// Counts more that was done.
    ///
    /// # Errors
    /// [`Error::Cancelled`] once the caller wants the work stopped.
    pub fn add(&self, more: u64) -> Result<()> {
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        self.progress.update(done, self.total);
        if self.progress.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }
}
