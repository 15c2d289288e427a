//! Adds notes, and lays out the files that they brought.

use std::collections::BTreeMap;

use ckpt_hash::{NoteId, VersionId};
use ckpt_pack::{ObjectId, PackWriter, codec, wire};

use super::{Note, VersionNotes};
use crate::{
    checkpoint::write_opaque,
    contents::InputFile,
    error::{Error, Result},
    ingest::{Ingest, Recent},
    reach::opaque,
    record::{ContentNote, FileRecord, NoteRecord},
    repo::{Repository, Stamp},
};

/// Most attempts to put a note on the chain. Each takes milliseconds, and each failure means that
/// another writer's note went through.
const ATTEMPTS: usize = 1000;

/// A note to be made.
#[derive(Debug, Default)]
pub struct NoteDraft {
    /// The versions that it is on.
    pub versions: Vec<VersionId>,
    /// Metrics; they count before those of the version and of earlier notes.
    pub metrics: BTreeMap<String, f64>,
    /// Text.
    pub text: String,
    /// Files, kept as they are.
    pub files: Vec<InputFile>,
    /// Who and when.
    pub stamp: Stamp,
}

impl Repository {
    /// Adds metrics, text and files to versions, which stay what they are; durable when it returns.
    ///
    /// # Errors
    /// A note that says nothing, or is on nothing; files that cannot be read or could not be
    /// restored; [`Error::Missing`] for a version that is not there; a failing disk.
    pub fn note(&self, draft: &NoteDraft) -> Result<Note> {
        let NoteDraft { versions, metrics, text, files, stamp } = draft;
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
            author: stamp.author.clone(),
            time_ms: stamp.time_ms,
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
        let pack = PackWriter::create(self.disk())?;
        let mut ingest = Ingest::new(&self.objects, pack, Recent::default());
        let files = write_opaque(&mut ingest, files)?;
        self.finish(ingest.pack)?;
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
        let bytes = wire::encode(&record)?;
        let id = NoteId::of(&bytes);
        let mut pack = PackWriter::create(self.disk())?;
        let object = codec::encode(ObjectId::from(id), &bytes, None, ckpt_codec::Effort::Default);
        pack.push(&object.map_err(Error::Contents)?)?;
        self.finish(pack)?;
        let swapped = self.refs.swap_note(newest, id)?;
        Ok(if swapped.is_ok() { Ok(Note { id, record }) } else { Err(record) })
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
