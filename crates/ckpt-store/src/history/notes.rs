//! What was added to versions after they were made, and what became of their content here.
//!
//! What annotations say is a function of their set alone: they are ordered by sequence, time and id,
//! whatever the order in which they came. What became of content is told by the journal of this
//! repository, in its order.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use ckpt_hash::{AnnotationId, JournalId, VersionId};

use crate::record::{AnnotationRecord, ContentChange, FileRecord, RemovalRecord, Version};

/// An annotation and its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// The id.
    pub id: AnnotationId,
    /// What it says.
    pub record: AnnotationRecord,
}

/// What the journal of a repository leads to, by version.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Notes {
    pub(crate) newest: Option<JournalId>,
    known: HashSet<AnnotationId>,
    versions: BTreeMap<VersionId, VersionNotes>,
}

/// What is said of one version.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct VersionNotes {
    /// The annotations, the last one first. One annotation may be on many versions.
    pub notes: Vec<Arc<Note>>,
    /// The value of each metric that an annotation gave: that of the last one.
    pub metrics: BTreeMap<String, f64>,
    /// What became of the content here, the newest first.
    pub removals: Vec<Arc<RemovalRecord>>,
}

/// What a journal entry says.
pub(crate) struct Entry {
    pub(crate) id: JournalId,
    pub(crate) annotations: Vec<Note>,
    pub(crate) removals: Vec<RemovalRecord>,
}

impl Notes {
    /// Returns what is said of a version; `None` if nothing is.
    pub fn on(&self, version: &VersionId) -> Option<&VersionNotes> {
        self.versions.get(version)
    }

    /// Returns the versions of which something is said, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&VersionId, &VersionNotes)> {
        self.versions.iter()
    }

    /// Returns the newest entry of the journal.
    pub(crate) fn newest(&self) -> Option<JournalId> {
        self.newest
    }

    /// Tells whether the journal names an annotation.
    pub(crate) fn knows(&self, id: &AnnotationId) -> bool {
        self.known.contains(id)
    }

    /// Tells what became of a version's content; `None` if it never went.
    pub fn content(&self, version: &VersionId) -> Option<ContentChange> {
        self.on(version).and_then(VersionNotes::content)
    }

    /// Tells whether the content of a version was removed and not restored.
    pub fn is_removed(&self, version: &VersionId) -> bool {
        self.content(version) == Some(ContentChange::Removed)
    }

    /// Returns a metric of a version: what the last annotation says of it, or else the version itself.
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

    /// Returns the sequence of an annotation that is to come after all that are known on versions.
    pub(crate) fn next_sequence(&self, versions: &[VersionId]) -> u64 {
        let last = |version| Some(self.on(version)?.notes.first()?.record.sequence);
        versions.iter().filter_map(last).max().unwrap_or(0).saturating_add(1)
    }

    /// Adds an entry of the journal on top of those known.
    pub(crate) fn add(&mut self, entry: Entry) {
        let Entry { id, mut annotations, removals } = entry;
        annotations.sort_by_key(Note::place);
        for note in annotations {
            if self.known.insert(note.id) {
                let note = Arc::new(note);
                for version in &note.record.versions {
                    self.versions.entry(*version).or_default().annotate(&note);
                }
            }
        }
        for removal in removals.into_iter().map(Arc::new) {
            for version in &removal.versions {
                let on = self.versions.entry(*version).or_default();
                on.removals.insert(0, Arc::clone(&removal));
            }
        }
        self.newest = Some(id);
    }
}

impl Note {
    /// Returns what annotations are ordered by.
    fn place(&self) -> (u64, i64, AnnotationId) {
        (self.record.sequence, self.record.time_ms, self.id)
    }
}

impl VersionNotes {
    /// Tells what became of the content; `None` if it never went.
    pub fn content(&self) -> Option<ContentChange> {
        self.removals.first().map(|removal| removal.content)
    }

    /// Returns the files that the annotations brought, sorted by path; of several with one path that
    /// of the last annotation.
    pub fn files(&self) -> Vec<&FileRecord> {
        let files = self.notes.iter().rev().flat_map(|note| &note.record.files);
        let by_path: BTreeMap<&str, &FileRecord> =
            files.map(|file| (file.path.as_str(), file)).collect();
        by_path.into_values().collect()
    }

    /// Puts an annotation in its place. One that names a version twice is on it once.
    fn annotate(&mut self, note: &Arc<Note>) {
        let later = self.notes.partition_point(|other| other.place() > note.place());
        if self.notes.get(later).is_some_and(|other| other.id == note.id) {
            return;
        }
        self.notes.insert(later, Arc::clone(note));
        // What later ones say of a metric stands.
        for note in self.notes[..=later].iter().rev() {
            let metrics = note.record.metrics.iter();
            self.metrics.extend(metrics.map(|(name, value)| (name.clone(), *value)));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An annotation of some of three versions, with some of three metrics and paths.
    fn annotation() -> impl Strategy<Value = Note> {
        let flags = || prop::array::uniform3(any::<bool>());
        (flags(), flags(), flags(), 0..4_u64, -2..2_i64, 0..1000_u32).prop_map(
            |(on, measured, paths, sequence, time_ms, value)| {
                let chosen = |flags: [bool; 3]| (0_u8..).zip(flags).filter(|(_, is)| *is);
                let version = |(n, _): (u8, bool)| VersionId::of(&[n]);
                let file = |(n, _): (u8, bool)| FileRecord {
                    path: format!("f{n}"),
                    reader: "opaque".to_owned(),
                    reader_version: 1,
                    note: Some(value.to_string()),
                    segments: Vec::new(),
                };
                let metric = |(n, _): (u8, bool)| (format!("m{n}"), f64::from(value));
                let record = AnnotationRecord {
                    versions: chosen(on).map(version).collect(),
                    sequence,
                    metrics: chosen(measured).map(metric).collect(),
                    text: String::new(),
                    files: chosen(paths).map(file).collect(),
                    author: String::new(),
                    time_ms,
                };
                let id = AnnotationId::of(&ckpt_pack::wire::encode(&record).unwrap());
                Note { id, record }
            },
        )
    }

    fn add(notes: &mut Notes, annotations: Vec<Note>) {
        notes.add(Entry { id: JournalId::of(b"x"), annotations, removals: Vec::new() });
    }

    /// What is said, by the rule itself: in the order of their places, what comes last counts.
    fn expected(mut all: Vec<Note>, version: &VersionId) -> VersionNotes {
        all.retain(|note| note.record.versions.contains(version));
        all.sort_by_key(Note::place);
        all.dedup_by_key(|note| note.id);
        let metrics = all.iter().flat_map(|note| note.record.metrics.clone()).collect();
        let notes = all.into_iter().rev().map(Arc::new).collect();
        VersionNotes { notes, metrics, removals: Vec::new() }
    }

    proptest! {
        #[test]
        fn annotations_commute(
            all in prop::collection::vec(annotation(), 0..12),
            picks in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8), 0..40),
        ) {
            // Two repositories get them in another order, some of them twice, some both; then each
            // gets what the other has, and what neither had.
            let mut sides = [Notes::default(), Notes::default()];
            if !all.is_empty() {
                for (pick, side) in &picks {
                    let note = all[pick.index(all.len())].clone();
                    for (n, notes) in (0..).zip(&mut sides) {
                        if *side == 2 || *side == n {
                            add(notes, vec![note.clone()]);
                        }
                    }
                }
            }
            let [mut ours, mut theirs] = sides;
            let of = |notes: &Notes| -> Vec<Note> {
                let notes = notes.iter().flat_map(|(_, on)| &on.notes);
                notes.map(|note| Note::clone(note)).collect()
            };
            let (mine, yours) = (of(&ours), of(&theirs));
            add(&mut ours, yours);
            add(&mut theirs, mine);
            add(&mut ours, all.clone());
            add(&mut theirs, all.iter().rev().cloned().collect());
            for version in (0..3_u8).map(|n| VersionId::of(&[n])) {
                let expected = expected(all.clone(), &version);
                let files: Vec<FileRecord> = expected.files().into_iter().cloned().collect();
                for notes in [&ours, &theirs] {
                    let on = notes.on(&version).cloned().unwrap_or_default();
                    prop_assert_eq!(&on, &expected);
                    let found: Vec<FileRecord> = on.files().into_iter().cloned().collect();
                    prop_assert_eq!(&found, &files);
                }
            }
        }
    }
}
