//! Reads objects together with those that they are stored as deltas against.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use super::{block_cache::Found, codec, folder::PackFolder, layout::Entry, reader::PackReader};
use crate::{
    disk::Disk,
    error::{Error, Result},
    object::ObjectId,
};

/// One search for an object through some folders of packs.
///
/// The delta base is read from a copy that is less deep than the delta is, so that
/// no chain has more than [`codec::MAX_DEPTH`] links or leads back to itself, whatever packs say.
pub(crate) struct Search<'a> {
    disk: &'a dyn Disk,
    folders: &'a [&'a PackFolder],
    /// The greatest depth at which an object was sought in vain. Without it, many copies with many
    /// bases each would take a time that grows with their number to the power of the depth.
    failed: RefCell<HashMap<ObjectId, u8>>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(disk: &'a dyn Disk, folders: &'a [&'a PackFolder]) -> Self {
        Self { disk, folders, failed: RefCell::default() }
    }

    /// Reads an object from an undamaged copy that is no deeper than `deepest`; `None` if there
    /// seems to be no such copy.
    pub(crate) fn read(&self, id: &ObjectId, deepest: u8) -> Result<Option<Found>> {
        if self.failed.borrow().get(id).is_some_and(|depth| *depth >= deepest) {
            return Err(Error::damaged(id.to_string(), "no copy of it can be read"));
        }
        let mut failed = None;
        for folder in self.folders {
            match folder.read(id, &|pack, entry| self.copy(pack, entry, deepest)) {
                Ok(Some(found)) => return Ok(Some(found)),
                Ok(None) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let Some(error) = failed else { return Ok(None) };
        self.failed.borrow_mut().insert(*id, deepest);
        Err(error)
    }

    fn copy(&self, pack: &PackReader, entry: &Entry, deepest: u8) -> Result<Option<Found>> {
        if entry.depth > deepest {
            return Ok(None);
        }
        let stored = pack.stored(&*pack.file(self.disk)?, entry)?;
        let bytes = self.object(pack, entry, stored)?;
        Ok(Some(Found { bytes: Arc::new(bytes), depth: entry.depth }))
    }

    /// Decodes the stored bytes of an object of a pack and checks it against its id.
    pub(crate) fn object(
        &self,
        pack: &PackReader,
        entry: &Entry,
        mut stored: Vec<u8>,
    ) -> Result<Vec<u8>> {
        let damaged = |what: String| pack.damaged(entry, what);
        let base = codec::base(entry, &stored).map_err(damaged)?;
        let base = base.map(|id| self.base(pack, entry, &id)).transpose()?;
        let base = base.as_ref().map(|bytes| &bytes[..]);
        let mut bytes = Vec::new();
        codec::decode_into(entry, &mut stored, base, &mut bytes).map_err(damaged)?;
        if !codec::digest(entry.id.kind, &bytes).agrees(&entry.id.digest) {
            return Err(damaged("its bytes do not have its id".to_owned()));
        }
        Ok(bytes)
    }

    /// Reads what an object is a delta against.
    fn base(&self, pack: &PackReader, entry: &Entry, id: &ObjectId) -> Result<Arc<Vec<u8>>> {
        if let Some(found) = self.read(id, entry.depth - 1)? {
            return Ok(found.bytes);
        }
        for folder in self.folders {
            if folder.contains(id)? {
                let what = format!("every copy of its base, {id}, is as deep as itself or deeper");
                return Err(pack.damaged(entry, what));
            }
        }
        Err(Error::Missing(*id))
    }
}
