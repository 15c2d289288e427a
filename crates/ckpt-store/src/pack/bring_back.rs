//! Moves packs back from trash that hold what is needed after all.

use std::{cell::RefCell, collections::BTreeSet};

use super::{PACKS, TRASH, links::Link, reader::PackReader, set::PackSet};
use crate::{
    durable,
    error::{Doing, Error, Result},
    object::ObjectId,
};

impl PackSet {
    /// Makes sure that live packs have objects, and what they are the differences to: packs in trash
    /// that have what is missing become live again. Durable when it returns.
    ///
    /// Returns the names of the packs that it moved.
    ///
    /// # Errors
    /// [`Error::Missing`] for what is not in trash either; whatever the disk refuses.
    pub(crate) fn bring_back(
        &self,
        ids: impl IntoIterator<Item = ObjectId>,
    ) -> Result<BTreeSet<String>> {
        self.live.refresh()?;
        let mut moved = BTreeSet::new();
        for id in ids {
            // A base has to be less deep than what builds on it.
            let mut next = Some((id, u8::MAX));
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

    /// Does so for all differences of a live pack.
    pub(crate) fn bring_back_bases(&self, pack: &PackReader) -> Result<BTreeSet<String>> {
        let entries = pack.read_index(&*pack.file(&*self.disk)?)?;
        self.bring_back(entries.iter().filter(|entry| entry.depth > 0).map(|entry| entry.id))
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
