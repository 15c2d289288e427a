//! Follows the journal to its first entry, and each to its annotations.

use std::collections::HashSet;

use ckpt_hash::{AnnotationId, JournalId, VersionId};

use crate::{
    error::{Error, Result},
    record::{CheckpointRecord, FileRecord},
    upkeep::verify::{Check, Problem, checkpoint},
};

/// What damage of the journal is reported at.
const PLACE: &str = "the journal";

impl Check<'_> {
    /// Reads which entry of the journal is the newest.
    pub(super) fn newest_entry(&mut self) -> Option<JournalId> {
        self.or_report(|check| check.repository.refs.newest_entry()).flatten()
    }

    /// Follows the journal from the newest entry to the first one, and each to its annotations,
    /// versions and files.
    pub(super) fn journal(&mut self, newest: Option<JournalId>) {
        // A version that is gone is reported once, however many annotations are on it.
        let (mut reported, mut seen) = (HashSet::new(), HashSet::new());
        let mut next = newest;
        while let Some(id) = next {
            let read = |check: &Self| check.repository.objects.journal(&id);
            let Some(record) = self.or_report(read) else { return };
            for version in record.removals.iter().flat_map(|removal| &removal.versions) {
                self.noted(*version, &mut reported);
            }
            for id in record.annotations {
                if seen.insert(id) {
                    self.annotation(id, &mut reported);
                }
            }
            next = record.previous;
        }
    }

    fn annotation(&mut self, id: AnnotationId, reported: &mut HashSet<VersionId>) {
        let read = |check: &Self| check.repository.objects.annotation(&id);
        let Some(record) = self.or_report(read) else { return };
        for version in &record.versions {
            self.noted(*version, reported);
        }
        if let Err(Problem::New(damaged, what)) = self.note_files(id, record.files) {
            self.damage(PLACE, format!("{damaged}: {what}"));
        }
    }

    /// Reads something; reports it if that fails.
    fn or_report<T>(&mut self, read: impl FnOnce(&Self) -> Result<T, Error>) -> Option<T> {
        match read(self) {
            Ok(read) => Some(read),
            Err(error) => {
                self.error(PLACE, &error);
                None
            }
        }
    }

    fn noted(&mut self, version: VersionId, reported: &mut HashSet<VersionId>) {
        if let Err(Problem::New(id, what)) = self.need(version)
            && reported.insert(version)
        {
            self.damage(PLACE, format!("{id}: {what}"));
        }
    }

    /// Checks that the files of an annotation are whole.
    fn note_files(&mut self, id: AnnotationId, files: Vec<FileRecord>) -> Result<(), Problem> {
        let files = CheckpointRecord { tensors: Vec::new(), files };
        let contents = checkpoint::contents(&files);
        for content in contents.map_err(|what| Problem::New(id.into(), what))? {
            self.content(content, id)?;
        }
        Ok(())
    }
}
