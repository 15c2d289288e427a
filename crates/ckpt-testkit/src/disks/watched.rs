//! The one disk that passes things on.

use std::{fmt, io, sync::Arc, time::Duration};

use ckpt_pack::disk::{Disk, FileKind, LockGuard, LockMode, ReadAt, ReadFile, WriteFile};

/// What a disk is asked to do, with a path: of a rename, the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is called as the function of `Disk` that it stands for")]
pub enum Step {
    Open,
    Read,
    List,
    /// A folder was listed: the one step that is told of afterwards.
    Listed,
    Kind,
    Create,
    Write,
    Sync,
    CreateDir,
    Rename,
    Remove,
    SyncDir,
    Lock(LockMode),
}

/// What becomes of a step.
#[derive(Debug)]
pub enum Verdict {
    /// It is done.
    Pass,
    /// It fails, but half of the bytes of a write are put down.
    Half(io::Error),
    /// It fails and leaves no trace.
    Fail(io::Error),
}

impl Verdict {
    fn check(self) -> io::Result<()> {
        match self {
            Self::Pass => Ok(()),
            Self::Half(error) | Self::Fail(error) => Err(error),
        }
    }
}

/// Watches what a disk is asked to do.
pub trait Watch: Send + Sync + 'static {
    /// Decides about a step before it is done.
    fn judge(&self, step: Step, path: &str) -> Verdict;

    /// Is told that a file is open for writing.
    fn created(&self) {}

    /// Is told that a file is open for writing no longer.
    fn closed(&self) {}

    /// Takes a lock that was let pass.
    ///
    /// # Errors
    /// Those of [`Disk::lock`].
    fn lock(
        &self,
        inner: &dyn Disk,
        path: &str,
        mode: LockMode,
        patience: Duration,
    ) -> io::Result<Box<dyn LockGuard>> {
        inner.lock(path, mode, patience)
    }
}

/// A disk that asks a test before each step, and has another disk do it.
pub struct WatchedDisk<W> {
    inner: Arc<dyn Disk>,
    pub(super) watch: Arc<W>,
}

impl<W: Watch> WatchedDisk<W> {
    /// Watches `inner`.
    pub fn over(inner: Arc<dyn Disk>, watch: W) -> Self {
        Self { inner, watch: Arc::new(watch) }
    }

    fn ask(&self, step: Step, path: &str) -> io::Result<()> {
        self.watch.judge(step, path).check()
    }
}

impl<W> fmt::Debug for WatchedDisk<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WatchedDisk")
    }
}

impl<W: Watch> Disk for WatchedDisk<W> {
    fn open(&self, path: &str) -> io::Result<Box<dyn ReadFile>> {
        self.ask(Step::Open, path)?;
        let inner = self.inner.open(path)?;
        Ok(Box::new(Watched { inner, watch: Arc::clone(&self.watch), path: path.to_owned() }))
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn WriteFile>> {
        self.ask(Step::Create, path)?;
        let inner = self.inner.create(path)?;
        self.watch.created();
        let watched = Watched { inner, watch: Arc::clone(&self.watch), path: path.to_owned() };
        Ok(Box::new(Writing(watched)))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.ask(Step::List, dir)?;
        let names = self.inner.list(dir)?;
        self.ask(Step::Listed, dir)?;
        Ok(names)
    }

    fn kind(&self, path: &str) -> io::Result<Option<FileKind>> {
        self.ask(Step::Kind, path)?;
        self.inner.kind(path)
    }

    fn create_dir(&self, dir: &str) -> io::Result<()> {
        self.ask(Step::CreateDir, dir)?;
        self.inner.create_dir(dir)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.ask(Step::Rename, to)?;
        self.inner.rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.ask(Step::Remove, path)?;
        self.inner.remove(path)
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.ask(Step::SyncDir, dir)?;
        self.inner.sync_dir(dir)
    }

    fn lock(
        &self,
        path: &str,
        mode: LockMode,
        patience: Duration,
    ) -> io::Result<Box<dyn LockGuard>> {
        self.ask(Step::Lock(mode), path)?;
        self.watch.lock(&*self.inner, path, mode, patience)
    }

    fn nonce(&self) -> u64 {
        self.inner.nonce()
    }
}

/// A file of a disk that is watched.
struct Watched<W, F: ?Sized> {
    inner: Box<F>,
    watch: Arc<W>,
    path: String,
}

impl<W, F: ?Sized> fmt::Debug for Watched<W, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

impl<W: Watch> ReadAt for Watched<W, dyn ReadFile> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.watch.judge(Step::Read, &self.path).check()?;
        self.inner.read_at(offset, buf)
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }
}

/// A file that is being written.
struct Writing<W: Watch>(Watched<W, dyn WriteFile>);

impl<W: Watch> WriteFile for Writing<W> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = &mut self.0;
        match file.watch.judge(Step::Write, &file.path) {
            Verdict::Half(error) => {
                file.inner.write_all(&bytes[..bytes.len() / 2])?;
                Err(error)
            }
            verdict => verdict.check().and_then(|()| file.inner.write_all(bytes)),
        }
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let file = &self.0;
        match file.watch.judge(Step::Write, &file.path) {
            Verdict::Half(error) => {
                file.inner.write_at(offset, &bytes[..bytes.len() / 2])?;
                Err(error)
            }
            verdict => verdict.check().and_then(|()| file.inner.write_at(offset, bytes)),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.watch.judge(Step::Sync, &self.0.path).check()?;
        self.0.inner.sync()
    }
}

impl<W: Watch> Drop for Writing<W> {
    fn drop(&mut self) {
        self.0.watch.closed();
    }
}
