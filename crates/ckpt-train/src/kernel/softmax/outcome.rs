//! Residuals and losses of a group of rows: a vector holds one output of each.

#![expect(
    clippy::needless_range_loop,
    reason = "an index names a lane of several arrays; adapters are functions that would not be inlined"
)]

use crate::kernel::loss::{LaneSums, load_from};
use crate::kernel::math::{exp, ln};
use crate::kernel::simd::{Lanes, Simd, Vector};
use crate::kernel::{Block, Number};

/// The classes of `L` rows.
pub(super) struct Classes<'a, T, const L: usize, S> {
    simd: S,
    block: Block<'a, T>,
    outputs: usize,
    /// For each output, the lanes of the rows; whole vectors of outputs.
    lanes: Vec<[T; L]>,
}

impl<'a, T: Number, const L: usize, S: Simd<T, L>> Classes<'a, T, L, S> {
    #[inline(always)]
    pub(super) fn new(simd: S, block: Block<'a, T>, outputs: usize) -> Self {
        let lanes = vec![[T::default(); L]; outputs.next_multiple_of(L)];
        Self { simd, block, outputs, lanes }
    }

    /// Replaces the margins of the rows from `first` on by residuals, and takes their losses.
    #[inline(always)]
    pub(super) fn outcome(&mut self, rows: &mut [[T; L]], first: usize, sums: &mut LaneSums<L>) {
        let simd = self.simd;
        let count = L.min(self.block.y.len() - first);
        let vectors = rows.len() / L;
        for vector in 0..vectors {
            let mut margins = [simd.splat(T::default()); L];
            for i in 0..L {
                margins[i] = simd.load(&rows[i * vectors + vector]);
            }
            let lanes = S::V::transpose(margins);
            for c in 0..L {
                lanes[c].store(&mut self.lanes[vector * L + c]);
            }
        }
        let loss = self.residuals(&self.block.y[first..first + count]);
        let loss = match self.block.weight {
            None => loss,
            Some(weight) => self.weigh(loss, load_from(simd, weight, first)),
        };
        sums.take_losses(if count == L { loss } else { loss.and(simd.below(count)) });
        for vector in 0..vectors {
            let mut lanes = [simd.splat(T::default()); L];
            for c in 0..L {
                lanes[c] = simd.load(&self.lanes[vector * L + c]);
            }
            let residuals = S::V::transpose(lanes);
            for i in 0..L {
                residuals[i].store(&mut rows[i * vectors + vector]);
            }
        }
    }

    /// Replaces margins by residuals and returns the losses. Outputs that fill a vector get none.
    #[inline(always)]
    fn residuals(&mut self, y: &[T]) -> S::V {
        let simd = self.simd;
        let class = |y: T| Into::<f64>::into(y) as usize;
        let (lanes, missing) = self.lanes.split_at_mut(self.outputs);
        let mut largest = simd.load(&lanes[0]);
        for z in &lanes[1..] {
            largest = simd.load(z).larger(largest);
        }
        let mut own = [T::default(); L];
        for (i, &y) in y.iter().enumerate() {
            own[i] = lanes[class(y)][i];
        }
        let lead = largest - simd.load(&own);
        let mut sum = simd.splat(T::default());
        for z in lanes.iter_mut() {
            let e = exp(simd.load(z) - largest);
            sum = sum + e;
            e.store(z);
        }
        for e in lanes.iter_mut() {
            (simd.load(e) / sum).store(e);
        }
        for (i, &y) in y.iter().enumerate() {
            let own = &mut lanes[class(y)][i];
            *own = *own - T::ONE;
        }
        missing.fill([T::default(); L]);
        ln(sum) + lead
    }

    /// Multiplies residuals and losses by the rows' weights.
    #[inline(always)]
    fn weigh(&mut self, loss: S::V, weight: S::V) -> S::V {
        for residual in &mut self.lanes[..self.outputs] {
            (self.simd.load(residual) * weight).store(residual);
        }
        loss * weight
    }
}
