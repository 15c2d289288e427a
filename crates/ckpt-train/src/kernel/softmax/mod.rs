//! Blocks of rows with several outputs: steps 1 to 3 of the contract.
//!
//! `L` rows make a group. For margins and gradient a vector holds `L` outputs of one row; for the
//! exponentials it holds one output of `L` rows, so that no lane is idle and none waits for another.

mod group;
mod outcome;

use super::loss::LaneSums;
use super::simd::{Program, Simd};
use super::{Block, Number, Point, RowSums};

use group::Group;
use outcome::Classes;

/// The margins of rows.
pub(super) struct Margins<'a, T> {
    pub(super) block: Block<'a, T>,
    pub(super) point: Point<'a, T>,
    pub(super) margins: &'a mut [T],
}

impl<T: Number, const L: usize> Program<T, L> for Margins<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T, L>>(self, simd: S) {
        let outputs = self.point.loss.outputs();
        let mut group = Group::new(simd, self.block, self.point);
        for (index, into) in self.margins.chunks_mut(L * outputs).enumerate() {
            group.margins(index * L);
            for (into, z) in into.chunks_exact_mut(outputs).zip(group.rows()) {
                into.copy_from_slice(&z.as_flattened()[..outputs]);
            }
        }
    }
}

/// A pass over a block.
pub(super) struct Pass<'a, T> {
    pub(super) block: Block<'a, T>,
    pub(super) point: Point<'a, T>,
    /// Takes the gradient partial, `(width + 1) x stride`.
    pub(super) gradient: Option<&'a mut [T]>,
}

impl<T: Number, const L: usize> Program<T, L> for Pass<'_, T> {
    type Output = RowSums;

    #[inline(always)]
    fn run<S: Simd<T, L>>(self, simd: S) -> RowSums {
        let Self { block, point, mut gradient } = self;
        let mut group = Group::new(simd, block, point);
        let mut classes = Classes::new(simd, block, point.loss.outputs());
        let mut sums = LaneSums::new();
        if let Some(gradient) = gradient.as_deref_mut() {
            gradient.fill(T::default());
        }
        for first in (0..block.y.len()).step_by(L) {
            group.margins(first);
            classes.outcome(group.lanes(), first, &mut sums);
            if let Some(gradient) = gradient.as_deref_mut() {
                group.gradient(gradient, first);
            }
        }
        sums.fold()
    }
}
