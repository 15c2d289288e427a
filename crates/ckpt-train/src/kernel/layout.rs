//! Which rows make a block, and which blocks a super-block: steps 3 and 4 of the contract.

use std::io;
use std::ops::Range;

use rayon::prelude::*;

use super::{Block, Kernel, Rows};

/// Bytes of rows in a block: small enough that the second use of a row (its gradient) finds it in
/// the first-level cache's neighbourhood, large enough that converting the partial costs nothing.
const BLOCK_BYTES: usize = 64 * 1024;

/// Most super-blocks: enough tasks for any machine's threads, few enough that the tree is cheap.
const MAX_SUPER_BLOCKS: usize = 256;

/// Most f64 values in all super-block sums together (32 MiB), which bounds memory for wide data.
const MAX_SUM_VALUES: usize = 1 << 22;

/// Below this many bytes of rows, waking threads costs more than they save.
const PARALLEL_BYTES: usize = 2 << 20;

/// The fixed division of rows into blocks and super-blocks.
///
/// It depends on the number of rows, the bytes of a row and the number of values summed, and on
/// nothing else:
/// `block_rows = max(1, 65536 / row_bytes)`, `blocks = ceil(rows / block_rows)`,
/// `limit = min(256, max(1, 4194304 / sum_values))`,
/// and a super-block has `ceil(blocks / min(blocks, limit))` blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Layout {
    rows: usize,
    block_rows: usize,
    super_rows: usize,
    parallel: bool,
}

impl Layout {
    /// Lays out `rows` rows of `row_bytes` bytes for sums of `sum_values` values.
    pub(crate) fn new(rows: usize, row_bytes: usize, sum_values: usize) -> Self {
        let block_rows = (BLOCK_BYTES / row_bytes.max(1)).max(1);
        let blocks = rows.div_ceil(block_rows).max(1);
        let limit = MAX_SUPER_BLOCKS.min((MAX_SUM_VALUES / sum_values.max(1)).max(1));
        let super_rows = blocks.div_ceil(limit.min(blocks)) * block_rows;
        let parallel = rows.saturating_mul(row_bytes) >= PARALLEL_BYTES;
        Self { rows, block_rows, super_rows, parallel }
    }

    /// The number of super-blocks, at least one.
    pub(crate) fn super_blocks(&self) -> usize {
        self.rows.div_ceil(self.super_rows).max(1)
    }

    /// The row ranges of super-block `index`'s blocks.
    pub(crate) fn blocks(&self, index: usize) -> impl Iterator<Item = Range<usize>> {
        let (rows, step) = (self.rows, self.block_rows);
        let end = rows.min((index + 1) * self.super_rows);
        (index * self.super_rows..end).step_by(step).map(move |start| start..end.min(start + step))
    }

    /// Gives each block of `rows` to its super-block's sum, as [`each_block`](Self::each_block) does.
    pub(crate) fn drive<T: Kernel, S: Send>(
        &self,
        rows: Rows<'_, T>,
        sums: &mut [S],
        take_block: impl Fn(&mut S, Block<'_, T>) + Sync,
        add: impl Fn(&mut S, &S),
    ) -> io::Result<()> {
        let take = |sum: &mut S, buffer: &mut Vec<T>, range| {
            take_block(sum, rows.block(range, buffer)?);
            Ok(())
        };
        self.each_block(sums, Vec::new, take, add)
    }

    /// Gives the rows of each block to its super-block's sum in order, then combines the sums into
    /// the first. Each super-block has a buffer of its own.
    ///
    /// Fails as the first super-block of which a block failed.
    pub(crate) fn each_block<S: Send, B>(
        &self,
        sums: &mut [S],
        buffer: impl Fn() -> B + Sync,
        take_block: impl Fn(&mut S, &mut B, Range<usize>) -> io::Result<()> + Sync,
        add: impl Fn(&mut S, &S),
    ) -> io::Result<()> {
        let run = |index: usize, sum: &mut S| {
            let mut buffer = buffer();
            self.blocks(index).try_for_each(|range| take_block(sum, &mut buffer, range))
        };
        if self.parallel {
            let runs = sums.par_iter_mut().enumerate().map(|(index, sum)| run(index, sum).err());
            let first = runs.find_map_first(|error| error);
            first.map_or(Ok(()), Err)?;
        } else {
            sums.iter_mut().enumerate().try_for_each(|(index, sum)| run(index, sum))?;
        }
        combine(sums, add);
        Ok(())
    }
}

/// The fixed binary tree of step 5.
fn combine<S>(sums: &mut [S], add: impl Fn(&mut S, &S)) {
    let mut stride = 1;
    while stride < sums.len() {
        for pair in sums.chunks_mut(2 * stride) {
            if pair.len() > stride {
                let (low, high) = pair.split_at_mut(stride);
                add(&mut low[0], &high[0]);
            }
        }
        stride *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_rows(layout: &Layout) -> Vec<Range<usize>> {
        (0..layout.super_blocks()).flat_map(|index| layout.blocks(index)).collect()
    }

    #[test]
    fn blocks_cover_the_rows_in_order() {
        for (rows, row_bytes, values) in
            [(1, 8, 1), (506, 104, 13), (100_000, 8, 1), (70_000, 60_000, 1), (9, 100_000, 1 << 23)]
        {
            let layout = Layout::new(rows, row_bytes, values);
            let ranges = all_rows(&layout);
            assert_eq!(ranges[0].start, 0);
            assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert_eq!(ranges[ranges.len() - 1].end, rows);
            assert!(layout.super_blocks() <= MAX_SUPER_BLOCKS);
        }
    }

    #[test]
    fn the_layout_is_pinned() {
        // 13 f64: 630 rows fit in a block.
        assert_eq!(all_rows(&Layout::new(630, 104, 13)).len(), 1);
        assert_eq!(all_rows(&Layout::new(631, 104, 13)), [0..630, 630..631]);
        // 300 blocks of one row: 150 super-blocks of two.
        assert_eq!(Layout::new(300, 1 << 16, 1).super_blocks(), 150);
        // Wide sums: 4 Mi values in all.
        assert_eq!(Layout::new(1000, 1 << 20, 1 << 21).super_blocks(), 2);
    }

    #[test]
    fn the_tree_adds_neighbours_first() {
        let mut sums: Vec<String> = (0..5).map(|index| index.to_string()).collect();
        combine(&mut sums, |a, b| *a = format!("({a}+{b})"));
        assert_eq!(sums[0], "(((0+1)+(2+3))+4)");
    }
}
