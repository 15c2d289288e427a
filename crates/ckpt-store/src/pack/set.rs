//! All packs of a repository as one map from ids to objects.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ckpt_hash::HexPrefix;

use super::{
    PACKS, TRASH,
    folder::PackFolder,
    layout::Entry,
    reader::PackReader,
    search::{Found, Search},
    writer::WrittenPack,
};
use crate::{
    disk::{Disk, ReadFile},
    error::{Error, Result},
    object::{ObjectId, ObjectKind},
};

/// The packs that this process knows of.
///
/// A read that finds nothing lists the folder again, since another process may have added packs or
/// merged some, and then looks into what was set aside.
#[derive(Debug)]
pub(crate) struct PackSet {
    disk: Arc<dyn Disk>,
    live: PackFolder,
    trash: PackFolder,
}

impl PackSet {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Self {
        let trash = PackFolder::new(Arc::clone(&disk), TRASH);
        Self { live: PackFolder::new(Arc::clone(&disk), PACKS), trash, disk }
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
        let live = [&self.live];
        if let Ok(Some(found)) = self.search(&live).read(id, u8::MAX) {
            return Ok(found.bytes);
        }
        self.live.refresh()?;
        let failed = match self.search(&live).read(id, u8::MAX) {
            Ok(Some(found)) => return Ok(found.bytes),
            Ok(None) => Error::Missing(*id),
            Err(error) => error,
        };
        // What trash cannot give does not change why the object is not where it should be.
        if self.trash.refresh().is_ok()
            && let Ok(Some(found)) = self.search(&[&self.live, &self.trash]).read(id, u8::MAX)
        {
            return Ok(found.bytes);
        }
        Err(self.explain(failed))
    }

    /// Reads an object from a copy that is no deeper than `deepest`, for another one to be stored
    /// as the difference to it; `None` if there is none that is good.
    ///
    /// What was set aside does not count: it will be gone.
    pub(crate) fn read_base(&self, id: &ObjectId, deepest: u8) -> Option<Found> {
        self.search(&[&self.live]).read(id, deepest).ok().flatten()
    }

    /// Reads an object from a pack's open file, checked against its id, and what it is the
    /// difference to from wherever an undamaged copy is, but for what was set aside.
    pub(crate) fn check(
        &self,
        pack: &PackReader,
        file: &dyn ReadFile,
        entry: &Entry,
    ) -> Result<()> {
        let live = [&self.live];
        let check = || self.search(&live).object(pack, entry, pack.stored(file, entry)?);
        if entry.depth == 0 {
            return check().map(|_| ());
        }
        // Its base may have moved since the packs were listed.
        let checked = check().or_else(|_| self.live.refresh().and_then(|()| check()));
        checked.map(|_| ()).map_err(|error| self.explain(error))
    }

    fn search<'a>(&'a self, folders: &'a [&'a PackFolder]) -> Search<'a> {
        Search::new(&*self.disk, folders)
    }

    /// Explains that an object is missing by a pack that could not be opened, if there is one.
    fn explain(&self, error: Error) -> Error {
        match error {
            Error::Missing(id) => self.live.suspect(&id).unwrap_or(Error::Missing(id)),
            other => other,
        }
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
