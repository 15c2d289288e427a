//! What a repository needs: the content of versions that refs lead to.
//!
//! Records stay for ever. Content stays for versions that a ref leads to, they or a descendant,
//! unless a note says that it was removed; for those that a note keeps; and for notes.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use ckpt_hash::VersionId;
use ckpt_pack::ObjectId;

use crate::{
    content::objects::{Content, Objects, opaque},
    error::Result,
    history::notes::Notes,
    record::{ContentNote, FileRecord, VersionRecord},
    repo::Repository,
};

/// A walk from the refs and notes to all that they need.
pub(crate) struct Reach<'a> {
    repository: &'a Repository,
    pub(crate) notes: Arc<Notes>,
    /// Versions that a ref leads to.
    pub(crate) versions: HashSet<VersionId>,
    contents: HashSet<Content>,
    /// Blocks and lists of blocks that are needed.
    pub(crate) objects: HashSet<ObjectId>,
}

impl<'a> Reach<'a> {
    /// Walks from all refs and notes that there are now.
    ///
    /// # Errors
    /// Damage in what leads to content: without it nobody knows what is needed.
    pub(crate) fn new(repository: &'a Repository) -> Result<Self> {
        let mut reach = Self::empty(repository);
        reach.look_again()?;
        Ok(reach)
    }

    fn empty(repository: &'a Repository) -> Self {
        Self {
            repository,
            notes: Arc::default(),
            versions: HashSet::new(),
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
            if on.content == ContentNote::Kept && !known.contains_key(version) {
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
            let again = before.content(version) == ContentNote::Removed;
            let kept = on.content == ContentNote::Kept;
            if kept || (again && self.versions.contains(version)) {
                self.version(&self.objects().version(version)?)?;
            }
        }
        for (_, version) in self.repository.tips()? {
            self.walk(version)?;
        }
        Ok(())
    }

    /// Adds a version and all its ancestors.
    fn walk(&mut self, from: VersionId) -> Result<()> {
        let mut next = vec![from];
        while let Some(id) = next.pop() {
            if self.versions.insert(id) {
                let record = self.objects().version(&id)?;
                if self.notes.content(&id) != ContentNote::Removed {
                    self.version(&record)?;
                }
                next.extend(record.parents);
            }
        }
        Ok(())
    }

    /// Adds the content of a version.
    pub(crate) fn version(&mut self, record: &VersionRecord) -> Result<()> {
        let checkpoint = self.objects().checkpoint(&record.checkpoint)?;
        checkpoint.contents().try_for_each(|content| self.content(content))
    }

    /// Adds the parts of files that are no tensors.
    pub(crate) fn files(&mut self, files: &[FileRecord]) -> Result<()> {
        opaque(files).try_for_each(|content| self.content(content))
    }

    fn content(&mut self, content: Content) -> Result<()> {
        if self.contents.insert(content) {
            self.objects.extend(self.objects().content_objects(content)?);
        }
        Ok(())
    }

    fn objects(&self) -> &'a Objects {
        &self.repository.objects
    }
}
