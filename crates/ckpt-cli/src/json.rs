//! The documents that `--json` prints: every key, once.
//!
//! Keys are stable: they are added, never renamed or removed. Ids are whole, in hexadecimal; times
//! are RFC 3339 in UTC; sizes are bytes; a number that is not finite is null.

mod from_records;
mod help;
mod lineage;
mod merge;
mod models;
mod refs;
mod space;

use std::collections::BTreeMap;

use ckpt_hash::{CodeId, DataId, ModelId, NoteId, RecipeId, StateId, TreeHash, VersionId};
use ckpt_tensor::Dtype;
use serde::Serialize;
use serde_json::Value;

pub(crate) use self::{
    from_records::{data, files, role, tensors, value},
    help::{Completions, ManPage, ManPages},
    lineage::Lineage,
    merge::{Merge, Parts, Replay, Tally},
    models::Model,
    refs::{AuditMove, AuditRef, GuardChange, Guards, Move, Ref, action, evidence},
    space::{Gc, GcPlan, Prune, Undeletable, Undeleted},
};

/// What `init` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Init {
    /// The repository's own folder.
    pub(crate) repository: String,
    /// The current branch.
    pub(crate) branch: String,
}

/// What `report` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The file.
    pub(crate) report: String,
    /// How many versions it is about.
    pub(crate) versions: u64,
    pub(crate) bytes: u64,
}

/// One version: each line of `log`, and the start of what `commit` and `show` print.
#[derive(Debug, Serialize)]
pub(crate) struct VersionKeys {
    pub(crate) version: VersionId,
    /// The id of the weights.
    pub(crate) model: ModelId,
    /// The id of weights and optimizer state.
    pub(crate) state: StateId,
    pub(crate) parents: Vec<VersionId>,
    pub(crate) number: u64,
    /// The branch that was committed to, or that the revision names; else null.
    pub(crate) branch: Option<String>,
    pub(crate) time: Option<String>,
    pub(crate) author: String,
    pub(crate) message: String,
    /// Values by name: bool, number or text.
    pub(crate) params: BTreeMap<String, Value>,
    /// What notes say comes before what the version says.
    pub(crate) metrics: BTreeMap<String, f64>,
}

/// What `commit` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Commit {
    #[serde(flatten)]
    pub(crate) version: VersionKeys,
    /// The size of the files.
    pub(crate) logical_bytes: u64,
    /// What the repository grew by.
    pub(crate) stored_bytes: u64,
}

/// What `show` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Show {
    #[serde(flatten)]
    pub(crate) version: VersionKeys,
    /// The refs that point to the version.
    pub(crate) refs: Vec<Ref>,
    /// The id of all that went in.
    pub(crate) recipe: RecipeId,
    pub(crate) data: Vec<Data>,
    pub(crate) code: Option<CodeId>,
    pub(crate) seed: Option<u64>,
    /// The state that training continued from.
    pub(crate) parent_state: Option<StateId>,
    /// The models that this one was made from.
    pub(crate) bases: Vec<ModelId>,
    /// What was done about the conflicts of the merge that made it.
    pub(crate) merge: Option<String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) tensors: Vec<Tensor>,
    pub(crate) files: Vec<FileKeys>,
    /// What was added later, the newest first.
    pub(crate) notes: Vec<Note>,
}

/// A note, in `show`; what `note` prints after the version.
#[derive(Debug, Serialize)]
pub(crate) struct Note {
    pub(crate) note: NoteId,
    pub(crate) time: Option<String>,
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) metrics: BTreeMap<String, f64>,
    pub(crate) files: Vec<NoteFile>,
    /// `removed` or `kept`, if the note says what became of the version's content; else null.
    pub(crate) content: Option<&'static str>,
}

/// A file of a note.
#[derive(Debug, Serialize)]
pub(crate) struct NoteFile {
    pub(crate) path: String,
    pub(crate) bytes: u64,
}

/// What `note` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Noted {
    pub(crate) version: VersionId,
    #[serde(flatten)]
    pub(crate) note: Note,
}

/// A data set, in `show` and `compare`.
#[derive(Debug, Serialize)]
pub(crate) struct Data {
    pub(crate) name: String,
    pub(crate) id: DataId,
    /// Null where nobody said it, as is `preprocessing`.
    pub(crate) source: Option<String>,
    pub(crate) preprocessing: Option<String>,
}

/// A tensor, in `show`.
#[derive(Debug, Serialize)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<u64>,
    pub(crate) bytes: u64,
    /// `weights` or `state`.
    pub(crate) role: &'static str,
    /// The Merkle tree hash of its bytes.
    pub(crate) root: TreeHash,
}

/// A file, in `show`.
#[derive(Debug, Serialize)]
pub(crate) struct FileKeys {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// What found the tensors in it: `safetensors`, `opaque`.
    pub(crate) reader: String,
    pub(crate) reader_version: u16,
    /// Why the file, or a part of it, is opaque.
    pub(crate) note: Option<String>,
}

/// What `compare` prints for two versions; for more, a list of these.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// The first version.
    pub(crate) a: VersionId,
    /// The version that is compared with it.
    pub(crate) b: VersionId,
    pub(crate) same_model: bool,
    /// Whether weights and optimizer state are the same.
    pub(crate) same_state: bool,
    pub(crate) same_recipe: bool,
    /// Metrics that either has.
    pub(crate) metrics: BTreeMap<String, MetricPair>,
    /// Parameters that either has.
    pub(crate) params: BTreeMap<String, ValuePair>,
    pub(crate) seed: Sides<Option<u64>>,
    /// The state that training continued from.
    pub(crate) parent_state: Sides<Option<StateId>>,
    /// The models that it was made from.
    pub(crate) bases: Sameness<Vec<ModelId>>,
    pub(crate) data: Sameness<Vec<Data>>,
    pub(crate) code: Sameness<Option<CodeId>>,
    pub(crate) tensors: Vec<TensorChange>,
    pub(crate) files: Vec<FileChange>,
    /// Whether all that is required is met; null where nothing is.
    pub(crate) met: Option<bool>,
    /// What is required and not met.
    pub(crate) unmet: Vec<Unmet>,
}

/// Something that `compare` was to require and that is not met.
#[derive(Debug, Serialize)]
pub(crate) struct Unmet {
    /// `tensor` or `metric`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) condition: String,
    /// The values that decided, by name; null where there is none.
    pub(crate) values: BTreeMap<String, Option<f64>>,
}

/// A metric of two versions.
#[derive(Debug, Serialize)]
pub(crate) struct MetricPair {
    pub(crate) a: Option<f64>,
    pub(crate) b: Option<f64>,
    /// b - a.
    pub(crate) delta: Option<f64>,
    /// Which way is better, `lower` or `higher`; null where that is not known.
    pub(crate) better: Option<&'static str>,
    /// `same`, `better` or `worse`; of a measurement of unknown direction `faster` or `slower`; null
    /// where nothing can be said.
    pub(crate) verdict: Option<&'static str>,
    /// Where both versions also have a metric NAME.spread, the relative half-width of the
    /// measurement: whether the two values lie within both spreads of each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) within_spread: Option<bool>,
}

/// A parameter of two versions; null where a version lacks it.
#[derive(Debug, Serialize)]
pub(crate) struct ValuePair {
    pub(crate) a: Option<Value>,
    pub(crate) b: Option<Value>,
}

/// Something of two versions.
#[derive(Debug, Serialize)]
pub(crate) struct Sides<T> {
    pub(crate) a: T,
    pub(crate) b: T,
}

/// Something with an identity, of two versions.
#[derive(Debug, Serialize)]
pub(crate) struct Sameness<T> {
    pub(crate) same: bool,
    pub(crate) a: T,
    pub(crate) b: T,
}

/// A tensor of two versions.
#[derive(Debug, Serialize)]
pub(crate) struct TensorChange {
    pub(crate) name: String,
    /// `same`, `changed`, `added`, `removed`, `reshaped`, `retyped` or `renamed`.
    pub(crate) status: &'static str,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<u64>,
    /// `weights` or `state`.
    pub(crate) role: &'static str,
    /// The largest absolute difference; null where elements cannot be paired.
    pub(crate) max_abs: Option<f64>,
    /// The mean absolute difference, likewise.
    pub(crate) mean_abs: Option<f64>,
    /// The Euclidean norm of the difference, likewise.
    pub(crate) l2: Option<f64>,
    /// That norm divided by the one of the tensor in a, likewise.
    pub(crate) relative_l2: Option<f64>,
    /// The cosine of the angle between both, likewise.
    pub(crate) cosine: Option<f64>,
    /// The part of the elements whose bits differ, or of a retyped tensor whose values do, likewise.
    pub(crate) changed_fraction: Option<f64>,
    /// NaN and infinite elements of either; null where they were not read.
    pub(crate) nan_a: Option<u64>,
    pub(crate) nan_b: Option<u64>,
    pub(crate) inf_a: Option<u64>,
    pub(crate) inf_b: Option<u64>,
    /// Of a renamed tensor its name in a, of a reshaped one its shape there, of a retyped one its
    /// dtype there; else null.
    pub(crate) was: Option<Value>,
}

/// A file of two versions.
#[derive(Debug, Serialize)]
pub(crate) struct FileChange {
    pub(crate) path: String,
    /// `same`, `changed`, `added` or `removed`.
    pub(crate) status: &'static str,
    /// Its size in b, or in a if it was removed.
    pub(crate) bytes: u64,
}

/// What `restore` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Restore {
    pub(crate) version: VersionId,
    pub(crate) files: Vec<RestoredFile>,
}

/// A restored file.
#[derive(Debug, Serialize)]
pub(crate) struct RestoredFile {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// `written`, `kept` (it was there already) or `replaced`.
    pub(crate) action: &'static str,
}

/// What `verify` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Verify {
    /// Whether nothing is wrong.
    pub(crate) ok: bool,
    pub(crate) objects: u64,
    /// What the objects hold when decoded.
    pub(crate) bytes: u64,
    pub(crate) versions: u64,
    pub(crate) damage: Vec<Damage>,
}

/// What `verify --repair` prints: what is left, and what was done.
#[derive(Debug, Serialize)]
pub(crate) struct Repair {
    #[serde(flatten)]
    pub(crate) verify: Verify,
    /// The packs that were set aside.
    pub(crate) set_aside: Vec<String>,
    /// The versions that lack a part.
    pub(crate) versions_harmed: Vec<VersionId>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize)]
pub(crate) struct Damage {
    /// The file, object or ref.
    pub(crate) place: String,
    pub(crate) what: String,
    /// The versions that cannot be restored because of it.
    pub(crate) versions: Vec<VersionId>,
}

/// What `switch` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Switch {
    /// The current branch now.
    pub(crate) branch: String,
    /// The current branch before.
    pub(crate) from: Option<String>,
    /// The newest version of the branch; null before its first one.
    pub(crate) version: Option<VersionId>,
}

/// What `stat` prints for each version and tensor; numbers are null where they are not known.
#[derive(Debug, Serialize)]
pub(crate) struct TensorStatistics {
    pub(crate) version: VersionId,
    pub(crate) number: u64,
    /// The name of the tensor.
    pub(crate) tensor: String,
    /// `weights` or `state`.
    pub(crate) role: &'static str,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<u64>,
    /// Whether the version's content was removed.
    pub(crate) removed: bool,
    /// Elements; NaN and infinite ones count in `nan` and `inf` and in no other number.
    pub(crate) count: Option<u64>,
    pub(crate) l2: Option<f64>,
    pub(crate) rms: Option<f64>,
    pub(crate) max_abs: Option<f64>,
    pub(crate) mean: Option<f64>,
    pub(crate) std: Option<f64>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) zeros: Option<u64>,
    pub(crate) nan: Option<u64>,
    pub(crate) inf: Option<u64>,
    /// The norm of the change from the first parent, divided by the norm there.
    pub(crate) update: Option<f64>,
}
