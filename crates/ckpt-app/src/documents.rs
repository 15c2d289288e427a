//! The documents that `--json` prints: every key, once.
//!
//! Keys are stable: they are added, never renamed or removed. Ids are whole, in hexadecimal; times
//! are RFC 3339 in UTC; sizes are bytes; a number that is not finite is null.

#![expect(missing_docs, reason = "a key is what it is called; what is more than that is said")]

mod from_records;
mod help;
mod lineage;
mod merge;
mod models;
mod refs;
mod space;

use std::collections::BTreeMap;

use ckpt_hash::{AnnotationId, CodeId, DataId, ModelId, RecipeId, StateId, TreeHash, VersionId};
use ckpt_tensor::Dtype;
use serde::Serialize;
use serde_json::Value;

pub use self::{
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
pub struct Init {
    /// The repository's own folder.
    pub repository: String,
    /// The current branch.
    pub branch: String,
}

/// What `report` prints.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The file.
    pub report: String,
    /// How many versions it is about.
    pub versions: u64,
    pub bytes: u64,
}

/// One version: each line of `log`, and the start of what `commit` and `show` print.
#[derive(Debug, Serialize)]
pub struct VersionKeys {
    pub version: VersionId,
    /// The id of the weights.
    pub model: ModelId,
    /// The id of weights and optimizer state.
    pub state: StateId,
    pub parents: Vec<VersionId>,
    pub number: u64,
    /// The branch that was committed to, or that the revision names; else null.
    pub branch: Option<String>,
    pub time: Option<String>,
    pub author: String,
    pub message: String,
    /// Values by name: bool, number or text.
    pub params: BTreeMap<String, Value>,
    /// What notes say comes before what the version says.
    pub metrics: BTreeMap<String, f64>,
}

/// What `commit` prints.
#[derive(Debug, Serialize)]
pub struct Commit {
    #[serde(flatten)]
    pub version: VersionKeys,
    /// The size of the files.
    pub logical_bytes: u64,
    /// What the repository grew by.
    pub stored_bytes: u64,
}

/// What `show` prints.
#[derive(Debug, Serialize)]
pub struct Show {
    #[serde(flatten)]
    pub version: VersionKeys,
    /// The refs that point to the version.
    pub refs: Vec<Ref>,
    /// The id of all inputs.
    pub recipe: RecipeId,
    pub data: Vec<Data>,
    pub code: Option<CodeId>,
    pub seed: Option<u64>,
    /// The state that training continued from.
    pub parent_state: Option<StateId>,
    /// The models that this one was made from.
    pub bases: Vec<ModelId>,
    /// What was done about the conflicts of the merge that made it.
    pub merge: Option<String>,
    pub environment: BTreeMap<String, String>,
    pub tensors: Vec<Tensor>,
    pub files: Vec<FileKeys>,
    /// What was added later, the last one first.
    pub notes: Vec<Note>,
    /// What became of the content in this repository, the newest first.
    pub removals: Vec<Removal>,
}

/// A note, in `show`; what `note` prints after the version.
#[derive(Debug, Serialize)]
pub struct Note {
    pub note: AnnotationId,
    pub time: Option<String>,
    pub author: String,
    pub text: String,
    pub metrics: BTreeMap<String, f64>,
    pub files: Vec<NoteFile>,
}

/// What became of the content of a version, in `show`.
#[derive(Debug, Serialize)]
pub struct Removal {
    /// `removed` or `kept`.
    pub content: &'static str,
    pub time: Option<String>,
    pub author: String,
    pub reason: String,
}

/// A file of a note.
#[derive(Debug, Serialize)]
pub struct NoteFile {
    pub path: String,
    pub bytes: u64,
}

/// What `note` prints.
#[derive(Debug, Serialize)]
pub struct Noted {
    pub version: VersionId,
    #[serde(flatten)]
    pub note: Note,
}

/// A data set, in `show` and `compare`.
#[derive(Debug, Serialize)]
pub struct Data {
    pub name: String,
    pub id: DataId,
    /// Null where nobody said it, as is `preprocessing`.
    pub source: Option<String>,
    pub preprocessing: Option<String>,
}

/// A tensor, in `show`.
#[derive(Debug, Serialize)]
pub struct Tensor {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<u64>,
    pub bytes: u64,
    /// `weights` or `state`.
    pub role: &'static str,
    /// The Merkle tree hash of its bytes.
    pub root: TreeHash,
}

/// A file, in `show`.
#[derive(Debug, Serialize)]
pub struct FileKeys {
    pub path: String,
    pub bytes: u64,
    /// What found the tensors in it: `safetensors`, `opaque`.
    pub reader: String,
    pub reader_version: u16,
    /// Why the file, or a part of it, is opaque.
    pub note: Option<String>,
}

/// What `compare` prints for two versions; for more, a list of these.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// The first version.
    pub a: VersionId,
    /// The version that is compared with it.
    pub b: VersionId,
    pub same_model: bool,
    /// Whether weights and optimizer state are the same.
    pub same_state: bool,
    pub same_recipe: bool,
    /// Metrics that either has.
    pub metrics: BTreeMap<String, MetricPair>,
    /// Parameters that either has.
    pub params: BTreeMap<String, ValuePair>,
    pub seed: Sides<Option<u64>>,
    /// The state that training continued from.
    pub parent_state: Sides<Option<StateId>>,
    /// The models that it was made from.
    pub bases: Sameness<Vec<ModelId>>,
    pub data: Sameness<Vec<Data>>,
    pub code: Sameness<Option<CodeId>>,
    pub tensors: Vec<TensorChange>,
    pub files: Vec<FileChange>,
    /// Whether all that is required is met; null where nothing is.
    pub met: Option<bool>,
    /// What is required and not met.
    #[serde(rename = "unmet")]
    pub failed: Vec<FailedCheck>,
}

/// Something that `compare` was to require and that is not met.
#[derive(Debug, Serialize)]
pub struct FailedCheck {
    /// `tensor` or `metric`.
    pub kind: &'static str,
    pub name: String,
    pub condition: String,
    /// The values that decided, by name; null where there is none.
    pub values: BTreeMap<String, Option<f64>>,
}

/// A metric of two versions.
#[derive(Debug, Serialize)]
pub struct MetricPair {
    pub a: Option<f64>,
    pub b: Option<f64>,
    /// b - a.
    pub delta: Option<f64>,
    /// Which way is better, `lower` or `higher`; null where that is not known.
    pub better: Option<&'static str>,
    /// `same`, `better` or `worse`; of a measurement of unknown direction `faster` or `slower`; null
    /// where nothing can be said.
    pub verdict: Option<&'static str>,
    /// Where both versions also have a metric NAME.spread, the relative half-width of the
    /// measurement: whether the two values lie within both spreads of each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_spread: Option<bool>,
}

/// A parameter of two versions; null where a version lacks it.
#[derive(Debug, Serialize)]
pub struct ValuePair {
    pub a: Option<Value>,
    pub b: Option<Value>,
}

/// Something of two versions.
#[derive(Debug, Serialize)]
pub struct Sides<T> {
    pub a: T,
    pub b: T,
}

/// Something with an identity, of two versions.
#[derive(Debug, Serialize)]
pub struct Sameness<T> {
    pub same: bool,
    pub a: T,
    pub b: T,
}

/// A tensor of two versions.
#[derive(Debug, Serialize)]
pub struct TensorChange {
    pub name: String,
    /// `same`, `changed`, `added`, `removed`, `reshaped`, `retyped` or `renamed`.
    pub status: &'static str,
    pub dtype: Dtype,
    pub shape: Vec<u64>,
    /// `weights` or `state`.
    pub role: &'static str,
    /// The largest absolute difference; null where elements cannot be paired.
    pub max_abs: Option<f64>,
    /// The mean absolute difference, likewise.
    pub mean_abs: Option<f64>,
    /// The Euclidean norm of the difference, likewise.
    pub l2: Option<f64>,
    /// That norm divided by the one of the tensor in a, likewise.
    pub relative_l2: Option<f64>,
    /// The cosine of the angle between both, likewise.
    pub cosine: Option<f64>,
    /// The part of the elements whose bits differ, or of a retyped tensor whose values do, likewise.
    pub changed_fraction: Option<f64>,
    /// NaN and infinite elements of either; null where they were not read.
    pub nan_a: Option<u64>,
    pub nan_b: Option<u64>,
    pub inf_a: Option<u64>,
    pub inf_b: Option<u64>,
    /// Of a renamed tensor its name in a, of a reshaped one its shape there, of a retyped one its
    /// dtype there; else null.
    pub was: Option<Value>,
}

/// A file of two versions.
#[derive(Debug, Serialize)]
pub struct FileChange {
    pub path: String,
    /// `same`, `changed`, `added` or `removed`.
    pub status: &'static str,
    /// Its size in b, or in a if it was removed.
    pub bytes: u64,
}

/// What `restore` prints.
#[derive(Debug, Serialize)]
pub struct Restore {
    pub version: VersionId,
    pub files: Vec<RestoredFile>,
}

/// A restored file.
#[derive(Debug, Serialize)]
pub struct RestoredFile {
    pub path: String,
    pub bytes: u64,
    /// `written`, `kept` (it was there already) or `replaced`.
    pub action: &'static str,
}

/// What `verify` prints.
#[derive(Debug, Serialize)]
pub struct Verify {
    /// Whether nothing is wrong.
    pub ok: bool,
    pub objects: u64,
    /// What the objects hold when decoded.
    pub bytes: u64,
    pub versions: u64,
    pub damage: Vec<Damage>,
}

/// What `verify --repair` prints: what is left, and what was done.
#[derive(Debug, Serialize)]
pub struct Repair {
    #[serde(flatten)]
    pub verify: Verify,
    /// The packs that were moved there.
    pub set_aside: Vec<String>,
    /// The versions that lack a part.
    pub versions_harmed: Vec<VersionId>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize)]
pub struct Damage {
    /// The file, object or ref.
    pub place: String,
    pub what: String,
    /// The versions that cannot be restored because of it.
    pub versions: Vec<VersionId>,
}

/// What `switch` prints.
#[derive(Debug, Serialize)]
pub struct Switch {
    /// The current branch now.
    pub branch: String,
    /// The current branch before.
    pub from: Option<String>,
    /// The newest version of the branch; null before its first one.
    pub version: Option<VersionId>,
}

/// What `stat` prints for each version and tensor; numbers are null where they are not known.
#[derive(Debug, Serialize)]
pub struct TensorStatistics {
    pub version: VersionId,
    pub number: u64,
    /// The name of the tensor.
    pub tensor: String,
    /// `weights` or `state`.
    pub role: &'static str,
    pub dtype: Dtype,
    pub shape: Vec<u64>,
    /// Whether the version's content was removed.
    pub removed: bool,
    /// Elements; NaN and infinite ones count in `nan` and `inf` and in no other number.
    pub count: Option<u64>,
    pub l2: Option<f64>,
    pub rms: Option<f64>,
    pub max_abs: Option<f64>,
    pub mean: Option<f64>,
    pub std: Option<f64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub zeros: Option<u64>,
    pub nan: Option<u64>,
    pub inf: Option<u64>,
    /// The norm of the change from the first parent, divided by the norm there.
    pub update: Option<f64>,
}
