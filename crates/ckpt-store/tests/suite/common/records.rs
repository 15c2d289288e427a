//! Records as docs/format.md has them, for those that are made by hand.

use std::collections::BTreeMap;

use ckpt_hash::{
    AnnotationId, CheckpointId, CodeId, DataId, JournalId, ModelId, MoveId, RecipeId, StateId,
    VersionId,
};
use ckpt_store::{ContentChange, DataLabel, FileInfo, MergeInfo, MoveKind, ParamValue};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::by_hand::encode;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecipeRecord {
    pub(crate) params: BTreeMap<String, ParamValue>,
    pub(crate) data: Vec<DataId>,
    pub(crate) code: Option<CodeId>,
    pub(crate) seed: Option<u64>,
    pub(crate) parent_state: Option<StateId>,
    pub(crate) bases: Vec<ModelId>,
    pub(crate) merge: Option<MergeInfo>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct VersionRecord {
    pub(crate) number: u64,
    pub(crate) parents: Vec<VersionId>,
    pub(crate) skip: Option<VersionId>,
    pub(crate) checkpoint: CheckpointId,
    pub(crate) model: ModelId,
    pub(crate) state: StateId,
    pub(crate) recipe: RecipeId,
    pub(crate) data: Vec<DataLabel>,
    pub(crate) metrics: BTreeMap<String, f64>,
    pub(crate) author: String,
    pub(crate) time_ms: i64,
    pub(crate) message: String,
    pub(crate) environment: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CheckResult {
    pub(crate) condition: String,
    pub(crate) met: bool,
    pub(crate) values: BTreeMap<String, Option<f64>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MoveRecord {
    pub(crate) name: String,
    pub(crate) kind: MoveKind,
    pub(crate) from: Option<VersionId>,
    pub(crate) to: Option<VersionId>,
    pub(crate) previous: Option<MoveId>,
    pub(crate) author: String,
    pub(crate) time_ms: i64,
    pub(crate) reason: String,
    pub(crate) guards: Vec<String>,
    pub(crate) evidence: Vec<CheckResult>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct AnnotationRecord {
    pub(crate) versions: Vec<VersionId>,
    pub(crate) sequence: u64,
    pub(crate) metrics: BTreeMap<String, f64>,
    pub(crate) text: String,
    pub(crate) files: Vec<FileInfo>,
    pub(crate) author: String,
    pub(crate) time_ms: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct JournalRecord {
    pub(crate) previous: Option<JournalId>,
    pub(crate) annotations: Vec<AnnotationId>,
    pub(crate) removals: Vec<RemovalRecord>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RemovalRecord {
    pub(crate) versions: Vec<VersionId>,
    pub(crate) content: ContentChange,
    pub(crate) reason: String,
    pub(crate) author: String,
    pub(crate) time_ms: i64,
}

/// Gives what the store says of something as its record, to be changed and encoded again.
pub(crate) fn record_of<R: DeserializeOwned>(info: &impl Serialize) -> R {
    let bytes = encode(info);
    bincode::serde::decode_from_slice(&bytes[1..], bincode::config::standard()).unwrap().0
}
