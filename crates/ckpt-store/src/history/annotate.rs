//! Reads and adds notes.

use std::{collections::BTreeMap, sync::Arc};

use ckpt_hash::{NoteId, VersionId};

use crate::{
    content::{
        checkpoint::write_opaque,
        contents::InputFile,
        ingest::{Ingest, Recent},
        objects::opaque,
    },
    error::{Error, Result},
    history::notes::{Note, Notes},
    record::{ContentNote, FileRecord, NoteRecord},
    repo::Repository,
    signature::Signature,
};

/// Most attempts to put a note on the chain. Each takes milliseconds, and each failure means that
/// another writer's note went through.
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
        self.check_there(versions)?;
        let writing = self.refs.writing()?;
        let generation = self.generation()?;
        let note = NoteRecord {
            versions: versions.clone(),
            metrics: metrics.clone(),
            text: text.clone(),
            files: self.write_note_files(files)?,
            content: ContentNote::Unchanged,
            previous: None,
            author: signature.author.clone(),
            time_ms: signature.time_ms,
        };
        let note = self.push_note(note)?;
        // Somebody may have taken away packs before the note said what they are needed for.
        if self.generation()? != generation {
            let contents =
                opaque(&note.record.files).map(|file| self.objects.content_objects(file));
            let objects: Vec<_> = contents.collect::<Result<_>>()?;
            self.objects.packs.bring_back(objects.concat())?;
        }
        drop(writing);
        self.merge_if_due();
        Ok(note)
    }

    /// Puts a note on top of the chain, whatever its `previous` says; durable when it returns.
    ///
    /// # Errors
    /// [`Error::Missing`] for a version that is not there; whatever the disk refuses.
    pub fn add_note(&self, note: NoteRecord) -> Result<NoteId> {
        self.check_there(&note.versions)?;
        let writing = self.refs.writing()?;
        let note = self.push_note(note)?;
        drop(writing);
        self.merge_if_due();
        Ok(note.id)
    }

    fn check_there(&self, versions: &[VersionId]) -> Result<()> {
        versions.iter().try_for_each(|version| self.objects.version(version).map(|_| ()))
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

    /// Puts a note on top of the chain, by a caller that holds the lock of writers.
    pub(crate) fn push_note(&self, mut record: NoteRecord) -> Result<Note> {
        for _ in 0..ATTEMPTS {
            let newest = self.refs.newest_note()?;
            match self.push_note_onto(newest, record)? {
                Ok(note) => return Ok(note),
                Err(unwritten) => record = unwritten,
            }
        }
        Err(Error::Contents("others added notes all the time".to_owned()))
    }

    /// Puts a note onto the one that is expected to be the newest; gives it back if another one came
    /// in between.
    pub(crate) fn push_note_onto(
        &self,
        newest: Option<NoteId>,
        mut record: NoteRecord,
    ) -> Result<Result<Note, NoteRecord>> {
        record.previous = newest;
        let id = self.objects.write_record(&record, NoteId::of)?;
        let swapped = self.refs.swap_note(newest, id)?;
        Ok(if swapped.is_ok() { Ok(Note { id, record }) } else { Err(record) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Contents, Draft, Error, RefName};
    use ckpt_testkit::disks::MemDisk;

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
        let commit = || {
            repository
                .commit(&main, &Draft::new(Contents::Nothing, Signature::new("", 0)))
                .unwrap()
                .version
                .id
        };
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
