//! What versions take in packs.

use std::collections::{HashMap, HashSet};

use ckpt_pack::{ENTRY_LEN, Link, ObjectId};

use crate::{
    error::Result,
    record::VersionRecord,
    repo::Repository,
    upkeep::{reachability::Reachability, retention::Retention},
};

/// The objects that versions consist of, and how they are stored.
pub(super) struct Sizes {
    /// How many versions consist of an object, those counted that no ref leads to but a note keeps.
    users: HashMap<ObjectId, u32>,
    links: HashMap<ObjectId, Link>,
    /// What is stored as a delta to a block.
    dependents: HashMap<ObjectId, Vec<ObjectId>>,
}

impl Sizes {
    pub(super) fn measure(repository: &Repository, retention: &Retention) -> Result<Self> {
        let packs = &repository.objects.packs;
        packs.refresh()?;
        let mut users = HashMap::new();
        for (version, _) in retention.versions.values() {
            for id in objects(repository, &version.record)? {
                *users.entry(id).or_insert(0) += 1;
            }
        }
        // What is needed for another reason is not freed by dropping a version.
        let reach = Reachability::besides(repository, &retention.versions)?;
        for id in reach.objects {
            *users.entry(id).or_insert(0) += 1;
        }
        let mut links = HashMap::new();
        let mut dependents: HashMap<_, Vec<_>> = HashMap::new();
        for id in users.keys() {
            if let Some(link) = packs.link(id)? {
                links.insert(*id, link);
                if let Some(base) = link.base {
                    dependents.entry(base).or_default().push(*id);
                }
            }
        }
        Ok(Self { users, links, dependents })
    }

    /// Returns the bytes that dropping the content of versions frees, as far as can be said without
    /// encoding anything.
    pub(super) fn freed_by(
        &self,
        repository: &Repository,
        versions: &[VersionRecord],
    ) -> Result<u64> {
        let mut mine: HashMap<ObjectId, u32> = HashMap::new();
        for version in versions {
            for id in objects(repository, version)? {
                *mine.entry(id).or_insert(0) += 1;
            }
        }
        let goes =
            |(id, count): (ObjectId, u32)| (self.users.get(&id) == Some(&count)).then_some(id);
        let dead: HashSet<ObjectId> = mine.into_iter().filter_map(goes).collect();
        let stored = dead.iter().filter_map(|id| self.links.get(id)).map(len).sum::<u64>();
        let dependents = dead.iter().filter_map(|id| self.dependents.get(id)).flatten();
        let growth = dependents.filter(|id| !dead.contains(id)).map(|id| self.growth(id, &dead));
        Ok(stored.saturating_sub(growth.sum()))
    }

    /// Estimates by how much a delta grows if what it builds on goes.
    fn growth(&self, id: &ObjectId, dead: &HashSet<ObjectId>) -> u64 {
        let own = self.links.get(id).map_or(0, |link| u64::from(link.stored_len));
        let (mut between, mut whole, mut goes) = (0, 0, true);
        let mut next = self.links.get(id).and_then(|link| link.base);
        while let Some(link) = next.and_then(|id| self.links.get(&id)) {
            goes = goes && next.is_some_and(|id| dead.contains(&id));
            whole = u64::from(link.stored_len);
            if goes {
                between += whole;
            }
            next = link.base;
        }
        between.min(whole.saturating_sub(own))
    }
}

/// Bytes of an object and of its entry in the index.
fn len(link: &Link) -> u64 {
    u64::from(link.stored_len) + ENTRY_LEN as u64
}

/// Names all objects that a version consists of, each once.
fn objects(repository: &Repository, version: &VersionRecord) -> Result<HashSet<ObjectId>> {
    let checkpoint = repository.objects.checkpoint(&version.checkpoint)?;
    let mut objects = HashSet::new();
    for content in checkpoint.contents() {
        objects.extend(repository.objects.content_objects(content)?);
    }
    Ok(objects)
}
