//! Follows the notes to the first one.

use std::collections::HashSet;

use ckpt_hash::{NoteId, VersionId};

use crate::{
    error::Result,
    record::{CheckpointRecord, NoteRecord},
    upkeep::verify::{Check, Problem, checkpoint},
};

/// What damage of the chain of notes is reported at.
const PLACE: &str = "the notes";

impl Check<'_> {
    /// Reads which note is the newest.
    pub(super) fn newest_note(&mut self) -> Option<NoteId> {
        match self.repository.refs.newest_note() {
            Ok(newest) => newest,
            Err(error) => {
                self.error(PLACE, &error);
                None
            }
        }
    }

    /// Follows the notes from the newest to the first one, and each to its versions and files.
    pub(super) fn notes(&mut self, newest: Option<NoteId>) {
        // A version that is gone is reported once, however many notes are on it.
        let mut reported = HashSet::new();
        let mut next = newest;
        while let Some(id) = next {
            let record = match self.repository.objects.note(&id) {
                Ok(record) => record,
                Err(error) => {
                    self.error(PLACE, &error);
                    return;
                }
            };
            for version in &record.versions {
                self.noted(*version, &mut reported);
            }
            if let Err(Problem::New(damaged, what)) = self.note_files(id, &record) {
                self.damage(PLACE, format!("{damaged}: {what}"));
            }
            next = record.previous;
        }
    }

    fn noted(&mut self, version: VersionId, reported: &mut HashSet<VersionId>) {
        if let Err(Problem::New(id, what)) = self.need(version)
            && reported.insert(version)
        {
            self.damage(PLACE, format!("{id}: {what}"));
        }
    }

    /// Checks that the files of a note are whole.
    fn note_files(&mut self, id: NoteId, record: &NoteRecord) -> Result<(), Problem> {
        let files = CheckpointRecord { tensors: Vec::new(), files: record.files.clone() };
        let contents = checkpoint::contents(&files);
        for content in contents.map_err(|what| Problem::New(id.into(), what))? {
            self.content(content, id)?;
        }
        Ok(())
    }
}
