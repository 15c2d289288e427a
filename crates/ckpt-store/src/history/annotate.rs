//! Reads the journal and adds to it.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use ckpt_hash::{AnnotationId, JournalId, VersionId};
use ckpt_pack::ObjectId;

use crate::{
    content::{
        checkpoint::write_opaque,
        contents::InputFile,
        ingest::{Ingest, Recent},
        objects::opaque,
    },
    error::{Error, Result},
    history::notes::{Entry, Note, Notes},
    record::{AnnotationRecord, FileRecord, JournalRecord},
    repo::Repository,
    signature::Signature,
};

/// Most attempts to put an entry on the journal. Each takes milliseconds, and each failure means that
/// another writer's entry went through.
const ATTEMPTS: usize = 1000;

/// A note to be made.
#[derive(Debug)]
#[non_exhaustive]
pub struct NewNote {
    /// The versions that it is on.
    pub versions: Vec<VersionId>,
    /// Metrics; they count before those of the version and of earlier notes.
    pub metrics: BTreeMap<String, f64>,
    /// Text.
    pub text: String,
    /// Files, kept as they are.
    pub files: Vec<InputFile>,
    /// Who and when.
    pub signature: Signature,
}

impl NewNote {
    /// Makes a note on versions that says nothing yet.
    pub fn new(versions: Vec<VersionId>, signature: Signature) -> Self {
        Self {
            versions,
            metrics: BTreeMap::new(),
            text: String::new(),
            files: Vec::new(),
            signature,
        }
    }

    /// Sets metrics.
    #[must_use]
    pub fn with_metrics(self, metrics: BTreeMap<String, f64>) -> Self {
        Self { metrics, ..self }
    }

    /// Sets the text.
    #[must_use]
    pub fn with_text(self, text: impl Into<String>) -> Self {
        Self { text: text.into(), ..self }
    }

    /// Sets files.
    #[must_use]
    pub fn with_files(self, files: Vec<InputFile>) -> Self {
        Self { files, ..self }
    }
}

impl Repository {
    /// Reads what the journal leads to.
    ///
    /// Costs one read for each entry and each annotation that this repository handle has not seen yet.
    ///
    /// # Errors
    /// [`Error::Missing`](crate::Error::Missing), [`Error::Damaged`](crate::Error::Damaged).
    pub fn notes(&self) -> Result<Arc<Notes>> {
        let newest = self.refs.newest_entry()?;
        let mut known = self.known_notes();
        let mut new = Vec::new();
        let mut next = newest;
        while let Some(id) = next.filter(|id| known.newest != Some(*id)) {
            let JournalRecord { previous, annotations, removals } = self.objects.journal(&id)?;
            let annotations = self.read_annotations(&annotations)?;
            new.push(Entry { id, annotations, removals });
            next = previous;
        }
        // The chain that was known is no part of this one: it was replaced by hand.
        if next.is_none() && known.newest.is_some() {
            *known = Arc::default();
        }
        if !new.is_empty() {
            let known = Arc::make_mut(&mut known);
            new.into_iter().rev().for_each(|entry| known.add(entry));
        }
        Ok(Arc::clone(&known))
    }

    /// Adds metrics, text and files to versions, which stay what they are; durable when it returns.
    ///
    /// # Errors
    /// A note that says nothing, or is on nothing; files that cannot be read or could not be
    /// restored; [`Error::Missing`] for a version that is not there; a failing disk.
    pub fn note(&self, draft: &NewNote) -> Result<Note> {
        let NewNote { versions, metrics, text, files, signature } = draft;
        if versions.is_empty() || (metrics.is_empty() && text.is_empty() && files.is_empty()) {
            return Err(Error::Contents("a note without content says nothing".to_owned()));
        }
        let mut versions = versions.clone();
        versions.sort();
        versions.dedup();
        self.check_there(&versions)?;
        let writing = self.refs.writing()?;
        let generation = self.generation()?;
        let record = AnnotationRecord {
            sequence: self.notes()?.next_sequence(&versions),
            versions,
            metrics: metrics.clone(),
            text: text.clone(),
            files: self.write_note_files(files)?,
            author: signature.author.clone(),
            time_ms: signature.time_ms,
        };
        let id = self.objects.write_record(&record, AnnotationId::of)?;
        let entry = JournalRecord { annotations: vec![id], ..JournalRecord::default() };
        self.push_entry(entry)?;
        let note = Note { id, record };
        // Another process may have taken away packs before the journal said what they are needed for.
        if self.generation()? != generation {
            self.bring_back_files(std::slice::from_ref(&note))?;
        }
        drop(writing);
        self.compact_if_due();
        Ok(note)
    }

    /// Names annotations that came from another repository in the journal, all in one entry; durable
    /// when it returns. Their objects are there already, as [`adopt_pack`](Self::adopt_pack) leaves
    /// them, and so are their versions and the contents of their files.
    ///
    /// Returns those that the journal did not name before; it stays as it is if there are none.
    ///
    /// # Errors
    /// [`Error::Missing`] for an annotation, a version or a part of a file that is not there; a
    /// failing disk.
    pub fn adopt_annotations(&self, ids: &[AnnotationId]) -> Result<Vec<AnnotationId>> {
        let writing = self.refs.writing()?;
        self.objects.packs.refresh()?;
        let known = self.notes()?;
        let mut seen = HashSet::new();
        let is_new = |id: &&AnnotationId| !known.knows(id) && seen.insert(**id);
        let new: Vec<AnnotationId> = ids.iter().filter(is_new).copied().collect();
        let notes = self.read_annotations(&new)?;
        notes.iter().try_for_each(|note| self.check_there(&note.record.versions))?;
        if !new.is_empty() {
            self.bring_back_files(&notes)?;
            let generation = self.generation()?;
            let annotations = new.clone();
            self.push_entry(JournalRecord { annotations, ..JournalRecord::default() })?;
            if self.generation()? != generation {
                self.bring_back_files(&notes)?;
            }
        }
        drop(writing);
        self.compact_if_due();
        Ok(new)
    }

    fn read_annotations(&self, ids: &[AnnotationId]) -> Result<Vec<Note>> {
        let read = |id: &AnnotationId| Ok(Note { id: *id, record: self.objects.annotation(id)? });
        ids.iter().map(read).collect()
    }

    fn check_there(&self, versions: &[VersionId]) -> Result<()> {
        versions.iter().try_for_each(|version| self.objects.version(version).map(|_| ()))
    }

    /// Makes sure that the files of annotations are in live packs.
    fn bring_back_files(&self, notes: &[Note]) -> Result<()> {
        let files = notes.iter().flat_map(|note| opaque(&note.record.files));
        let contents = files.map(|content| self.objects.content_objects(content));
        let objects: Vec<Vec<ObjectId>> = contents.collect::<Result<_>>()?;
        self.objects.packs.bring_back(objects.concat())?;
        Ok(())
    }

    /// Stores the files of a note in a pack of their own.
    fn write_note_files(&self, files: &[InputFile]) -> Result<Vec<FileRecord>> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        self.objects.packs.refresh()?;
        let pack = self.objects.packs.start()?;
        let mut ingest = Ingest::new(&self.objects, pack, Recent::default());
        let files = write_opaque(&mut ingest, files)?;
        self.objects.packs.finish(ingest.pack)?;
        Ok(files)
    }

    /// Puts an entry on top of the journal, by a caller that holds the lock of writers.
    pub(crate) fn push_entry(&self, mut record: JournalRecord) -> Result<JournalId> {
        for _ in 0..ATTEMPTS {
            let newest = self.refs.newest_entry()?;
            match self.push_entry_onto(newest, record)? {
                Ok(id) => return Ok(id),
                Err(unwritten) => record = unwritten,
            }
        }
        Err(Error::Contents("others added notes all the time".to_owned()))
    }

    /// Puts an entry onto the one that is expected to be the newest; gives it back if another one came
    /// in between.
    pub(crate) fn push_entry_onto(
        &self,
        newest: Option<JournalId>,
        mut record: JournalRecord,
    ) -> Result<Result<JournalId, JournalRecord>> {
        record.previous = newest;
        let id = self.objects.write_record(&record, JournalId::of)?;
        let swapped = self.refs.swap_entry(newest, id)?;
        Ok(if swapped.is_ok() { Ok(id) } else { Err(record) })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ckpt_testkit::disks::MemDisk;

    use super::*;
    use crate::{Contents, Draft, Error, RefName, record::ContentChange};

    fn commit(repository: &Repository) -> VersionId {
        let main = RefName::branch("main").unwrap();
        let draft = Draft::new(Contents::Nothing, Signature::new("", 0));
        repository.commit(&main, &draft).unwrap().version.id
    }

    fn note(versions: &[VersionId], f1: f64) -> NewNote {
        let metrics = BTreeMap::from([("f1".to_owned(), f1)]);
        NewNote::new(versions.to_vec(), Signature::new("", 0)).with_metrics(metrics)
    }

    #[test]
    fn the_last_annotation_and_the_newest_removal_count() {
        let disk = Arc::new(MemDisk::new());
        let repository = Repository::init_on(disk.clone()).unwrap();
        let (a, b) = (commit(&repository), commit(&repository));
        assert_eq!(*repository.notes().unwrap(), Notes::default());
        let remove = |version, change| {
            let versions = BTreeSet::from([version]);
            repository.push_removal(&versions, change, "", &Signature::new("", 0)).unwrap();
        };
        repository.note(&note(&[b, a, b], 0.5)).unwrap();
        remove(a, ContentChange::Removed);
        let last = repository.note(&note(&[a], 0.75)).unwrap();
        // One handle that saw the journal grow, and one that reads it whole.
        let other = Repository::open_on(disk).unwrap();
        for notes in [repository.notes().unwrap(), other.notes().unwrap()] {
            let on = notes.on(&a).unwrap();
            assert_eq!((on.metrics["f1"], notes.on(&b).unwrap().metrics["f1"]), (0.75, 0.5));
            assert!(notes.is_removed(&a) && !notes.is_removed(&b));
            let sequences: Vec<u64> = on.notes.iter().map(|note| note.record.sequence).collect();
            assert_eq!((sequences, on.notes[0].id), (vec![2, 1], last.id));
        }
        remove(a, ContentChange::Kept);
        assert_eq!(other.notes().unwrap().content(&a), Some(ContentChange::Kept));
        assert_eq!(other.notes().unwrap().content(&b), None);
    }

    #[test]
    fn notes_on_nothing_are_refused() {
        let repository = Repository::init_on(Arc::new(MemDisk::new())).unwrap();
        let error = repository.note(&note(&[VersionId::of(b"x")], 1.0)).unwrap_err();
        assert!(matches!(error, Error::Missing(_)), "{error}");
    }

    #[test]
    fn annotations_of_others_are_named_once() {
        let repository = Repository::init_on(Arc::new(MemDisk::new())).unwrap();
        let version = commit(&repository);
        let write = |sequence, f1| {
            let metrics = BTreeMap::from([("f1".to_owned(), f1)]);
            let versions = vec![version];
            let record =
                AnnotationRecord { versions, sequence, metrics, ..AnnotationRecord::default() };
            repository.objects.write_record(&record, AnnotationId::of).unwrap()
        };
        let own = repository.note(&note(&[version], 0.5)).unwrap().id;
        let (later, earlier) = (write(7, 0.9), write(1, 0.1));
        let ids = [later, own, earlier, later];
        assert_eq!(repository.adopt_annotations(&ids).unwrap(), [later, earlier]);
        let newest = repository.notes().unwrap().newest();
        assert_eq!(repository.adopt_annotations(&ids).unwrap(), []);
        assert_eq!(repository.notes().unwrap().newest(), newest);
        let notes = repository.notes().unwrap();
        assert_eq!(
            (notes.on(&version).unwrap().notes.len(), notes.on(&version).unwrap().metrics["f1"]),
            (3, 0.9)
        );
        assert_eq!(repository.note(&note(&[version], 0.2)).unwrap().record.sequence, 8);
        let gone = repository.adopt_annotations(&[AnnotationId::of(b"gone")]).unwrap_err();
        assert!(matches!(gone, Error::Missing(_)), "{gone}");
    }
}
