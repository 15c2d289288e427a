//! A disk in memory that knows what had been made durable.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use ckpt_pack::disk::{Disk, FileKind, LockGuard, LockMode, ReadAt, ReadFile, WriteFile};

/// A disk in memory.
///
/// Clones share one content. It keeps two images of everything: what was written, and what had been
/// synced; [`crash`](Self::crash) rebuilds the disk that a power failure could leave.
#[derive(Debug, Clone, Default)]
pub struct MemDisk {
    tree: Arc<Mutex<Tree>>,
    nonce: Arc<AtomicU64>,
}

/// Which of the images that a crash may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashImage {
    /// Only what was synced: names that their folder's sync covered, bytes that their file's did.
    Synced,
    /// Every name as last set, but of the bytes only those synced: file systems may write names first.
    NamesFirst,
    /// All that was written, as after the end of the process alone.
    Written,
}

#[derive(Debug, Default)]
struct Tree {
    /// Names as a running process sees them.
    names: BTreeMap<String, Node>,
    /// Names that a crash cannot take back.
    durable: BTreeMap<String, Node>,
    locks: BTreeMap<String, Held>,
}

#[derive(Debug, Clone)]
enum Node {
    Dir,
    File(Arc<Mutex<Content>>),
}

#[derive(Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    /// How many of the bytes are durable.
    synced: usize,
}

#[derive(Debug, Default)]
struct Held {
    shared: usize,
    exclusive: bool,
}

impl MemDisk {
    /// Makes an empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the disk that a crash at this moment could leave, all its locks free.
    pub fn crash(&self, image: CrashImage) -> Self {
        let tree = self.tree();
        let names = if image == CrashImage::Synced { &tree.durable } else { &tree.names };
        let survive = |node: &Node| match node {
            Node::Dir => Node::Dir,
            Node::File(content) => {
                let content = locked(content);
                let kept = match image {
                    CrashImage::Written => content.bytes.len(),
                    CrashImage::Synced | CrashImage::NamesFirst => content.synced,
                };
                let bytes = content.bytes[..kept].to_vec();
                Node::File(Arc::new(Mutex::new(Content { bytes, synced: kept })))
            }
        };
        // A durable name in a folder that is not durable itself is lost with it.
        let is_reached =
            |path: &str| path.match_indices('/').all(|(end, _)| names.contains_key(&path[..end]));
        let reached = names.iter().filter(|(path, _)| is_reached(path));
        let names: BTreeMap<_, _> =
            reached.map(|(path, node)| (path.clone(), survive(node))).collect();
        let durable = names.clone();
        let tree = Tree { names, durable, locks: BTreeMap::new() };
        Self { tree: Arc::new(Mutex::new(tree)), nonce: Arc::clone(&self.nonce) }
    }

    /// Changes the bytes of a file in place, as a failing medium would: for tests of detection.
    ///
    /// # Errors
    /// `NotFound` where there is no such file.
    pub fn corrupt(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let content = self.tree().file(path)?;
        let mut content = locked(&content);
        change(&mut content.bytes);
        content.synced = content.bytes.len();
        Ok(())
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        locked(&self.tree)
    }
}

/// Every update under these locks is complete before a panic could happen.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn not_found(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("{path} is not there"))
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

impl Tree {
    fn file(&self, path: &str) -> io::Result<Arc<Mutex<Content>>> {
        match self.names.get(path) {
            Some(Node::File(content)) => Ok(Arc::clone(content)),
            Some(Node::Dir) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(not_found(path)),
        }
    }

    fn require_dir(&self, dir: &str) -> io::Result<()> {
        match self.names.get(dir) {
            _ if dir.is_empty() => Ok(()),
            Some(Node::Dir) => Ok(()),
            Some(Node::File(_)) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(not_found(dir)),
        }
    }
}

impl Disk for MemDisk {
    fn open(&self, path: &str) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(Reader(self.tree().file(path)?)))
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn WriteFile>> {
        let mut tree = self.tree();
        tree.require_dir(parent(path))?;
        if tree.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let content = Arc::new(Mutex::new(Content::default()));
        tree.names.insert(path.to_owned(), Node::File(Arc::clone(&content)));
        Ok(Box::new(Writer(content)))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let tree = self.tree();
        tree.require_dir(dir)?;
        let inside = |path: &&String| parent(path) == dir && !path.is_empty();
        let name = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(tree.names.keys().filter(inside).map(name).collect())
    }

    fn kind(&self, path: &str) -> io::Result<Option<FileKind>> {
        Ok(match self.tree().names.get(path) {
            _ if path.is_empty() => Some(FileKind::Dir),
            Some(Node::Dir) => Some(FileKind::Dir),
            Some(Node::File(_)) => Some(FileKind::File),
            None => None,
        })
    }

    fn create_dir(&self, dir: &str) -> io::Result<()> {
        let mut tree = self.tree();
        let ends = dir.match_indices('/').map(|(at, _)| at).chain([dir.len()]);
        for end in ends.filter(|end| *end > 0) {
            match tree.names.get(&dir[..end]) {
                Some(Node::Dir) => {}
                Some(Node::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
                None => {
                    tree.names.insert(dir[..end].to_owned(), Node::Dir);
                }
            }
        }
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut tree = self.tree();
        tree.require_dir(parent(to))?;
        let content = tree.file(from)?;
        if let Some(Node::Dir) = tree.names.get(to) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        tree.names.remove(from);
        tree.names.insert(to.to_owned(), Node::File(content));
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut tree = self.tree();
        tree.file(path)?;
        tree.names.remove(path);
        Ok(())
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        let mut tree = self.tree();
        tree.require_dir(dir)?;
        let tree = &mut *tree;
        tree.durable.retain(|path, _| parent(path) != dir);
        let inside = tree.names.iter().filter(|(path, _)| parent(path) == dir);
        tree.durable.extend(inside.map(|(path, node)| (path.clone(), node.clone())));
        Ok(())
    }

    fn lock(
        &self,
        path: &str,
        mode: LockMode,
        patience: Duration,
    ) -> io::Result<Box<dyn LockGuard>> {
        const RETRY: Duration = Duration::from_millis(1);
        let mut waited = Duration::ZERO;
        loop {
            {
                let mut tree = self.tree();
                let held = tree.locks.entry(path.to_owned()).or_default();
                match mode {
                    LockMode::Shared if !held.exclusive => held.shared += 1,
                    LockMode::Exclusive if !held.exclusive && held.shared == 0 => {
                        held.exclusive = true;
                    }
                    _ if waited >= patience => return Err(io::ErrorKind::TimedOut.into()),
                    _ => {
                        drop(tree);
                        thread::sleep(RETRY);
                        waited += RETRY;
                        continue;
                    }
                }
            }
            return Ok(Box::new(Guard { disk: self.clone(), path: path.to_owned(), mode }));
        }
    }

    fn nonce(&self) -> u64 {
        self.nonce.fetch_add(1, Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Reader(Arc<Mutex<Content>>);

impl ReadAt for Reader {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        locked(&self.0).bytes.as_slice().read_at(offset, buf)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(locked(&self.0).bytes.len() as u64)
    }
}

struct Writer(Arc<Mutex<Content>>);

impl WriteFile for Writer {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        locked(&self.0).bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let held = &mut locked(&self.0).bytes;
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        held.resize(held.len().max(start + bytes.len()), 0);
        held[start..][..bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut content = locked(&self.0);
        content.synced = content.bytes.len();
        Ok(())
    }
}

struct Guard {
    disk: MemDisk,
    path: String,
    mode: LockMode,
}

impl LockGuard for Guard {}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut tree = self.disk.tree();
        if let Some(held) = tree.locks.get_mut(&self.path) {
            match self.mode {
                LockMode::Shared => held.shared -= 1,
                LockMode::Exclusive => held.exclusive = false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(disk: &MemDisk, path: &str, bytes: &[u8], sync: bool) {
        let mut file = disk.create(path).unwrap();
        file.write_all(bytes).unwrap();
        if sync {
            file.sync().unwrap();
        }
    }

    fn read(disk: &MemDisk, path: &str) -> io::Result<Vec<u8>> {
        ckpt_pack::disk::read_small(disk, path, 100)
    }

    #[test]
    fn a_name_survives_only_after_its_folder_is_synced() {
        let disk = MemDisk::new();
        write(&disk, "a", b"one", true);
        assert!(read(&disk.crash(CrashImage::Synced), "a").is_err());
        disk.sync_dir("").unwrap();
        assert_eq!(read(&disk.crash(CrashImage::Synced), "a").unwrap(), b"one");
    }

    #[test]
    fn what_a_folder_holds_survives_only_with_the_folder() {
        let disk = MemDisk::new();
        disk.create_dir("d").unwrap();
        write(&disk, "d/a", b"one", true);
        disk.sync_dir("d").unwrap();
        assert!(read(&disk.crash(CrashImage::Synced), "d/a").is_err());
        disk.sync_dir("").unwrap();
        assert_eq!(read(&disk.crash(CrashImage::Synced), "d/a").unwrap(), b"one");
    }

    #[test]
    fn bytes_survive_only_after_their_file_is_synced() {
        let disk = MemDisk::new();
        write(&disk, "a", b"one", false);
        assert_eq!(read(&disk.crash(CrashImage::NamesFirst), "a").unwrap(), b"");
        assert_eq!(read(&disk.crash(CrashImage::Written), "a").unwrap(), b"one");
    }

    #[test]
    fn places_are_written_in_any_order() {
        let disk = MemDisk::new();
        let file = disk.create("a").unwrap();
        file.write_at(5, b"cd").and_then(|()| file.write_at(0, b"ab")).unwrap();
        assert_eq!(read(&disk, "a").unwrap(), b"ab\0\0\0cd");
    }

    #[test]
    fn an_unsynced_rename_is_undone_by_a_crash() {
        let disk = MemDisk::new();
        write(&disk, "a", b"one", true);
        write(&disk, "b", b"two", true);
        disk.sync_dir("").unwrap();
        disk.rename("b", "a").unwrap();
        assert_eq!(read(&disk, "a").unwrap(), b"two");
        let crashed = disk.crash(CrashImage::Synced);
        assert_eq!(read(&crashed, "a").unwrap(), b"one");
        assert_eq!(read(&crashed, "b").unwrap(), b"two");
    }

    #[test]
    fn no_file_replaces_a_folder() {
        let disk = MemDisk::new();
        write(&disk, "a", b"one", true);
        disk.create_dir("d").unwrap();
        assert_eq!(disk.rename("a", "d").unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(read(&disk, "a").unwrap(), b"one");
    }

    #[test]
    fn exclusive_locks_exclude_and_time_out() {
        let disk = MemDisk::new();
        let patience = Duration::from_millis(3);
        let shared = disk.lock("l", LockMode::Shared, patience).unwrap();
        let second = disk.lock("l", LockMode::Shared, patience).unwrap();
        let refused = disk.lock("l", LockMode::Exclusive, patience).map(|_| ()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        drop((shared, second));
        assert!(disk.lock("l", LockMode::Exclusive, patience).is_ok());
    }
}
