//! Objects: their kinds and ids, how opaque content is cut into them, how records become bytes.

pub mod chunker;
pub mod lists;
pub mod wire;

use std::fmt;

use ckpt_hash::{
    AnnotationId, CheckpointId, Digest, JournalId, LeafHash, MoveId, RecipeId, TreeHash, VersionId,
};

/// The kind of an object. The numbers are part of the format and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ObjectKind {
    /// At most one leaf of logical bytes; its id is their leaf hash.
    Block = 1,
    /// The leaf hashes of longer content, cut at fixed places; its id is the content's tree hash.
    Leaves = 2,
    /// The chunks of longer opaque content, cut by content; its id is the content's tree hash.
    Chunks = 3,
    /// An encoded checkpoint record.
    Checkpoint = 4,
    /// An encoded version record.
    Version = 5,
    /// An encoded recipe record.
    Recipe = 6,
    /// An encoded move record.
    Move = 7,
    /// An encoded annotation record.
    Annotation = 8,
    /// An encoded journal record.
    Journal = 9,
}

impl ObjectKind {
    const ALL: [Self; 9] = [
        Self::Block,
        Self::Leaves,
        Self::Chunks,
        Self::Checkpoint,
        Self::Version,
        Self::Recipe,
        Self::Move,
        Self::Annotation,
        Self::Journal,
    ];

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == code)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Leaves => "leaf list",
            Self::Chunks => "chunk list",
            Self::Checkpoint => "checkpoint",
            Self::Version => "version",
            Self::Recipe => "recipe",
            Self::Move => "move",
            Self::Annotation => "annotation",
            Self::Journal => "journal entry",
        }
    }
}

/// Names one object: its digest and its kind, ordered by digest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// The SHA-256 that the object's logical bytes must have, in the manner of its kind.
    pub digest: Digest,
    /// The kind.
    pub kind: ObjectKind,
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:.12}", self.kind.name(), self.digest)
    }
}

impl ObjectId {
    /// Names the block with this leaf hash.
    pub fn block(leaf: &LeafHash) -> Self {
        Self { digest: *leaf.digest(), kind: ObjectKind::Block }
    }

    /// Names the leaf list of content with this tree hash.
    pub fn leaves(root: &TreeHash) -> Self {
        Self { digest: *root.digest(), kind: ObjectKind::Leaves }
    }

    /// Names the chunk list of content with this tree hash.
    pub fn chunks(root: &TreeHash) -> Self {
        Self { digest: *root.digest(), kind: ObjectKind::Chunks }
    }
}

macro_rules! from_id {
    ($id:ident, $kind:ident) => {
        impl From<$id> for ObjectId {
            fn from(id: $id) -> Self {
                Self { digest: *id.digest(), kind: ObjectKind::$kind }
            }
        }
    };
}

from_id!(CheckpointId, Checkpoint);
from_id!(VersionId, Version);
from_id!(RecipeId, Recipe);
from_id!(MoveId, Move);
from_id!(AnnotationId, Annotation);
from_id!(JournalId, Journal);
