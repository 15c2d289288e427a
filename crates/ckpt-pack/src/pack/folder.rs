//! The packs of one folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use ckpt_hash::{Digest, HexPrefix};

use super::{
    files::OpenFiles,
    layout::Entry,
    reader::{Opened, PackReader},
    table::{Table, low},
};
use crate::{
    disk::Disk,
    disk::durable::join,
    error::{Doing, Error, Result},
    object::ObjectId,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

/// The packs of a folder that this process knows of.
///
/// A pack that vanished since the folder was last listed holds nothing, as far as lookups go.
#[derive(Debug)]
pub(crate) struct PackFolder {
    disk: Arc<dyn Disk>,
    dir: &'static str,
    files: Arc<OpenFiles>,
    known: RwLock<Known>,
    /// Which of the packs that are searched on disk had what was sought last: what belongs together
    /// is mostly in one pack.
    last: AtomicUsize,
}

/// Most times that a folder is listed again because packs vanish: compacting takes longer than
/// listing.
const RELISTS: usize = 16;

/// Makes something of one copy of an object, or nothing if the copy will not do.
pub(crate) type ReadCopy<'a, T> = dyn Fn(&PackReader, &Entry) -> Result<Option<T>> + 'a;

#[derive(Debug, Default)]
struct Known {
    /// The packs by name, each with the number that it got when it became known.
    packs: BTreeMap<String, (u32, Arc<PackReader>)>,
    next: u32,
    /// The objects of most packs.
    table: Table,
    /// The packs that are not in the table, to be searched on disk.
    searched: Arc<Vec<Arc<PackReader>>>,
    /// Packs that could not be opened, with the reason.
    broken: BTreeMap<String, String>,
}

impl Known {
    fn add(&mut self, Opened { pack, index }: Opened) {
        if self.packs.contains_key(pack.name()) {
            return;
        }
        let (number, pack) = (self.next, Arc::new(pack));
        self.next += 1;
        if !index.is_some_and(|entries| self.table.add(number, &pack, &entries)) {
            Arc::make_mut(&mut self.searched).push(Arc::clone(&pack));
        }
        self.broken.remove(pack.name());
        self.packs.insert(pack.name().to_owned(), (number, pack));
    }

    /// Forgets packs that are not in the folder. One that got its number since may be newer than
    /// the listing and stays.
    fn retain(&mut self, listed: &BTreeSet<String>, since: u32) {
        self.broken.retain(|name, _| listed.contains(name));
        let stays = |name: &String, number: u32| number >= since || listed.contains(name);
        let packs = self.packs.iter();
        let gone: BTreeSet<u32> = packs
            .filter(|(name, (number, _))| !stays(name, *number))
            .map(|(_, (number, _))| *number)
            .collect();
        if gone.is_empty() {
            return;
        }
        self.packs.retain(|_, (number, _)| !gone.contains(number));
        self.table.remove(&gone);
        let packs = &self.packs;
        Arc::make_mut(&mut self.searched).retain(|pack| packs.contains_key(pack.name()));
    }
}

impl PackFolder {
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: &'static str) -> Self {
        Self {
            disk,
            dir,
            files: Arc::default(),
            known: RwLock::default(),
            last: AtomicUsize::new(0),
        }
    }

    /// Stands for one pack alone, whose file may have any name.
    pub(crate) fn of(disk: Arc<dyn Disk>, dir: &'static str, opened: Opened) -> Self {
        let folder = Self::new(disk, dir);
        folder.known.write().unwrap_or_else(PoisonError::into_inner).add(opened);
        folder
    }

    /// Adds a pack that this process has just written, or what another process compacted it into.
    pub(crate) fn add(&self, name: &str) -> Result<()> {
        let opened = match self.open(name) {
            Err(error) if error.is_gone() => return self.refresh(),
            opened => opened?,
        };
        self.known.write().unwrap_or_else(PoisonError::into_inner).add(opened);
        Ok(())
    }

    fn open(&self, name: &str) -> Result<Opened> {
        let mut opened = PackReader::open(&*self.disk, self.dir, name)?;
        opened.pack.share(&self.files);
        Ok(opened)
    }

    /// Lists the folder, opens what is new and forgets what is gone.
    pub(crate) fn refresh(&self) -> Result<()> {
        // A pack that vanishes between listing and opening was compacted into one that the list may
        // have missed.
        for _ in 0..RELISTS {
            if !self.refresh_once()? {
                break;
            }
        }
        Ok(())
    }

    /// Does so once; tells whether a pack vanished meanwhile.
    fn refresh_once(&self) -> Result<bool> {
        let since = self.known().next;
        let mut names = self.disk.list(self.dir).doing(|| format!("list {}", self.dir))?;
        names.retain(|name| name.ends_with(".pack"));
        let (listed, new): (BTreeSet<String>, Vec<String>) = {
            let known = self.known();
            // As before, mostly: then no name is looked up.
            if names.iter().eq(known.packs.keys()) && known.broken.is_empty() {
                return Ok(false);
            }
            let new = names.iter().filter(|name| !known.packs.contains_key(*name));
            let new = new.cloned().collect();
            (names.into_iter().collect(), new)
        };
        let open = |name: String| (self.open(&name), name);
        let opened: Vec<_> = new.into_iter().map(open).collect();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(&listed, since);
        self.files.retain(|name| known.packs.contains_key(name));
        let mut vanished = false;
        for (opened, name) in opened {
            match opened {
                Ok(opened) => known.add(opened),
                Err(Error::Damaged { what, .. }) => {
                    known.broken.insert(name, what);
                }
                // It was compacted or moved to trash since the folder was listed.
                Err(error) if error.is_gone() => vanished = true,
                Err(error) => return Err(error),
            }
        }
        Ok(vanished)
    }

    /// Tells whether a known pack has the object. A pack whose index is damaged has nothing: what
    /// is then written again heals it.
    pub(crate) fn contains(&self, id: &ObjectId) -> Result<bool> {
        let searched = {
            let known = self.known();
            if known.table.contains(id) {
                return Ok(true);
            }
            Arc::clone(&known.searched)
        };
        for pack in searched.iter().rev() {
            match pack.file(&*self.disk).and_then(|file| pack.find(&*file, id)) {
                Ok(Some(_)) => return Ok(true),
                Ok(None) | Err(Error::Damaged { .. }) => {}
                Err(error) if error.is_gone() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Gives the copies of an object in known packs to `read` until it makes something of one:
    /// first those in the table, the least deep first, then those that have to be searched for.
    ///
    /// The first error counts, if nothing is made of any copy; `None` if there is none.
    pub(crate) fn read<T>(&self, id: &ObjectId, read: &ReadCopy<'_, T>) -> Result<Option<T>> {
        let (mut places, searched) = {
            let known = self.known();
            (known.table.get(id), Arc::clone(&known.searched))
        };
        places.sort_by_key(|(_, entry)| entry.depth);
        let in_table = places.into_iter().map(|(pack, entry)| read(&pack, &entry));
        let on_disk = searched.iter().rev().map(|pack| self.search(pack, id, read));
        let mut failed = None;
        for found in in_table.chain(on_disk) {
            match found {
                Ok(Some(made)) => return Ok(Some(made)),
                Ok(None) => {}
                Err(error) if error.is_gone() => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(None), Err)
    }

    /// Finds the least deep copy of an object that is in the table and no deeper than `deepest`, or
    /// the first such copy that has to be searched for; `None` if there is none that can be found.
    pub(crate) fn copy(&self, id: &ObjectId, deepest: u8) -> Option<(Arc<PackReader>, Entry)> {
        let (places, searched) = {
            let known = self.known();
            (known.table.get(id), Arc::clone(&known.searched))
        };
        let fits = |entry: &Entry| entry.depth <= deepest;
        let in_table = places.into_iter().min_by_key(|(_, entry)| entry.depth);
        if let Some(found) = in_table.filter(|(_, entry)| fits(entry)) {
            return Some(found);
        }
        let last = self.last.load(Ordering::Relaxed).min(searched.len());
        let first_last = [last].into_iter().chain((0..searched.len()).rev().filter(|n| *n != last));
        first_last.filter_map(|n| Some((n, searched.get(n)?))).find_map(|(n, pack)| {
            let file = pack.file(&*self.disk).ok()?;
            let entry = pack.find(&*file, id).ok()??;
            fits(&entry).then(|| {
                self.last.store(n, Ordering::Relaxed);
                (Arc::clone(pack), entry)
            })
        })
    }

    fn search<T>(
        &self,
        pack: &PackReader,
        id: &ObjectId,
        read: &ReadCopy<'_, T>,
    ) -> Result<Option<T>> {
        match pack.file(&*self.disk).and_then(|file| pack.find(&*file, id)) {
            Ok(Some(entry)) => read(pack, &entry),
            Ok(None) => Ok(None),
            Err(Error::Damaged { place, what }) => Err(may_have_held(place, &what, id)),
            Err(error) => Err(error),
        }
    }

    /// Returns the objects whose digests start with `prefix`, sorted.
    pub(crate) fn with_prefix(&self, prefix: &HexPrefix) -> Result<BTreeSet<ObjectId>> {
        let (mut found, searched): (BTreeSet<_>, _) = {
            let known = self.known();
            (known.table.with_prefix(prefix).collect(), Arc::clone(&known.searched))
        };
        for pack in searched.iter() {
            let matches = |digest: &Digest| prefix.matches(digest);
            let file = pack.file(&*self.disk);
            match file.and_then(|file| pack.scan(&*file, &low(prefix), matches)) {
                Ok(entries) => found.extend(entries.iter().map(|entry| entry.id)),
                Err(error) if error.is_gone() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Returns a known pack.
    pub(crate) fn pack(&self, name: &str) -> Option<Arc<PackReader>> {
        self.known().packs.get(name).map(|(_, pack)| Arc::clone(pack))
    }

    /// Returns the packs known so far, by name.
    pub(crate) fn packs(&self) -> Vec<Arc<PackReader>> {
        self.known().packs.values().map(|(_, pack)| Arc::clone(pack)).collect()
    }

    /// Returns the packs that could not be opened, with the reasons.
    pub(crate) fn broken(&self) -> BTreeMap<String, String> {
        self.known().broken.clone()
    }

    /// Explains that an object is missing by a pack that could not be opened, if there is one.
    pub(crate) fn suspect(&self, id: &ObjectId) -> Option<Error> {
        let known = self.known();
        let (name, what) = known.broken.first_key_value()?;
        Some(may_have_held(join(self.dir, name), what, id))
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Blames a damaged pack for a missing object, as far as that is fair.
fn may_have_held(place: String, what: &str, id: &ObjectId) -> Error {
    Error::damaged(place, format!("{what}; it may have held {id}, which is missing"))
}
