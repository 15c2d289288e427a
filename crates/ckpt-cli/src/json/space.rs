//! What the commands print that take content away and bring it back.

use ckpt_hash::VersionId;
use ckpt_store::Rule;
use serde::Serialize;

use crate::format;

/// What `gc` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Gc {
    /// Versions that lost their content because no ref leads to them.
    pub(crate) unreachable: Vec<VersionId>,
    /// Packs that were replaced.
    pub(crate) packs: u64,
    pub(crate) pack_bytes: u64,
    /// Bytes of what took their place.
    pub(crate) written_bytes: u64,
    pub(crate) saved_bytes: u64,
    /// Packs that were removed from trash for good.
    pub(crate) removed: u64,
    pub(crate) removed_bytes: u64,
    /// Small packs that were merged.
    pub(crate) merged: u64,
}

impl From<ckpt_store::GcReport> for Gc {
    fn from(report: ckpt_store::GcReport) -> Self {
        Self {
            saved_bytes: report.saved_bytes(),
            unreachable: report.unreachable,
            packs: report.packs,
            pack_bytes: report.pack_bytes,
            written_bytes: report.written_bytes,
            removed: report.removed,
            removed_bytes: report.removed_bytes,
            merged: report.merged,
        }
    }
}

/// What `gc --plan` prints.
#[derive(Debug, Serialize)]
pub(crate) struct GcPlan {
    pub(crate) unreachable: Vec<VersionId>,
    /// Blocks and lists that would go to trash, and what they take.
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
    /// Packs that would be written anew.
    pub(crate) packs: u64,
    pub(crate) pack_bytes: u64,
    /// Packs that would be removed from trash for good.
    pub(crate) expired: u64,
    pub(crate) expired_bytes: u64,
}

impl From<ckpt_store::GcPlan> for GcPlan {
    fn from(plan: ckpt_store::GcPlan) -> Self {
        let ckpt_store::GcPlan {
            unreachable,
            objects,
            bytes,
            packs,
            pack_bytes,
            expired,
            expired_bytes,
        } = plan;
        Self { unreachable, objects, bytes, packs, pack_bytes, expired, expired_bytes }
    }
}

/// What `prune --plan` prints.
#[derive(Debug, Serialize)]
pub(crate) struct PrunePlan {
    pub(crate) versions: Vec<PlannedVersion>,
    pub(crate) dropped: Vec<VersionId>,
    /// What dropping them frees, an estimate.
    pub(crate) bytes: u64,
}

/// One version of a plan.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedVersion {
    pub(crate) version: VersionId,
    pub(crate) number: u64,
    pub(crate) time: Option<String>,
    /// The rules, as people read them; none for a version that is dropped.
    pub(crate) kept_by: Vec<String>,
    /// What dropping it alone would free.
    pub(crate) bytes: u64,
}

impl From<&ckpt_store::PrunePlan> for PrunePlan {
    fn from(plan: &ckpt_store::PrunePlan) -> Self {
        let version = |version: &ckpt_store::PlannedVersion| PlannedVersion {
            version: version.id,
            number: version.number,
            time: format::rfc3339(version.time_ms),
            kept_by: version.rules.iter().map(Rule::to_string).collect(),
            bytes: version.bytes,
        };
        Self {
            versions: plan.versions.iter().map(version).collect(),
            dropped: plan.dropped().map(|version| version.id).collect(),
            bytes: plan.bytes,
        }
    }
}

/// What `prune` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Prune {
    #[serde(flatten)]
    pub(crate) plan: PrunePlan,
    pub(crate) gc: Gc,
}

/// What `undelete REV` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Undeleted {
    /// The versions that had no content before.
    pub(crate) restored: Vec<VersionId>,
}

/// One element of what `undelete` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Undeletable {
    pub(crate) version: VersionId,
    /// Who removed its content, when and why.
    pub(crate) author: String,
    pub(crate) time: Option<String>,
    pub(crate) reason: String,
    /// When it will be too late; null while its packs are not in trash yet.
    pub(crate) until: Option<String>,
}

impl From<ckpt_store::Undeletable> for Undeletable {
    fn from(found: ckpt_store::Undeletable) -> Self {
        let ckpt_store::Removed { version, author, time_ms, reason } = found.removed;
        Self {
            version,
            author,
            time: format::rfc3339(time_ms),
            reason,
            until: found.until_ms.and_then(format::rfc3339),
        }
    }
}
