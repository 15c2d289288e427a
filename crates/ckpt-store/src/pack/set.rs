//! All packs of a repository as one map from ids to objects.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use ckpt_hash::HexPrefix;

use super::{PACKS, reader::PackReader, writer::WrittenPack};
use crate::{
    disk::Disk,
    error::{Doing, Error, Result},
    object::{ObjectId, ObjectKind},
};

/// The packs that this process knows of.
///
/// A lookup that finds nothing lists the folder again, since another process may have added packs.
#[derive(Debug)]
pub(crate) struct PackSet {
    disk: Arc<dyn Disk>,
    known: RwLock<Known>,
}

#[derive(Debug, Default, Clone)]
struct Known {
    /// Newest first as far as known: what was written last is asked for first.
    packs: Arc<Vec<Arc<PackReader>>>,
    names: BTreeSet<String>,
    /// Packs that could not be opened, with the reason.
    broken: BTreeMap<String, String>,
}

impl PackSet {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, known: RwLock::default() }
    }

    /// Adds a pack that this process has just written.
    pub(crate) fn add(&self, pack: WrittenPack) -> Result<()> {
        let reader = PackReader::from_written(&*self.disk, pack)?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.names.insert(reader.name().to_owned()) {
            Arc::make_mut(&mut known.packs).insert(0, Arc::new(reader));
        }
        Ok(())
    }

    /// Tells whether a pack known so far has the object.
    pub(crate) fn contains(&self, id: &ObjectId) -> Result<bool> {
        let mut damage = None;
        for pack in self.packs().iter() {
            match pack.find(&*self.disk, id) {
                Ok(Some(_)) => return Ok(true),
                Ok(None) => {}
                // Another pack may hold it still.
                Err(error) => damage = Some(error),
            }
        }
        damage.map_or(Ok(false), Err)
    }

    /// Reads an object, checked against its id.
    pub(crate) fn read(&self, id: &ObjectId) -> Result<Vec<u8>> {
        if let Some(bytes) = self.read_known(id)? {
            return Ok(bytes);
        }
        self.refresh()?;
        if let Some(bytes) = self.read_known(id)? {
            return Ok(bytes);
        }
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        Err(match known.broken.first_key_value() {
            Some((name, what)) => Error::damaged(format!("{PACKS}/{name}"), what.clone()),
            None => Error::Missing(*id),
        })
    }

    /// Reads an object from any known pack that has it undamaged.
    fn read_known(&self, id: &ObjectId) -> Result<Option<Vec<u8>>> {
        let mut damage = None;
        for pack in self.packs().iter() {
            let found = pack.find(&*self.disk, id);
            match found
                .and_then(|entry| entry.map(|entry| pack.read(&*self.disk, &entry)).transpose())
            {
                Ok(Some(bytes)) => return Ok(Some(bytes)),
                Ok(None) => {}
                Err(error) => damage = Some(error),
            }
        }
        damage.map_or(Ok(None), Err)
    }

    /// Returns the digests of a kind of object that start with `prefix`, sorted.
    pub(crate) fn with_prefix(
        &self,
        kind: ObjectKind,
        prefix: &HexPrefix,
    ) -> Result<BTreeSet<ObjectId>> {
        let low = ObjectId { digest: *prefix.low(), kind: ObjectKind::Block };
        let mut found = BTreeSet::new();
        for pack in self.packs().iter() {
            let entries = pack.scan(&*self.disk, &low, |digest| prefix.matches(digest))?;
            found.extend(entries.into_iter().map(|entry| entry.id).filter(|id| id.kind == kind));
        }
        Ok(found)
    }

    /// Lists the folder and opens what is new.
    pub(crate) fn refresh(&self) -> Result<()> {
        let names = self.disk.list(PACKS).doing(|| format!("list {PACKS}"))?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for name in names.into_iter().filter(|name| name.ends_with(".pack")) {
            if !known.names.contains(&name) {
                match PackReader::open(&*self.disk, &name) {
                    Ok(pack) => {
                        known.broken.remove(&name);
                        known.names.insert(name);
                        Arc::make_mut(&mut known.packs).push(Arc::new(pack));
                    }
                    Err(Error::Damaged { what, .. }) => {
                        known.broken.insert(name, what);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Returns the packs known so far.
    pub(crate) fn packs(&self) -> Arc<Vec<Arc<PackReader>>> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner).packs)
    }

    /// Returns the packs that could not be opened, with the reasons.
    pub(crate) fn broken(&self) -> BTreeMap<String, String> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).broken.clone()
    }
}
