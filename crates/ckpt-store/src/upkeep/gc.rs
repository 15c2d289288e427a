//! Takes content away that nothing needs, and brings packs into shape.
//!
//! The long part, looking and writing new packs, goes on concurrently with writers. The decision what goes is
//! made while they wait, from what is there then. docs/durability.md has the steps and why their
//! order is right even where locks are not.

mod apply;
mod scan;

use ckpt_hash::VersionId;
use ckpt_pack::{Progress, Silent};

use self::scan::Scan;
use crate::{
    error::{Error, Result},
    repo::Repository,
    signature::Signature,
};

/// How content is taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GcOptions {
    /// Who and when. The time decides what in trash is old enough to be removed.
    pub signature: Signature,
    /// Milliseconds for which what is removed can be restored; what config.toml says, or two
    /// weeks, if there is none here.
    pub grace_ms: Option<i64>,
}

impl GcOptions {
    /// Takes away what can be restored for as long as config.toml says.
    pub fn new(signature: Signature) -> Self {
        Self { signature, grace_ms: None }
    }

    /// Sets for how many milliseconds what is removed can be restored.
    #[must_use]
    pub fn with_grace_ms(self, grace_ms: impl Into<Option<i64>>) -> Self {
        Self { grace_ms: grace_ms.into(), ..self }
    }
}

/// What taking content away would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GcPlan {
    /// Versions that no ref leads to and no note keeps, and that have content of their own: it goes.
    pub unreachable: Vec<VersionId>,
    /// Blocks and lists of blocks that nothing needs.
    pub objects: u64,
    /// Bytes that they take in packs. What is encoded again, because it was a delta to one of
    /// them, may grow, which this does not count.
    pub bytes: u64,
    /// Packs that are to be written anew, and their bytes.
    pub packs: u64,
    /// Bytes of these packs.
    pub pack_bytes: u64,
    /// Packs in trash that can be restored no longer.
    pub expired: u64,
    /// Bytes of these packs.
    pub expired_bytes: u64,
}

/// What taking content away did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GcReport {
    /// Versions whose content went because no ref leads to them.
    pub unreachable: Vec<VersionId>,
    /// Packs in trash.
    pub packs: u64,
    /// Bytes of these packs.
    pub pack_bytes: u64,
    /// Bytes of the packs that took their place.
    pub written_bytes: u64,
    /// Packs that were removed from trash for good.
    pub removed: u64,
    /// Bytes of these packs.
    pub removed_bytes: u64,
    /// Small packs that were merged.
    pub merged: u64,
}

impl GcReport {
    /// Returns by how many bytes packs got smaller. The disk has them back once what is in trash
    /// is removed from trash.
    pub fn saved_bytes(&self) -> u64 {
        self.pack_bytes.saturating_sub(self.written_bytes)
    }
}

impl Repository {
    /// Tells what [`gc`](Self::gc) would do, and changes nothing.
    ///
    /// # Errors
    /// Those of [`gc`](Self::gc).
    pub fn plan_gc(&self, options: &GcOptions) -> Result<GcPlan> {
        let scan = Scan::take(self, options.signature.time_ms)?;
        let (expired, expired_bytes) = self.expired(options)?;
        Ok(GcPlan {
            unreachable: scan.unreachable.iter().copied().collect(),
            objects: scan.dead.len() as u64,
            bytes: scan.dead_bytes,
            packs: scan.sources.len() as u64,
            pack_bytes: scan.sources.iter().map(|pack| pack.byte_len()).sum(),
            expired: expired.len() as u64,
            expired_bytes,
        })
    }

    /// Takes away what nothing needs: content that was pruned, and content of versions that no ref
    /// leads to. What builds on it is encoded again and read back first. Blocks in long chains of
    /// deltas get shorter ones, those of tagged and aliased versions are stored whole, small
    /// packs are merged.
    ///
    /// What is taken away goes to trash, from where [`undelete`](Self::undelete) restores it for a
    /// grace period. What has been there for longer is removed for good.
    ///
    /// # Errors
    /// [`Error::Locked`](crate::Error::Locked) if others replace packs or write for too long; damage
    /// in what leads to content or in packs that are to be written anew, and whatever the disk
    /// refuses: nothing is lost then. [`Error::Config`](crate::Error::Config).
    pub fn gc(&self, options: &GcOptions) -> Result<GcReport> {
        self.gc_with(options, &Silent)
    }

    /// Does what [`gc`](Self::gc) does, and tells `progress` how many bytes of objects, decoded,
    /// have been written anew, of how many. Nothing is told where nothing is written anew.
    ///
    /// # Errors
    /// Those of [`gc`](Self::gc).
    pub fn gc_with(&self, options: &GcOptions, progress: &dyn Progress) -> Result<GcReport> {
        let config = self.read_config()?;
        let grace_ms = options.grace_ms.unwrap_or(config.trash.grace_ms());
        let replacing = self.refs.replace_packs()?;
        let mut report = self.sweep(&options.signature, grace_ms, progress)?;
        drop(replacing);
        match self.compact() {
            Ok(merged) => report.merged = merged.packs,
            // Whoever replaces packs now merges them, too.
            Err(Error::Locked { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(report)
    }
}
