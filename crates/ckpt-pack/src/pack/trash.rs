//! Packs in `trash/`, removed from there once they are of no use.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::ErrorKind,
    sync::Arc,
};

use super::{PACKS, TRASH, layout::Entry, reader::PackReader, set::PackSet};
use crate::{
    disk::durable,
    error::{Doing, Result},
    object::ObjectId,
};

impl PackSet {
    /// Moves packs to trash; durable when it returns. One that is gone is passed over.
    pub fn set_aside(&self, names: &BTreeSet<String>) -> Result<()> {
        durable::move_files(&*self.disk, PACKS, TRASH, names)
            .doing(|| "set packs aside".to_owned())?;
        self.live.refresh()
    }

    /// Removes what was compacted: each pack in trash but `named` ones all of whose objects live
    /// packs have, in copies that are no deeper. Returns how many they were, and their bytes.
    pub fn remove_merged(&self, named: &BTreeSet<String>) -> Result<(u64, u64)> {
        self.trash.refresh()?;
        // After trash was listed: what had been live by then and is there now does not count as live.
        self.live.refresh()?;
        let mut indexes = Indexes::default();
        let (mut packs, mut bytes) = (0, 0);
        for pack in self.trash.packs() {
            if !named.contains(pack.name()) && self.is_superseded(&pack, &mut indexes)? {
                bytes += self.remove_from_trash(pack.name())?;
                packs += 1;
            }
        }
        Ok((packs, bytes))
    }

    /// Returns the names of the packs in trash.
    pub fn in_trash(&self) -> Result<BTreeSet<String>> {
        let names = match self.disk.list(TRASH) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            names => names.doing(|| format!("list {TRASH}"))?,
        };
        Ok(names.into_iter().filter(|name| name.ends_with(".pack")).collect())
    }

    /// Returns the length of a pack in trash, 0 if it is gone.
    pub fn len_in_trash(&self, name: &str) -> Result<u64> {
        let path = durable::join(TRASH, name);
        match self.disk.open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            file => file.and_then(|file| file.len()).doing(|| format!("read {path}")),
        }
    }

    /// Removes a pack from trash; returns its length. A crash may undo this.
    pub fn remove_from_trash(&self, name: &str) -> Result<u64> {
        let path = durable::join(TRASH, name);
        let len = self.len_in_trash(name)?;
        match self.disk.remove(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            removed => removed.map(|()| len).doing(|| format!("remove {path}")),
        }
    }

    fn is_superseded(&self, pack: &PackReader, indexes: &mut Indexes) -> Result<bool> {
        let mut rest = pack.read_index(&*pack.file(&*self.disk)?)?;
        while let Some(first) = rest.last().copied() {
            // Where one object is now, the others of its pack mostly are.
            let Some(holder) = self.holder(&first)? else { return Ok(false) };
            let held = indexes.of(self, &holder)?;
            let before = rest.len();
            rest.retain(|entry| held.get(&entry.id).is_none_or(|depth| *depth > entry.depth));
            if rest.len() == before {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns a live pack with a copy of an object that is no deeper than a given one.
    fn holder(&self, than: &Entry) -> Result<Option<Arc<PackReader>>> {
        let name = self.live.read(&than.id, &|pack, entry| {
            Ok((entry.depth <= than.depth).then(|| pack.name().to_owned()))
        })?;
        Ok(name.and_then(|name| self.live.pack(&name)))
    }
}

/// The index of the pack that was looked into last, by object: the depth of each.
#[derive(Default)]
struct Indexes {
    name: String,
    depths: BTreeMap<ObjectId, u8>,
}

impl Indexes {
    fn of(&mut self, packs: &PackSet, pack: &PackReader) -> Result<&BTreeMap<ObjectId, u8>> {
        if self.name != pack.name() {
            let entries = pack.read_index(&*pack.file(&*packs.disk)?)?;
            self.depths = entries.iter().map(|entry| (entry.id, entry.depth)).collect();
            self.name = pack.name().to_owned();
        }
        Ok(&self.depths)
    }
}
