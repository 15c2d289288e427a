//! Reads contents that correspond to each other, such as a tensor in several versions.

use std::{array, sync::Arc};

use ckpt_hash::LEAF_LEN;
use ckpt_pack::ObjectId;
use rayon::prelude::*;

use crate::{
    content::objects::{Content, Objects, read::Piece},
    error::{Error, Result},
};

/// Takes blocks that correspond to each other, in order.
pub(crate) type BesideSink<'a, const N: usize> = dyn FnMut([&[u8]; N]) -> Result<()> + Send + 'a;

/// Blocks that are decoded before they are used: as many as 16 MiB hold, which keeps some cores
/// busy.
const WINDOW: usize = 16;

/// Contents of one length, cut at fixed places, whose blocks are read together.
pub(crate) struct Together<const N: usize> {
    pieces: [Vec<Piece>; N],
}

impl<const N: usize> Together<N> {
    /// Finds the blocks of contents, which must be of one length.
    pub(crate) fn new(objects: &Objects, contents: [Content; N]) -> Result<Self> {
        let mut pieces = array::from_fn(|_| Vec::new());
        for (pieces, content) in pieces.iter_mut().zip(contents) {
            debug_assert!(!content.is_chunked() && content.len == contents[0].len);
            *pieces = objects.pieces(content)?;
        }
        Ok(Self { pieces })
    }

    /// Reads the blocks at one place. Equal ones are read once.
    pub(crate) fn read(&self, objects: &Objects, index: usize) -> Result<[Arc<Vec<u8>>; N]> {
        let mut known: Vec<(ObjectId, Arc<Vec<u8>>)> = Vec::with_capacity(N);
        let mut blocks = array::from_fn(|_| Arc::default());
        for (block, pieces) in blocks.iter_mut().zip(&self.pieces) {
            let piece = &pieces[index];
            let id = piece.id();
            *block = match known.iter().find(|(known, _)| *known == id) {
                Some((_, bytes)) => Arc::clone(bytes),
                None => {
                    let beside = known.last().map(|(id, bytes)| (id, bytes.as_slice()));
                    let bytes = objects.packs.block(&id, beside)?;
                    piece.check(&bytes)?;
                    known.push((id, Arc::clone(&bytes)));
                    bytes
                }
            };
        }
        Ok(blocks)
    }

    /// Gives all blocks to `sink` in order. Those ahead are decoded in the meantime, on the current
    /// rayon pool.
    pub(crate) fn stream(&self, objects: &Objects, sink: &mut BesideSink<'_, N>) -> Result<()> {
        let places: Vec<usize> = (0..self.pieces[0].len()).collect();
        let mut ready: Vec<[Arc<Vec<u8>>; N]> = Vec::new();
        let mut give = |ready: Vec<[Arc<Vec<u8>>; N]>| {
            ready.iter().try_for_each(|blocks| sink(array::from_fn(|side| blocks[side].as_slice())))
        };
        for window in places.chunks(WINDOW / N) {
            let read = |place: &usize| self.read(objects, *place);
            let next = || window.par_iter().map(read).collect::<Result<Vec<_>>>();
            let (given, next) = rayon::join(|| give(ready), next);
            given?;
            ready = next?;
        }
        give(ready)
    }
}

/// Takes two parts that correspond to each other.
pub(crate) type PairSink<'a> = dyn FnMut(&[u8], &[u8]) -> Result<()> + Send + 'a;

/// A decoded block.
type Block = Arc<Vec<u8>>;

/// A block of the shorter of two contents, and those of the longer one that stand beside it.
type Row = (Block, Vec<Block>);

impl Objects {
    /// Gives content cut at fixed places to `sink`, block after block in order. The blocks ahead are
    /// decoded in the meantime, on the current rayon pool.
    pub(crate) fn read_in_order(
        &self,
        content: Content,
        sink: &mut (dyn FnMut(&[u8]) -> Result<()> + Send),
    ) -> Result<()> {
        // Equal blocks are read once.
        self.read_pair(content, content, &mut |bytes, _| sink(bytes))
    }

    /// Gives two contents of as many elements, both cut at fixed places, to `sink`, elements next
    /// elements in order. The blocks ahead are decoded in the meantime, on the current rayon pool.
    ///
    /// The length of one must be a multiple of that of the other, as it is for elements whose
    /// widths are powers of 2: then a block of the shorter stands beside whole blocks of the longer.
    pub(crate) fn read_pair(&self, a: Content, b: Content, sink: &mut PairSink<'_>) -> Result<()> {
        if a.len > b.len {
            return self.read_rows(a, b, sink);
        }
        // The blocks of `b` are often stored as deltas to those of `a`, which are read first.
        self.read_rows(b, a, &mut |b, a| sink(a, b))
    }

    /// Does so for a first content that is not shorter than the second, whose blocks are read first.
    fn read_rows(&self, long: Content, short: Content, sink: &mut PairSink<'_>) -> Result<()> {
        let times = long.len.checked_div(short.len).unwrap_or(1);
        if times * short.len != long.len || !(LEAF_LEN as u64).is_multiple_of(times) {
            let what = format!("{} bytes cannot be paired with {}", short.len, long.len);
            return Err(Error::Contents(what));
        }
        let times = times as usize;
        let (wide, narrow) = (self.pieces(long)?, self.pieces(short)?);
        let rows: Vec<(&Piece, &[Piece])> = narrow.iter().zip(wide.chunks(times)).collect();
        let mut give =
            |ready: Vec<Row>| ready.iter().try_for_each(|row| give_row(row, times, sink));
        let mut ready = Vec::new();
        for window in rows.chunks((WINDOW / (times + 1)).max(1)) {
            let next = || window.par_iter().map(|row| self.read_row(row)).collect();
            let (given, next): (_, Result<Vec<Row>>) = rayon::join(|| give(ready), next);
            given?;
            ready = next?;
        }
        give(ready)
    }

    fn read_row(&self, (narrow, wide): &(&Piece, &[Piece])) -> Result<Row> {
        let short = self.packs.block(&narrow.id(), None)?;
        narrow.check(&short)?;
        let read = |piece: &Piece| {
            if piece.id() == narrow.id() {
                return Ok(Arc::clone(&short));
            }
            let block = self.packs.block(&piece.id(), Some((&narrow.id(), &short)))?;
            piece.check(&block)?;
            Ok(block)
        };
        let long = wide.iter().map(read).collect::<Result<_>>()?;
        Ok((short, long))
    }
}

/// Gives each block of the longer content beside its part of the shorter one's block.
fn give_row((short, long): &Row, times: usize, sink: &mut PairSink<'_>) -> Result<()> {
    let parts = short.chunks(LEAF_LEN / times);
    long.iter().zip(parts).try_for_each(|(block, part)| sink(block, part))
}
