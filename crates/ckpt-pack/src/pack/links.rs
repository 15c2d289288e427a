//! How blocks hang together: the least deep copy of each, and what that is a delta against.

use std::cell::Cell;

use super::{codec, folder::PackFolder, layout::Entry, reader::PackReader, set::PackSet};
use crate::{
    disk::ReadFile,
    error::{Error, Result},
    object::ObjectId,
};

/// The least deep copy of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Its depth.
    pub depth: u8,
    /// Bytes in its pack.
    pub stored_len: u32,
    /// What it is a delta against.
    pub base: Option<ObjectId>,
}

impl PackReader {
    /// Returns what an object of the pack is a delta against, by its first bytes alone, which
    /// nothing proves to be right.
    pub fn base(&self, file: &dyn ReadFile, entry: &Entry) -> Result<Option<ObjectId>> {
        if entry.depth == 0 {
            return Ok(None);
        }
        codec::base(entry, &self.head(file, entry)?).map_err(|what| self.damaged(entry, what))
    }
}

impl PackSet {
    /// Returns the least deep copy of an object among the packs known so far.
    pub fn link(&self, id: &ObjectId) -> Result<Option<Link>> {
        self.link_in(&self.live, id)
    }

    pub(super) fn link_in(&self, folder: &PackFolder, id: &ObjectId) -> Result<Option<Link>> {
        let best: Cell<Option<Link>> = Cell::new(None);
        let note = |pack: &PackReader, entry: &Entry| -> Result<Option<()>> {
            if best.get().is_none_or(|best| entry.depth < best.depth) {
                let base = match entry.depth {
                    0 => None,
                    _ => pack.base(&*pack.file(&*self.disk)?, entry)?,
                };
                let Entry { depth, stored_len, .. } = *entry;
                best.set(Some(Link { depth, stored_len, base }));
            }
            Ok(None)
        };
        match (folder.read(id, &note), best.get()) {
            (_, Some(best)) => Ok(Some(best)),
            (Err(error @ Error::Io { .. }), None) => Err(error),
            (_, None) => Ok(None),
        }
    }
}
