//! Looks at what there is and what of it is needed.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use ckpt_hash::{AnnotationId, VersionId};
use ckpt_pack::{ENTRY_LEN, Entry, Keep, ObjectId, ObjectKind, PackReader, would_change};

use crate::{
    error::Result, record::VersionRecord, refs::name::RefKind, repo::Repository,
    upkeep::reachability::Reachability,
};

/// What there is, and what is to happen to it.
pub(super) struct Scan<'a> {
    pub(super) repository: &'a Repository,
    pub(super) reach: Reachability<'a>,
    /// The packs that were looked at, by name.
    pub(super) seen: BTreeSet<String>,
    /// The packs that are to be written anew.
    pub(super) sources: Vec<Arc<PackReader>>,
    /// What is in packs, but not needed, and the bytes that it takes there.
    pub(super) dead: HashSet<ObjectId>,
    pub(super) dead_bytes: u64,
    /// Blocks to be stored whole.
    pub(super) whole: HashSet<ObjectId>,
    /// Versions that no ref leads to, as far as they lose content.
    pub(super) unreachable: BTreeSet<VersionId>,
    /// What is needed but in no live pack.
    pub(super) absent: Vec<ObjectId>,
}

/// Objects, each with a depth that it has to be less deep than.
pub(super) type Needs = BTreeMap<ObjectId, u8>;

type Indexes = Vec<(Arc<PackReader>, Vec<Entry>)>;

impl<'a> Scan<'a> {
    pub(super) fn take(repository: &'a Repository, now_ms: i64) -> Result<Self> {
        let packs = &repository.objects.packs;
        packs.refresh()?;
        let read = |pack: Arc<PackReader>| -> Result<_> {
            let entries = pack.read_index(&*pack.file(repository.disk())?)?;
            Ok((pack, entries))
        };
        let indexes: Indexes = packs.packs().into_iter().map(read).collect::<Result<_>>()?;
        // After the packs: what came since is looked at again before anything goes.
        let mut scan = Self {
            repository,
            reach: Reachability::new(repository, now_ms)?,
            seen: indexes.iter().map(|(pack, _)| pack.name().to_owned()).collect(),
            sources: Vec::new(),
            dead: HashSet::new(),
            dead_bytes: 0,
            whole: HashSet::new(),
            unreachable: BTreeSet::new(),
            absent: Vec::new(),
        };
        scan.find_dead(&indexes);
        scan.find_unreachable(&indexes);
        scan.find_whole()?;
        scan.find_sources(indexes)?;
        Ok(scan)
    }

    /// Tells whether an object stays in packs that are written anew.
    pub(super) fn stays(&self, id: &ObjectId) -> bool {
        !is_content(id.kind) || self.reach.objects.contains(id)
    }

    /// Does something with what is to be kept, as it was when the scan was taken.
    pub(super) fn with_keep<T>(&self, act: impl FnOnce(&Keep<'_>) -> T) -> T {
        let stays = |id: &ObjectId| !self.dead.contains(id);
        let whole = |id: &ObjectId| self.whole.contains(id);
        act(&Keep { stays: &stays, whole: &whole, number: VersionRecord::number_of })
    }

    fn find_dead(&mut self, indexes: &Indexes) {
        let mut present = HashSet::new();
        for entry in indexes.iter().flat_map(|(_, entries)| entries) {
            present.insert(entry.id);
            if !self.stays(&entry.id) {
                self.dead_bytes += u64::from(entry.stored_len) + ENTRY_LEN as u64;
                self.dead.insert(entry.id);
            }
        }
        self.absent =
            self.reach.objects.iter().filter(|id| !present.contains(id)).copied().collect();
    }

    /// Finds versions that lose content for no other reason than that no ref leads to them.
    fn find_unreachable(&mut self, indexes: &Indexes) {
        if self.dead.is_empty() {
            return;
        }
        let versions = indexes
            .iter()
            .flat_map(|(_, entries)| entries)
            .filter(|entry| entry.id.kind == ObjectKind::Version)
            .map(|entry| VersionId::from_digest(entry.id.digest));
        let lost = |id: &VersionId| {
            !self.reach.versions.contains(id)
                && self.reach.notes.content(id).is_none()
                && self.loses(id)
        };
        self.unreachable = versions.filter(lost).collect();
    }

    /// Tells whether a version has content that goes. One that cannot be read has none.
    fn loses(&self, id: &VersionId) -> bool {
        let objects = &self.repository.objects;
        let version = objects.version(id);
        let found = version.and_then(|version| {
            let checkpoint = objects.checkpoint(&version.checkpoint)?;
            Ok(checkpoint.contents().collect::<Vec<_>>())
        });
        found.unwrap_or_default().into_iter().any(|content| {
            let own = objects.content_objects(content).unwrap_or_default();
            own.iter().any(|id| self.dead.contains(id))
        })
    }

    /// Finds the blocks of tagged and aliased versions: they are wanted again and again.
    fn find_whole(&mut self) -> Result<()> {
        let objects = &self.repository.objects;
        for (name, version) in self.repository.tips()? {
            if name.kind() != RefKind::Branch && !self.reach.notes.is_removed(&version) {
                let checkpoint = objects.checkpoint(&objects.version(&version)?.checkpoint)?;
                for content in checkpoint.contents() {
                    self.whole.extend(objects.blocks(content)?);
                }
            }
        }
        Ok(())
    }

    /// Finds the packs that hold something dead, or something that is to be encoded again.
    fn find_sources(&mut self, indexes: Indexes) -> Result<()> {
        let Repository { objects, .. } = self.repository;
        let disk = self.repository.disk();
        let all: Vec<_> = indexes.iter().map(|(pack, _)| Arc::clone(pack)).collect();
        let change = self.with_keep(|keep| would_change(disk, &objects.packs, &all, keep))?;
        for (pack, entries) in indexes {
            let file = pack.file(disk)?;
            // A second, deeper copy of something may build on what is dead, too.
            let builds_on_dead = |entry: &Entry| -> Result<bool> {
                let base = if self.dead.is_empty() { None } else { pack.base(&*file, entry)? };
                Ok(base.is_some_and(|base| self.dead.contains(&base)))
            };
            let mut is_source = false;
            for entry in &entries {
                is_source = is_source
                    || self.dead.contains(&entry.id)
                    || change.contains(&entry.id)
                    || builds_on_dead(entry)?;
            }
            if is_source {
                self.sources.push(pack);
            }
        }
        Ok(())
    }

    /// Looks again at what others did since; returns what they may rely on now and what is not needed
    /// as far as the scan knew.
    pub(super) fn look_again(&mut self) -> Result<Needs> {
        let packs = &self.repository.objects.packs;
        packs.refresh()?;
        self.reach.look_again()?;
        let mut relied_on = Needs::new();
        for pack in packs.packs() {
            if self.seen.insert(pack.name().to_owned()) {
                self.look_into(&pack, &mut relied_on)?;
            }
        }
        self.add_revived(&mut relied_on);
        let reach = &self.reach;
        self.unreachable
            .retain(|id| !reach.versions.contains(id) && reach.notes.content(id).is_none());
        Ok(relied_on)
    }

    /// Adds what is needed now and was not when packs were written anew.
    fn add_revived(&self, relied_on: &mut Needs) {
        for id in self.dead.iter().filter(|id| self.reach.objects.contains(id)) {
            relied_on.entry(*id).or_insert(u8::MAX);
        }
    }

    /// Looks again after a note said that the content of versions goes; returns those of them that a
    /// ref came to lead to, too.
    pub(super) fn look_again_after(
        &mut self,
        noted: &BTreeSet<VersionId>,
    ) -> Result<(BTreeSet<VersionId>, Needs)> {
        let mut relied_on = self.look_again()?;
        let reached: BTreeSet<VersionId> =
            noted.iter().filter(|id| self.reach.versions.contains(id)).copied().collect();
        for id in &reached {
            self.reach.version(&self.repository.objects.version(id)?)?;
        }
        self.add_revived(&mut relied_on);
        Ok((reached, relied_on))
    }

    /// Adds all that a pack of another writer may rely on: whatever its versions consist of, though
    /// no ref leads to them yet, and its deltas with what they build on.
    fn look_into(&mut self, pack: &PackReader, relied_on: &mut Needs) -> Result<()> {
        let objects = &self.repository.objects;
        for (base, below) in objects.packs.bases(pack)? {
            let limit = relied_on.entry(base).or_insert(below);
            *limit = below.min(*limit);
        }
        let file = pack.file(self.repository.disk())?;
        for entry in pack.read_index(&*file)? {
            match entry.id.kind {
                ObjectKind::Version => {
                    let id = VersionId::from_digest(entry.id.digest);
                    if !self.reach.notes.is_removed(&id) {
                        self.unreachable.remove(&id);
                        self.reach.version(&objects.version(&id)?)?;
                    }
                }
                ObjectKind::Annotation => {
                    let id = AnnotationId::from_digest(entry.id.digest);
                    self.reach.files(&objects.annotation(&id)?.files)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns those of the packs that were written anew that can go, with their lengths: the others
    /// hold something that was left out and is relied on now, by itself or as a base.
    pub(super) fn replaceable(&self, relied_on: &Needs) -> Result<BTreeMap<String, u64>> {
        let packs = &self.repository.objects.packs;
        let mut chain = HashSet::new();
        for id in relied_on.keys() {
            let mut next = Some(*id);
            while let Some(id) = next.filter(|id| chain.insert(*id)) {
                next = packs.link(&id)?.and_then(|link| link.base);
            }
        }
        let stays = |entry: &Entry| self.dead.contains(&entry.id) && chain.contains(&entry.id);
        let mut replaceable = BTreeMap::new();
        for pack in &self.sources {
            let entries =
                pack.file(self.repository.disk()).and_then(|file| pack.read_index(&*file));
            match entries {
                Ok(entries) if !entries.iter().any(stays) => {
                    replaceable.insert(pack.name().to_owned(), pack.byte_len());
                }
                // Another process replaced it.
                Err(error) if !error.is_gone() => return Err(error.into()),
                _ => {}
            }
        }
        Ok(replaceable)
    }
}

/// Tells whether objects of a kind are there for versions alone.
fn is_content(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Block | ObjectKind::Leaves | ObjectKind::Chunks)
}
