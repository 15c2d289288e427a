//! Blocks of rows with one output: steps 1 to 3 of the contract.

#![expect(
    clippy::needless_range_loop,
    reason = "an index names a lane of several arrays; adapters are functions that would not be inlined"
)]

use std::marker::PhantomData;
use std::ops::Range;

use super::loss::{LaneSums, Outcome, Single, load_from};
use super::simd::{Lanes, Program, Simd, Strided, Vector, prefetch};
use super::{Block, Number, Point, RowSums};

/// How far ahead rows are asked for, in bytes: what a core reads while memory answers.
pub(super) const AHEAD: usize = 12 << 10;

/// Vectors of a row up to which it stays, with weights and gradient, in registers.
const NARROW: usize = 4;

/// A pass over a block.
pub(super) struct Pass<'a, T, A> {
    pub(super) block: Block<'a, T>,
    pub(super) point: Point<'a, T>,
    /// Takes the gradient partial, `padded`.
    pub(super) gradient: Option<&'a mut [T]>,
    pub(super) loss: PhantomData<A>,
}

impl<T: Number, const L: usize, A: Single> Program<T, L> for Pass<'_, T, A> {
    type Output = RowSums;

    #[inline(always)]
    fn run<S: Simd<T, L>>(self, simd: S) -> RowSums {
        match self.block.width.div_ceil(L) {
            1 => self.narrow::<L, 1, S>(simd),
            2 => self.narrow::<L, 2, S>(simd),
            3 => self.narrow::<L, 3, S>(simd),
            4 => self.narrow::<L, 4, S>(simd),
            _ => self.wide(simd),
        }
    }

    fn is_half_enough(&self) -> bool {
        self.block.width > NARROW * L
    }
}

impl<T: Number, A: Single> Pass<'_, T, A> {
    /// Rows of `C` vectors.
    #[inline(always)]
    fn narrow<const L: usize, const C: usize, S: Simd<T, L>>(self, simd: S) -> RowSums {
        let Self { block, point, gradient, .. } = self;
        let (width, rows) = (block.width, block.y.len());
        let fixed = Fixed::<T, L, C, S> {
            simd,
            center: vectors(simd, point.center),
            weight: vectors(simd, point.weight),
            mask: simd.below(width - (C - 1) * L),
        };
        let bias = simd.splat(point.bias[0]);
        let mut g = [simd.splat(T::default()); C];
        let mut sums = LaneSums::new();
        let mut residuals = [T::default(); L];
        let mut lanes = [simd.splat(T::default()); L];
        // Three groups are in flight, so that none waits for another: one's gradient, the next
        // one's outcome, and the margins of the one after that.
        let (inside, groups) = (inside::<T, L>(block, C * L), rows.div_ceil(L));
        let mut copy = [[[[T::default(); L]; C]; L]; 2];
        let copy = copy.as_flattened_mut().as_flattened_mut().as_flattened_mut();
        let copy = copied(block, inside * L..groups * L, copy, point);
        for step in 0..groups + 2 {
            if gradient.is_some() && step >= 2 {
                let x = window::<T, L, C>(block, step - 2, inside, copy);
                for i in 0..L {
                    fixed.add_row(&mut g, &x, residuals[i], i);
                }
            }
            if 1 <= step && step <= groups {
                let z = S::V::fold_each(lanes) + bias;
                let first = (step - 1) * L;
                let lanes = (0, L.min(rows - first));
                let outcome = outcome::<T, L, S, A>(simd, block, z, first, lanes);
                sums.take(outcome);
                outcome.residual.store(&mut residuals);
            }
            if step < groups {
                let x = window::<T, L, C>(block, step, inside, copy);
                for i in 0..L {
                    lanes[i] = fixed.dot(&x, i);
                }
            }
        }
        if let Some(gradient) = gradient {
            let (gradient, _) = gradient.as_chunks_mut();
            for v in 0..C {
                g[v].store(&mut gradient[v]);
            }
        }
        sums.fold()
    }
}

/// How many groups of `L` rows lie in a block together with what full loads read beyond. Of the
/// others there are at most two: rows that a full group follows have enough behind them.
#[inline(always)]
fn inside<T, const L: usize>(block: Block<'_, T>, length: usize) -> usize {
    let span = Strided::<T, L>::span(block.width, length);
    match block.x.len().checked_sub(span) {
        Some(rest) => (rest / (L * block.width) + 1).min(block.y.len() / L),
        None => 0,
    }
}

/// Copies rows. Those that the block does not have are the centre's, so that what they add to the
/// gradient is zero.
fn copied<'a, T: Number>(
    block: Block<'_, T>,
    rows: Range<usize>,
    copy: &'a mut [T],
    point: Point<'_, T>,
) -> &'a [T] {
    let rest = &block.x[rows.start * block.width..];
    let (there, missing) = copy[..rows.len() * block.width].split_at_mut(rest.len());
    there.copy_from_slice(rest);
    for row in missing.chunks_exact_mut(block.width) {
        row.copy_from_slice(&point.center[..block.width]);
    }
    copy
}

/// The rows of a group.
#[inline(always)]
fn window<'a, T, const L: usize, const C: usize>(
    block: Block<'a, T>,
    group: usize,
    inside: usize,
    copy: &'a [T],
) -> Strided<'a, T, L> {
    let rows = L * block.width;
    let from = match group.checked_sub(inside) {
        None => &block.x[group * rows..],
        Some(group) => &copy[group * rows..],
    };
    Strided::new(from, block.width, C * L)
}

/// What stays in registers.
struct Fixed<T, const L: usize, const C: usize, S: Simd<T, L>> {
    simd: S,
    center: [S::V; C],
    weight: [S::V; C],
    /// All bits of the last vector's lanes that a row has.
    mask: S::V,
}

impl<T: Number, const L: usize, const C: usize, S: Simd<T, L>> Fixed<T, L, C, S> {
    /// The lanes of a row's margin.
    #[inline(always)]
    fn dot(&self, x: &Strided<'_, T, L>, row: usize) -> S::V {
        let row = x.row(row);
        let mut sum = self.simd.splat(T::default());
        for v in 0..C {
            prefetch(row, v * L + AHEAD / size_of::<T>());
            let x = load(self.simd, row, v);
            // What follows the row in memory is not its.
            let x = if v + 1 == C { x.and(self.mask) } else { x };
            sum = sum + (x - self.center[v]) * self.weight[v];
        }
        sum
    }

    /// Adds a row's part of the gradient; what is added in lanes that no row has is not used.
    #[inline(always)]
    fn add_row(&self, g: &mut [S::V; C], x: &Strided<'_, T, L>, residual: T, row: usize) {
        let row = x.row(row);
        let residual = self.simd.splat(residual);
        for v in 0..C {
            g[v] = g[v] + residual * (load(self.simd, row, v) - self.center[v]);
        }
    }
}

/// Reads a vector of values.
#[inline(always)]
fn load<T, const L: usize, S: Simd<T, L>>(simd: S, values: &[T], vector: usize) -> S::V {
    simd.load(&values.as_chunks().0[vector])
}

/// The outcome of rows `first + lanes.0..first + lanes.1`, in these lanes; the others are zero.
#[inline(always)]
pub(super) fn outcome<T: Number, const L: usize, S: Simd<T, L>, A: Single>(
    simd: S,
    block: Block<'_, T>,
    z: S::V,
    first: usize,
    lanes: (usize, usize),
) -> Outcome<S::V> {
    let mut outcome = A::outcome(z, load_from(simd, block.y, first));
    if let Some(weight) = block.weight {
        let weight = load_from(simd, weight, first);
        outcome = outcome.times(weight);
    }
    if lanes == (0, L) {
        return outcome;
    }
    // What has no row yet, or has had it, must add nothing.
    let (until, from) = (simd.below(lanes.1), simd.below(lanes.0));
    let mask = until.sub_bits(from);
    outcome.and(mask)
}

/// The first vectors of padded values.
#[inline(always)]
fn vectors<T, const L: usize, const C: usize, S: Simd<T, L>>(simd: S, values: &[T]) -> [S::V; C] {
    let (values, _) = values.as_chunks();
    let mut vectors = [simd.load(&values[0]); C];
    for v in 1..C {
        vectors[v] = simd.load(&values[v]);
    }
    vectors
}
