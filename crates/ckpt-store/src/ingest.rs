//! Puts content into a pack: cuts it, hashes it, drops what is known, encodes the rest.
//!
//! Content is read in order into a buffer of bounded size; hashing and encoding of what is in the
//! buffer run in parallel on the current rayon pool. Memory use does not depend on the content.

use std::{
    collections::{BTreeMap, HashSet},
    ops::Range,
};

use ckpt_codec::Effort;
use ckpt_hash::{LEAF_LEN, LeafHash, TreeHash, TreeHasher, leaf_hash, merkle_root};
use ckpt_tensor::Dtype;
use rayon::prelude::*;

use crate::{
    chunker,
    codec::{self, Base, MAX_DEPTH},
    disk::ReadFile,
    error::{Doing, Error, Result},
    object::ObjectId,
    objects::{Content, Cut, Objects},
    pack::writer::PackWriter,
    record::{self, ChunkRecord, ChunksRecord, LeavesRecord, Record, TensorRecord},
};

/// Bytes read before they are hashed and encoded: enough for all cores, little beside a checkpoint.
const BATCH_LEN: usize = 32 << 20;

/// Fewest bytes of a block that may be stored as a difference: of less, the base's hash takes more
/// than a difference saves, and reading it takes two reads.
const MIN_DIFFERENCE: usize = 256;

/// A run of bytes to be stored as one content.
pub(crate) struct Span<'a> {
    /// What holds the bytes, and its name for messages.
    pub(crate) source: &'a dyn ReadFile,
    pub(crate) name: &'a str,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// `None` for opaque bytes.
    pub(crate) dtype: Option<Dtype>,
    /// The tensor's name, which the parent version may have too.
    pub(crate) tensor: Option<&'a str>,
}

/// Writes objects into one pack, leaving out what the repository already has.
pub(crate) struct Ingest<'a> {
    objects: &'a Objects,
    pub(crate) pack: PackWriter<'a>,
    effort: Effort,
    /// The tensors of the parent version, by name.
    bases: BTreeMap<String, TensorRecord>,
}

/// The blocks of one span so far.
#[derive(Default)]
struct Blocks {
    hashes: Vec<LeafHash>,
    lens: Vec<u32>,
    /// For content cut by content, whose tree hash does not follow from the blocks.
    whole: Option<TreeHasher>,
}

/// One block in the batch buffer.
struct Piece {
    span: usize,
    range: Range<usize>,
    dtype: Option<Dtype>,
    /// The block at the same place of the parent version's tensor.
    base: Option<ObjectId>,
}

/// Blocks that wait to be hashed and encoded.
#[derive(Default)]
struct Batch {
    /// The blocks, and after them what was read of the current span but is in no block yet.
    buffer: Vec<u8>,
    /// Where the last block ends.
    end: usize,
    pieces: Vec<Piece>,
}

impl<'a> Ingest<'a> {
    pub(crate) fn new(objects: &'a Objects, pack: PackWriter<'a>, effort: Effort) -> Self {
        Self { objects, pack, effort, bases: BTreeMap::new() }
    }

    /// Stores what is new as the difference to these tensors where that is smaller.
    pub(crate) fn against(&mut self, tensors: Vec<TensorRecord>) {
        self.bases = tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
    }

    /// Stores the content of each span and returns its tree hash, in order.
    pub(crate) fn contents(&mut self, spans: &[Span<'_>]) -> Result<Vec<TreeHash>> {
        let mut blocks: Vec<Blocks> = spans.iter().map(|_| Blocks::default()).collect();
        let mut batch = Batch::default();
        for (index, span) in spans.iter().enumerate() {
            let by_content = span.cut() == Cut::ByContent && span.len > LEAF_LEN as u64;
            blocks[index].whole = by_content.then(TreeHasher::new);
            let mut bases = self.bases_of(span).into_iter();
            let mut at = 0;
            while at < span.len {
                if batch.end + LEAF_LEN > BATCH_LEN {
                    self.store(&mut batch, &mut blocks)?;
                }
                let range = batch.read_block(span, at, by_content)?;
                let block = &batch.buffer[range.clone()];
                if let Some(whole) = &mut blocks[index].whole {
                    whole.update(block);
                }
                at += block.len() as u64;
                let (dtype, base) = (span.dtype, bases.next());
                batch.pieces.push(Piece { span: index, range, dtype, base });
            }
        }
        self.store(&mut batch, &mut blocks)?;
        let ended = spans.iter().zip(blocks).map(|(span, blocks)| self.end_content(span, blocks));
        ended.collect()
    }

    /// Returns the blocks of the parent version's tensor of a span, in order; none if it has no
    /// such tensor, of another dtype or length, or one that cannot be read: what is new is then
    /// stored whole.
    fn bases_of(&self, span: &Span<'_>) -> Vec<ObjectId> {
        let Some(name) = span.tensor else { return Vec::new() };
        // Where two files have different tensors of one name, the record has both under long ones.
        let long = format!("{}::{name}", span.name);
        let base = self.bases.get(&long).or_else(|| self.bases.get(name));
        let fits = |base: &&TensorRecord| span.dtype == Some(base.dtype) && base.len == span.len;
        let blocks = base.filter(fits).map(|base| self.objects.blocks(base.content()));
        blocks.and_then(Result::ok).unwrap_or_default()
    }

    /// Stores a whole object unless the repository has it.
    pub(crate) fn object(&mut self, id: ObjectId, bytes: &[u8]) -> Result<()> {
        if self.pack.contains(&id) || self.objects.packs.contains(&id)? {
            return Ok(());
        }
        let object = codec::encode(id, bytes, None, self.effort).map_err(Error::Contents)?;
        self.pack.push(&object)
    }

    fn list<R: Record>(&mut self, id: ObjectId, record: &R) -> Result<()> {
        let bytes = record::encode(record).map_err(|error| Error::Contents(error.to_string()))?;
        self.object(id, &bytes)
    }

    /// Hashes the blocks of a batch, encodes those that are new, and empties the batch.
    fn store(&mut self, batch: &mut Batch, blocks: &mut [Blocks]) -> Result<()> {
        let Batch { buffer, end, pieces } = batch;
        let hashes: Vec<LeafHash> =
            pieces.par_iter().map(|piece| leaf_hash(&buffer[piece.range.clone()])).collect();
        let mut new = Vec::new();
        let mut seen = HashSet::new();
        for (piece, hash) in pieces.iter().zip(hashes) {
            let id = ObjectId::block(&hash);
            blocks[piece.span].hashes.push(hash);
            blocks[piece.span].lens.push(piece.range.len() as u32);
            let known = self.pack.contains(&id) || !seen.insert(id);
            if !known && !self.objects.packs.contains(&id)? {
                new.push((id, piece));
            }
        }
        let (objects, effort) = (self.objects, self.effort);
        let encode = |(id, piece): (ObjectId, &Piece)| {
            let bytes = &buffer[piece.range.clone()];
            match base(objects, piece) {
                Some(base) => codec::encode_against(id, bytes, piece.dtype, effort, &base),
                None => codec::encode(id, bytes, piece.dtype, effort),
            }
        };
        let encoded: Result<Vec<_>, String> = new.into_par_iter().map(encode).collect();
        for object in encoded.map_err(Error::Contents)? {
            self.pack.push(&object)?;
        }
        buffer.drain(..*end);
        *end = 0;
        pieces.clear();
        Ok(())
    }

    /// Computes the root of a span and stores the list of its blocks, if it has more than one leaf.
    fn end_content(&mut self, span: &Span<'_>, blocks: Blocks) -> Result<TreeHash> {
        let Blocks { hashes, lens, whole } = blocks;
        let root = whole.map_or_else(|| merkle_root(&hashes), TreeHasher::finish);
        let content = Content { root, len: span.len, cut: span.cut() };
        match (content.list(), content.cut) {
            (None, _) => {}
            (Some(list), Cut::Fixed) => self.list(list, &LeavesRecord { leaves: hashes })?,
            (Some(list), Cut::ByContent) => {
                let chunk = |(hash, len)| ChunkRecord { hash, len };
                let chunks = hashes.into_iter().zip(lens).map(chunk).collect();
                self.list(list, &ChunksRecord { chunks })?;
            }
        }
        Ok(root)
    }
}

/// Reads the base of a block. One that cannot be read is no reason to lose a version.
fn base(objects: &Objects, piece: &Piece) -> Option<Base> {
    let id = piece.base.filter(|_| piece.range.len() >= MIN_DIFFERENCE)?;
    let found = objects.packs.read_base(&id, MAX_DEPTH - 1)?;
    (found.bytes.len() == piece.range.len()).then_some(Base { id, found })
}

impl Span<'_> {
    fn cut(&self) -> Cut {
        if self.dtype.is_some() { Cut::Fixed } else { Cut::ByContent }
    }
}

impl Batch {
    /// Reads the block of a span that starts `at` bytes into it; returns where it is.
    fn read_block(&mut self, span: &Span<'_>, at: u64, by_content: bool) -> Result<Range<usize>> {
        let most = if by_content { chunker::MAX } else { LEAF_LEN };
        let rest = span.len - at;
        let wanted = rest.min(most as u64) as usize;
        let start = self.end;
        let read = self.buffer.len() - start;
        if read < wanted {
            // A leaf at a time, since what one chunk leaves over belongs to the next.
            self.buffer.resize(start + rest.min(LEAF_LEN as u64) as usize, 0);
            span.source
                .read_at(span.offset + at + read as u64, &mut self.buffer[start + read..])
                .doing(|| format!("read {}", span.name))?;
        }
        self.end = if by_content {
            start + chunker::first_chunk(&self.buffer[start..])
        } else {
            self.buffer.len()
        };
        Ok(start..self.end)
    }
}
