//! Confusion matrices of weighted rows.

use std::ops::Range;

use ndarray::{ArrayView1, ArrayView2};

use super::{Confusion, counting};
use crate::columns::{Chunk, Columns};
use crate::input;
use crate::weight;
use crate::{CHUNK_ROWS, Input, Label, Real, Result, grid};

accumulator! {
    weighted Ix1 Confusion<f64> {
        new_weighted(classes: usize) [?];
        rows(Label, prediction / predictions: Label);
        errors(LabelOutOfRange);
    }
}

impl Confusion<f64> {
    /// Makes one for `classes` classes and rows with weights, that has seen no rows.
    ///
    /// # Errors
    /// Those of [`Confusion::new`].
    pub fn new_weighted(classes: usize) -> Result<Self> {
        Self::empty(classes)
    }

    /// Makes one from weights of shape \[true class, predicted class\].
    ///
    /// # Errors
    /// [`Error::NotSquare`](crate::Error::NotSquare), [`Error::ClassCount`](crate::Error::ClassCount)
    /// or [`Error::InvalidSum`](crate::Error::InvalidSum).
    pub fn from_weights<'c>(weights: impl Into<ArrayView2<'c, f64>>) -> Result<Self> {
        Self::from_cells(weights.into())
    }

    fn push_rows<T: Label, P: Label, W: Real>(
        &mut self,
        targets: ArrayView1<'_, T>,
        predictions: ArrayView1<'_, P>,
        weights: ArrayView1<'_, W>,
    ) -> Result<()> {
        let columns = Columns::new(targets, predictions, weights)?;
        let rows = columns.rows();
        let classes = self.classes;
        // A piece has a matrix of its own, so it has at least as many rows as that has cells.
        let piece = CHUNK_ROWS.max((classes * classes).next_power_of_two());
        let sum = |rows: Range<usize>, sums: &mut [f64]| {
            columns.with(rows, |chunk, first| {
                check(classes, chunk, first)?;
                sum_cells(sums, classes, chunk);
                Ok(())
            })
        };
        if rows <= piece {
            return sum(0..rows, &mut self.counts);
        }
        let pieces = |rows: Range<usize>| {
            let mut sums = vec![0.0; classes * classes];
            sum(rows, &mut sums).map(|()| sums)
        };
        let sums = grid::reduce_pieces(rows, piece, pieces, |sums, others| {
            counting::add(sums, others);
            Ok(())
        })?;
        counting::add(&mut self.counts, &sums.unwrap_or_default());
        Ok(())
    }
}

/// Names the first value that is outside the domain.
fn check<T: Label, P: Label, W: Real>(
    classes: usize,
    (targets, predictions, weights): Chunk<'_, T, P, W>,
    first: usize,
) -> Result<()> {
    let rows = targets.iter().zip(predictions).zip(weights);
    rows.zip(first..).try_for_each(|(((&target, &prediction), &weight), row)| {
        input::class(target, classes, Input::Target, row)?;
        input::class(prediction, classes, Input::Prediction, row)?;
        weight::check(weight, row).map(drop)
    })
}

/// Adds the weight of each row to its cell, in order; all have been checked.
fn sum_cells<T: Label, P: Label, W: Real>(
    sums: &mut [f64],
    classes: usize,
    (targets, predictions, weights): (&[T], &[P], &[W]),
) {
    for ((target, prediction), weight) in targets.iter().zip(predictions).zip(weights) {
        let cell = target.index() as usize * classes + prediction.index() as usize;
        sums[cell] += weight.to_f64();
    }
}
