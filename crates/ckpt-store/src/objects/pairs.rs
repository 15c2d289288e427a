//! Reads two contents side by side, or one from start to end: block by block, in order.

use std::sync::Arc;

use ckpt_hash::LEAF_LEN;
use rayon::prelude::*;

use super::{
    Content, Objects,
    read::{Piece, WINDOW},
};
use crate::error::{Error, Result};

/// Takes two parts that stand beside each other.
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

    /// Gives two contents of as many elements, both cut at fixed places, to `sink`, elements beside
    /// elements in order. The blocks ahead are decoded in the meantime, on the current rayon pool.
    ///
    /// The length of one must be a multiple of that of the other, as it is for elements whose
    /// widths are powers of 2: then a block of the shorter stands beside whole blocks of the longer.
    pub(crate) fn read_pair(&self, a: Content, b: Content, sink: &mut PairSink<'_>) -> Result<()> {
        if a.len > b.len {
            return self.read_rows(a, b, sink);
        }
        // The blocks of `b` are often stored as differences to those of `a`, which are read first.
        self.read_rows(b, a, &mut |b, a| sink(a, b))
    }

    /// Does so for a first content that is not shorter than the second, whose blocks are read first.
    fn read_rows(&self, long: Content, short: Content, sink: &mut PairSink<'_>) -> Result<()> {
        let times = long.len.checked_div(short.len).unwrap_or(1);
        if times * short.len != long.len || !(LEAF_LEN as u64).is_multiple_of(times) {
            let what = format!("{} bytes cannot stand beside {}", short.len, long.len);
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
