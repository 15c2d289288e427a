//! Makes sure that versions keep their content while another process takes packs away.

use std::collections::BTreeSet;

use ckpt_hash::VersionId;
use ckpt_pack::ObjectId;

use crate::{error::Result, record::ContentChange, repo::Repository, signature::Signature};

impl Repository {
    /// Makes sure that versions which this writer relies on have their content, if packs were taken
    /// away since the generation was read, or if it was noted that it was removed, which is then noted
    /// to be so no more for this reason; returns the generation then.
    pub(crate) fn hold(
        &self,
        since: u64,
        versions: &[VersionId],
        why: &str,
        signature: &Signature,
    ) -> Result<u64> {
        loop {
            let generation = self.generation()?;
            let notes = self.notes()?;
            let is_removed = |id: &&VersionId| notes.is_removed(id);
            let removed: BTreeSet<VersionId> =
                versions.iter().filter(is_removed).copied().collect();
            if generation == since && removed.is_empty() {
                return Ok(generation);
            }
            versions.iter().try_for_each(|version| self.bring_back_content(version))?;
            self.push_removal(&removed, ContentChange::Kept, why, signature)?;
            if self.generation()? == generation {
                return Ok(generation);
            }
        }
    }

    pub(crate) fn bring_back_content(&self, version: &VersionId) -> Result<()> {
        let objects = self.content_of(version)?;
        self.objects.packs.bring_back(objects)?;
        Ok(())
    }

    /// Names all objects that a version consists of, wherever they are.
    pub(crate) fn content_of(&self, version: &VersionId) -> Result<BTreeSet<ObjectId>> {
        let record = self.objects.version(version)?;
        let checkpoint = self.objects.checkpoint(&record.checkpoint)?;
        let mut objects = BTreeSet::new();
        for content in checkpoint.contents() {
            objects.extend(self.objects.content_objects(content)?);
        }
        Ok(objects)
    }
}
