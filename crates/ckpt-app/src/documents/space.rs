//! What `gc`, `prune` and `undelete` print.

use ckpt_hash::VersionId;
use ckpt_store::{GcReport, PlannedVersion, PrunePlan, PruneReport, Rule};
use serde::Serialize;

use crate::format;

/// What `gc --plan` prints.
#[derive(Debug, Serialize)]
pub struct GcPlan {
    plan: bool,
    /// Versions that lose their content because no ref leads to them.
    unreachable: Vec<VersionId>,
    /// What nothing needs.
    objects: u64,
    bytes: u64,
    /// Packs that are replaced.
    packs: u64,
    pack_bytes: u64,
    /// Packs in trash that can be restored no longer.
    expired: u64,
    expired_bytes: u64,
}

impl GcPlan {
    pub fn new(plan: &ckpt_store::GcPlan) -> Self {
        let ckpt_store::GcPlan {
            objects, bytes, packs, pack_bytes, expired, expired_bytes, ..
        } = *plan;
        let unreachable = plan.unreachable.clone();
        Self { plan: true, unreachable, objects, bytes, packs, pack_bytes, expired, expired_bytes }
    }
}

/// What `gc` prints.
#[derive(Debug, Serialize)]
pub struct Gc {
    plan: bool,
    unreachable: Vec<VersionId>,
    packs: u64,
    pack_bytes: u64,
    /// What replaced the packs.
    written_bytes: u64,
    /// Packs that were removed from trash for good.
    removed: u64,
    removed_bytes: u64,
    /// Small packs that were merged.
    merged: u64,
}

impl Gc {
    pub fn new(report: &GcReport) -> Self {
        let GcReport { packs, pack_bytes, written_bytes, removed, removed_bytes, merged, .. } =
            *report;
        let unreachable = report.unreachable.clone();
        Self {
            plan: false,
            unreachable,
            packs,
            pack_bytes,
            written_bytes,
            removed,
            removed_bytes,
            merged,
        }
    }
}

/// What `prune` prints.
#[derive(Debug, Serialize)]
pub struct Prune {
    plan: bool,
    versions: Vec<PruneVersion>,
    /// About what dropping all that is dropped frees.
    bytes: u64,
    dropped: Vec<VersionId>,
    gc: Option<Gc>,
}

/// What `prune` says of a version.
#[derive(Debug, Serialize)]
struct PruneVersion {
    version: VersionId,
    number: u64,
    time: Option<String>,
    keep: bool,
    rules: Vec<String>,
    /// About what dropping this one alone frees.
    bytes: u64,
}

impl Prune {
    /// Prints a plan, or what was done of it.
    pub fn new(plan: &PrunePlan, report: Option<&PruneReport>) -> Self {
        let version = |version: &PlannedVersion| PruneVersion {
            version: version.id,
            number: version.number,
            time: format::rfc3339(version.time_ms),
            keep: !version.rules.is_empty(),
            rules: version.rules.iter().map(Rule::to_string).collect(),
            bytes: version.bytes,
        };
        let planned = || plan.dropped().map(|version| version.id).collect();
        Self {
            plan: report.is_none(),
            versions: plan.versions.iter().map(version).collect(),
            bytes: plan.bytes,
            dropped: report.map_or_else(planned, |report| report.versions.clone()),
            gc: report.map(|report| Gc::new(&report.gc)),
        }
    }
}

/// What `undelete` prints of a version that can be restored.
#[derive(Debug, Serialize)]
pub struct Undeletable {
    version: VersionId,
    removed: Option<String>,
    author: String,
    reason: String,
    until: Option<String>,
}

impl Undeletable {
    pub fn new(found: &ckpt_store::Undeletable) -> Self {
        let removed = &found.removed;
        Self {
            version: removed.version,
            removed: format::rfc3339(removed.time_ms),
            author: removed.author.clone(),
            reason: removed.reason.clone(),
            until: found.until_ms.and_then(format::rfc3339),
        }
    }
}

/// What `undelete REV` prints.
#[derive(Debug, Serialize)]
pub struct Undeleted {
    /// Those that were restored.
    pub versions: Vec<VersionId>,
}
