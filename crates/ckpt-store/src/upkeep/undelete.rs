//! Content that was removed: what says so, and how it comes back.

use std::collections::BTreeSet;

use ckpt_hash::VersionId;
use ckpt_pack::Whereabouts;

use crate::{
    error::{Error, Removed, Result},
    record::ContentChange,
    repo::Repository,
    signature::Signature,
};

/// What the journal says of content that was restored by name.
const BROUGHT_BACK: &str = "brought back";

/// Content that was removed and can be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Undeletable {
    /// Who removed it, when and why.
    pub removed: Removed,
    /// When it will be too late, in milliseconds since 1970-01-01T00:00:00Z; `None` if its packs
    /// are not in trash yet.
    pub until_ms: Option<i64>,
}

impl Repository {
    /// Lists the versions whose content was removed and can be restored, those first that were
    /// removed last.
    ///
    /// # Errors
    /// Damage in notes and versions; [`Error::Config`].
    pub fn undeletable(&self) -> Result<Vec<Undeletable>> {
        let grace_ms = self.read_config()?.trash.grace_ms();
        let packs = &self.objects.packs;
        packs.refresh()?;
        let manifests = self.manifests()?;
        let until = |pack: &str| {
            let naming = manifests.values().filter(|manifest| manifest.packs.contains(pack));
            naming.map(|manifest| manifest.time_ms.saturating_add(grace_ms)).max()
        };
        let mut found = Vec::new();
        for (version, on) in self.notes()?.iter() {
            if on.content() != Some(ContentChange::Removed) {
                continue;
            }
            // Where its lists are gone, so is all else.
            let Ok(objects) = self.content_of(version) else { continue };
            let mut until_ms = None;
            let mut is_there = true;
            for id in objects {
                match packs.whereabouts(&id)? {
                    Whereabouts::Live => {}
                    Whereabouts::Nowhere => is_there = false,
                    Whereabouts::Trash(names) => {
                        let latest = names.iter().map(|name| until(name)).max().flatten();
                        until_ms = [until_ms, latest].into_iter().flatten().min();
                    }
                }
            }
            if let Some(removed) = self.removed(version)?.filter(|_| is_there) {
                found.push(Undeletable { removed, until_ms });
            }
        }
        found
            .sort_by_key(|found| (std::cmp::Reverse(found.removed.time_ms), found.removed.version));
        Ok(found)
    }

    /// Restores the content of versions that was removed, and keeps it until a user removes it
    /// again by name; durable when it returns. Versions that have their content stay as they are.
    ///
    /// # Errors
    /// [`Error::Gone`] for content that is in trash no longer; [`Error::Locked`]; whatever the disk
    /// refuses.
    pub fn undelete(
        &self,
        versions: &[VersionId],
        signature: &Signature,
    ) -> Result<Vec<VersionId>> {
        let _replacing = self.refs.replace_packs()?;
        let _writing = self.refs.writing()?;
        let generation = self.generation()?;
        let mut back = BTreeSet::new();
        for version in versions {
            if let Some(removed) = self.removed(version)? {
                self.bring_back_content(version).map_err(|error| match error {
                    Error::Missing(_) => Error::Gone(Box::new(removed)),
                    other => other,
                })?;
                back.insert(*version);
            }
        }
        self.push_removal(&back, ContentChange::Kept, BROUGHT_BACK, signature)?;
        self.hold(generation, &back.iter().copied().collect::<Vec<_>>(), BROUGHT_BACK, signature)?;
        Ok(versions.iter().filter(|version| back.contains(version)).copied().collect())
    }
}
