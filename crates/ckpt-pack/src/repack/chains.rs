//! Decides how each block of a new pack is encoded.
//!
//! Blocks deeper than [`MOST`] become skip-deltas: of the path p0, p1, ..., pk from the whole block
//! to the k-th delta, pk becomes a delta against the one whose place is k without its lowest
//! set bit. Its depth is then the number of bits set in k, 3 at most for the 8 links of a commit.

use std::collections::{HashMap, hash_map::Entry as Slot};

use super::{Keep, Place, Repack, Source};
use crate::{
    error::{Error, Result},
    object::ObjectId,
    pack::codec::MAX_DEPTH,
    pack::{links::Link, set::PackSet},
};

/// Greatest depth that is left as it is: reading costs a decode per link.
const MOST: u8 = 3;

/// What happens to the objects that are not just copied.
pub(super) type Plan = HashMap<ObjectId, Planned>;

/// What happens to an object, and how deep its least deep copy will then be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) action: Action,
    pub(super) depth: u8,
}

/// How an object gets into the new pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// As it is stored.
    Copy,
    /// Not at all: a better copy stays elsewhere, and what this one builds on does not stay.
    LeaveOut,
    /// Encoded anew, whole or against a base that will be found at a depth. It `must` be, if what
    /// it builds on does not stay.
    Encode { base: Option<(ObjectId, u8)>, must: bool },
}

/// The decisions so far.
pub(super) struct Chains<'a> {
    packs: &'a PackSet,
    sources: &'a [Source],
    places: &'a HashMap<ObjectId, Place>,
    keep: &'a Keep<'a>,
    links: HashMap<ObjectId, Option<Link>>,
    decided: Plan,
}

impl<'a> Chains<'a> {
    pub(super) fn new(repack: &'a Repack<'a>, keep: &'a Keep<'a>) -> Self {
        let Repack { packs, sources, places, .. } = repack;
        let (links, decided) = (HashMap::new(), HashMap::new());
        Self { packs, sources, places, keep, links, decided }
    }

    /// Decides on all objects; what is not in the answer is copied.
    pub(super) fn plan(mut self) -> Result<Plan> {
        for place in self.places.values().filter(|place| place.entry.depth > 0) {
            self.decide(place)?;
        }
        self.decided.retain(|_, planned| planned.action != Action::Copy);
        Ok(self.decided)
    }

    fn decide(&mut self, place: &Place) -> Result<Planned> {
        let id = place.entry.id;
        if let Some(known) = self.decided.get(&id) {
            return Ok(*known);
        }
        let (action, depth) = self.choose(place)?;
        let decided = Planned { action, depth };
        self.decided.insert(id, decided);
        Ok(decided)
    }

    /// Each base is less deep than what builds on it, so this ends.
    fn choose(&mut self, place: &Place) -> Result<(Action, u8)> {
        let (id, depth) = (place.entry.id, place.entry.depth);
        let Source { pack, file } = &self.sources[place.source];
        let Some(base) = pack.base(&**file, &place.entry)? else {
            return Ok((Action::Copy, depth));
        };
        let must = !(self.keep.stays)(&base);
        let as_it_is = (Action::Copy, depth);
        if (self.keep.whole)(&id) {
            return Ok((Action::Encode { base: None, must }, 0));
        }
        if !must && depth <= MOST {
            return Ok(as_it_is);
        }
        if let Some(better) = self.link(&id)?.filter(|link| must && link.depth < depth) {
            return Ok((Action::LeaveOut, better.depth));
        }
        let path = match self.path(base, depth) {
            // It cannot be read; to say so is not the task of who moves it.
            Err(Error::Missing(_) | Error::Damaged { .. }) if !must => return Ok(as_it_is),
            other => other?,
        };
        let Some(target) = self.target(&path, must)? else {
            return Ok((Action::Encode { base: None, must }, 0));
        };
        let new = target.1 + 1;
        if !must && new >= depth {
            return Ok(as_it_is);
        }
        if new > MAX_DEPTH {
            return Ok((Action::Encode { base: None, must }, 0));
        }
        Ok((Action::Encode { base: Some(target), must }, new))
    }

    /// Chooses the base for what follows on a path, with its depth; `None` if the path is empty.
    fn target(&mut self, path: &[ObjectId], must: bool) -> Result<Option<(ObjectId, u8)>> {
        let Some(last) = path.last() else { return Ok(None) };
        let nearest = (*last, self.depth(last)?);
        if must && nearest.1 < MOST {
            return Ok(Some(nearest));
        }
        let place = path.len() & (path.len() - 1);
        let skipped = path[place];
        Ok(Some((skipped, self.depth(&skipped)?)))
    }

    /// Returns how deep the least deep copy of a block that stays is, once the new pack is there.
    fn depth(&mut self, id: &ObjectId) -> Result<u8> {
        let elsewhere = self.link(id)?.map(|link| link.depth);
        let here = self.places.get(id).map(|place| self.decide(place)).transpose()?;
        let depths = elsewhere.into_iter().chain(here.map(|planned| planned.depth));
        depths.min().ok_or(Error::Missing(*id))
    }

    /// Returns what stays of the path that a delta builds on, from the whole block to `base`.
    fn path(&mut self, base: ObjectId, depth: u8) -> Result<Vec<ObjectId>> {
        let mut path = Vec::new();
        let mut next = Some((base, depth));
        while let Some((id, below)) = next {
            let link = self.link(&id)?.filter(|link| link.depth < below);
            let link = link.ok_or(Error::Missing(id))?;
            if (self.keep.stays)(&id) {
                path.push(id);
            }
            next = link.base.map(|base| (base, link.depth));
        }
        path.reverse();
        Ok(path)
    }

    fn link(&mut self, id: &ObjectId) -> Result<Option<Link>> {
        Ok(match self.links.entry(*id) {
            Slot::Occupied(known) => *known.get(),
            Slot::Vacant(free) => *free.insert(self.packs.link(id)?),
        })
    }
}
