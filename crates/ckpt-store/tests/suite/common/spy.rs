//! A disk that tells a test what happens to it.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use ckpt_store::disk::{Disk, FileKind, LockGuard, LockMode, MemDisk, ReadAt, ReadFile, WriteFile};

/// What a disk is asked to do, with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Open,
    Read,
    /// The one step that is told of afterwards.
    Listed,
    Create,
    Rename,
    SyncDir,
    Lock(LockMode),
}

type Before = dyn Fn(Step, &str) -> io::Result<()> + Send + Sync;

/// Calls a function before some steps, and counts the files that are open for writing.
pub(crate) struct SpyDisk {
    inner: MemDisk,
    before: Arc<Before>,
    writers: Arc<AtomicUsize>,
    most_writers: AtomicUsize,
}

impl SpyDisk {
    pub(crate) fn new(
        inner: MemDisk,
        before: impl Fn(Step, &str) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let (writers, most_writers) = (Arc::default(), AtomicUsize::new(0));
        Self { inner, before: Arc::new(before), writers, most_writers }
    }

    /// Returns how many files were open for writing at once, at most.
    pub(crate) fn most_writers(&self) -> usize {
        self.most_writers.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for SpyDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpyDisk")
    }
}

impl Disk for SpyDisk {
    fn open(&self, path: &str) -> io::Result<Box<dyn ReadFile>> {
        (self.before)(Step::Open, path)?;
        let inner = self.inner.open(path)?;
        Ok(Box::new(SpyRead { inner, before: Arc::clone(&self.before), path: path.to_owned() }))
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn WriteFile>> {
        (self.before)(Step::Create, path)?;
        let inner = self.inner.create(path)?;
        let writers = 1 + self.writers.fetch_add(1, Ordering::SeqCst);
        self.most_writers.fetch_max(writers, Ordering::SeqCst);
        Ok(Box::new(SpyFile { inner, writers: Arc::clone(&self.writers) }))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let names = self.inner.list(dir)?;
        (self.before)(Step::Listed, dir)?;
        Ok(names)
    }

    fn kind(&self, path: &str) -> io::Result<Option<FileKind>> {
        self.inner.kind(path)
    }

    fn create_dir(&self, dir: &str) -> io::Result<()> {
        self.inner.create_dir(dir)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        (self.before)(Step::Rename, to)?;
        self.inner.rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.inner.remove(path)
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        (self.before)(Step::SyncDir, dir)?;
        self.inner.sync_dir(dir)
    }

    fn lock(
        &self,
        path: &str,
        mode: LockMode,
        patience: Duration,
    ) -> io::Result<Box<dyn LockGuard>> {
        (self.before)(Step::Lock(mode), path)?;
        self.inner.lock(path, mode, patience)
    }

    fn nonce(&self) -> u64 {
        self.inner.nonce()
    }
}

struct SpyRead {
    inner: Box<dyn ReadFile>,
    before: Arc<Before>,
    path: String,
}

impl fmt::Debug for SpyRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpyRead")
    }
}

impl ReadAt for SpyRead {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        (self.before)(Step::Read, &self.path)?;
        self.inner.read_at(offset, buf)
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }
}

struct SpyFile {
    inner: Box<dyn WriteFile>,
    writers: Arc<AtomicUsize>,
}

impl WriteFile for SpyFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner.write_all(bytes)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.inner.write_at(offset, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.inner.sync()
    }
}

impl Drop for SpyFile {
    fn drop(&mut self) {
        self.writers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Counts files opened, and reads made, whose path starts in a certain way.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) opens: AtomicU64,
    pub(crate) reads: AtomicU64,
}

pub(crate) fn counting(disk: &MemDisk, start: &str) -> (Arc<dyn Disk>, Arc<Counts>) {
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
    pub(crate) fn take(&self) -> (u64, u64) {
        (self.opens.swap(0, Ordering::SeqCst), self.reads.swap(0, Ordering::SeqCst))
    }
}
