//! Names that point to versions: branches, tags and aliases, each a chain of moves.

use std::{fmt::Display, io::ErrorKind, str::FromStr, sync::Arc, time::Duration};

use ckpt_hash::{JournalId, MoveId, VersionId};
use ckpt_pack::disk::{Disk, FileKind, LockGuard, LockMode, durable, read_small};

use crate::{
    content::objects::Objects,
    error::{Doing, Error, Result},
    refs::name::{RefKind, RefName},
};

/// The folder of locks.
pub(crate) const LOCKS: &str = "locks";

/// Most bytes of a ref file: an id and a line feed, with room to spare.
const MAX_REF_LEN: u64 = 256;

/// The file that names the current branch.
const HEAD: &str = "HEAD";

/// The folder and the name of the file that names the newest entry of the journal.
const JOURNAL: (&str, &str) = ("refs", "journal");

/// The lock of that file, and what it guards, for users.
const JOURNAL_LOCK: (&str, &str) = ("journal", "the journal");

/// The lock that writers share, and what it guards, for users.
const WRITERS: (&str, &str) = ("writers", "the repository");

/// The refs of a repository.
#[derive(Debug)]
pub(crate) struct Refs {
    disk: Arc<dyn Disk>,
    patience: Duration,
}

/// Where a ref stands: its newest move, and the version that this move went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tip {
    /// The newest move of the ref.
    pub movement: MoveId,
    /// The version it points to; `None` for a deleted ref.
    pub version: Option<VersionId>,
}

impl Refs {
    pub(crate) fn new(disk: Arc<dyn Disk>, patience: Duration) -> Self {
        Self { disk, patience }
    }

    /// Reads where a ref stands; `None` if it never existed.
    pub(crate) fn tip(&self, objects: &Objects, name: &RefName) -> Result<Option<Tip>> {
        let Some(movement) = self.newest_move(name)? else {
            return Ok(None);
        };
        let record = objects.movement(&movement)?;
        if record.name != name.full() {
            let what = format!("it holds a move of {}", record.name);
            return Err(Error::damaged(name.path(), what));
        }
        Ok(Some(Tip { movement, version: record.to }))
    }

    /// Lists the refs of a kind that ever existed, sorted by name.
    pub(crate) fn list(&self, kind: RefKind) -> Result<Vec<RefName>> {
        let files = self.files(kind)?;
        let mut names: Vec<RefName> =
            files.iter().filter_map(|file| RefName::from_file(kind, file)).collect();
        names.sort();
        Ok(names)
    }

    /// Lists the paths in the folder of a kind that are no refs, sorted.
    pub(crate) fn strays(&self, kind: RefKind) -> Result<Vec<String>> {
        let mut files = self.files(kind)?;
        files.retain(|file| RefName::from_file(kind, file).is_none());
        Ok(files.iter().map(|file| durable::join(kind.folder(), file)).collect())
    }

    fn files(&self, kind: RefKind) -> Result<Vec<String>> {
        match self.disk.list(kind.folder()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            other => other.doing(|| format!("list {}", kind.folder())),
        }
    }

    /// Moves a ref from the move that it is expected at to another: the moment of commitment.
    ///
    /// Returns the move found instead, if another writer was faster.
    pub(crate) fn swap(
        &self,
        name: &RefName,
        expected: Option<MoveId>,
        to: MoveId,
    ) -> Result<Result<(), Option<MoveId>>> {
        let file = format!("{}-{}", name.kind().word(), name.file());
        let _lock = self.lock(&file, LockMode::Exclusive, &name.to_string())?;
        let found = self.newest_move(name)?;
        if found != expected {
            return Ok(Err(found));
        }
        self.write_id(name.kind().folder(), &name.file(), to).doing(|| format!("move {name}"))?;
        Ok(Ok(()))
    }

    /// Reads which entry of the journal is the newest; `None` if there never was one.
    pub(crate) fn newest_entry(&self) -> Result<Option<JournalId>> {
        self.read_id(&durable::join(JOURNAL.0, JOURNAL.1), JOURNAL_LOCK.1)
    }

    /// Replaces the newest entry of the journal; returns which one was found instead of that expected, if another
    /// writer was faster.
    pub(crate) fn swap_entry(
        &self,
        expected: Option<JournalId>,
        to: JournalId,
    ) -> Result<Result<(), Option<JournalId>>> {
        let _lock = self.lock(JOURNAL_LOCK.0, LockMode::Exclusive, JOURNAL_LOCK.1)?;
        let found = self.newest_entry()?;
        if found != expected {
            return Ok(Err(found));
        }
        self.write_id(JOURNAL.0, JOURNAL.1, to).doing(|| "add to the journal".to_owned())?;
        Ok(Ok(()))
    }

    /// Takes the lock that writers share from their first lookup to their swap.
    pub(crate) fn writing(&self) -> Result<Box<dyn LockGuard>> {
        self.lock(WRITERS.0, LockMode::Shared, WRITERS.1)
    }

    /// Takes the lock of writers alone: nobody else relies on what there is.
    pub(crate) fn alone(&self) -> Result<Box<dyn LockGuard>> {
        self.lock(WRITERS.0, LockMode::Exclusive, WRITERS.1)
    }

    /// Takes the lock of those who replace packs, and waits for it like for any other.
    pub(crate) fn replace_packs(&self) -> Result<Box<dyn LockGuard>> {
        self.replacing(self.patience)
    }

    /// Takes the lock of those who replace packs.
    pub(crate) fn replacing(&self, patience: Duration) -> Result<Box<dyn LockGuard>> {
        let (file, what) = ("mergers", "the packs");
        self.lock_within(file, LockMode::Exclusive, what, patience)
    }

    /// Reads the current branch.
    pub(crate) fn head(&self) -> Result<RefName> {
        let bytes = read_small(&*self.disk, HEAD, MAX_REF_LEN).doing(|| format!("read {HEAD}"))?;
        let text = String::from_utf8_lossy(&bytes);
        text.strip_suffix('\n')
            .and_then(RefName::from_full)
            .filter(|name| name.kind() == RefKind::Branch)
            .ok_or_else(|| Error::damaged(HEAD, "it does not name a branch"))
    }

    /// Sets the current branch, which need not exist yet.
    pub(crate) fn set_head(&self, branch: &RefName) -> Result<()> {
        durable::write_file(&*self.disk, "", HEAD, format!("{}\n", branch.full()).as_bytes())
            .doing(|| format!("write {HEAD}"))
    }

    /// Reads which move of a ref is the newest; `None` if it never existed.
    pub(crate) fn newest_move(&self, name: &RefName) -> Result<Option<MoveId>> {
        self.read_id(&name.path(), &name.to_string())
    }

    fn read_id<T: FromStr>(&self, path: &str, what: &str) -> Result<Option<T>> {
        match self.disk.kind(path).doing(|| format!("read {what}"))? {
            Some(FileKind::File) => {}
            None => return Ok(None),
            Some(_) => return Err(Error::damaged(path, "it is not a regular file")),
        }
        let bytes = read_small(&*self.disk, path, MAX_REF_LEN).doing(|| format!("read {what}"))?;
        let text = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_suffix('\n'));
        let id = text.and_then(|text| text.parse().ok());
        id.map_or_else(|| Err(Error::damaged(path, "it does not hold an id")), |id| Ok(Some(id)))
    }

    fn write_id(&self, dir: &str, file: &str, id: impl Display) -> std::io::Result<()> {
        durable::write_file(&*self.disk, dir, file, format!("{id}\n").as_bytes())
    }

    /// Takes the lock in a file; `what` says to users what it guards.
    fn lock(&self, file: &str, mode: LockMode, what: &str) -> Result<Box<dyn LockGuard>> {
        self.lock_within(file, mode, what, self.patience)
    }

    fn lock_within(
        &self,
        file: &str,
        mode: LockMode,
        what: &str,
        patience: Duration,
    ) -> Result<Box<dyn LockGuard>> {
        let path = durable::join(LOCKS, file);
        let lock = || self.disk.lock(&path, mode, patience);
        match durable::with_folder(&*self.disk, LOCKS, lock) {
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                Err(Error::Locked { what: what.to_owned(), patience })
            }
            other => other.doing(|| format!("lock {what}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ckpt_testkit::disks::MemDisk;

    #[test]
    fn a_lock_that_others_hold_is_named_for_people() {
        let disk = MemDisk::new();
        let refs = Refs::new(Arc::new(disk.clone()), Duration::from_millis(2));
        let held = |path| disk.lock(path, LockMode::Exclusive, Duration::ZERO).unwrap();
        let _locks = (held("locks/branch-a%2Fb"), held("locks/writers"));
        let name = RefName::branch("a/b").unwrap();
        let error = refs.swap(&name, None, MoveId::of(b"x")).unwrap_err().to_string();
        assert_eq!(error, "another process holds branch a/b; gave up after 0.002 s");
        let error = refs.writing().map(|_| ()).unwrap_err().to_string();
        assert_eq!(error, "another process holds the repository; gave up after 0.002 s");
    }
}
