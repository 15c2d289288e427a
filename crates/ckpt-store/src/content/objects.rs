//! Typed reading of objects: records and content, each checked against its id.

mod alongside;
mod read;

use self::read::Piece;
pub(crate) use self::{
    alongside::Together,
    read::{PartSink, Ranges},
};

use std::sync::Arc;

use ckpt_codec::Effort;
use ckpt_hash::{
    AnnotationId, CheckpointId, JournalId, LEAF_LEN, MoveId, RecipeId, TreeHash, VersionId,
    leaf_hash, merkle_root,
};
use ckpt_pack::{
    ObjectId, PackSet, codec,
    disk::Disk,
    wire::{self, Record},
};
use rayon::prelude::*;

use crate::{
    content::validate::check_fit,
    error::{Error, Result},
    record::{
        AnnotationRecord, CheckpointRecord, FileRecord, JournalRecord, MoveRecord, RecipeRecord,
        SegmentRecord, TensorRecord, VersionRecord,
    },
};

/// Reads objects from all packs of a repository.
#[derive(Debug)]
pub(crate) struct Objects {
    pub(crate) packs: PackSet,
}

impl Objects {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { packs: PackSet::new(disk) }
    }

    pub(crate) fn version(&self, id: &VersionId) -> Result<VersionRecord> {
        self.record((*id).into())
    }

    pub(crate) fn checkpoint(&self, id: &CheckpointId) -> Result<CheckpointRecord> {
        self.record((*id).into())
    }

    pub(crate) fn recipe(&self, id: &RecipeId) -> Result<RecipeRecord> {
        self.record((*id).into())
    }

    pub(crate) fn movement(&self, id: &MoveId) -> Result<MoveRecord> {
        self.record((*id).into())
    }

    pub(crate) fn annotation(&self, id: &AnnotationId) -> Result<AnnotationRecord> {
        self.record((*id).into())
    }

    pub(crate) fn journal(&self, id: &JournalId) -> Result<JournalRecord> {
        self.record((*id).into())
    }

    fn record<R: Record>(&self, id: ObjectId) -> Result<R> {
        debug_assert_eq!(id.kind, R::KIND);
        let bytes = self.packs.read(&id)?;
        wire::decode(&bytes).map_err(|error| Error::damaged(id.to_string(), error.to_string()))
    }

    /// Reads a checkpoint whose parts fit together: who computes with tensors relies on their bytes
    /// being as many as their shapes say.
    pub(crate) fn fitting_checkpoint(&self, id: &CheckpointId) -> Result<CheckpointRecord> {
        let checkpoint = self.checkpoint(id)?;
        let damaged = |what| Error::damaged(ObjectId::from(*id).to_string(), what);
        check_fit(&checkpoint).map_err(damaged)?;
        Ok(checkpoint)
    }

    /// Writes a record into a pack of its own and returns its id; durable when it returns.
    pub(crate) fn write_record<R: Record, I: Copy + Into<ObjectId>>(
        &self,
        record: &R,
        id_of: impl Fn(&[u8]) -> I,
    ) -> Result<I> {
        let bytes = wire::encode(record)?;
        let id = id_of(&bytes);
        let object = codec::encode(id.into(), &bytes, None, Effort::Default);
        let mut pack = self.packs.start()?;
        pack.push(&object.map_err(Error::Contents)?)?;
        self.packs.finish(pack)?;
        Ok(id)
    }

    /// Returns the blocks that a chunk list names.
    pub(crate) fn chunks(&self, root: &TreeHash) -> Result<Vec<ObjectId>> {
        Ok(self.chunk_pieces(ObjectId::chunks(root))?.iter().map(Piece::id).collect())
    }

    /// Names every object that content consists of, its list included.
    pub(crate) fn content_objects(&self, content: Content) -> Result<Vec<ObjectId>> {
        Ok(content.list().into_iter().chain(self.blocks(content)?).collect())
    }

    /// Names the blocks that content consists of, in order.
    pub(crate) fn blocks(&self, content: Content) -> Result<Vec<ObjectId>> {
        Ok(self.pieces(content)?.iter().map(Piece::id).collect())
    }
}

/// Names some content: a tensor's bytes, or an opaque part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Content {
    pub(crate) root: TreeHash,
    pub(crate) len: u64,
    pub(crate) cut: Cut,
}

/// How content longer than one leaf is cut into blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Cut {
    /// Into leaves.
    Fixed,
    /// Where the content says so.
    ByContent,
}

/// Computes the tree hash of `len` bytes, their leaves in parallel on the current rayon pool. `read`
/// is given the number of a leaf and the place for its bytes.
pub(crate) fn tree_root<E: Send>(
    len: u64,
    read: impl Fn(u64, &mut [u8]) -> Result<(), E> + Sync,
) -> Result<TreeHash, E> {
    let leaf = |index: u64| {
        let start = index * LEAF_LEN as u64;
        let mut bytes = vec![0; (len - start).min(LEAF_LEN as u64) as usize];
        read(index, &mut bytes)?;
        Ok(leaf_hash(&bytes))
    };
    let leaves = (0..len.div_ceil(LEAF_LEN as u64)).into_par_iter().map(leaf);
    Ok(merkle_root(&leaves.collect::<Result<Vec<_>, E>>()?))
}

impl TensorRecord {
    /// Tells whether another tensor has the same elements. What they are for is no part of that.
    pub(crate) fn has_elements_of(&self, other: &Self) -> bool {
        (self.dtype, &self.shape, self.root) == (other.dtype, &other.shape, other.root)
    }

    /// Names the bytes of the tensor.
    pub(crate) fn content(&self) -> Content {
        Content { root: self.root, len: self.len, cut: Cut::Fixed }
    }
}

impl CheckpointRecord {
    /// Names all content: that of the tensors, and the parts of files that are no tensors.
    pub(crate) fn contents(&self) -> impl Iterator<Item = Content> {
        self.tensors.iter().map(TensorRecord::content).chain(opaque(&self.files))
    }
}

/// Names the parts of files that are no tensors.
pub(crate) fn opaque(files: &[FileRecord]) -> impl Iterator<Item = Content> {
    let segments = files.iter().flat_map(|file| &file.segments);
    let opaque = segments.filter(|segment| matches!(segment, SegmentRecord::Opaque { .. }));
    opaque.filter_map(|segment| segment.content(&[]))
}

impl SegmentRecord {
    /// Names the bytes that the segment adds to its file; `None` for a tied tensor, which adds
    /// none, and for a tensor that the checkpoint does not have.
    pub(crate) fn content(&self, tensors: &[TensorRecord]) -> Option<Content> {
        match self {
            Self::Opaque { len, root } => {
                Some(Content { root: *root, len: *len, cut: Cut::ByContent })
            }
            Self::Tensor { index } => tensors.get(*index as usize).map(TensorRecord::content),
            Self::Tied { .. } => None,
        }
    }

    /// Returns the place of the tensor that the segment holds or names.
    pub(crate) fn tensor(&self) -> Option<u32> {
        match self {
            Self::Opaque { .. } => None,
            Self::Tensor { index } | Self::Tied { index } => Some(*index),
        }
    }
}

impl Content {
    /// Tells whether only all of it together shows that it is right.
    pub(crate) fn is_chunked(&self) -> bool {
        self.cut == Cut::ByContent && self.list().is_some()
    }

    /// Names the list of blocks of content longer than one leaf; shorter content is one block,
    /// whose leaf hash is the root.
    pub(crate) fn list(&self) -> Option<ObjectId> {
        let list = match self.cut {
            Cut::Fixed => ObjectId::leaves(&self.root),
            Cut::ByContent => ObjectId::chunks(&self.root),
        };
        (self.len > LEAF_LEN as u64).then_some(list)
    }
}
