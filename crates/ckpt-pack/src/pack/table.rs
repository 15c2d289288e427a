//! Where the objects of small packs are, in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ckpt_hash::{Digest, HexPrefix};

use super::{layout::Entry, reader::PackReader};
use crate::object::{ObjectId, ObjectKind};

/// Most entries of a table: those of 80,000 packs with one small version each, in some 70 MB (96
/// bytes each, in nodes that are two thirds full).
const MOST: usize = 1 << 19;

/// The entries of many small packs in one map, so that a lookup need not ask each pack.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// By object, then by the number of the pack: an object may be in several.
    entries: BTreeMap<(ObjectId, u32), Entry>,
    packs: BTreeMap<u32, Arc<PackReader>>,
    /// How many of the entries are of packs that are forgotten: they go once they are the half of
    /// all, so that compacting again and again costs each entry a few looks in all.
    stale: usize,
}

impl Table {
    /// Takes the entries of a pack under a number of its own; tells whether there was room.
    pub(crate) fn add(&mut self, number: u32, pack: &Arc<PackReader>, entries: &[Entry]) -> bool {
        if self.entries.len() + entries.len() > MOST {
            self.drop_stale();
        }
        if self.entries.len() + entries.len() > MOST {
            return false;
        }
        self.packs.insert(number, Arc::clone(pack));
        self.entries.extend(entries.iter().map(|entry| ((entry.id, number), *entry)));
        true
    }

    /// Forgets packs.
    pub(crate) fn remove(&mut self, numbers: &BTreeSet<u32>) {
        for pack in numbers.iter().filter_map(|number| self.packs.remove(number)) {
            self.stale += pack.entries() as usize;
        }
        if 2 * self.stale > self.entries.len() {
            self.drop_stale();
        }
    }

    fn drop_stale(&mut self) {
        let packs = &self.packs;
        self.entries.retain(|(_, number), _| packs.contains_key(number));
        self.stale = 0;
    }

    /// Returns every place that holds an object, the newest pack first.
    pub(crate) fn get(&self, id: &ObjectId) -> Vec<(Arc<PackReader>, Entry)> {
        let places = self.entries.range((*id, 0)..=(*id, u32::MAX)).rev();
        let place = |((_, number), entry): (&(ObjectId, u32), &Entry)| {
            self.packs.get(number).map(|pack| (Arc::clone(pack), *entry))
        };
        places.filter_map(place).collect()
    }

    /// Tells whether a pack holds an object.
    pub(crate) fn contains(&self, id: &ObjectId) -> bool {
        let mut places = self.entries.range((*id, 0)..=(*id, u32::MAX));
        places.any(|((_, number), _)| self.packs.contains_key(number))
    }

    /// Returns the objects whose digests start with `prefix`, sorted.
    pub(crate) fn with_prefix(&self, prefix: &HexPrefix) -> impl Iterator<Item = ObjectId> {
        let all = self.entries.range((low(prefix), 0)..).map(|(key, _)| *key);
        let matching = all.take_while(|(id, _)| prefix.matches(&id.digest));
        matching.filter(|(_, number)| self.packs.contains_key(number)).map(|(id, _)| id)
    }
}

/// Returns the least object whose digest may start with `prefix`.
pub(crate) fn low(prefix: &HexPrefix) -> ObjectId {
    let digest: Digest = *prefix.low();
    ObjectId { digest, kind: ObjectKind::Block }
}
