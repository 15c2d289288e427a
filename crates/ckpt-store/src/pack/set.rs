//! All packs of a repository as one map from ids to objects.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ckpt_hash::HexPrefix;

use super::{PACKS, TRASH, folder::PackFolder, reader::PackReader, writer::WrittenPack};
use crate::{
    disk::Disk,
    error::{Error, Result},
    object::{ObjectId, ObjectKind},
};

/// The packs that this process knows of.
///
/// A read that finds nothing lists the folder again, since another process may have added packs or
/// merged some, and then looks into what was set aside.
#[derive(Debug)]
pub(crate) struct PackSet {
    live: PackFolder,
    trash: PackFolder,
}

impl PackSet {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Self {
        let trash = PackFolder::new(Arc::clone(&disk), TRASH);
        Self { live: PackFolder::new(disk, PACKS), trash }
    }

    /// Adds a pack that this process has just written.
    pub(crate) fn add(&self, pack: WrittenPack) -> Result<()> {
        self.live.add(&pack.name)
    }

    /// Lists the folder, opens what is new and forgets what is gone.
    pub(crate) fn refresh(&self) -> Result<()> {
        self.live.refresh()
    }

    /// Tells whether a pack had the object when the folder was last listed.
    pub(crate) fn contains(&self, id: &ObjectId) -> Result<bool> {
        self.live.contains(id)
    }

    /// Reads an object, checked against its id, from wherever an undamaged copy is.
    pub(crate) fn read(&self, id: &ObjectId) -> Result<Vec<u8>> {
        if let Ok(Some(bytes)) = self.live.read(id) {
            return Ok(bytes);
        }
        self.live.refresh()?;
        let failed = match self.live.read(id) {
            Ok(Some(bytes)) => return Ok(bytes),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        // What trash cannot give does not change why the object is not where it should be.
        if self.trash.refresh().is_ok()
            && let Ok(Some(bytes)) = self.trash.read(id)
        {
            return Ok(bytes);
        }
        Err(failed.or_else(|| self.live.suspect(id)).unwrap_or(Error::Missing(*id)))
    }

    /// Returns the digests of a kind of object that start with `prefix`, sorted.
    pub(crate) fn with_prefix(
        &self,
        kind: ObjectKind,
        prefix: &HexPrefix,
    ) -> Result<BTreeSet<ObjectId>> {
        let mut found = self.live.with_prefix(prefix)?;
        found.retain(|id| id.kind == kind);
        Ok(found)
    }

    /// Returns the packs known so far, by name.
    pub(crate) fn packs(&self) -> Vec<Arc<PackReader>> {
        self.live.packs()
    }

    /// Returns the packs that could not be opened, with the reasons.
    pub(crate) fn broken(&self) -> BTreeMap<String, String> {
        self.live.broken()
    }
}
