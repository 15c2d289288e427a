//! The Gram matrix of centred columns.

use std::io;

use super::aligned::Aligned;
use super::pass::add_slices;
use super::simd::{self, Program, Simd, Vector, prefetch};
use super::{Block, Layout, Rows};

/// Lanes of a logical vector.
const L: usize = 8;

/// Bytes of deviations that are kept at a time: part of the nearest cache, with room for sums.
const DEVIATION_BYTES: usize = 16 << 10;

/// How far ahead rows are asked for, in values.
const AHEAD: usize = 1 << 10;

/// Sums `s (x_i - center_i) (x_j - center_j)` over rows of weight `s`, the last `x` being a column of
/// ones whose centre is 0: a row-major matrix of `width + 1` lines, of which the upper triangle is
/// filled.
///
/// Each entry is a sum of one number per row, in the order of the contract, all in f64; the product
/// of the deviations is taken first.
pub(crate) fn gram(rows: Rows<'_, f64>, center: &[f64]) -> io::Result<Vec<f64>> {
    let size = rows.width + 1;
    let layout = Layout::new(rows.len(), rows.width * size_of::<f64>(), size * size);
    let stride = size.next_multiple_of(L);
    let center = &center[..rows.width];
    let mut sums: Vec<Sum> = (0..layout.super_blocks()).map(|_| Sum::new(stride)).collect();
    let take = |sum: &mut Sum, block: Block<'_, f64>| {
        sum.partial.fill(0.0);
        let Sum { partial, deviations, .. } = sum;
        simd::run::<f64, L, _>(Pass { block, center, stride, partial, deviations });
        add_slices(&mut sum.total, &sum.partial);
    };
    layout.drive(rows, &mut sums, take, |a, b| add_slices(&mut a.total, &b.total))?;
    let lines = sums[0].total.chunks_exact(stride).take(size);
    Ok(lines.flat_map(|line| &line[..size]).copied().collect())
}

/// A super-block's sums, its current block's partial, and room to work in.
struct Sum {
    /// `stride` lines of `stride` values.
    partial: Aligned<f64>,
    total: Vec<f64>,
    /// Lines of `stride` values.
    deviations: Aligned<f64>,
}

impl Sum {
    fn new(stride: usize) -> Self {
        let rows = (DEVIATION_BYTES / size_of::<f64>() / stride).max(1);
        Self {
            partial: Aligned::zeros(stride * stride),
            total: vec![0.0; stride * stride],
            deviations: Aligned::zeros(rows * stride),
        }
    }
}

/// Adds a block's products to a partial.
struct Pass<'a> {
    block: Block<'a, f64>,
    center: &'a [f64],
    stride: usize,
    partial: &'a mut [f64],
    deviations: &'a mut [f64],
}

impl Program<f64, L> for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<f64, L>>(mut self, simd: S) {
        let (rows, together) = (self.block.y.len(), self.deviations.len() / self.stride);
        for first in (0..rows).step_by(together) {
            let count = together.min(rows - first);
            self.deviate(simd, first, count);
            let weight = self.block.weight.map(|weight| &weight[first..first + count]);
            // Tiles that fit the registers, of enough sums that none waits for another.
            match S::REGISTERS {
                1 => self.tiles::<8, 2, S>(simd, count, weight),
                2 => self.tiles::<4, 1, S>(simd, count, weight),
                _ => self.tiles::<2, 1, S>(simd, count, weight),
            }
        }
    }
}

impl Pass<'_> {
    /// Fills in the deviations of some rows; the ones and what completes a vector stand behind them.
    #[inline(always)]
    fn deviate<S: Simd<f64, L>>(&mut self, simd: S, first: usize, count: usize) {
        let width = self.block.width;
        let rows = self.block.x[first * width..][..count * width].chunks_exact(width);
        let (centers, rest) = self.center.as_chunks::<L>();
        let centers = &centers[..width / L];
        for (line, row) in self.deviations.chunks_exact_mut(self.stride).zip(rows) {
            let (vectors, tail) = row.as_chunks::<L>();
            let (lines, line_tail) = line.as_chunks_mut::<L>();
            debug_assert!(line_tail.is_empty());
            for (v, (x, center)) in vectors.iter().zip(centers).enumerate() {
                prefetch(x, AHEAD);
                (simd.load(x) - simd.load(center)).store(&mut lines[v]);
            }
            let last = &mut lines[vectors.len()];
            for (k, x) in tail.iter().enumerate() {
                last[k] = x - rest[k];
            }
            last[tail.len()] = 1.0;
        }
    }

    /// Adds products tile by tile: `I` lines of `V` vectors, from the diagonal's vector on.
    #[inline(always)]
    fn tiles<const I: usize, const V: usize, S: Simd<f64, L>>(
        &mut self,
        simd: S,
        count: usize,
        weight: Option<&[f64]>,
    ) {
        let vectors = self.stride / L;
        for line in (0..=self.block.width).step_by(I) {
            let mut vector = line / L;
            while vector + V <= vectors {
                self.tile::<I, V, S>(simd, count, weight, (line, vector));
                vector += V;
            }
            while vector < vectors {
                self.tile::<I, 1, S>(simd, count, weight, (line, vector));
                vector += 1;
            }
        }
    }

    #[inline(always)]
    fn tile<const I: usize, const V: usize, S: Simd<f64, L>>(
        &mut self,
        simd: S,
        count: usize,
        weight: Option<&[f64]>,
        (line, vector): (usize, usize),
    ) {
        let vectors = self.stride / L;
        let (partial, _) = self.partial.as_chunks_mut::<L>();
        let mut sums = [[simd.splat(0.0); V]; I];
        for i in 0..I {
            for v in 0..V {
                sums[i][v] = simd.load(&partial[(line + i) * vectors + vector + v]);
            }
        }
        for row in 0..count {
            let row_deviations = &self.deviations[row * self.stride..][..self.stride];
            let (lines, _) = row_deviations.as_chunks::<L>();
            let lines: &[[f64; L]; V] = lines[vector..].first_chunk().expect("a tile is inside");
            let own: &[f64; I] = row_deviations[line..].first_chunk().expect("a tile is inside");
            for i in 0..I {
                let own = simd.splat(own[i]);
                for v in 0..V {
                    let mut product = own * simd.load(&lines[v]);
                    if let Some(weight) = weight {
                        product = simd.splat(weight[row]) * product;
                    }
                    sums[i][v] = sums[i][v] + product;
                }
            }
        }
        for i in 0..I {
            for v in 0..V {
                sums[i][v].store(&mut partial[(line + i) * vectors + vector + v]);
            }
        }
    }
}
