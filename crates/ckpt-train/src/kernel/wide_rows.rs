//! Blocks of rows with one output of any width.

#![expect(
    clippy::needless_range_loop,
    reason = "an index names a lane of several arrays; adapters are functions that would not be inlined"
)]

use super::loss::{LaneSums, Single};
use super::simd::{Lanes, Simd, Vector, prefetch};
use super::single::{AHEAD, Pass, outcome};
use super::{Block, Number, Point, RowSums};

impl<T: Number, A: Single> Pass<'_, T, A> {
    /// Rows that are too wide for registers.
    #[inline(always)]
    pub(super) fn wide<const L: usize, S: Simd<T, L>>(mut self, simd: S) -> RowSums {
        let rows = Wide { simd, block: self.block, center: self.point.center };
        if let Some(gradient) = self.gradient.as_deref_mut() {
            gradient.fill(T::default());
        }
        let mut sums = LaneSums::new();
        rows.pass::<L, A>(self.point, self.gradient, &mut sums);
        sums.fold()
    }
}

/// Bytes of rows that are taken together: a few such groups stay in the nearest cache.
const TOGETHER: usize = 4 << 10;

/// Rows of any width.
pub(super) struct Wide<'a, T, S> {
    pub(super) simd: S,
    pub(super) block: Block<'a, T>,
    /// Padded.
    pub(super) center: &'a [T],
}

impl<'a, T: Number, S> Wide<'a, T, S> {
    /// Takes all rows.
    #[inline(always)]
    fn pass<const L: usize, A: Single>(
        &self,
        point: Point<'_, T>,
        gradient: Option<&mut [T]>,
        sums: &mut LaneSums<L>,
    ) where
        S: Simd<T, L>,
    {
        match TOGETHER / (self.block.width * size_of::<T>()) {
            4.. => self.groups::<L, 4, A>(point, gradient, sums),
            2..4 => self.groups::<L, 2, A>(point, gradient, sums),
            _ => self.groups::<L, 1, A>(point, gradient, sums),
        }
    }

    /// Takes all rows, `R` at a time, and what is left one by one.
    ///
    /// As with narrow rows, three groups are in flight: the margins of one are taken together with
    /// the gradient of the one but last before it.
    #[inline(always)]
    fn groups<const L: usize, const R: usize, A: Single>(
        &self,
        point: Point<'_, T>,
        mut gradient: Option<&mut [T]>,
        sums: &mut LaneSums<L>,
    ) where
        S: Simd<T, L>,
    {
        let rows = self.block.y.len();
        let groups = rows / R;
        let mut lanes = [self.simd.splat(T::default()); R];
        let mut residuals = [T::default(); R];
        for step in 0..groups + 2 {
            let ready = residuals;
            if 1 <= step && step <= groups {
                residuals = self.outcome::<L, R, A>(lanes, point, (step - 1) * R, sums);
            }
            match (step < groups, &mut gradient) {
                (true, Some(gradient)) if step >= 2 => {
                    lanes = self.both(point.weight, step * R, gradient, ready, (step - 2) * R);
                }
                (true, _) => lanes = self.dot(point.weight, step * R),
                (false, Some(gradient)) if step >= 2 => self.add(gradient, ready, (step - 2) * R),
                (false, _) => {}
            }
        }
        for row in groups * R..rows {
            let lanes = self.dot::<L, 1>(point.weight, row);
            let residual = self.outcome::<L, 1, A>(lanes, point, row, sums);
            if let Some(gradient) = &mut gradient {
                self.add::<L, 1>(gradient, residual, row);
            }
        }
    }

    /// Sums the outcome of `R` rows from `first` on, a multiple of `R`, and returns their residuals.
    #[inline(always)]
    fn outcome<const L: usize, const R: usize, A: Single>(
        &self,
        lanes: [S::V; R],
        point: Point<'_, T>,
        first: usize,
        sums: &mut LaneSums<L>,
    ) -> [T; R]
    where
        S: Simd<T, L>,
    {
        let simd = self.simd;
        let from = first % L;
        let mut all = [simd.splat(T::default()); L];
        all[from..from + R].copy_from_slice(&lanes);
        let z = S::V::fold_each(all) + simd.splat(point.bias[0]);
        let outcome = outcome::<T, L, S, A>(simd, self.block, z, first - from, (from, from + R));
        sums.take(outcome);
        let mut residuals = [T::default(); L];
        outcome.residual.store(&mut residuals);
        let mut some = [T::default(); R];
        some.copy_from_slice(&residuals[from..from + R]);
        some
    }

    /// The lanes of the margins of up to `L` rows, from `first` on.
    #[inline(always)]
    pub(super) fn dots<const L: usize>(&self, weight: &[T], first: usize, rows: usize) -> [S::V; L]
    where
        S: Simd<T, L>,
    {
        let mut lanes = [self.simd.splat(T::default()); L];
        let whole = rows / 4 * 4;
        for i in (0..whole).step_by(4) {
            lanes[i..i + 4].copy_from_slice(&self.dot::<L, 4>(weight, first + i));
        }
        for i in whole..rows {
            [lanes[i]] = self.dot::<L, 1>(weight, first + i);
        }
        lanes
    }

    /// `dot` of some rows and `add` of others, in one.
    #[inline(always)]
    fn both<const L: usize, const R: usize>(
        &self,
        weight: &[T],
        first: usize,
        gradient: &mut [T],
        residual: [T; R],
        before: usize,
    ) -> [S::V; R]
    where
        S: Simd<T, L>,
    {
        let (simd, width) = (self.simd, self.block.width);
        let (rows, others) = (self.rows::<L, R>(first), self.rows::<L, R>(before));
        let full = width / L;
        let (centers, weights) = (self.center.as_chunks().0, weight.as_chunks().0);
        let gradients = gradient.as_chunks_mut().0;
        let mut sums = [simd.splat(T::default()); R];
        let mut residuals = [simd.splat(T::default()); R];
        for r in 0..R {
            residuals[r] = simd.splat(residual[r]);
        }
        let ahead = AHEAD / size_of::<T>();
        for v in 0..full {
            let (center, weight) = (simd.load(&centers[v]), simd.load(&weights[v]));
            let mut g = simd.load(&gradients[v]);
            for r in 0..R {
                prefetch(self.block.x, (first + r) * width + v * L + ahead);
                sums[r] = sums[r] + (simd.load(&rows[r][v]) - center) * weight;
                g = g + residuals[r] * (simd.load(&others[r][v]) - center);
            }
            g.store(&mut gradients[v]);
        }
        if full * L < width {
            let (center, weight) = (simd.load(&centers[full]), simd.load(&weights[full]));
            let mut g = simd.load(&gradients[full]);
            for r in 0..R {
                sums[r] = sums[r] + (self.last(first + r) - center) * weight;
                g = g + residuals[r] * (self.last(before + r) - center);
            }
            g.store(&mut gradients[full]);
        }
        sums
    }

    /// The full vectors of `R` rows.
    #[inline(always)]
    fn rows<const L: usize, const R: usize>(&self, first: usize) -> [&'a [[T; L]]; R] {
        let width = self.block.width;
        let mut rows = [&[][..]; R];
        for r in 0..R {
            rows[r] = self.block.x[(first + r) * width..][..width].as_chunks().0;
        }
        rows
    }

    /// The last vector of a row, if some of its lanes are missing.
    #[inline(always)]
    fn last<const L: usize>(&self, row: usize) -> S::V
    where
        S: Simd<T, L>,
    {
        let width = self.block.width;
        let tail = width % L;
        let rest = &self.block.x[(row + 1) * width - tail..];
        match rest.first_chunk() {
            // What follows the row in memory is not its.
            Some(last) => self.simd.load(last).and(self.simd.below(tail)),
            None => {
                let mut copy = [T::default(); L];
                copy[..tail].copy_from_slice(&rest[..tail]);
                self.simd.load(&copy)
            }
        }
    }

    /// The lanes of the margins of `R` rows.
    #[inline(always)]
    fn dot<const L: usize, const R: usize>(&self, weight: &[T], first: usize) -> [S::V; R]
    where
        S: Simd<T, L>,
    {
        let (simd, width) = (self.simd, self.block.width);
        let rows = self.rows::<L, R>(first);
        let full = width / L;
        let (centers, weights) = (self.center.as_chunks().0, weight.as_chunks().0);
        let mut sums = [simd.splat(T::default()); R];
        let ahead = AHEAD / size_of::<T>();
        for v in 0..full {
            let (center, weight) = (simd.load(&centers[v]), simd.load(&weights[v]));
            for r in 0..R {
                prefetch(self.block.x, (first + r) * width + v * L + ahead);
                sums[r] = sums[r] + (simd.load(&rows[r][v]) - center) * weight;
            }
        }
        if full * L < width {
            let (center, weight) = (simd.load(&centers[full]), simd.load(&weights[full]));
            for r in 0..R {
                sums[r] = sums[r] + (self.last(first + r) - center) * weight;
            }
        }
        sums
    }

    /// Adds `R` rows' part of the gradient.
    #[inline(always)]
    fn add<const L: usize, const R: usize>(
        &self,
        gradient: &mut [T],
        residual: [T; R],
        first: usize,
    ) where
        S: Simd<T, L>,
    {
        let (simd, width) = (self.simd, self.block.width);
        let rows = self.rows::<L, R>(first);
        let full = width / L;
        let (centers, gradient) = (self.center.as_chunks().0, gradient.as_chunks_mut().0);
        let mut residuals = [simd.splat(T::default()); R];
        for r in 0..R {
            residuals[r] = simd.splat(residual[r]);
        }
        for v in 0..full {
            let center = simd.load(&centers[v]);
            let mut g = simd.load(&gradient[v]);
            for r in 0..R {
                g = g + residuals[r] * (simd.load(&rows[r][v]) - center);
            }
            g.store(&mut gradient[v]);
        }
        if full * L < width {
            let center = simd.load(&centers[full]);
            let mut g = simd.load(&gradient[full]);
            for r in 0..R {
                g = g + residuals[r] * (self.last(first + r) - center);
            }
            g.store(&mut gradient[full]);
        }
    }
}
