//! The disk of the machine.

mod writing;

use std::{
    collections::hash_map::RandomState,
    fs::{self, File, TryLockError},
    hash::BuildHasher,
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use self::writing::Writing;
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
        Ok(Box::new(Writing::new(File::create_new(self.path(path))?)))
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
        let path = self.path(path);
        let mut waited = Duration::ZERO;
        loop {
            // Opened anew for each try: who waits for a file that is gone waits for nobody.
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            let attempt = match mode {
                LockMode::Shared => file.try_lock_shared(),
                LockMode::Exclusive => file.try_lock(),
            };
            match attempt {
                Ok(()) if is_at(&file, &path)? => return Ok(Box::new(Locked { _file: file })),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
            if waited >= patience {
                return Err(io::ErrorKind::TimedOut.into());
            }
            thread::sleep(LOCK_RETRY);
            waited += LOCK_RETRY;
        }
    }

    fn nonce(&self) -> u64 {
        // Hashing with the keys that std draws from the system for each process.
        self.random.hash_one((std::process::id(), self.count.fetch_add(1, Ordering::Relaxed)))
    }
}

/// Tells whether a path leads to an open file: between opening and locking, others may have removed
/// the file and made a new one, which they lock in turn.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let open = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere no file is removed while it is open.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Closing the file releases its lock.
struct Locked {
    _file: File,
}

impl LockGuard for Locked {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn who_waited_for_a_removed_lock_file_does_not_get_in_beside_who_made_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let disk = RealDisk::new(folder.path());
        let lock = |patience| disk.lock("l", LockMode::Exclusive, Duration::from_millis(patience));
        let first = lock(0).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| lock(200).map(|_| ()));
            // Time for it to open the file; without it the test proves less but still passes.
            thread::sleep(Duration::from_millis(20));
            // Another file, locked before it takes the place of the first.
            let _second = disk.lock("m", LockMode::Exclusive, Duration::ZERO).unwrap();
            fs::rename(folder.path().join("m"), folder.path().join("l")).unwrap();
            drop(first);
            let refused = waiting.join().unwrap().unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        });
    }

    #[test]
    fn a_file_is_known_by_more_than_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        let file = File::create(&path).unwrap();
        assert!(is_at(&file, &path).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!is_at(&file, &path).unwrap());
        let _other = File::create(&path).unwrap();
        assert!(!is_at(&file, &path).unwrap());
    }
}
