//! What a repository needs: the content of versions that refs lead to.
//!
//! Records stay for ever. Content stays for versions that a ref leads to, they or a descendant,
//! unless a note says that it was removed; for those that a note keeps; and for notes.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use ckpt_hash::{AnnotationId, VersionId};
use ckpt_pack::ObjectId;

use crate::{
    content::objects::{Content, Objects, opaque},
    error::{Error, Result},
    history::notes::Notes,
    record::{ContentChange, FileRecord, VersionRecord},
    repo::Repository,
};

/// What versions need: found by a walk from refs and notes, or from some versions to others.
pub struct Reachability<'a> {
    repository: &'a Repository,
    now_ms: i64,
    pub(crate) notes: Arc<Notes>,
    /// Versions that a ref leads to.
    pub(crate) versions: HashSet<VersionId>,
    annotations: Vec<AnnotationId>,
    contents: HashSet<Content>,
    /// Blocks and lists of blocks that are needed.
    pub(crate) objects: HashSet<ObjectId>,
}

impl<'a> Reachability<'a> {
    /// Walks from all refs and notes that there are at a time, and from where aliases were within the
    /// grace period before it.
    ///
    /// # Errors
    /// Damage in what leads to content: without it nobody knows what is needed.
    pub(crate) fn new(repository: &'a Repository, now_ms: i64) -> Result<Self> {
        let mut reach = Self { now_ms, ..Self::empty(repository) };
        reach.look_again()?;
        Ok(reach)
    }

    /// Walks from versions that are wanted to those that the other side has: what it lacks are the
    /// records of the versions between and their content, as far as it was not removed here.
    ///
    /// The annotations on them, with their files, are needed too, where the other side has or gets all
    /// versions that they are on; [`annotations`](Self::annotations) names them. What else was said of
    /// versions that it has already is not looked for.
    ///
    /// Content that versions at the border have too counts as had. Some that versions further back
    /// have may be named again: who knows the other side's packs leaves it out.
    ///
    /// Versions among `have` that are not here are passed by.
    ///
    /// # Errors
    /// [`Error::Missing`] for a wanted version that is not here; damage in what leads to content.
    pub fn between(
        repository: &'a Repository,
        want: &[VersionId],
        have: &[VersionId],
    ) -> Result<Self> {
        let mut had = HashSet::new();
        let mut next = have.to_vec();
        while let Some(id) = next.pop() {
            if had.contains(&id) {
                continue;
            }
            match repository.objects.version(&id) {
                Ok(record) => next.extend(record.parents),
                Err(Error::Missing(_)) => continue,
                Err(error) => return Err(error),
            }
            had.insert(id);
        }
        let mut found = Self { notes: repository.notes()?, ..Self::empty(repository) };
        let mut border: HashSet<VersionId> = have.iter().copied().collect();
        let mut next = want.to_vec();
        while let Some(id) = next.pop() {
            if had.contains(&id) {
                border.insert(id);
            } else if found.versions.insert(id) {
                let record = found.store().version(&id)?;
                let records: [ObjectId; 3] =
                    [id.into(), record.recipe.into(), record.checkpoint.into()];
                found.objects.extend(records);
                if !found.notes.is_removed(&id) {
                    found.version(&record)?;
                }
                next.extend(record.parents);
            }
        }
        found.add_annotations(&had)?;
        for id in border.intersection(&had) {
            found.subtract(&repository.objects.version(id)?);
        }
        Ok(found)
    }

    /// Adds the annotations on versions that were found, unless they are also on others that the
    /// other side does not have.
    fn add_annotations(&mut self, had: &HashSet<VersionId>) -> Result<()> {
        let notes = Arc::clone(&self.notes);
        let on_found = notes.iter().filter(|(version, _)| self.versions.contains(version));
        let all: BTreeMap<AnnotationId, _> =
            on_found.flat_map(|(_, on)| &on.notes).map(|note| (note.id, note)).collect();
        for (id, note) in all {
            let goes = |version| self.versions.contains(version) || had.contains(version);
            if note.record.versions.iter().all(goes) {
                self.objects.insert(id.into());
                self.files(&note.record.files)?;
                self.annotations.push(id);
            }
        }
        Ok(())
    }

    /// Leaves out what a version consists of, as far as that can be read.
    fn subtract(&mut self, record: &VersionRecord) {
        self.objects.remove(&record.recipe.into());
        self.objects.remove(&record.checkpoint.into());
        let Ok(checkpoint) = self.store().checkpoint(&record.checkpoint) else { return };
        for content in checkpoint.contents() {
            for id in self.store().content_objects(content).unwrap_or_default() {
                self.objects.remove(&id);
            }
        }
    }

    /// Returns the versions that were found.
    pub fn versions(&self) -> impl Iterator<Item = &VersionId> {
        self.versions.iter()
    }

    /// Returns the annotations that go along, sorted, for
    /// [`adopt_annotations`](Repository::adopt_annotations).
    pub fn annotations(&self) -> &[AnnotationId] {
        &self.annotations
    }

    /// Returns the objects that are needed, in no order.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectId> {
        self.objects.iter()
    }

    fn empty(repository: &'a Repository) -> Self {
        Self {
            repository,
            now_ms: i64::MAX,
            notes: Arc::default(),
            versions: HashSet::new(),
            annotations: Vec::new(),
            contents: HashSet::new(),
            objects: HashSet::new(),
        }
    }

    /// Walks from notes alone: to their files, and to versions that they keep and that are not among
    /// some that are known.
    pub(crate) fn besides<T>(
        repository: &'a Repository,
        known: &BTreeMap<VersionId, T>,
    ) -> Result<Self> {
        let mut reach = Self { notes: repository.notes()?, ..Self::empty(repository) };
        let notes = Arc::clone(&reach.notes);
        for (version, on) in notes.iter() {
            on.notes.iter().try_for_each(|note| reach.files(&note.record.files))?;
            if on.content() == Some(ContentChange::Kept) && !known.contains_key(version) {
                reach.version(&repository.objects.version(version)?)?;
            }
        }
        Ok(reach)
    }

    /// Walks on from refs and notes that came since.
    pub(crate) fn look_again(&mut self) -> Result<()> {
        let before = std::mem::replace(&mut self.notes, self.repository.notes()?);
        let notes = Arc::clone(&self.notes);
        for (version, on) in notes.iter().filter(|(version, on)| before.on(version) != Some(on)) {
            on.notes.iter().try_for_each(|note| self.files(&note.record.files))?;
            // One that was pruned before, and is not any more, was passed by.
            let again = before.is_removed(version);
            let kept = on.content() == Some(ContentChange::Kept);
            if kept || (again && self.versions.contains(version)) {
                self.version(&self.store().version(version)?)?;
            }
        }
        let tips = self.repository.tips()?;
        for (_, version) in tips.into_iter().chain(self.repository.aliased_before(self.now_ms)?) {
            self.walk(version)?;
        }
        Ok(())
    }

    /// Adds a version and all its ancestors.
    fn walk(&mut self, from: VersionId) -> Result<()> {
        let mut next = vec![from];
        while let Some(id) = next.pop() {
            if self.versions.insert(id) {
                let record = self.store().version(&id)?;
                if !self.notes.is_removed(&id) {
                    self.version(&record)?;
                }
                next.extend(record.parents);
            }
        }
        Ok(())
    }

    /// Adds the content of a version.
    pub(crate) fn version(&mut self, record: &VersionRecord) -> Result<()> {
        let checkpoint = self.store().checkpoint(&record.checkpoint)?;
        checkpoint.contents().try_for_each(|content| self.content(content))
    }

    /// Adds the parts of files that are no tensors.
    pub(crate) fn files(&mut self, files: &[FileRecord]) -> Result<()> {
        opaque(files).try_for_each(|content| self.content(content))
    }

    fn content(&mut self, content: Content) -> Result<()> {
        if self.contents.insert(content) {
            self.objects.extend(self.store().content_objects(content)?);
        }
        Ok(())
    }

    fn store(&self) -> &'a Objects {
        &self.repository.objects
    }
}
