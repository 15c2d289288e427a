//! Writes packs anew: one new pack, or a few, with what stays of several old ones.
//!
//! Stored bytes are taken over as they are, where that will do; `chains` decides where it will not.
//! A new pack is read back before anybody relies on it. Of every object it has a copy that is no
//! deeper than the least deep one of the old packs: a delta that could be read can be read.

mod chains;

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ckpt_codec::Effort;
use ckpt_tensor::Dtype;
use rayon::prelude::*;

use self::chains::{Action, Chains, Plan};
use crate::{
    disk::durable::join,
    disk::{Disk, ReadFile},
    error::{Error, Result},
    object::{ObjectId, ObjectKind},
    pack::{
        PACKS,
        codec::{self, Base, BaseBytes, EncodedObject},
        layout::Entry,
        reader::PackReader,
        set::PackSet,
        writer::{PackWriter, WrittenPack},
    },
    progress::{Meter, Progress},
};

/// Decoded bytes that are encoded at once: enough for all cores, and little beside a pack.
const BATCH_LEN: u64 = 16 << 20;

/// Most objects of a batch, whose stored bytes are held until they are written.
const BATCH_OBJECTS: usize = 1024;

/// Bytes of objects, decoded, that one new pack has at most: what fails in the middle then leaves
/// little behind, and no file grows without bound.
const PACK_LEN: u64 = 1 << 30;

/// What stays of packs that are replaced.
pub struct Keep<'a> {
    /// Whether an object stays; one that does not is no base either, wherever it is.
    pub stays: &'a (dyn Fn(&ObjectId) -> bool + Sync),
    /// Whether a block is to be stored whole.
    pub whole: &'a (dyn Fn(&ObjectId) -> bool + Sync),
    /// The number of a version, by the bytes of its record: versions of greater numbers come first.
    pub number: fn(&[u8]) -> Option<u64>,
}

impl Keep<'static> {
    /// Keeps everything, as it is where that will do.
    pub fn all(number: fn(&[u8]) -> Option<u64>) -> Self {
        Self { stays: &|_| true, whole: &|_| false, number }
    }
}

/// A pack that is replaced.
struct Source {
    pack: Arc<PackReader>,
    file: Arc<dyn ReadFile>,
}

/// The copy of an object that is taken over.
#[derive(Debug, Clone, Copy)]
struct Place {
    source: usize,
    entry: Entry,
}

/// Packs that are being replaced.
struct Repack<'a> {
    packs: &'a PackSet,
    sources: Vec<Source>,
    number: fn(&[u8]) -> Option<u64>,
    /// The least deep copies of what stays.
    places: HashMap<ObjectId, Place>,
}

/// Writes what stays of packs anew, and leaves them where they are; returns the new packs, one
/// unless it would be longer than 1 GiB. `progress` is told how many bytes of objects, decoded,
/// are written anew, of how many.
///
/// # Errors
/// [`Error::Damaged`] where stored bytes fail their checksum, or where what a kept object builds on
/// does not stay and the object cannot be read; whatever the disk refuses. New packs may then be in
/// place next to the old ones.
pub fn repack(
    disk: &dyn Disk,
    packs: &PackSet,
    sources: &[Arc<PackReader>],
    keep: &Keep<'_>,
    progress: &dyn Progress,
) -> Result<Vec<Arc<PackReader>>> {
    let repack = Repack::open(disk, packs, sources, keep)?;
    let plan = Chains::new(&repack, keep).plan()?;
    let order = repack.in_order(&plan);
    let meter = Meter::new(progress, order.iter().map(Place::len).sum());
    runs(&order, PACK_LEN, usize::MAX)
        .filter_map(|run| repack.write(disk, run, &plan, &meter).transpose())
        .collect()
}

/// Tells which objects of packs would be encoded anew, or left out, if these were replaced.
pub fn would_change(
    disk: &dyn Disk,
    packs: &PackSet,
    sources: &[Arc<PackReader>],
    keep: &Keep<'_>,
) -> Result<HashSet<ObjectId>> {
    let repack = Repack::open(disk, packs, sources, keep)?;
    Ok(Chains::new(&repack, keep).plan()?.into_keys().collect())
}

impl<'a> Repack<'a> {
    fn open(
        disk: &dyn Disk,
        packs: &'a PackSet,
        sources: &[Arc<PackReader>],
        keep: &Keep<'_>,
    ) -> Result<Self> {
        let open =
            |pack: &Arc<PackReader>| Ok(Source { pack: Arc::clone(pack), file: pack.file(disk)? });
        let sources = sources.iter().map(open).collect::<Result<Vec<_>>>()?;
        let mut repack = Self { packs, sources, number: keep.number, places: HashMap::new() };
        repack.gather(keep)?;
        Ok(repack)
    }

    /// Writes one pack and reads it back; `None` if all of it is left out. `meter` counts bytes
    /// as they are written.
    fn write(
        &self,
        disk: &dyn Disk,
        places: &[Place],
        plan: &Plan,
        meter: &Meter<'_>,
    ) -> Result<Option<Arc<PackReader>>> {
        let mut writer = PackWriter::create(disk)?;
        for batch in runs(places, BATCH_LEN, BATCH_OBJECTS) {
            let prepare = |place: &Place| self.prepare(place, plan);
            let objects: Result<Vec<_>> = batch.par_iter().map(prepare).collect();
            objects?.iter().flatten().try_for_each(|object| writer.push(object))?;
            meter.add(batch.iter().map(Place::len).sum())?;
        }
        let Some(written) = writer.finish()? else { return Ok(None) };
        self.packs.add(&written)?;
        let pack = self.packs.pack(&written.name).ok_or_else(|| gone(&written))?;
        read_back(disk, self.packs, &pack, plan)?;
        Ok(Some(pack))
    }

    /// Finds the least deep copy of each object that stays.
    fn gather(&mut self, keep: &Keep<'_>) -> Result<()> {
        for (source, Source { pack, file }) in self.sources.iter().enumerate() {
            for entry in pack.read_index(&**file)? {
                let best = |entry: &Entry| (entry.depth, entry.stored_len);
                let known = self.places.get(&entry.id);
                let better = known.is_none_or(|known| best(&entry) < best(&known.entry));
                if better && (keep.stays)(&entry.id) {
                    self.places.insert(entry.id, Place { source, entry });
                }
            }
        }
        Ok(())
    }

    fn stored(&self, place: &Place) -> Result<Vec<u8>> {
        let Source { pack, file } = &self.sources[place.source];
        pack.stored(&**file, &place.entry)
    }

    /// Returns what stays in the order in which packs have it: records by kind, so that a walk
    /// through history reads on and on, then blocks as they were. Newer versions come first, packs
    /// with older ones before those with newer ones.
    ///
    /// If it takes several packs, blocks come by depth, so that each finds its base in a pack that
    /// is there already.
    fn in_order(&self, plan: &Plan) -> Vec<Place> {
        let numbers: HashMap<ObjectId, u64> = self
            .places
            .values()
            .filter(|place| place.entry.id.kind == ObjectKind::Version)
            .map(|place| (place.entry.id, self.number(place).unwrap_or_default()))
            .collect();
        let mut oldest = vec![u64::MAX; self.sources.len()];
        for (id, number) in &numbers {
            let oldest = &mut oldest[self.places[id].source];
            *oldest = number.min(oldest).to_owned();
        }
        let by_depth = self.places.values().map(Place::len).sum::<u64>() > PACK_LEN;
        let mut places: Vec<Place> = self.places.values().copied().collect();
        places.sort_by_cached_key(|Place { source, entry }| {
            let number = Reverse(numbers.get(&entry.id).copied());
            let depth = plan.get(&entry.id).map_or(entry.depth, |planned| planned.depth);
            let depth = if by_depth { depth } else { 0 };
            (rank(entry.id.kind), number, depth, oldest[*source], *source, entry.offset)
        });
        places
    }

    /// Reads the number of a version; `None` if it cannot be read, which matters to no one here.
    fn number(&self, place: &Place) -> Option<u64> {
        let (mut stored, mut bytes) = (self.stored(place).ok()?, Vec::new());
        codec::decode_into(&place.entry, &mut stored, None, &mut bytes).ok()?;
        (self.number)(&bytes)
    }

    /// Makes an object ready to be written; `None` for one that is left out.
    fn prepare(&self, place: &Place, plan: &Plan) -> Result<Option<EncodedObject>> {
        let action = plan.get(&place.entry.id).map_or(Action::Copy, |planned| planned.action);
        let (base, must) = match action {
            Action::LeaveOut => return Ok(None),
            Action::Copy => return self.copy(place).map(Some),
            Action::Encode { base, must } => (base, must),
        };
        match self.encode(&place.entry, base) {
            // What cannot be read is kept as it is: a user may find a way.
            Err(Error::Damaged { .. } | Error::Missing(_)) if !must => self.copy(place).map(Some),
            encoded => encoded.map(Some),
        }
    }

    fn copy(&self, place: &Place) -> Result<EncodedObject> {
        let Entry { id, raw_len, encoding, layout, depth, .. } = place.entry;
        Ok(EncodedObject { id, bytes: self.stored(place)?, raw_len, encoding, layout, depth })
    }

    /// Encodes a block anew, against a base that will be found at a depth, or whole.
    fn encode(&self, entry: &Entry, base: Option<(ObjectId, u8)>) -> Result<EncodedObject> {
        let bytes = self.packs.read(&entry.id)?;
        let dtype = Dtype::from_code(entry.layout).ok();
        let encoded = match base {
            None => codec::encode(entry.id, &bytes, dtype, Effort::Default),
            Some((id, depth)) => {
                let bytes_of_base = BaseBytes::Read(self.packs.block(&id, None)?);
                let base = Base { id, bytes: bytes_of_base, depth };
                codec::encode_against(entry.id, &bytes, dtype, Effort::Default, &base)
            }
        };
        encoded.map_err(|what| Error::damaged(entry.id.to_string(), what))
    }
}

/// Where a kind of object stands in a pack.
pub(crate) fn rank(kind: ObjectKind) -> u8 {
    match kind {
        ObjectKind::Version => 0,
        ObjectKind::Move => 1,
        ObjectKind::Annotation | ObjectKind::Journal => 2,
        ObjectKind::Recipe => 3,
        ObjectKind::Checkpoint => 4,
        ObjectKind::Leaves | ObjectKind::Chunks => 5,
        ObjectKind::Block => 6,
    }
}

impl Place {
    /// Bytes that the object takes in memory or on disk, whichever are more.
    fn len(&self) -> u64 {
        u64::from(self.entry.raw_len.max(self.entry.stored_len))
    }
}

/// Divides objects into runs of so many bytes and objects at most, or of one object.
fn runs(places: &[Place], bytes: u64, objects: usize) -> impl Iterator<Item = &[Place]> {
    let mut rest = places;
    std::iter::from_fn(move || {
        let mut len = 0;
        let fits = |place: &&Place| {
            len += place.len();
            len <= bytes
        };
        let count = rest.iter().take(objects).take_while(fits).count();
        let (run, after) = rest.split_at(count.max(1).min(rest.len()));
        rest = after;
        (!run.is_empty()).then_some(run)
    })
}

fn gone(pack: &WrittenPack) -> Error {
    Error::damaged(join(PACKS, &pack.name), "it is gone")
}

/// Reads a new pack: every stored byte, and what was encoded anew to its id.
fn read_back(disk: &dyn Disk, packs: &PackSet, pack: &PackReader, plan: &Plan) -> Result<()> {
    let file = pack.file(disk)?;
    pack.read_index(&*file)?.par_iter().try_for_each(|entry| {
        if plan.contains_key(&entry.id) {
            packs.check(pack, &*file, entry, None).map(|_| ())
        } else {
            pack.stored(&*file, entry).map(|_| ())
        }
    })
}
