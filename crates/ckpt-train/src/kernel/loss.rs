//! What margins are turned into: step 2 of the contract, and the row sums of step 3.

use super::math::{exp, ln};
use super::simd::{Lanes, Simd, Vector};
use super::{Number, RowSums};

/// The residuals, losses and magnitudes of some rows.
#[derive(Clone, Copy)]
pub(super) struct Outcome<V> {
    pub(super) residual: V,
    pub(super) loss: V,
    pub(super) absolute: V,
}

impl<V: Lanes> Outcome<V> {
    /// Takes rows as often as they weigh.
    #[inline(always)]
    pub(super) fn times(self, weight: V) -> Self {
        Self {
            residual: self.residual * weight,
            loss: self.loss * weight,
            absolute: self.absolute * weight,
        }
    }

    /// Keeps the lanes whose bits are all set in `mask`, and makes the others zero.
    #[inline(always)]
    pub(super) fn and(self, mask: V) -> Self {
        Self {
            residual: self.residual.and(mask),
            loss: self.loss.and(mask),
            absolute: self.absolute.and(mask),
        }
    }
}

/// A loss of one margin.
pub(super) trait Single: Copy {
    /// Gives the outcome of rows by margins and targets.
    fn outcome<V: Lanes>(z: V, y: V) -> Outcome<V>;
}

/// The squared residual.
#[derive(Clone, Copy)]
pub(super) struct Squared;

impl Single for Squared {
    #[inline(always)]
    fn outcome<V: Lanes>(z: V, y: V) -> Outcome<V> {
        let residual = z - y;
        let absolute = residual.and(z.all(V::Number::MAGNITUDE));
        Outcome { residual, loss: residual * residual, absolute }
    }
}

/// The cross-entropy of two classes.
#[derive(Clone, Copy)]
pub(super) struct Logistic;

impl Single for Logistic {
    #[inline(always)]
    fn outcome<V: Lanes>(z: V, y: V) -> Outcome<V> {
        let (zero, one) = (z.all(V::Number::default()), z.all(V::Number::ONE));
        let e = exp(z.or(z.all(V::Number::SIGN)));
        let u = one + e;
        let residual = z.at_least_zero(one, e) / u - y;
        let loss = (ln(u) + (e - (u - one)) / u) + (z.larger(zero) - y * z);
        Outcome { residual, loss, absolute: zero }
    }
}

/// Sums of rows by lanes of f64.
pub(super) struct LaneSums<const L: usize> {
    residual: [f64; L],
    loss: [f64; L],
    absolute: [f64; L],
}

impl<const L: usize> LaneSums<L> {
    pub(super) fn new() -> Self {
        Self { residual: [0.0; L], loss: [0.0; L], absolute: [0.0; L] }
    }

    /// Takes up to `L` rows, of which the first has an index that is a multiple of `L`. Lanes
    /// without a row are zero, which changes no sum: none is ever a negative zero.
    #[inline(always)]
    pub(super) fn take<V: Vector<L>>(&mut self, rows: Outcome<V>) {
        rows.residual.add_to(&mut self.residual);
        rows.loss.add_to(&mut self.loss);
        rows.absolute.add_to(&mut self.absolute);
    }

    /// Takes the losses of up to `L` rows, as `take` does.
    #[inline(always)]
    pub(super) fn take_losses<V: Vector<L>>(&mut self, losses: V) {
        losses.add_to(&mut self.loss);
    }

    pub(super) fn fold(self) -> RowSums {
        RowSums {
            residual: fold(self.residual),
            loss: fold(self.loss),
            absolute: fold(self.absolute),
        }
    }
}

fn fold<const L: usize>(mut lanes: [f64; L]) -> f64 {
    let mut half = L / 2;
    while half > 0 {
        for k in 0..half {
            lanes[k] += lanes[k + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// Reads up to `L` values from `index` on; lanes beyond `values` are zero.
#[inline(always)]
pub(super) fn load_from<T: Number, const L: usize, S: Simd<T, L>>(
    simd: S,
    values: &[T],
    index: usize,
) -> S::V {
    let rest = &values[index..];
    match rest.first_chunk() {
        Some(full) => simd.load(full),
        None => {
            let mut lanes = [T::default(); L];
            lanes[..rest.len()].copy_from_slice(rest);
            simd.load(&lanes)
        }
    }
}
