//! Compacts small packs, so that any number of versions is in a few dozen packs.
//!
//! Packs are in tiers by their size, each tier's [`FANOUT`] times as large as those of the one
//! below. Where a tier has so many packs, they become one pack of the next: every object is
//! rewritten once per tier, and no tier keeps more packs than that.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ckpt_pack::{Keep, PackReader, Silent, repack};

use crate::{
    error::{Error, Result},
    record::VersionRecord,
    repo::Repository,
};

/// Packs of one tier that are compacted: fewer would rewrite objects more often, more would have
/// lookups ask more packs.
const FANOUT: usize = 8;

/// Objects and bytes of the packs of the lowest tier: those of a small version or two.
const LEAST_ENTRIES: u64 = 1;
const LEAST_BYTES: u64 = 1 << 10;

/// Bytes of packs that compacting leaves alone: they are few in any case, and copying them takes long.
const LARGE: u64 = 32 << 20;

/// What compacting did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compacted {
    /// Packs that were replaced.
    pub packs: u64,
    /// Packs that took their place.
    pub into: u64,
}

impl Repository {
    /// Compacts small packs where there are many of one size; commits do this by themselves, unless
    /// config.toml says otherwise.
    ///
    /// What was compacted goes to trash, and is removed from there the next time.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process is replacing packs; damage in a pack that is to be
    /// compacted, once all others are; whatever the disk refuses. Nothing is lost by any of these.
    pub fn compact(&self) -> Result<Compacted> {
        let packs = &self.objects.packs;
        let _replacing = self.refs.replacing(Duration::ZERO)?;
        packs.refresh()?;
        let mut compacted = Compacted::default();
        let mut damaged = BTreeSet::new();
        let mut failed = None;
        loop {
            let mut sources = packs.packs();
            sources.retain(|pack| !damaged.contains(pack.name()));
            let sources = due(sources);
            if sources.is_empty() {
                return failed.map_or(Ok(compacted), Err);
            }
            match self.merge(&sources) {
                Ok(()) => {
                    compacted.packs += sources.len() as u64;
                    compacted.into += 1;
                }
                Err(error @ Error::Damaged { .. }) => {
                    let before = damaged.len();
                    let unsound = sources.iter().filter(|pack| !self.is_sound(pack));
                    damaged.extend(unsound.map(|pack| pack.name().to_owned()));
                    if damaged.len() == before {
                        return Err(error);
                    }
                    failed = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Compacts small packs if that is due, after a commit.
    ///
    /// The commit is done: whatever prevents the merge is no reason to fail. The next commit tries
    /// again, and `gc` says what is wrong.
    pub(crate) fn compact_if_due(&self) {
        if self.config().packs.merge && !due(self.objects.packs.packs()).is_empty() {
            let _ = self.compact();
        }
    }

    fn merge(&self, sources: &[Arc<PackReader>]) -> Result<()> {
        let packs = &self.objects.packs;
        // What an earlier compaction moved to trash. Its readers had a whole round of commits to notice.
        packs.remove_merged(&self.in_manifests()?)?;
        let generation = self.generation()?;
        let written =
            repack(self.disk(), packs, sources, &Keep::all(VersionRecord::number_of), &Silent)?;
        // Locks may be gone: another process may have taken away what the new pack builds on.
        if self.generation()? != generation {
            written.iter().try_for_each(|pack| packs.bring_back_bases(pack).map(|_| ()))?;
        }
        Ok(packs.set_aside(&sources.iter().map(|pack| pack.name().to_owned()).collect())?)
    }

    /// Reads a pack's index and stored bytes; tells whether they are as they were written.
    fn is_sound(&self, pack: &PackReader) -> bool {
        let read = || -> Result<()> {
            let file = pack.file(self.disk())?;
            let entries = pack.read_index(&*file)?;
            Ok(entries.iter().try_for_each(|entry| pack.stored(&*file, entry).map(|_| ()))?)
        };
        !matches!(read(), Err(Error::Damaged { .. }))
    }
}

/// Returns the packs that are to become one: those of the lowest tier that is full, and of the
/// tiers above that this would fill.
fn due(packs: Vec<Arc<PackReader>>) -> Vec<Arc<PackReader>> {
    let mut tiers: Vec<Vec<Arc<PackReader>>> = Vec::new();
    for pack in packs.into_iter().filter(|pack| pack.objects_end() < LARGE) {
        let tier = tier(pack.entries(), pack.objects_end());
        tiers.resize_with(tiers.len().max(tier + 1), Vec::new);
        tiers[tier].push(pack);
    }
    let mut chosen = Vec::new();
    for tier in tiers {
        let come_from_below = usize::from(!chosen.is_empty());
        if tier.len() + come_from_below >= FANOUT {
            chosen.extend(tier);
        } else if !chosen.is_empty() {
            break;
        }
    }
    chosen
}

fn tier(entries: u64, bytes: u64) -> usize {
    let log = |size: u64| size.max(1).ilog(FANOUT as u64) as usize;
    log(entries / LEAST_ENTRIES).max(log(bytes / LEAST_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_go_by_whichever_is_larger() {
        let tiers = [(5, 1500, 0), (40, 12_000, 1), (7, 12_000, 1), (64, 100, 2), (600_000, 0, 6)];
        for (entries, bytes, expected) in tiers {
            assert_eq!(tier(entries, bytes), expected, "{entries} entries, {bytes} bytes");
        }
    }
}
