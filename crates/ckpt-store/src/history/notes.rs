//! What was added to versions after they were made: one chain of notes for the whole repository.
//!
//! Notes commute: a writer whose note came second puts it on top of the other's and tries again.

use std::{collections::BTreeMap, sync::Arc};

use ckpt_hash::{NoteId, VersionId};

use crate::record::{ContentNote, FileRecord, NoteRecord, Version};

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
    pub(crate) newest: Option<NoteId>,
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
    pub(crate) fn add(&mut self, notes: Vec<Note>) {
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

impl VersionNotes {
    /// Returns the files that the notes brought, sorted by path; of several with one path that of
    /// the latest note.
    pub fn files(&self) -> Vec<&FileRecord> {
        let files = self.notes.iter().rev().flat_map(|note| &note.record.files);
        let by_path: BTreeMap<&str, &FileRecord> =
            files.map(|file| (file.path.as_str(), file)).collect();
        by_path.into_values().collect()
    }
}
