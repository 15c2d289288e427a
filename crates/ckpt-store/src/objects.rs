//! Typed reading of objects: records and content, each checked against its id.

use std::sync::Arc;

use ckpt_hash::{
    CheckpointId, LEAF_LEN, LeafHash, MoveId, NoteId, RecipeId, TreeHash, TreeHasher, VersionId,
};

use crate::{
    disk::Disk,
    error::{Error, Result},
    object::ObjectId,
    pack::set::PackSet,
    record::{
        self, CheckpointRecord, ChunkRecord, ChunksRecord, LeavesRecord, MoveRecord, NoteRecord,
        RecipeRecord, Record, SegmentRecord, TensorRecord, VersionRecord,
    },
};

/// Reads objects from all packs of a repository.
#[derive(Debug)]
pub(crate) struct Objects {
    pub(crate) packs: PackSet,
}

/// Takes two blocks that stand beside each other.
pub(crate) type PairSink<'a> = dyn FnMut(&[u8], &[u8]) -> Result<()> + 'a;

/// Where a piece of content ends and which block holds it.
struct Piece {
    hash: LeafHash,
    len: u64,
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

    pub(crate) fn note(&self, id: &NoteId) -> Result<NoteRecord> {
        self.record((*id).into())
    }

    fn record<R: Record>(&self, id: ObjectId) -> Result<R> {
        debug_assert_eq!(id.kind, R::KIND);
        let bytes = self.packs.read(&id)?;
        record::decode(&bytes).map_err(|error| Error::damaged(id.to_string(), error.to_string()))
    }

    /// Gives content to `sink`, block by block in order, each block checked against its hash.
    ///
    /// For content cut into chunks the whole is known to be right only when this returns: a sink
    /// must not act on what it was given before that.
    pub(crate) fn read_content(
        &self,
        content: Content,
        sink: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let pieces = self.pieces(content)?;
        let chunked = content.cut == Cut::ByContent && content.list().is_some();
        let mut hasher = chunked.then(TreeHasher::new);
        for piece in &pieces {
            let bytes = self.read_block(piece)?;
            if let Some(hasher) = &mut hasher {
                hasher.update(&bytes);
            }
            sink(&bytes)?;
        }
        match hasher.map(TreeHasher::finish) {
            Some(root) if root != content.root => Err(not_its_content(&content.root)),
            _ => Ok(()),
        }
    }

    /// Returns the blocks that a chunk list names.
    pub(crate) fn chunks(&self, root: &TreeHash) -> Result<Vec<ObjectId>> {
        let pieces = self.chunk_pieces(ObjectId::chunks(root))?;
        Ok(pieces.iter().map(|piece| ObjectId::block(&piece.hash)).collect())
    }

    /// Reads all chunks of a chunk list, whatever content needs it, and checks them against its id.
    pub(crate) fn check_chunks(&self, root: &TreeHash) -> Result<()> {
        let mut hasher = TreeHasher::new();
        for piece in self.chunk_pieces(ObjectId::chunks(root))? {
            hasher.update(&self.read_block(&piece)?);
        }
        if hasher.finish() == *root { Ok(()) } else { Err(not_its_content(root)) }
    }

    /// Gives two contents of one length and one cut to `sink`, block beside block.
    pub(crate) fn read_pair(&self, a: Content, b: Content, sink: &mut PairSink<'_>) -> Result<()> {
        for (a, b) in self.pieces(a)?.iter().zip(self.pieces(b)?) {
            let left = self.read_block(a)?;
            // Equal blocks are read once.
            if a.hash == b.hash { sink(&left, &left)? } else { sink(&left, &self.read_block(&b)?)? }
        }
        Ok(())
    }

    fn read_block(&self, piece: &Piece) -> Result<Vec<u8>> {
        let id = ObjectId::block(&piece.hash);
        let bytes = self.packs.read(&id)?;
        if bytes.len() as u64 == piece.len {
            return Ok(bytes);
        }
        let what = format!("it has {} bytes in place of {}", bytes.len(), piece.len);
        Err(Error::damaged(id.to_string(), what))
    }

    /// Names every object that content consists of, its list included.
    pub(crate) fn content_objects(&self, content: Content) -> Result<Vec<ObjectId>> {
        Ok(content.list().into_iter().chain(self.blocks(content)?).collect())
    }

    /// Names the blocks that content consists of, in order.
    pub(crate) fn blocks(&self, content: Content) -> Result<Vec<ObjectId>> {
        Ok(self.pieces(content)?.iter().map(|piece| ObjectId::block(&piece.hash)).collect())
    }

    fn pieces(&self, content: Content) -> Result<Vec<Piece>> {
        let Content { root, len, cut } = content;
        let Some(list) = content.list() else {
            let hash = LeafHash::from_digest(*root.digest());
            return Ok(if len == 0 { Vec::new() } else { vec![Piece { hash, len }] });
        };
        let damaged = |what: String| Err(Error::damaged(list.to_string(), what));
        match cut {
            Cut::Fixed => {
                let LeavesRecord { leaves } = self.record(list)?;
                let expected = len.div_ceil(LEAF_LEN as u64);
                if leaves.len() as u64 != expected {
                    return damaged(format!(
                        "it has {} leaves in place of {expected}",
                        leaves.len()
                    ));
                }
                let starts = (0..len).step_by(LEAF_LEN);
                let piece = |(hash, start): (LeafHash, u64)| Piece {
                    hash,
                    len: (len - start).min(LEAF_LEN as u64),
                };
                Ok(leaves.into_iter().zip(starts).map(piece).collect())
            }
            Cut::ByContent => {
                let pieces = self.chunk_pieces(list)?;
                let total: u64 = pieces.iter().map(|piece| piece.len).sum();
                if total != len {
                    return damaged(format!("it covers {total} bytes in place of {len}"));
                }
                Ok(pieces)
            }
        }
    }

    fn chunk_pieces(&self, list: ObjectId) -> Result<Vec<Piece>> {
        let ChunksRecord { chunks } = self.record(list)?;
        if chunks.iter().any(|chunk| chunk.len == 0) {
            return Err(Error::damaged(list.to_string(), "it has an empty chunk"));
        }
        let piece = |c: ChunkRecord| Piece { hash: c.hash, len: u64::from(c.len) };
        Ok(chunks.into_iter().map(piece).collect())
    }
}

fn not_its_content(root: &TreeHash) -> Error {
    let list = ObjectId::chunks(root).to_string();
    Error::damaged(list, "its chunks do not make up its content")
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

impl TensorRecord {
    /// Names the bytes of the tensor.
    pub(crate) fn content(&self) -> Content {
        Content { root: self.root, len: self.len, cut: Cut::Fixed }
    }
}

impl SegmentRecord {
    /// Names the bytes of the segment; `None` for a tensor that the checkpoint does not have.
    pub(crate) fn content(&self, tensors: &[TensorRecord]) -> Option<Content> {
        match self {
            Self::Opaque { len, root } => {
                Some(Content { root: *root, len: *len, cut: Cut::ByContent })
            }
            Self::Tensor { index } => tensors.get(*index as usize).map(TensorRecord::content),
        }
    }
}

impl Content {
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
