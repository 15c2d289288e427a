//! A disk without the locks of writers and mergers, on which something happens before each step.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ckpt_store::disk::{Disk, FileKind, LockGuard, LockMode, MemDisk, ReadFile, WriteFile};

/// Calls a function with the number of each step before it is done. The locks `writers` and `mergers`
/// are given at once, as if somebody removed their files again and again. Those of refs are not:
/// nothing else lets a file be compared and then replaced. What is done under one is one step.
///
/// Steps are everything but reads of files that are open, which show what they held when opened.
pub(crate) struct BetweenDisk {
    inner: MemDisk,
    state: Arc<State>,
}

struct State {
    before: Box<dyn Fn(u64) + Send + Sync>,
    steps: AtomicU64,
    /// Locks of refs that are held.
    held: AtomicU64,
}

impl BetweenDisk {
    pub(crate) fn new(inner: MemDisk, before: impl Fn(u64) + Send + Sync + 'static) -> Self {
        let (steps, held) = (AtomicU64::new(0), AtomicU64::new(0));
        let state = State { before: Box::new(before), steps, held };
        Self { inner, state: Arc::new(state) }
    }

    /// Returns how many steps there were.
    pub(crate) fn steps(&self) -> u64 {
        self.state.steps.load(Ordering::SeqCst)
    }
}

impl State {
    fn step(&self) {
        if self.held.load(Ordering::SeqCst) == 0 {
            (self.before)(self.steps.fetch_add(1, Ordering::SeqCst));
        }
    }
}

impl fmt::Debug for BetweenDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BetweenDisk")
    }
}

impl Disk for BetweenDisk {
    fn open(&self, path: &str) -> io::Result<Box<dyn ReadFile>> {
        self.state.step();
        self.inner.open(path)
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn WriteFile>> {
        self.state.step();
        let (inner, state) = (self.inner.create(path)?, Arc::clone(&self.state));
        Ok(Box::new(BetweenFile { inner, state }))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.state.step();
        self.inner.list(dir)
    }

    fn kind(&self, path: &str) -> io::Result<Option<FileKind>> {
        self.state.step();
        self.inner.kind(path)
    }

    fn create_dir(&self, dir: &str) -> io::Result<()> {
        self.inner.create_dir(dir)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.state.step();
        self.inner.rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.state.step();
        self.inner.remove(path)
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.state.step();
        self.inner.sync_dir(dir)
    }

    fn lock(
        &self,
        path: &str,
        mode: LockMode,
        patience: Duration,
    ) -> io::Result<Box<dyn LockGuard>> {
        self.state.step();
        if path.ends_with("/writers") || path.ends_with("/mergers") {
            return Ok(Box::new(Free));
        }
        let lock = self.inner.lock(path, mode, patience)?;
        self.state.held.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Held { _lock: lock, state: Arc::clone(&self.state) }))
    }

    fn nonce(&self) -> u64 {
        self.inner.nonce()
    }
}

struct Free;

impl LockGuard for Free {}

struct Held {
    _lock: Box<dyn LockGuard>,
    state: Arc<State>,
}

impl LockGuard for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.state.held.fetch_sub(1, Ordering::SeqCst);
    }
}

struct BetweenFile {
    inner: Box<dyn WriteFile>,
    state: Arc<State>,
}

impl WriteFile for BetweenFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.state.step();
        self.inner.write_all(bytes)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.state.step();
        self.inner.write_at(offset, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.state.step();
        self.inner.sync()
    }
}
