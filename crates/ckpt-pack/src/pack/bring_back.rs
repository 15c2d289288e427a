//! Moves packs back from trash that hold what is needed after all.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use super::{PACKS, TRASH, links::Link, reader::PackReader, set::PackSet};
use crate::{
    disk::durable,
    error::{Doing, Error, Result},
    object::ObjectId,
};

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts {
    /// In a live pack.
    Live,
    /// In these packs in trash.
    Trash(Vec<String>),
    /// In no pack.
    Nowhere,
}

impl PackSet {
    /// Tells where an object is.
    pub fn whereabouts(&self, id: &ObjectId) -> Result<Whereabouts> {
        if self.live.contains(id)? {
            return Ok(Whereabouts::Live);
        }
        self.trash.refresh()?;
        let names = RefCell::new(Vec::new());
        self.trash.read(id, &|pack, _| -> Result<Option<()>> {
            names.borrow_mut().push(pack.name().to_owned());
            Ok(None)
        })?;
        let names = names.into_inner();
        Ok(if names.is_empty() { Whereabouts::Nowhere } else { Whereabouts::Trash(names) })
    }

    /// Makes sure that live packs have objects, and what they are deltas against: packs in trash
    /// that have what is missing become live again. Durable when it returns.
    ///
    /// Returns the names of the packs that it moved.
    ///
    /// # Errors
    /// [`Error::Missing`] for what is not in trash either; whatever the disk refuses.
    pub fn bring_back(&self, ids: impl IntoIterator<Item = ObjectId>) -> Result<BTreeSet<String>> {
        self.bring_back_below(ids.into_iter().map(|id| (id, u8::MAX)))
    }

    /// Does so for objects that have to be less deep than something that is a delta against them.
    pub fn bring_back_below(
        &self,
        ids: impl IntoIterator<Item = (ObjectId, u8)>,
    ) -> Result<BTreeSet<String>> {
        self.live.refresh()?;
        let mut moved = BTreeSet::new();
        for (id, below) in ids {
            let mut next = Some((id, below));
            while let Some((id, below)) = next {
                let link = match self.link_below(&id, below)? {
                    Some(link) => link,
                    None => {
                        moved.insert(self.move_back(&id, below)?);
                        self.link_below(&id, below)?.ok_or(Error::Missing(id))?
                    }
                };
                next = link.base.map(|base| (base, link.depth));
            }
        }
        Ok(moved)
    }

    /// Does so for what the deltas of a pack build on.
    pub fn bring_back_bases(&self, pack: &PackReader) -> Result<BTreeSet<String>> {
        self.bring_back_below(self.bases(pack)?)
    }

    /// Returns what the deltas of a pack build on, each with the depth below which it has to be.
    pub fn bases(&self, pack: &PackReader) -> Result<BTreeMap<ObjectId, u8>> {
        let file = pack.file(&*self.disk)?;
        let mut bases = BTreeMap::new();
        for entry in pack.read_index(&*file)? {
            if let Some(base) = pack.base(&*file, &entry)? {
                let below = bases.entry(base).or_insert(entry.depth);
                *below = entry.depth.min(*below);
            }
        }
        Ok(bases)
    }

    fn link_below(&self, id: &ObjectId, below: u8) -> Result<Option<Link>> {
        Ok(self.link(id)?.filter(|link| link.depth < below))
    }

    /// Moves the pack back that has the least deep copy of an object.
    fn move_back(&self, id: &ObjectId, below: u8) -> Result<String> {
        self.trash.refresh()?;
        let best: RefCell<Option<(u8, String)>> = RefCell::default();
        self.trash.read(id, &|pack, entry| -> Result<Option<()>> {
            let mut best = best.borrow_mut();
            let deepest = best.as_ref().map_or(below, |(depth, _)| *depth);
            if entry.depth < deepest {
                *best = Some((entry.depth, pack.name().to_owned()));
            }
            Ok(None)
        })?;
        let (_, name) = best.into_inner().ok_or(Error::Missing(*id))?;
        durable::move_files(&*self.disk, TRASH, PACKS, [&name])
            .doing(|| "bring a pack back from trash".to_owned())?;
        self.live.refresh()?;
        Ok(name)
    }
}
