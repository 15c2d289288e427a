//! Reads every object of every pack.

use std::sync::Arc;

use ckpt_hash::TreeHash;
use ckpt_pack::{Entry, ObjectId, ObjectKind, PACKS, PackReader};
use rayon::prelude::*;

use crate::{
    error::{Error, Result},
    upkeep::verify::{Check, explain, forest::Forest},
};

/// Objects that are whole, and what is a delta to them, that are read before progress is told:
/// many for each core, and a few seconds' work where all are of full size and have chains of eight.
const GROUP: usize = 256;

/// A chunk list, and a pack with it.
type List = (TreeHash, Arc<PackReader>);

impl Check<'_> {
    /// Reads the packs that were not read yet, and again those that came when one vanished.
    pub(super) fn packs(&mut self) -> Result<()> {
        let packs = &self.repository.objects.packs;
        loop {
            packs.refresh()?;
            for (name, what) in packs.broken() {
                if self.packs.insert(name.clone()) {
                    self.faults.pack(&name);
                    self.damage(format!("{PACKS}/{name}"), what);
                }
            }
            let mut new = packs.packs();
            new.retain(|pack| self.packs.insert(pack.name().to_owned()));
            self.total += new.iter().map(|pack| pack.entries()).sum::<u64>();
            let mut lists = Vec::new();
            let vanished = self.read(&new, &mut lists)?;
            self.chunk_lists(&lists)?;
            if !vanished {
                return Ok(());
            }
        }
    }

    /// Reads all objects of packs; adds the chunk lists among them to `lists`, and tells whether a
    /// pack vanished: it was compacted or moved to trash, and what replaced it was there before.
    fn read(&mut self, packs: &[Arc<PackReader>], lists: &mut Vec<List>) -> Result<bool> {
        let mut vanished = false;
        let mut copies = Vec::new();
        for pack in packs {
            match self.index(pack) {
                Ok(entries) => {
                    copies.extend(entries.into_iter().map(|entry| (Arc::clone(pack), entry)));
                }
                Err(error) if error.is_gone() => vanished = true,
                Err(error) => {
                    self.faults.pack(pack.name());
                    self.error(pack.place(), &error);
                }
            }
        }
        let forest = Forest::grow(self.repository, &copies);
        for group in forest.roots().chunks(GROUP) {
            let trees: Vec<_> = group.par_iter().map(|root| forest.check(*root)).collect();
            for (copy, result) in trees.into_iter().flatten() {
                let (pack, entry) = &copies[copy];
                vanished |= self.object(pack, entry, result);
                if entry.id.kind == ObjectKind::Chunks {
                    lists.push((TreeHash::from_digest(entry.id.digest), Arc::clone(pack)));
                }
                self.done += 1;
            }
            self.tell()?;
        }
        Ok(vanished)
    }

    /// Reads the index of a pack and checks that its objects fill it; returns them in their order.
    fn index(&mut self, pack: &PackReader) -> Result<Vec<Entry>> {
        let file = pack.file(self.repository.disk())?;
        let mut entries = pack.read_index(&*file)?;
        entries.sort_unstable_by_key(|entry| entry.offset);
        if !pack.is_filled_by(&entries) {
            self.faults.pack(pack.name());
            self.damage(pack.place(), "its objects do not fill it without gaps");
        }
        Ok(entries)
    }

    /// Notes what was found when an object was read; tells whether its pack was gone.
    fn object(&mut self, pack: &PackReader, entry: &Entry, result: Result<()>) -> bool {
        if result.as_ref().is_err_and(Error::is_gone) {
            return true;
        }
        self.report.objects += 1;
        self.report.bytes += u64::from(entry.raw_len);
        match result {
            Ok(()) => {
                self.good.insert(entry.id);
            }
            Err(error) => {
                let is_own = matches!(&error, Error::Damaged { place, .. } if *place == pack.place_of(entry));
                self.faults.object(pack.name(), entry.id, is_own);
                let place = self.object_error(pack, &error);
                self.bad.insert(entry.id, place);
            }
        }
        false
    }

    /// Reports why an object could not be read: once for all that are deltas to what is
    /// damaged or missing.
    fn object_error(&mut self, pack: &PackReader, error: &Error) -> usize {
        let (place, what) = match error {
            Error::Damaged { place, what } => (place.clone(), what.clone()),
            Error::Missing(base) => (base.to_string(), "it is missing".to_owned()),
            other => (pack.place(), explain(other)),
        };
        if let Some(known) = self.object_errors.get(&(place.clone(), what.clone())) {
            return *known;
        }
        let index = self.damage(&*place, &*what);
        self.object_errors.insert((place, what), index);
        if let Error::Missing(base) = error {
            self.bad.entry(*base).or_insert(index);
        }
        index
    }

    /// Puts content together, since nothing less proves that a chunk list is right.
    fn chunk_lists(&mut self, lists: &[List]) -> Result<()> {
        self.total += lists.len() as u64;
        for (root, pack) in lists {
            if !self.chunk_list(root) {
                self.faults.object(pack.name(), ObjectId::chunks(root), true);
            }
            self.step()?;
        }
        Ok(())
    }

    /// Tells whether a list is right, or wrong only by what was reported already.
    fn chunk_list(&mut self, root: &TreeHash) -> bool {
        let (objects, id) = (&self.repository.objects, ObjectId::chunks(root));
        // A list that is damaged, or has a damaged chunk, was reported.
        let bad = |id: &ObjectId| !self.good.contains(id) && self.bad.contains_key(id);
        if bad(&id) || objects.chunks(root).is_ok_and(|chunks| chunks.iter().any(bad)) {
            return true;
        }
        if let Err(error) = objects.check_chunks(root) {
            let what = match error {
                Error::Damaged { place, what } if place == id.to_string() => what,
                other => explain(&other),
            };
            let place = self.damage(id.to_string(), what);
            self.good.remove(&id);
            self.bad.insert(id, place);
            return false;
        }
        true
    }
}
