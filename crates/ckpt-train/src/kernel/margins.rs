//! Margins alone.

use super::simd::{Program, Simd, Vector};
use super::wide_rows::Wide;
use super::{Block, Number, Point};

/// The margins of rows with one output.
pub(super) struct Margins<'a, T> {
    pub(super) block: Block<'a, T>,
    pub(super) point: Point<'a, T>,
    pub(super) margins: &'a mut [T],
}

impl<T: Number, const L: usize> Program<T, L> for Margins<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T, L>>(self, simd: S) {
        let rows = Wide { simd, block: self.block, center: self.point.center };
        let bias = simd.splat(self.point.bias[0]);
        for (group, into) in self.margins.chunks_mut(L).enumerate() {
            let lanes = rows.dots(self.point.weight, group * L, into.len());
            let mut margins = [T::default(); L];
            (S::V::fold_each(lanes) + bias).store(&mut margins);
            into.copy_from_slice(&margins[..into.len()]);
        }
    }
}
