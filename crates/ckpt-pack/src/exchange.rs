//! Gives objects to another repository as a pack, and takes such a pack in.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use ckpt_hash::{TreeHash, TreeHasher};
use ckpt_tensor::ReadAt;
use rayon::prelude::*;

use crate::{
    disk::{
        Disk,
        durable::{Draft, TMP},
    },
    error::{Doing, Error, Result},
    object::{ObjectId, ObjectKind, lists::ChunksRecord, wire},
    pack::{
        PACKS,
        codec::EncodedObject,
        folder::PackFolder,
        layout::Entry,
        reader::PackReader,
        search::Search,
        set::PackSet,
        writer::{PackWriter, WrittenPack},
    },
    repack::rank,
};

/// Bytes of a pack that are copied at once.
const PIECE: u64 = 1 << 20;

/// Tells at which depth the other side has an object; `None` if it does not have it, or nobody knows.
pub type Has<'a> = dyn Fn(&ObjectId) -> Option<u8> + 'a;

/// Says of a record of some kind what is wrong with its bytes, which have the id that they should.
pub type CheckRecord<'a> = dyn Fn(ObjectKind, &[u8]) -> Result<(), String> + Sync + 'a;

/// A pack that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adopted {
    /// Its name in the folder of packs.
    pub name: String,
    /// Bytes of its file.
    pub len: u64,
    /// Whether it was not there before.
    pub is_new: bool,
}

/// The copy of an object that is given away, and what it is the delta to.
struct Copy {
    pack: Arc<PackReader>,
    entry: Entry,
    base: Option<ObjectId>,
}

impl PackSet {
    /// Writes objects that another repository lacks into a pack in the root of `target`, under the
    /// name that it has everywhere; durable when it returns. `None` if nothing is lacking.
    ///
    /// Stored bytes are copied. A delta goes along with its delta base, unless the other side has that
    /// less deep than the delta is: then it can decode what it gets.
    ///
    /// # Errors
    /// [`Error::Missing`] for an object that no pack has; damage in what is copied; whatever either
    /// disk refuses.
    pub fn export(
        &self,
        ids: impl IntoIterator<Item = ObjectId>,
        has: &Has<'_>,
        target: &dyn Disk,
    ) -> Result<Option<WrittenPack>> {
        let mut copies: HashMap<ObjectId, Copy> = HashMap::new();
        let mut next: Vec<ObjectId> = ids.into_iter().filter(|id| has(id).is_none()).collect();
        while let Some(id) = next.pop() {
            if copies.contains_key(&id) {
                continue;
            }
            let copy = self.best_copy(&id)?;
            let depth = copy.entry.depth;
            next.extend(copy.base.filter(|base| has(base).is_none_or(|there| there >= depth)));
            copies.insert(id, copy);
        }
        let mut copies: Vec<Copy> = copies.into_values().collect();
        // Records first, by kind, then blocks as they were, each behind what it builds on.
        copies.sort_by_cached_key(|Copy { pack, entry, .. }| {
            (rank(entry.id.kind), entry.depth, pack.name().to_owned(), entry.offset)
        });
        let mut writer = PackWriter::create_in_root(target)?;
        for Copy { pack, entry, .. } in copies {
            let bytes = pack.stored(&*pack.file(&*self.disk)?, &entry)?;
            let Entry { id, raw_len, encoding, layout, depth, .. } = entry;
            writer.push(&EncodedObject { id, bytes, raw_len, encoding, layout, depth })?;
        }
        writer.finish()
    }

    /// Finds the least deep copy of an object.
    fn best_copy(&self, id: &ObjectId) -> Result<Copy> {
        let best: RefCell<Option<(String, Entry)>> = RefCell::default();
        let look = || {
            self.live.read(id, &|pack, entry| -> Result<Option<()>> {
                let mut best = best.borrow_mut();
                if best.as_ref().is_none_or(|(_, best)| entry.depth < best.depth) {
                    *best = Some((pack.name().to_owned(), *entry));
                }
                Ok(None)
            })
        };
        look()?;
        if best.borrow().is_none() {
            // Packs may have been compacted since they were listed.
            self.live.refresh()?;
            look()?;
        }
        let (name, entry) = best.into_inner().ok_or(Error::Missing(*id))?;
        let pack = self.live.pack(&name).ok_or(Error::Missing(*id))?;
        let base = pack.base(&*pack.file(&*self.disk)?, &entry)?;
        Ok(Copy { pack, entry, base })
    }

    /// Takes in a pack that another repository gave. It is read whole before anybody sees it: every
    /// object must have its id, and every delta what it builds on, in the pack or in live packs.
    /// Durable when it returns.
    ///
    /// The caller holds the lock that writers share, and has the packs listed.
    ///
    /// # Errors
    /// [`Error::Damaged`] for anything that is not as it should be; [`Error::Missing`] for what a
    /// delta or a list of chunks needs and nobody has; whatever the disk refuses. No pack is there
    /// then that was not before.
    pub fn adopt(&self, source: &dyn ReadAt, check: &CheckRecord<'_>) -> Result<Adopted> {
        let doing = || "take in a pack".to_owned();
        let mut draft = Draft::create(&*self.disk).doing(doing)?;
        let len = source.len().doing(doing)?;
        let mut piece = Vec::new();
        for start in (0..len).step_by(PIECE as usize) {
            piece.resize((len - start).min(PIECE) as usize, 0);
            source.read_at(start, &mut piece).doing(doing)?;
            draft.write(&piece).doing(doing)?;
        }
        let file_name = draft.path().strip_prefix(TMP).and_then(|rest| rest.strip_prefix('/'));
        let file_name = file_name.expect("drafts start in the folder for them");
        let opened = PackReader::open_unnamed(&*self.disk, TMP, file_name)?;
        let name = opened.pack.own_name();
        let incoming = PackFolder::of(Arc::clone(&self.disk), TMP, opened);
        let pack = incoming.packs().pop().expect("it was just added");
        if let Err(error) = self.check_incoming(&pack, &incoming, check) {
            // What its deltas build on may have moved since the packs were listed, or be moved to trash by
            // a process that did not know of it.
            match self.bring_back_outer_bases(&pack) {
                Err(Error::Missing(_) | Error::Damaged { .. }) => return Err(error),
                brought => brought?,
            }
            self.check_incoming(&pack, &incoming, check)?;
        }
        let is_new = self.live.pack(&name).is_none();
        if is_new {
            draft.publish(PACKS, &name).doing(|| format!("write pack {name}"))?;
            self.live.add(&name)?;
        }
        Ok(Adopted { name, len, is_new })
    }

    /// Makes sure that live packs have what the deltas of a new pack build on outside of it.
    fn bring_back_outer_bases(&self, pack: &PackReader) -> Result<()> {
        let mut outside = self.bases(pack)?;
        for entry in pack.read_index(&*pack.file(&*self.disk)?)? {
            outside.remove(&entry.id);
        }
        self.bring_back_below(outside)?;
        Ok(())
    }

    /// Reads a pack whole that nobody has seen yet.
    fn check_incoming(
        &self,
        pack: &PackReader,
        incoming: &PackFolder,
        check: &CheckRecord<'_>,
    ) -> Result<()> {
        let file = pack.file(&*self.disk)?;
        let mut entries = pack.read_index(&*file)?;
        entries.sort_unstable_by_key(|entry| entry.offset);
        if !pack.is_filled_by(&entries) {
            let what = "its objects do not fill it without gaps";
            return Err(Error::damaged(pack.place(), what));
        }
        let folders = [incoming, &self.live];
        entries.par_iter().try_for_each(|entry| {
            let search = Search::new(&*self.disk, &folders);
            let bytes = search.object(pack, entry, pack.stored(&*file, entry)?)?;
            check(entry.id.kind, &bytes).map_err(|what| pack.damaged(entry, what))?;
            match entry.id.kind {
                ObjectKind::Chunks => check_chunks(&search, &bytes, pack, entry),
                _ => Ok(()),
            }
        })
    }
}

/// Reads the chunks of a list, which alone show that it has its id.
fn check_chunks(search: &Search<'_>, list: &[u8], pack: &PackReader, entry: &Entry) -> Result<()> {
    let damaged = |what: &str| pack.damaged(entry, what);
    let list = wire::decode::<ChunksRecord>(list);
    let ChunksRecord { chunks } = list.map_err(|error| damaged(&error.to_string()))?;
    let mut hasher = TreeHasher::new();
    for chunk in chunks {
        let id = ObjectId::block(&chunk.hash);
        let found = search.read(&id, u8::MAX)?.ok_or(Error::Missing(id))?;
        if found.bytes.is_empty() || found.bytes.len() as u64 != u64::from(chunk.len) {
            return Err(damaged("a chunk is not as long as it says"));
        }
        hasher.update(&found.bytes);
    }
    let root: TreeHash = hasher.finish();
    if *root.digest() == entry.id.digest {
        Ok(())
    } else {
        Err(damaged("its chunks do not make up its content"))
    }
}
