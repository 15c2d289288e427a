//! Margins and gradient of a group of rows: a vector holds outputs of one row.

use std::array;
use std::ops::Range;

use crate::kernel::loss::load_from;
use crate::kernel::simd::{Simd, Vector, prefetch};
use crate::kernel::{Block, Number, Point};

/// Columns whose deviations are kept at a time: 4 KiB of them, a small part of the nearest cache.
const TILE: usize = 64;

/// How far ahead rows are asked for, in bytes.
const AHEAD: usize = 4 << 10;

/// A group of `L` rows.
pub(super) struct Group<'a, T, const L: usize, S> {
    simd: S,
    block: Block<'a, T>,
    point: Point<'a, T>,
    /// Rows of the block.
    rows: usize,
    /// Vectors of outputs per row.
    vectors: usize,
    /// The deviations of each row in a tile of columns.
    deviations: [[T; TILE]; L],
    /// `vectors` for each row: its margins, and later its residuals.
    lanes: Vec<[T; L]>,
}

impl<'a, T: Number, const L: usize, S: Simd<T, L>> Group<'a, T, L, S> {
    #[inline(always)]
    pub(super) fn new(simd: S, block: Block<'a, T>, point: Point<'a, T>) -> Self {
        let vectors = point.bias.len() / L;
        let deviations = [[T::default(); TILE]; L];
        let lanes = vec![[T::default(); L]; vectors * L];
        let rows = block.x.len() / block.width;
        Self { simd, block, point, rows, vectors, deviations, lanes }
    }

    /// The vectors of all rows, one row's after another's.
    pub(super) fn lanes(&mut self) -> &mut [[T; L]] {
        &mut self.lanes
    }

    /// The vectors of each row.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[[T; L]]> {
        self.lanes.chunks_exact(self.vectors)
    }

    /// The tiles of columns.
    fn tiles(&self) -> impl Iterator<Item = Range<usize>> + use<T, L, S> {
        let width = self.block.width;
        (0..width).step_by(TILE).map(move |start| start..width.min(start + TILE))
    }

    /// Fills in the deviations of the rows from `first` on. Beyond the tile's columns and the
    /// block's rows there may be anything.
    #[inline(always)]
    fn deviate(&mut self, first: usize, columns: &Range<usize>) {
        let (simd, Block { x, width, .. }) = (self.simd, self.block);
        let rows = L.min(self.rows - first);
        let (centers, _) = self.point.center[columns.start..].as_chunks::<L>();
        let length = columns.len().next_multiple_of(L);
        let centers = &centers[..length / L];
        for (i, line) in self.deviations.iter_mut().enumerate().take(rows) {
            let rest = &x[(first + i) * width + columns.start..];
            let (line, _) = line.as_chunks_mut::<L>();
            if let Some(full) = rest.get(..length) {
                for ((into, x), center) in line.iter_mut().zip(full.as_chunks().0).zip(centers) {
                    prefetch(x, AHEAD / size_of::<T>());
                    (simd.load(x) - simd.load(center)).store(into);
                }
            } else {
                for ((v, into), center) in line.iter_mut().enumerate().zip(centers) {
                    (load_from(simd, rest, v * L) - simd.load(center)).store(into);
                }
            }
        }
    }

    /// Takes the margins of the rows from `first` on; beyond the block's there may be anything.
    #[inline(always)]
    pub(super) fn margins(&mut self, first: usize) {
        self.lanes.fill([T::default(); L]);
        for columns in self.tiles() {
            self.deviate(first, &columns);
            for vector in 0..self.vectors {
                // As many sums at a time as keep the processor busy and fit its registers.
                match S::REGISTERS {
                    1 => self.add_products::<8>(vector, &columns),
                    2 => self.add_products::<4>(vector, &columns),
                    _ => self.add_products::<2>(vector, &columns),
                }
            }
        }
        let bias = self.point.bias.as_chunks().0;
        for row in self.lanes.chunks_exact_mut(self.vectors) {
            for (z, bias) in row.iter_mut().zip(bias) {
                (self.simd.load(z) + self.simd.load(bias)).store(z);
            }
        }
    }

    /// Adds deviation times weight, `R` rows at a time, to one vector of each row's margins.
    #[inline(always)]
    fn add_products<const R: usize>(&mut self, vector: usize, columns: &Range<usize>) {
        let (simd, stride) = (self.simd, self.point.bias.len());
        let weights = &self.point.weight[columns.start * stride..columns.end * stride];
        for (deviations, lanes) in
            self.deviations.chunks_exact(R).zip(self.lanes.chunks_exact_mut(R * self.vectors))
        {
            let deviations: [&[T]; R] = array::from_fn(|r| &deviations[r][..columns.len()]);
            let mut sums = [simd.splat(T::default()); R];
            for r in 0..R {
                sums[r] = simd.load(&lanes[r * self.vectors + vector]);
            }
            for (j, line) in weights.chunks_exact(stride).enumerate().take(columns.len()) {
                let weight = simd.load(&line.as_chunks().0[vector]);
                for r in 0..R {
                    sums[r] = sums[r] + simd.splat(deviations[r][j]) * weight;
                }
            }
            for r in 0..R {
                sums[r].store(&mut lanes[r * self.vectors + vector]);
            }
        }
    }

    /// Adds the gradient of the rows from `first` on, whose residuals the lanes hold.
    #[inline(always)]
    pub(super) fn gradient(&mut self, gradient: &mut [T], first: usize) {
        let rows = L.min(self.rows - first);
        let (lines, _) = gradient.as_chunks_mut();
        for columns in self.tiles() {
            if self.block.width > TILE {
                // Otherwise they are there from taking the margins.
                self.deviate(first, &columns);
            }
            let lines = &mut lines[columns.start * self.vectors..columns.end * self.vectors];
            for vector in 0..self.vectors {
                match S::REGISTERS {
                    1 => self.add_residuals::<8>(lines, vector, rows),
                    2 => self.add_residuals::<4>(lines, vector, rows),
                    _ => self.add_residuals::<2>(lines, vector, rows),
                }
            }
        }
        let bias = &mut lines[self.block.width * self.vectors..];
        for row in self.lanes.chunks_exact(self.vectors).take(rows) {
            for (sum, residual) in bias.iter_mut().zip(row) {
                (self.simd.load(sum) + self.simd.load(residual)).store(sum);
            }
        }
    }

    /// Adds residual times deviation to one vector of each column's line, `J` columns at a time.
    #[inline(always)]
    fn add_residuals<const J: usize>(&self, lines: &mut [[T; L]], vector: usize, rows: usize) {
        let columns = lines.len() / self.vectors;
        let whole = columns / J * J;
        for column in (0..whole).step_by(J) {
            self.add_column_residuals::<J>(lines, vector, column, rows);
        }
        for column in whole..columns {
            self.add_column_residuals::<1>(lines, vector, column, rows);
        }
    }

    #[inline(always)]
    fn add_column_residuals<const J: usize>(
        &self,
        lines: &mut [[T; L]],
        vector: usize,
        column: usize,
        rows: usize,
    ) {
        let (simd, vectors) = (self.simd, self.vectors);
        let lines = &mut lines[column * vectors..(column + J) * vectors];
        let mut sums = [simd.splat(T::default()); J];
        for j in 0..J {
            sums[j] = simd.load(&lines[j * vectors + vector]);
        }
        let residuals = self.lanes.chunks_exact(vectors);
        for (line, residual) in self.deviations.iter().zip(residuals).take(rows) {
            let residual = simd.load(&residual[vector]);
            let deviations: [T; J] = array::from_fn(|j| line[column + j]);
            for j in 0..J {
                sums[j] = sums[j] + residual * simd.splat(deviations[j]);
            }
        }
        for j in 0..J {
            sums[j].store(&mut lines[j * vectors + vector]);
        }
    }
}
