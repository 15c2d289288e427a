//! A disk without locks, on which something happens before each step.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ckpt_store::disk::{Disk, FileKind, LockGuard, LockMode, MemDisk, ReadFile, WriteFile};

/// Calls a function with the number of each step before it is done. Every lock is given at once, as
/// if somebody removed the files that are locked again and again.
///
/// Steps are everything but reads of files that are open, which show what they held when opened.
pub(crate) struct BetweenDisk {
    inner: MemDisk,
    state: Arc<State>,
}

struct State {
    before: Box<dyn Fn(u64) + Send + Sync>,
    steps: AtomicU64,
}

impl BetweenDisk {
    pub(crate) fn new(inner: MemDisk, before: impl Fn(u64) + Send + Sync + 'static) -> Self {
        let state = State { before: Box::new(before), steps: AtomicU64::new(0) };
        Self { inner, state: Arc::new(state) }
    }

    /// Returns how many steps there were.
    pub(crate) fn steps(&self) -> u64 {
        self.state.steps.load(Ordering::SeqCst)
    }
}

impl State {
    fn step(&self) {
        (self.before)(self.steps.fetch_add(1, Ordering::SeqCst));
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

    fn lock(&self, _: &str, _: LockMode, _: Duration) -> io::Result<Box<dyn LockGuard>> {
        self.state.step();
        Ok(Box::new(Free))
    }

    fn nonce(&self) -> u64 {
        self.inner.nonce()
    }
}

struct Free;

impl LockGuard for Free {}

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
