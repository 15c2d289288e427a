//! All packs of a repository as one map from ids to objects.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ckpt_hash::HexPrefix;

use super::{
    PACKS, TRASH,
    block_cache::{BlockCache, DEFAULT_CACHE, Found},
    chain::{Buffers, Chains, onto},
    folder::PackFolder,
    layout::Entry,
    reader::PackReader,
    search::Search,
    writer::{PackWriter, WrittenPack},
};
use crate::{
    disk::{Disk, ReadFile},
    error::{Doing, Error, Result},
    object::{ObjectId, ObjectKind},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The packs that this process knows of.
///
/// A read that finds nothing lists the folder again, since another process may have added packs or
/// compacted some, and then looks into what is in trash.
#[derive(Debug)]
pub struct PackSet {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) live: PackFolder,
    pub(super) trash: PackFolder,
    /// Blocks that need not be read again.
    cache: BlockCache,
    buffers: Mutex<Vec<Buffers>>,
}

/// A block that is at hand while another is read, checked against its id.
pub type Alongside<'a> = Option<(&'a ObjectId, &'a [u8])>;

/// Most sets of buffers that are kept between reads, one for each thread that reads: of 3 MiB each.
const BUFFERS: usize = 16;

/// How often the packs are listed for an object that seems to be missing.
const LOOKS: usize = 3;

/// Bytes at hand, or in the cache.
enum AtHand<'a> {
    Alongside(&'a [u8]),
    Cached(Found),
}

impl AsRef<[u8]> for AtHand<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Alongside(bytes) => bytes,
            Self::Cached(found) => &found.bytes,
        }
    }
}

impl PackSet {
    /// Stands for the packs on a disk; [`refresh`](Self::refresh) lists them.
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        let trash = PackFolder::new(Arc::clone(&disk), TRASH);
        Self {
            live: PackFolder::new(Arc::clone(&disk), PACKS),
            trash,
            disk,
            cache: BlockCache::new(DEFAULT_CACHE),
            buffers: Mutex::default(),
        }
    }

    /// Sets how many bytes of decoded blocks are kept in memory; none with 0.
    pub fn set_cache(&mut self, bytes: usize) {
        self.cache = BlockCache::new(bytes);
    }

    /// Tells whether decoded blocks are kept in memory at all, so that nobody copies them in vain.
    pub fn is_caching(&self) -> bool {
        self.cache.is_on()
    }

    /// Keeps a block that was checked against its id in memory, in the place of its predecessor:
    /// the block of the parent version, which will not be asked for again, if there is one.
    pub fn keep_in_cache(&self, predecessor: Option<&ObjectId>, id: ObjectId, found: Found) {
        self.cache.follow(predecessor, id, found);
    }

    /// Starts a pack.
    pub fn start(&self) -> Result<PackWriter<'_>> {
        PackWriter::create(&*self.disk)
    }

    /// Ends a pack, adds it to those known and returns its length; 0 for one without objects. When
    /// it returns, every object that the pack was to hold is durable, those too that other packs
    /// had.
    pub fn finish(&self, pack: PackWriter<'_>) -> Result<u64> {
        let Some(pack) = pack.finish()? else {
            // All objects were there already, perhaps in a pack whose writer failed or has yet to
            // sync the folder.
            self.disk.sync_dir(PACKS).doing(|| format!("sync {PACKS}"))?;
            return Ok(0);
        };
        self.add(&pack)?;
        Ok(pack.len)
    }

    /// Adds a pack that this process has just written.
    pub(crate) fn add(&self, pack: &WrittenPack) -> Result<()> {
        self.live.add(&pack.name)
    }

    /// Lists the folder, opens what is new and forgets what is gone.
    pub fn refresh(&self) -> Result<()> {
        self.live.refresh()
    }

    /// Tells whether a pack had the object when the folder was last listed.
    pub fn contains(&self, id: &ObjectId) -> Result<bool> {
        self.live.contains(id)
    }

    /// Reads an object, checked against its id, from wherever an undamaged copy is.
    pub fn read(&self, id: &ObjectId) -> Result<Vec<u8>> {
        let mut buffers = Buffers::default();
        if self.chain(id, u8::MAX, None, &mut buffers).is_some() {
            return Ok(buffers.block);
        }
        Ok(Arc::unwrap_or_clone(self.search_everywhere(id)?.bytes))
    }

    /// Reads a block like [`read`](Self::read) and gives its bytes to `take`, from memory where it
    /// is there.
    pub fn with_block<T>(
        &self,
        id: &ObjectId,
        alongside: Alongside<'_>,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<T> {
        if let Some(found) = self.cache.get(id) {
            return Ok(take(&found.bytes));
        }
        let mut buffers = self.buffers().pop().unwrap_or_default();
        if self.chain(id, u8::MAX, alongside, &mut buffers).is_none() {
            return Ok(take(&self.search_everywhere(id)?.bytes));
        }
        let taken = take(&buffers.block);
        let mut kept = self.buffers();
        if kept.len() < BUFFERS {
            kept.push(buffers);
        }
        Ok(taken)
    }

    /// Reads a block like [`read`](Self::read), and keeps it for later where that was costly.
    pub fn block(&self, id: &ObjectId, alongside: Alongside<'_>) -> Result<Arc<Vec<u8>>> {
        if let Some(found) = self.cache.get(id) {
            return Ok(found.bytes);
        }
        let mut buffers = Buffers::default();
        let Some(depth) = self.chain(id, u8::MAX, alongside, &mut buffers) else {
            return Ok(self.search_everywhere(id)?.bytes);
        };
        let found = Found { bytes: Arc::new(buffers.block), depth };
        self.cache.insert(*id, found.clone());
        Ok(found.bytes)
    }

    /// Reads an object from a copy that is no deeper than `deepest`, for another one to be stored
    /// as a delta against it; `None` if there is none that is good.
    ///
    /// What is in trash does not count: it will be gone.
    pub fn read_base(&self, id: &ObjectId, deepest: u8) -> Option<Found> {
        // Whatever is in memory, its depth is that of a copy that is there now.
        let (_, Entry { depth, .. }) = self.live.copy(id, deepest)?;
        if let Some(Found { bytes, .. }) = self.cache.get(id) {
            return Some(Found { bytes, depth });
        }
        let mut buffers = Buffers::default();
        if let Some(depth) = self.chain(id, deepest, None, &mut buffers) {
            return Some(Found { bytes: Arc::new(buffers.block), depth });
        }
        self.search(&[&self.live]).read(id, deepest).ok().flatten()
    }

    fn chain(
        &self,
        id: &ObjectId,
        deepest: u8,
        alongside: Alongside<'_>,
        buffers: &mut Buffers,
    ) -> Option<u8> {
        let alongside = |id: &ObjectId| alongside.filter(|(at_hand, _)| *at_hand == id);
        let known = |id: &ObjectId| match alongside(id) {
            Some((_, bytes)) => Some(AtHand::Alongside(bytes)),
            None => self.cache.get(id).map(AtHand::Cached),
        };
        Chains { disk: &*self.disk, folder: &self.live, known: &known }.read(id, deepest, buffers)
    }

    /// Looks at every copy of an object, and of what it is a delta against.
    fn search_everywhere(&self, id: &ObjectId) -> Result<Found> {
        let live = [&self.live];
        if let Ok(Some(found)) = self.search(&live).read(id, u8::MAX) {
            return Ok(found);
        }
        let mut failed = Error::Missing(*id);
        let found = self.look_again(|| {
            let found = self.search(&live).read(id, u8::MAX);
            found.or_else(|error| {
                failed = error;
                Ok(None)
            })
        })?;
        if let Some(found) = found {
            return Ok(found);
        }
        // What trash cannot give does not change why the object is not where it should be.
        if self.trash.refresh().is_ok()
            && let Ok(Some(found)) = self.search(&[&self.live, &self.trash]).read(id, u8::MAX)
        {
            return Ok(found);
        }
        Err(self.explain(failed))
    }

    /// Lists the packs again and looks for what seems to be missing, some times: a list that is made
    /// while packs are compacted may have neither the old ones nor the new one.
    pub fn look_again<T>(&self, mut look: impl FnMut() -> Result<Option<T>>) -> Result<Option<T>> {
        for _ in 0..LOOKS {
            self.live.refresh()?;
            let found = look()?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn buffers(&self) -> MutexGuard<'_, Vec<Buffers>> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads an object from a pack's open file, checked against its id, and what it is a
    /// delta against from wherever an undamaged copy is, but for what is in trash.
    ///
    /// `base` may be what it is a delta against, from a copy that is less deep.
    pub fn check(
        &self,
        pack: &PackReader,
        file: &dyn ReadFile,
        entry: &Entry,
        base: Option<&[u8]>,
    ) -> Result<Vec<u8>> {
        if let Some(bytes) = base.and_then(|base| onto(pack, file, entry, base)) {
            return Ok(bytes);
        }
        let live = [&self.live];
        let check = || self.search(&live).object(pack, entry, pack.stored(file, entry)?);
        if entry.depth == 0 {
            return check();
        }
        // Its base may have moved since the packs were listed.
        let checked = check().or_else(|_| self.live.refresh().and_then(|()| check()));
        checked.map_err(|error| self.explain(error))
    }

    fn search<'a>(&'a self, folders: &'a [&'a PackFolder]) -> Search<'a> {
        Search::new(&*self.disk, folders)
    }

    /// Explains that an object is missing by a pack that could not be opened, if there is one.
    fn explain(&self, error: Error) -> Error {
        match error {
            Error::Missing(id) => self.live.suspect(&id).unwrap_or(Error::Missing(id)),
            other => other,
        }
    }

    /// Returns the digests of a kind of object that start with `prefix`, sorted.
    pub fn with_prefix(&self, kind: ObjectKind, prefix: &HexPrefix) -> Result<BTreeSet<ObjectId>> {
        let mut found = self.live.with_prefix(prefix)?;
        found.retain(|id| id.kind == kind);
        Ok(found)
    }

    /// Returns a pack that is known.
    pub fn pack(&self, name: &str) -> Option<Arc<PackReader>> {
        self.live.pack(name)
    }

    /// Returns the packs known so far, by name.
    pub fn packs(&self) -> Vec<Arc<PackReader>> {
        self.live.packs()
    }

    /// Returns the packs that could not be opened, with the reasons.
    pub fn broken(&self) -> BTreeMap<String, String> {
        self.live.broken()
    }
}
