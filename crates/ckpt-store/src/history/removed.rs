//! Content that was removed: what says so, and errors that name who removed it.

use ckpt_hash::VersionId;
use ckpt_pack::wire;

use crate::{
    content::objects::Content,
    error::{Error, Removed, Result},
    record::{ContentChange, VersionRecord},
    repo::Repository,
};

impl Repository {
    /// Returns who removed the content of a version, when and why; `None` if it was not removed.
    ///
    /// # Errors
    /// Those of [`notes`](Self::notes).
    pub fn removed(&self, version: &VersionId) -> Result<Option<Removed>> {
        let notes = self.notes()?;
        let newest = notes.on(version).and_then(|on| on.removals.first());
        let removal = newest.filter(|removal| removal.content == ContentChange::Removed);
        Ok(removal.map(|removal| Removed {
            version: *version,
            author: removal.author.clone(),
            time_ms: removal.time_ms,
            reason: removal.reason.clone(),
        }))
    }

    /// Fails if the content of a version was removed.
    pub(crate) fn require_content(&self, version: &VersionRecord) -> Result<()> {
        // Without a journal nothing was removed.
        if self.refs.newest_entry()?.is_none() {
            return Ok(());
        }
        let bytes = wire::encode(version)?;
        match self.removed(&VersionId::of(&bytes))? {
            Some(removed) => Err(Error::Removed(Box::new(removed))),
            None => Ok(()),
        }
    }

    /// Says that content is missing because it was removed, if it was.
    pub(crate) fn explain_missing(&self, content: Content, error: Error) -> Error {
        if !matches!(error, Error::Missing(_)) {
            return error;
        }
        let holds = |version: &VersionId| -> Result<bool> {
            let record = self.objects.version(version)?;
            let checkpoint = self.objects.checkpoint(&record.checkpoint)?;
            Ok(checkpoint.contents().any(|own| own == content))
        };
        let notes = self.notes().unwrap_or_default();
        let removed = notes.iter().filter(|(_, on)| on.content() == Some(ContentChange::Removed));
        let holder = removed.map(|(id, _)| id).find(|id| holds(id).unwrap_or(false));
        match holder.and_then(|id| self.removed(id).ok().flatten()) {
            Some(removed) => Error::Removed(Box::new(removed)),
            None => error,
        }
    }
}
