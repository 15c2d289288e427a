//! Decoded blocks in memory, for those that are stored as deltas against them.
//!
//! Two ways of reading repeat blocks. One reads a block and soon what is a delta against it, as a
//! comparison of two versions does. The other goes through a whole checkpoint and then through the
//! next one, which needs the same places of the first in the same order: where a checkpoint is
//! larger than the cache, keeping what came last would forget each block just before its turn. So a
//! quarter of the room holds what came last, and the rest what got there first: of what leaves the
//! quarter for a full rest one in [`TURNOVER`] takes the place of another. Whoever goes from one
//! checkpoint to the next says so ([`BlockCache::follow`]), and a block takes the place of its
//! predecessor.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use crate::{
    object::ObjectId,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Bytes of blocks that a repository keeps unless told otherwise: a small checkpoint, and little
/// beside what a training process holds.
pub(crate) const DEFAULT_CACHE: usize = 64 << 20;

/// How rarely one block of a checkpoint that does not fit takes the place of another: often enough
/// for another checkpoint to get in within a few readings, too rarely to spoil one.
const TURNOVER: u32 = 16;

/// An object that was read and checked against its id.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its bytes.
    pub bytes: Arc<Vec<u8>>,
    /// The depth of the copy that it was read from.
    pub depth: u8,
}

/// A map of bounded size from blocks to their bytes, shared by threads.
///
/// What is put in must have been checked against its id: nobody does so again.
#[derive(Debug)]
pub(crate) struct BlockCache {
    blocks: Mutex<Blocks>,
}

#[derive(Debug, Default)]
struct Blocks {
    /// Most bytes.
    bound: usize,
    places: HashMap<ObjectId, usize>,
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    /// What came last, oldest first: places in `slots`.
    recent: VecDeque<usize>,
    recent_len: usize,
    /// What stays.
    kept: Vec<usize>,
    kept_len: usize,
    /// The next of `kept` to give way.
    hand: usize,
    /// Blocks that left `recent` while `kept` was full.
    refused: u32,
}

#[derive(Debug)]
struct Slot {
    id: ObjectId,
    found: Found,
    /// Whether it is one of `kept`.
    stays: bool,
}

impl BlockCache {
    /// Makes a cache of at most so many bytes of blocks; 0 keeps nothing.
    pub(crate) fn new(bound: usize) -> Self {
        Self { blocks: Mutex::new(Blocks { bound, ..Blocks::default() }) }
    }

    /// Returns a block with the depth of the copy that it came from, if it is here.
    pub(crate) fn get(&self, id: &ObjectId) -> Option<Found> {
        let blocks = self.blocks();
        let slot = blocks.slots[*blocks.places.get(id)?].as_ref()?;
        Some(slot.found.clone())
    }

    /// Takes a block that was checked against its id.
    pub(crate) fn insert(&self, id: ObjectId, found: Found) {
        self.blocks().insert(id, found);
    }

    /// Takes a block that was checked against its id, in the place of its predecessor: the block of
    /// the parent version, which will not be asked for again, if there is one.
    pub(crate) fn follow(&self, predecessor: Option<&ObjectId>, id: ObjectId, found: Found) {
        match predecessor {
            Some(predecessor) => self.blocks().follow(predecessor, id, found),
            None => self.insert(id, found),
        }
    }

    /// Tells whether blocks can be kept at all, so that nobody copies them in vain.
    pub(crate) fn is_on(&self) -> bool {
        self.blocks().bound > 0
    }

    fn blocks(&self) -> MutexGuard<'_, Blocks> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Blocks {
    fn insert(&mut self, id: ObjectId, found: Found) {
        let len = found.bytes.len();
        if self.places.contains_key(&id) || len > self.bound / 4 {
            return;
        }
        let slot = Slot { id, found, stays: false };
        let at = self.free.pop().unwrap_or(self.slots.len());
        if at == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[at] = Some(slot);
        self.places.insert(id, at);
        self.recent.push_back(at);
        self.recent_len += len;
        self.shrink();
    }

    fn follow(&mut self, predecessor: &ObjectId, id: ObjectId, found: Found) {
        let Some(at) = self.places.get(predecessor).copied() else { return self.insert(id, found) };
        if self.places.contains_key(&id) || found.bytes.len() > self.bound / 4 {
            return;
        }
        let slot = self.slots[at].as_mut().expect("a place has a slot");
        let (old, new) = (slot.found.bytes.len(), found.bytes.len());
        (slot.id, slot.found) = (id, found);
        let len = if slot.stays { &mut self.kept_len } else { &mut self.recent_len };
        *len = *len - old + new;
        self.places.remove(predecessor);
        self.places.insert(id, at);
        self.shrink();
    }

    /// Lets go of what is too much.
    fn shrink(&mut self) {
        while self.recent_len > self.bound / 4 {
            let at = self.recent.pop_front().expect("its length is that of its blocks");
            self.recent_len -= self.len_of(at);
            self.settle(at);
        }
        while self.kept_len > self.bound - self.bound / 4 {
            self.evict();
        }
    }

    /// Decides about a block that is not recent any more.
    fn settle(&mut self, at: usize) {
        let room = self.bound - self.bound / 4;
        if self.kept_len + self.len_of(at) > room {
            self.refused += 1;
            if self.refused < TURNOVER {
                return self.remove(at);
            }
            self.refused = 0;
            while self.kept_len + self.len_of(at) > room {
                self.evict();
            }
        }
        self.kept_len += self.len_of(at);
        self.kept.push(at);
        self.slots[at].as_mut().expect("it is in a list").stays = true;
    }

    fn evict(&mut self) {
        self.hand = (self.hand + 1) % self.kept.len();
        let at = self.kept.swap_remove(self.hand);
        self.kept_len -= self.len_of(at);
        self.remove(at);
    }

    fn remove(&mut self, at: usize) {
        if let Some(slot) = self.slots[at].take() {
            self.places.remove(&slot.id);
            self.free.push(at);
        }
    }

    fn len_of(&self, at: usize) -> usize {
        self.slots[at].as_ref().map_or(0, |slot| slot.found.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use ckpt_hash::{Digest, LeafHash};

    use super::*;

    pub(super) const LEN: usize = 10;

    /// The block at a place of a checkpoint.
    pub(super) fn id(checkpoint: usize, place: usize) -> ObjectId {
        let text = format!("{checkpoint} {place}");
        ObjectId::block(&LeafHash::from_digest(Digest::of(text.as_bytes())))
    }

    pub(super) fn found(depth: u8) -> Found {
        Found { bytes: Arc::new(vec![depth; LEN]), depth }
    }

    pub(super) fn len(cache: &BlockCache) -> usize {
        let blocks = cache.blocks();
        let sum: usize = blocks.slots.iter().flatten().map(|slot| slot.found.bytes.len()).sum();
        assert_eq!(sum, blocks.recent_len + blocks.kept_len);
        assert_eq!(blocks.places.len(), blocks.recent.len() + blocks.kept.len());
        assert_eq!(blocks.slots.len(), blocks.places.len() + blocks.free.len());
        sum
    }

    /// Goes through checkpoint after checkpoint of 100 blocks, each block needing its predecessor;
    /// returns the hits of each. `follows` says whether the cache is told.
    fn hits(cache: &BlockCache, checkpoints: std::ops::Range<usize>, follows: bool) -> Vec<usize> {
        let mut read = |checkpoint: usize| {
            let mut hits = 0;
            for place in 0..100 {
                let base = id(checkpoint - 1, place);
                hits += usize::from(cache.get(&base).is_some());
                if follows {
                    cache.follow(Some(&base), id(checkpoint, place), found(0));
                } else {
                    cache.insert(id(checkpoint, place), found(0));
                }
                assert!(len(cache) <= cache.blocks().bound);
            }
            hits
        };
        checkpoints.map(&mut read).collect()
    }

    #[test]
    fn what_fits_is_all_there() {
        let cache = BlockCache::new(4 * 100 * LEN);
        assert_eq!(hits(&cache, 1..5, true), [0, 100, 100, 100]);
        assert_eq!(cache.get(&id(4, 7)).unwrap().depth, 0);
        assert_eq!(len(&cache), 100 * LEN);
    }

    #[test]
    fn of_what_is_four_times_as_large_more_than_half_of_what_fits_is_there() {
        let cache = BlockCache::new(25 * LEN);
        let hits = hits(&cache, 1..12, true);
        assert!(hits[1..].iter().all(|hits| *hits >= 13), "{hits:?}");
    }

    #[test]
    fn another_line_of_checkpoints_gets_in() {
        let cache = BlockCache::new(40 * LEN);
        hits(&cache, 1..5, true);
        let hits = hits(&cache, 1001..1012, true);
        assert!(hits[10] >= 20, "{hits:?}");
    }

    #[test]
    fn what_came_last_is_there_whoever_reads() {
        let cache = BlockCache::new(40 * LEN);
        hits(&cache, 1..9, false);
        for place in 0..300 {
            cache.insert(id(99, place), found(1));
            (0..10.min(place)).for_each(|back| drop(cache.get(&id(99, place - back)).unwrap()));
        }
    }

    #[test]
    fn nothing_is_kept_without_room_and_no_block_fills_it() {
        let cache = BlockCache::new(0);
        assert!(!cache.is_on());
        cache.insert(id(1, 1), found(0));
        assert!(cache.get(&id(1, 1)).is_none());
        let cache = BlockCache::new(3 * LEN);
        cache.insert(id(1, 1), found(0));
        assert!(cache.get(&id(1, 1)).is_none());
    }

    #[test]
    fn blocks_of_other_lengths_stay_within_the_bound() {
        let cache = BlockCache::new(40 * LEN);
        for n in 0..2000 {
            let bytes = Arc::new(vec![0; 1 + n * 7 % (10 * LEN)]);
            let found = Found { bytes, depth: 0 };
            match n % 3 {
                0 => cache.insert(id(2, n), found),
                _ => cache.follow(Some(&id(2, n.saturating_sub(1 + n % 5))), id(2, n), found),
            }
            assert!(len(&cache) <= 40 * LEN);
        }
    }
}

/// Many schedules of the threads that share a cache.
#[cfg(all(test, shuttle))]
mod schedules {
    use shuttle::thread;

    use super::tests::{LEN, found, id, len};
    use super::*;

    /// Of the schedules, so that every run has the same.
    const SEED: u64 = 11;

    #[test]
    fn a_block_is_what_it_was_whoever_comes_in_between() {
        let act = |cache: &BlockCache, thread: usize| {
            for place in 0..4 {
                let block = |checkpoint: usize| found((10 * checkpoint + place) as u8);
                cache.insert(id(thread, place), block(thread));
                cache.follow(Some(&id(thread, place)), id(2 + thread, place), block(2 + thread));
                for checkpoint in 0..4 {
                    let known = cache.get(&id(checkpoint, place));
                    assert!(known.is_none_or(|known| known.bytes == block(checkpoint).bytes));
                }
                assert!(len(cache) <= 8 * LEN);
            }
        };
        shuttle::check_random_with_seed(
            move || {
                let cache = Arc::new(BlockCache::new(8 * LEN));
                let other = Arc::clone(&cache);
                let handle = thread::spawn(move || act(&other, 1));
                act(&cache, 0);
                handle.join().expect("it does not panic");
                assert!(len(&cache) >= 2 * LEN);
            },
            SEED,
            500,
        );
    }
}
