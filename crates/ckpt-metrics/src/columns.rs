//! Targets, predictions and weights of the same rows.

use std::ops::Range;

use ndarray::{ArrayView1, s};

use crate::input::{contiguous, paired};
use crate::weight::{Weight, one_each};
use crate::{Result, grid};

/// One column each of targets, predictions and weights, all of the same length.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a, T, P, W> {
    targets: ArrayView1<'a, T>,
    predictions: ArrayView1<'a, P>,
    weights: ArrayView1<'a, W>,
}

/// Some rows of [`Columns`].
pub(crate) type Chunk<'a, T, P, W> = (&'a [T], &'a [P], &'a [W]);

impl<'a, T, P, W> Columns<'a, T, P, W>
where
    T: Copy + Send + Sync,
    P: Copy + Send + Sync,
    W: Weight,
{
    /// Checks that there is one prediction and one weight for each target.
    pub(crate) fn new(
        targets: ArrayView1<'a, T>,
        predictions: ArrayView1<'a, P>,
        weights: ArrayView1<'a, W>,
    ) -> Result<Self> {
        let rows = paired(targets.len(), predictions.len())?;
        one_each(weights, rows)?;
        Ok(Self { targets, predictions, weights })
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.targets.len()
    }

    /// Hands over some rows as slices, with the number of the first.
    pub(crate) fn with<R>(
        &self,
        rows: Range<usize>,
        use_chunk: impl FnOnce(Chunk<'_, T, P, W>, usize) -> R,
    ) -> R {
        let (first, rows) = (rows.start, s![rows]);
        let targets = contiguous(self.targets.slice(rows));
        let predictions = contiguous(self.predictions.slice(rows));
        use_chunk((&targets, &predictions, &contiguous(self.weights.slice(rows))), first)
    }

    /// Evaluates the rows chunk by chunk and merges the parts, as [`grid::reduce`] does.
    pub(crate) fn reduce<A: Send>(
        &self,
        evaluate: impl Fn(Chunk<'_, T, P, W>, usize) -> Result<A> + Sync,
        merge: impl Fn(&mut A, &A) -> Result<()>,
    ) -> Result<Option<A>> {
        grid::reduce(self.rows(), |rows| self.with(rows, &evaluate), merge)
    }
}
