//! Cuts content into blocks, a batch of bounded size at a time.

use std::{mem, ops::Range};

use ckpt_hash::{LEAF_LEN, LeafHash, TreeHash, TreeHasher, leaf_hash};
use ckpt_pack::{chunker, disk::ReadFile};
use ckpt_tensor::Dtype;
use rayon::prelude::*;

use crate::{
    content::{
        objects::Cut,
        source::{Source, Span},
    },
    error::{Doing, Result},
};

/// Bytes of a batch: some blocks for each core, little beside what the caches of a CPU hold.
const BATCH_LEN: usize = 8 << 20;

/// Reads the blocks of spans in order.
pub(super) struct Reader<'s> {
    spans: &'s [Span<'s>],
    /// Where the next block is: which span, how far into it, and how many blocks came before.
    span: usize,
    at: u64,
    index: usize,
    /// What was read of the span but is in no block yet.
    rest: Vec<u8>,
    /// For content cut by content, whose tree hash does not follow from the blocks.
    whole: Option<TreeHasher>,
    /// The tree hashes of such content, for each span that has ended.
    roots: Vec<Option<TreeHash>>,
}

/// Some blocks, to be hashed and encoded together.
#[derive(Default)]
pub(super) struct Batch<'s> {
    /// The bytes of the blocks that are not in memory already.
    buffer: Vec<u8>,
    /// Bytes of all blocks.
    pub(super) len: usize,
    pub(super) pieces: Vec<Piece<'s>>,
}

/// One block of a batch.
pub(super) struct Piece<'s> {
    /// The span, and the place of the block in it.
    pub(super) span: usize,
    pub(super) index: usize,
    pub(super) dtype: Option<Dtype>,
    bytes: Bytes<'s>,
}

enum Bytes<'s> {
    Buffer(Range<usize>),
    Memory(&'s [u8]),
}

impl Piece<'_> {
    pub(super) fn len(&self) -> usize {
        match &self.bytes {
            Bytes::Buffer(range) => range.len(),
            Bytes::Memory(bytes) => bytes.len(),
        }
    }

    /// Tells whether it is a block of a tensor that no memory holds.
    pub(super) fn is_of_tensor_in_file(&self) -> bool {
        self.dtype.is_some() && matches!(self.bytes, Bytes::Buffer(_))
    }
}

impl Batch<'_> {
    /// Returns the bytes of one of its pieces.
    pub(super) fn bytes<'b>(&'b self, piece: &'b Piece<'_>) -> &'b [u8] {
        match &piece.bytes {
            Bytes::Buffer(range) => &self.buffer[range.clone()],
            Bytes::Memory(bytes) => bytes,
        }
    }

    /// Hashes the blocks in parallel.
    pub(super) fn hashes(&self) -> Vec<LeafHash> {
        self.pieces.par_iter().map(|piece| leaf_hash(self.bytes(piece))).collect()
    }
}

impl<'s> Reader<'s> {
    pub(super) fn new(spans: &'s [Span<'s>]) -> Self {
        let roots = Vec::with_capacity(spans.len());
        Self { spans, span: 0, at: 0, index: 0, rest: Vec::new(), whole: None, roots }
    }

    /// Fills a batch with the next blocks, in place of those that it had; with none at the end.
    pub(super) fn next(&mut self, batch: &mut Batch<'s>) -> Result<()> {
        batch.pieces.clear();
        batch.len = 0;
        mem::swap(&mut batch.buffer, &mut self.rest);
        self.rest.clear();
        let mut end = 0;
        while let Some(span) = self.spans.get(self.span) {
            if self.at == span.len {
                self.roots.push(self.whole.take().map(TreeHasher::finish));
                (self.span, self.at, self.index) = (self.span + 1, 0, 0);
                continue;
            }
            if batch.len + LEAF_LEN > BATCH_LEN {
                break;
            }
            let bytes = match span.source {
                Source::File(file) => Bytes::Buffer(self.read(span, file, batch, &mut end)?),
                Source::Memory(memory) => Bytes::Memory(self.slice(span, memory.bytes())),
                Source::Computed(_) => Bytes::Buffer(self.room(span, batch, &mut end)),
            };
            let piece = Piece { span: self.span, index: self.index, dtype: span.dtype, bytes };
            self.at += piece.len() as u64;
            self.index += 1;
            batch.len += piece.len();
            batch.pieces.push(piece);
        }
        self.rest.extend_from_slice(&batch.buffer[end..]);
        self.compute(batch)
    }

    /// Returns the tree hashes of the spans that were cut by content, each at its span's place.
    pub(super) fn into_roots(self) -> Vec<Option<TreeHash>> {
        self.roots
    }

    /// Takes the next block of a span in memory, which is cut at fixed places.
    fn slice(&self, span: &Span<'_>, memory: &'s [u8]) -> &'s [u8] {
        let start = (span.offset + self.at) as usize;
        let len = (span.len - self.at).min(LEAF_LEN as u64) as usize;
        &memory[start..start + len]
    }

    /// Makes room for the next block of a span that is computed; `end` is where the block before it
    /// ended.
    fn room(&self, span: &Span<'_>, batch: &mut Batch<'s>, end: &mut usize) -> Range<usize> {
        let start = *end;
        *end += (span.len - self.at).min(LEAF_LEN as u64) as usize;
        batch.buffer.resize(*end, 0);
        start..*end
    }

    /// Computes the blocks that there is room for, in parallel.
    fn compute(&self, batch: &mut Batch<'s>) -> Result<()> {
        let mut work = Vec::new();
        let (mut rest, mut at) = (&mut batch.buffer[..], 0);
        for piece in &batch.pieces {
            let (Source::Computed(compute), Bytes::Buffer(range)) =
                (self.spans[piece.span].source, &piece.bytes)
            else {
                continue;
            };
            let (place, after) = mem::take(&mut rest)[range.start - at..].split_at_mut(range.len());
            work.push((compute, piece.index, place));
            (rest, at) = (after, range.end);
        }
        work.into_par_iter().try_for_each(|(compute, index, place)| compute.leaf(index, place))
    }

    /// Reads the next block of a span from its file; `end` is where the block before it ended.
    fn read(
        &mut self,
        span: &Span<'_>,
        file: &dyn ReadFile,
        batch: &mut Batch<'s>,
        end: &mut usize,
    ) -> Result<Range<usize>> {
        let by_content = span.cut() == Cut::ByContent && span.len > LEAF_LEN as u64;
        let most = if by_content { chunker::MAX } else { LEAF_LEN };
        let rest = span.len - self.at;
        let (start, buffer) = (*end, &mut batch.buffer);
        let read = buffer.len() - start;
        if (read as u64) < rest.min(most as u64) {
            // A leaf at a time, since what one chunk leaves over belongs to the next.
            buffer.resize(start + rest.min(LEAF_LEN as u64) as usize, 0);
            file.read_at(span.offset + self.at + read as u64, &mut buffer[start + read..])
                .doing(|| format!("read {}", span.name))?;
        }
        let len =
            if by_content { chunker::first_chunk(&buffer[start..]) } else { buffer.len() - start };
        *end = start + len;
        if by_content {
            self.whole.get_or_insert_with(TreeHasher::new).update(&buffer[start..*end]);
        }
        Ok(start..*end)
    }
}
