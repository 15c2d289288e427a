//! The share of right predictions, without a confusion matrix.

use std::ops::Range;

use ndarray::{ArrayView1, s};

use crate::{Error, Label, Result, grid, input};

/// Computes the share of rows whose predicted label is the true one, in \[0, 1\].
///
/// Labels are any integers: unlike for a [`Confusion`](crate::Confusion), they need not be 0..k.
///
/// ```
/// assert_eq!(ckpt_metrics::accuracy(&[-1, 1, 1, 7], &[-1, 1, -1, 7]), Ok(0.75));
/// ```
///
/// # Errors
/// [`Error::Empty`] or [`Error::LengthMismatch`].
pub fn accuracy<'t, 'p, T: Label + 't, P: Label + 'p>(
    targets: impl Into<ArrayView1<'t, T>>,
    predictions: impl Into<ArrayView1<'p, P>>,
) -> Result<f64> {
    let (targets, predictions) = (targets.into(), predictions.into());
    let rows = input::paired(targets.len(), predictions.len())?;
    let right = |rows: Range<usize>| {
        let pairs = targets.slice(s![rows.clone()]).into_iter();
        let pairs = pairs.zip(predictions.slice(s![rows]));
        Ok(pairs.filter(|(t, p)| t.to_i128() == p.to_i128()).count())
    };
    let right = grid::reduce(rows, right, |sum, part| {
        *sum += part;
        Ok(())
    })?;
    let right = right.ok_or(Error::Empty)?;
    Ok(right as f64 / rows as f64)
}
