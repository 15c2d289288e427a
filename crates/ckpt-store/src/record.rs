//! The records of the store. docs/format.md describes their bytes, whose fields come in the order
//! below.

use std::collections::BTreeMap;

use ckpt_hash::{
    AnnotationId, CheckpointId, CodeId, DataId, JournalId, ModelId, MoveId, RecipeId, StateId,
    TreeHash, VersionId,
};
use ckpt_pack::{
    ObjectKind,
    wire::{self, Record},
};
use ckpt_tensor::Dtype;
use serde::{Deserialize, Serialize};

use crate::signature::Signature;

pub use ckpt_pack::wire::MAX_RECORD;

/// What a tensor is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Part of the model.
    Weights,
    /// What else training needs, such as the moments of an optimizer.
    State,
}

/// One tensor of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorRecord {
    /// As in the file; `path::name` where several files hold a tensor of that name.
    pub name: String,
    /// The element type.
    pub dtype: Dtype,
    /// The extents, outermost first.
    pub shape: Vec<u64>,
    /// Weights or state.
    pub role: Role,
    /// Bytes of the content.
    pub len: u64,
    /// The content: row-major, little-endian.
    pub root: TreeHash,
}

/// One file of a checkpoint: segments that follow each other without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Relative to the folder that a restore fills, parts separated by `/`.
    pub path: String,
    /// The reader that found the segments.
    pub reader: String,
    /// The version of that reader.
    pub reader_version: u16,
    /// Why the file, or a part of it, is opaque.
    pub note: Option<String>,
    /// The content.
    pub segments: Vec<SegmentRecord>,
}

impl VersionRecord {
    /// Returns who made the version, and when.
    pub fn signature(&self) -> Signature {
        Signature::new(self.author.clone(), self.time_ms)
    }

    /// Returns the number of a version by the bytes of its record; `None` if they are none.
    pub(crate) fn number_of(bytes: &[u8]) -> Option<u64> {
        wire::decode::<Self>(bytes).ok().map(|version| version.number)
    }
}

impl FileRecord {
    /// Returns the length of the file in bytes, given the tensors of its checkpoint.
    ///
    /// A segment that is none of these tensors counts nothing, and a sum beyond `u64::MAX` ends
    /// there: no version that can be restored has either.
    pub fn len(&self, tensors: &[TensorRecord]) -> u64 {
        let len = |segment: &SegmentRecord| match segment {
            SegmentRecord::Opaque { len, .. } => *len,
            SegmentRecord::Tensor { index } => {
                tensors.get(*index as usize).map_or(0, |tensor| tensor.len)
            }
            SegmentRecord::Tied { .. } => 0,
        };
        self.segments.iter().map(len).fold(0, u64::saturating_add)
    }
}

/// A run of bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SegmentRecord {
    /// Bytes that no reader explained: headers, padding, whole files.
    Opaque {
        /// How many.
        len: u64,
        /// Their tree hash.
        root: TreeHash,
    },
    /// A tensor of the checkpoint.
    Tensor {
        /// Its place in the checkpoint's list.
        index: u32,
    },
    /// A tensor of the checkpoint whose bytes are those of a tensor segment of this file: another
    /// name for tied weights. It takes no bytes of the file.
    Tied {
        /// Its place in the checkpoint's list.
        index: u32,
    },
}

/// Everything in a checkpoint: tensors sorted by name, files sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointRecord {
    /// The tensors.
    pub tensors: Vec<TensorRecord>,
    /// The files; none for a checkpoint made in memory. Tensors that no segment of them names were made
    /// in memory.
    pub files: Vec<FileRecord>,
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ParamValue {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Anything else.
    Text(String),
}

/// What users say of a data set; a text is empty where they say nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataLabel {
    /// What it is called.
    pub name: String,
    /// Where it came from.
    pub source: String,
    /// What was done to it before it had these values.
    pub preprocessing: String,
}

/// Inputs, of which the version that has it says more: see [`Recipe`](crate::Recipe).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecipeRecord {
    pub(crate) params: BTreeMap<String, ParamValue>,
    /// The fingerprints of the values of data sets.
    pub(crate) data: Vec<DataId>,
    pub(crate) code: Option<CodeId>,
    pub(crate) seed: Option<u64>,
    pub(crate) parent_state: Option<StateId>,
    pub(crate) bases: Vec<ModelId>,
    pub(crate) merge: Option<MergeRecord>,
}

/// How a version was merged. Who knows this and the three checkpoints can make it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MergeRecord {
    /// The content of the common ancestor; `None` where there was none.
    pub base: Option<CheckpointId>,
    /// The content of the first parent.
    pub ours: CheckpointId,
    /// The content of the second parent.
    pub theirs: CheckpointId,
    /// What was done about conflicts that no rule takes; `None` if there were none to be resolved.
    pub default: Option<StrategyRecord>,
    /// What was done about conflicts in names of a pattern; the first that matches counts.
    pub rules: Vec<(String, StrategyRecord)>,
}

/// What is made of a tensor that both sides of a merge changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum StrategyRecord {
    /// The first parent's.
    Ours,
    /// The second parent's.
    Theirs,
    /// The mean.
    Average {
        /// The part of the second parent, from 0 to 1.
        weight: f64,
    },
    /// The base and a multiple of each side's change.
    TaskArithmetic {
        /// What the first parent's change is multiplied by.
        ours: f64,
        /// What the second parent's change is multiplied by.
        theirs: f64,
    },
    /// The base and the changes trimmed to the largest, where they agree in sign.
    Ties {
        /// The part of each change that is kept, from 0 to 1.
        density: f64,
        /// What the joined change is multiplied by.
        scale: f64,
    },
    /// The point on the arc between the two.
    Slerp {
        /// How far towards the second parent, from 0 to 1.
        t: f64,
    },
}

/// One version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VersionRecord {
    /// The first parent's number plus one; 1 without parents.
    pub number: u64,
    /// The versions that it continues; the first is the one whose branch it is on.
    pub parents: Vec<VersionId>,
    /// An ancestor far back, by the rule of the module `history`.
    pub skip: Option<VersionId>,
    /// The content.
    pub checkpoint: CheckpointId,
    /// The weights of the content.
    pub model: ModelId,
    /// The weights and the state of the content.
    pub state: StateId,
    /// Inputs.
    pub recipe: RecipeId,
    /// What users say of the data sets of the recipe, in its order.
    pub data: Vec<DataLabel>,
    /// Metrics; finite or not.
    pub metrics: BTreeMap<String, f64>,
    /// Who made it.
    pub author: String,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub time_ms: i64,
    /// Why.
    pub message: String,
    /// Where: machine, tools, revision of the code.
    pub environment: BTreeMap<String, String>,
}

/// A version and its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// The id.
    pub id: VersionId,
    /// What it says.
    pub record: VersionRecord,
}

/// What a move did to its ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoveKind {
    /// New versions were committed.
    Commit,
    /// The ref was made, or set by hand.
    Set,
    /// The ref went back.
    Rollback,
    /// The ref was deleted.
    Delete,
    /// The ref was moved through a gate.
    Promote,
    /// The guards of the ref were changed; it stays where it is.
    Guard,
    /// Another repository sent what the ref points to now.
    Push,
    /// What the ref points to now was taken from another repository.
    Fetch,
}

/// A condition that a move was asked to meet, and what was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CheckResult {
    /// The condition.
    pub condition: String,
    /// Whether it held; a move whose evidence says no was made in spite of it.
    pub met: bool,
    /// The values that decided it, by the terms that name them; `None` where there was no value.
    pub values: BTreeMap<String, Option<f64>>,
}

/// One change of one ref.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MoveRecord {
    /// The ref's full name, such as `refs/heads/main`.
    pub name: String,
    /// What was done.
    pub kind: MoveKind,
    /// Where the ref pointed before.
    pub from: Option<VersionId>,
    /// Where it points now.
    pub to: Option<VersionId>,
    /// The ref's move before this one.
    pub previous: Option<MoveId>,
    /// Who.
    pub author: String,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub time_ms: i64,
    /// Why.
    pub reason: String,
    /// The conditions that later moves of the ref must meet.
    pub guards: Vec<String>,
    /// The conditions that this move was asked to meet.
    pub evidence: Vec<CheckResult>,
}

/// What was added to versions after they were made. Repositories share it: its id is the hash of what
/// it says, and it knows nothing of other annotations but how many it comes after.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AnnotationRecord {
    /// The versions, sorted, none twice.
    pub versions: Vec<VersionId>,
    /// Greater than that of every annotation on one of the versions that its author knew: a Lamport
    /// counter from 1.
    pub sequence: u64,
    /// Metrics; they count before those of the version and of earlier annotations.
    pub metrics: BTreeMap<String, f64>,
    /// Text.
    pub text: String,
    /// Files, each opaque.
    pub files: Vec<FileRecord>,
    /// Who.
    pub author: String,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub time_ms: i64,
}

/// An entry of the journal of one repository: what came to it, and what was removed from it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct JournalRecord {
    /// The entry before this one.
    pub previous: Option<JournalId>,
    /// Annotations that came.
    pub annotations: Vec<AnnotationId>,
    /// Content that was removed or restored.
    pub removals: Vec<RemovalRecord>,
}

/// Says what became of the content of versions in one repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RemovalRecord {
    /// The versions.
    pub versions: Vec<VersionId>,
    /// What became of it.
    pub content: ContentChange,
    /// Why.
    pub reason: String,
    /// Who.
    pub author: String,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub time_ms: i64,
}

/// What became of the content of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContentChange {
    /// It was removed to save space.
    Removed,
    /// It was restored, and stays until it is removed again.
    Kept,
}

macro_rules! record {
    ($($record:ident => $kind:ident, $bulk:literal;)*) => {
        $(impl Record for $record {
            const KIND: ObjectKind = ObjectKind::$kind;
            const BULK: &'static str = $bulk;
        })*
    };
}

record! {
    CheckpointRecord => Checkpoint, "the list of tensors and files";
    VersionRecord => Version, "what describes the version (metrics, message, environment)";
    RecipeRecord => Recipe, "inputs (parameters and data)";
    MoveRecord => Move, "the reason of the move";
    AnnotationRecord => Annotation, "the note";
    JournalRecord => Journal, "the entry of the journal";
}

#[cfg(test)]
mod tests {
    use ckpt_hash::tree_hash;
    use ckpt_pack::wire::{RecordError, SURELY_DECODES, decode, encode};

    use super::*;

    #[test]
    fn lengths_of_files_do_not_overflow() {
        let segment = SegmentRecord::Opaque { len: u64::MAX, root: tree_hash(b"x") };
        let file = FileRecord {
            path: "a".to_owned(),
            reader: "opaque".to_owned(),
            reader_version: 1,
            note: None,
            segments: vec![segment.clone(), segment],
        };
        assert_eq!(file.len(&[]), u64::MAX);
    }

    fn scalar(extents: usize) -> CheckpointRecord {
        let tensor = TensorRecord {
            name: "w".to_owned(),
            dtype: Dtype::U8,
            shape: vec![1; extents],
            role: Role::Weights,
            len: 1,
            root: tree_hash(&[7]),
        };
        CheckpointRecord { tensors: vec![tensor], files: Vec::new() }
    }

    #[test]
    fn what_encodes_decodes() {
        // A number claims 8 bytes and takes one here, the worst case.
        let most = scalar(SURELY_DECODES - 100);
        let bytes = encode(&most).unwrap();
        assert!(bytes.len() <= SURELY_DECODES);
        assert_eq!(decode::<CheckpointRecord>(&bytes).unwrap(), most);
        let what = "the list of tensors and files";
        let limit = MAX_RECORD;
        assert_eq!(encode(&scalar(SURELY_DECODES)), Err(RecordError::TooLarge { what, limit }));
    }

    #[test]
    fn text_may_be_longer_than_numbers() {
        let message = "x".repeat(2 * SURELY_DECODES);
        let record = MoveRecord {
            name: "refs/heads/main".to_owned(),
            kind: MoveKind::Set,
            from: None,
            to: None,
            previous: None,
            author: String::new(),
            time_ms: 0,
            reason: message,
            guards: Vec::new(),
            evidence: Vec::new(),
        };
        let bytes = encode(&record).unwrap();
        assert_eq!(decode::<MoveRecord>(&bytes).unwrap(), record);
    }
}
