//! The disk of the machine.

use std::{
    collections::hash_map::RandomState,
    fs::{self, File, TryLockError},
    hash::BuildHasher,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use super::{Disk, FileKind, LockGuard, LockMode, ReadFile, WriteFile};

/// A folder on the machine's disk.
#[derive(Debug)]
pub struct RealDisk {
    root: PathBuf,
    random: RandomState,
    count: AtomicU64,
}

impl RealDisk {
    /// Stands for a folder, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), random: RandomState::new(), count: AtomicU64::new(0) }
    }

    /// Returns the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn path(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }
}

/// How long a waiting lock sleeps between tries: locks are held for milliseconds.
const LOCK_RETRY: Duration = Duration::from_millis(2);

impl Disk for RealDisk {
    fn open(&self, path: &str) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(File::open(self.path(path))?))
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn WriteFile>> {
        Ok(Box::new(File::create_new(self.path(path))?))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path(dir))? {
            // The store writes ASCII names; anything else is not its own.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn kind(&self, path: &str) -> io::Result<Option<FileKind>> {
        match fs::symlink_metadata(self.path(path)) {
            Ok(meta) if meta.is_file() => Ok(Some(FileKind::File)),
            Ok(meta) if meta.is_dir() => Ok(Some(FileKind::Dir)),
            Ok(_) => Ok(Some(FileKind::Other)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn create_dir(&self, dir: &str) -> io::Result<()> {
        fs::create_dir_all(self.path(dir))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.path(path))
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        // Windows cannot open a folder as a file; its file systems journal renames.
        if cfg!(unix) { File::open(self.path(dir))?.sync_all() } else { Ok(()) }
    }

    fn lock(
        &self,
        path: &str,
        mode: LockMode,
        patience: Duration,
    ) -> io::Result<Box<dyn LockGuard>> {
        let file =
            File::options().create(true).truncate(false).write(true).open(self.path(path))?;
        let mut waited = Duration::ZERO;
        loop {
            let attempt = match mode {
                LockMode::Shared => file.try_lock_shared(),
                LockMode::Exclusive => file.try_lock(),
            };
            match attempt {
                Ok(()) => return Ok(Box::new(Locked { _file: file })),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if waited >= patience => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Err(TryLockError::WouldBlock) => {
                    thread::sleep(LOCK_RETRY);
                    waited += LOCK_RETRY;
                }
            }
        }
    }

    fn nonce(&self) -> u64 {
        // Hashing with the keys that std draws from the system for each process.
        self.random.hash_one((std::process::id(), self.count.fetch_add(1, Ordering::Relaxed)))
    }
}

impl WriteFile for File {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        Write::write_all(self, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Closing the file releases its lock.
struct Locked {
    _file: File,
}

impl LockGuard for Locked {}
