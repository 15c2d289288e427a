//! Quarantines damaged packs.

use std::collections::{BTreeMap, BTreeSet};

use ckpt_hash::VersionId;
use ckpt_pack::{Keep, ObjectId, PACKS, Progress, Silent, disk::durable::join, repack};

use crate::{
    error::Result, record::VersionRecord, repo::Repository, signature::Signature,
    upkeep::verify::VerifyReport,
};

/// What a repair found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepairReport {
    /// What was wrong.
    pub found: VerifyReport,
    /// The packs that were moved there, such as `packs/NAME.pack`; everything in them that was
    /// undamaged is in other packs now.
    pub set_aside: Vec<String>,
    /// The versions that lack something, sorted by id.
    pub versions: Vec<VersionId>,
    /// What is wrong now: what was in no undamaged copy is missing.
    pub left: VerifyReport,
}

impl Repository {
    /// Verifies, and quarantines packs with damage after copying what is undamaged in them.
    ///
    /// What is missing then counts as unknown: committing the same content again, or putting an
    /// undamaged copy of a pack into `packs/`, makes the versions whole. The damaged packs are in
    /// trash for the grace period of [`gc`](Self::gc).
    ///
    /// # Errors
    /// [`Error::Locked`](crate::Error::Locked) if others replace packs or write for too long;
    /// whatever the disk refuses. Nothing is moved then.
    pub fn repair(&self, signature: &Signature, progress: &dyn Progress) -> Result<RepairReport> {
        let replacing = self.refs.replace_packs()?;
        let check = self.examine(progress)?;
        let (found, Faults(mut unsound)) = (check.report, check.faults);
        unsound.retain(|_, fault| fault.is_own);
        let versions: BTreeSet<VersionId> =
            found.damage.iter().flat_map(|damage| damage.versions.iter().copied()).collect();
        // From here on it is not stopped any more.
        let going_on = |done: u64, total: u64| progress.update(done, total);
        if !unsound.is_empty() {
            for pack in self.objects.packs.packs() {
                if let Some(Fault { objects, .. }) = unsound.get(pack.name()) {
                    let stays = |id: &_| !objects.contains(id);
                    let keep = Keep { stays: &stays, ..Keep::all(VersionRecord::number_of) };
                    repack(self.disk(), &self.objects.packs, &[pack], &keep, &Silent)?;
                }
            }
            let names: BTreeSet<String> = unsound.keys().cloned().collect();
            let _alone = self.refs.alone()?;
            self.write_manifest(names.clone(), signature)?;
            self.objects.packs.set_aside(&names)?;
            self.bump_generation()?;
        }
        drop(replacing);
        Ok(RepairReport {
            left: if found.is_ok() { found.clone() } else { self.verify(&going_on)? },
            found,
            set_aside: unsound.keys().map(|name| join(PACKS, name)).collect(),
            versions: versions.into_iter().collect(),
        })
    }
}

/// What is wrong in packs, by name.
#[derive(Debug, Default)]
pub(super) struct Faults(BTreeMap<String, Fault>);

/// What is wrong in a pack.
#[derive(Debug, Default)]
struct Fault {
    /// The objects that cannot be read.
    objects: BTreeSet<ObjectId>,
    /// Whether the pack itself is damaged. If not, its objects build on what is damaged elsewhere,
    /// and can be read again once that is mended.
    is_own: bool,
}

impl Faults {
    /// Notes that a pack is damaged.
    pub(super) fn pack(&mut self, name: &str) {
        self.0.entry(name.to_owned()).or_default().is_own = true;
    }

    /// Notes that a pack's object cannot be read, through the fault of that pack or of another.
    pub(super) fn object(&mut self, name: &str, id: ObjectId, is_own: bool) {
        let fault = self.0.entry(name.to_owned()).or_default();
        fault.objects.insert(id);
        fault.is_own |= is_own;
    }
}
