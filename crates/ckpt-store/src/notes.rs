//! What was added to versions after they were made: one chain of notes for the whole repository.
//!
//! Notes commute: a writer whose note came second puts it on top of the other's and tries again.

mod add;

use std::{collections::BTreeMap, sync::Arc};

use ckpt_hash::{NoteId, VersionId};

pub use self::add::NoteDraft;
use crate::{
    error::Result,
    history::Version,
    record::{ContentNote, NoteRecord},
    repo::Repository,
};

/// A note and its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// The id.
    pub id: NoteId,
    /// What it says.
    pub record: NoteRecord,
}

/// What the notes of a repository say, by version.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Notes {
    newest: Option<NoteId>,
    versions: BTreeMap<VersionId, VersionNotes>,
}

/// What the notes on one version say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VersionNotes {
    /// The notes, the newest first. One note may be on many versions.
    pub notes: Vec<Arc<Note>>,
    /// The latest value of each metric that a note gave.
    pub metrics: BTreeMap<String, f64>,
    /// What became of the version's content.
    pub content: ContentNote,
}

impl Notes {
    /// Returns what the notes on a version say; `None` if there is none.
    pub fn on(&self, version: &VersionId) -> Option<&VersionNotes> {
        self.versions.get(version)
    }

    /// Returns the versions with notes, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&VersionId, &VersionNotes)> {
        self.versions.iter()
    }

    /// Returns the newest note of all.
    pub(crate) fn newest(&self) -> Option<NoteId> {
        self.newest
    }

    /// Tells what became of a version's content.
    pub fn content(&self, version: &VersionId) -> ContentNote {
        self.on(version).map_or(ContentNote::Unchanged, |notes| notes.content)
    }

    /// Returns a metric of a version: what the latest note says of it, or else the version itself.
    pub fn metric(&self, version: &Version, name: &str) -> Option<f64> {
        let noted = self.on(&version.id).and_then(|notes| notes.metrics.get(name));
        noted.or_else(|| version.record.metrics.get(name)).copied()
    }

    /// Returns all metrics of a version, those of [`metric`](Self::metric).
    pub fn metrics(&self, version: &Version) -> BTreeMap<String, f64> {
        let mut metrics = version.record.metrics.clone();
        if let Some(notes) = self.on(&version.id) {
            metrics.extend(notes.metrics.clone());
        }
        metrics
    }

    /// Adds notes, the newest first: what the first of them says of something is what counts.
    fn add(&mut self, notes: Vec<Note>) {
        for note in notes.into_iter().rev().map(Arc::new) {
            for version in &note.record.versions {
                let on = self.versions.entry(*version).or_default();
                let metrics = note.record.metrics.iter();
                on.metrics.extend(metrics.map(|(name, value)| (name.clone(), *value)));
                if note.record.content != ContentNote::Unchanged {
                    on.content = note.record.content;
                }
                on.notes.insert(0, Arc::clone(&note));
            }
            self.newest = Some(note.id);
        }
    }
}

impl Repository {
    /// Reads all notes.
    ///
    /// Costs one read for each note that this repository handle has not seen yet.
    ///
    /// # Errors
    /// [`Error::Missing`](crate::Error::Missing), [`Error::Damaged`](crate::Error::Damaged).
    pub fn notes(&self) -> Result<Arc<Notes>> {
        let newest = self.refs.newest_note()?;
        let mut known = self.known_notes();
        let mut new = Vec::new();
        let mut next = newest;
        while let Some(id) = next.filter(|id| known.newest != Some(*id)) {
            let record = self.objects.note(&id)?;
            next = record.previous;
            new.push(Note { id, record });
        }
        // The chain that was known is no part of this one: it was replaced by hand.
        if next.is_none() && known.newest.is_some() {
            *known = Arc::default();
        }
        if !new.is_empty() {
            Arc::make_mut(&mut known).add(new);
        }
        Ok(Arc::clone(&known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Draft, Error, RefName, disk::MemDisk};

    fn note(versions: &[VersionId], f1: f64, content: ContentNote) -> NoteRecord {
        NoteRecord {
            versions: versions.to_vec(),
            metrics: BTreeMap::from([("f1".to_owned(), f1)]),
            content,
            ..NoteRecord::default()
        }
    }

    #[test]
    fn the_latest_note_counts() {
        let disk = Arc::new(MemDisk::new());
        let repository = Repository::init_on(disk.clone()).unwrap();
        let main = RefName::branch("main").unwrap();
        let commit = || repository.commit(&main, &Draft::default()).unwrap().version.id;
        let (a, b) = (commit(), commit());
        assert_eq!(*repository.notes().unwrap(), Notes::default());
        repository.add_note(note(&[a, b], 0.5, ContentNote::Removed)).unwrap();
        let newest = repository.add_note(note(&[a], 0.75, ContentNote::Unchanged)).unwrap();
        // One handle that saw the chain grow, and one that reads it whole.
        let other = Repository::open_on(disk).unwrap();
        for notes in [repository.notes().unwrap(), other.notes().unwrap()] {
            let on = notes.on(&a).unwrap();
            assert_eq!(on.metrics["f1"], 0.75);
            assert_eq!(notes.on(&b).unwrap().metrics["f1"], 0.5);
            assert_eq!(notes.content(&a), ContentNote::Removed);
            assert_eq!(on.notes.iter().map(|note| note.id).next(), Some(newest));
            assert_eq!(on.notes.len(), 2);
        }
        repository.add_note(note(&[a], 0.5, ContentNote::Kept)).unwrap();
        assert_eq!(other.notes().unwrap().content(&a), ContentNote::Kept);
        assert_eq!(other.notes().unwrap().content(&b), ContentNote::Removed);
    }

    #[test]
    fn notes_on_nothing_are_refused() {
        let repository = Repository::init_on(Arc::new(MemDisk::new())).unwrap();
        let missing = VersionId::of(b"x");
        let error = repository.add_note(note(&[missing], 1.0, ContentNote::Kept)).unwrap_err();
        assert!(matches!(error, Error::Missing(_)), "{error}");
    }
}
