//! The share of right predictions, without a confusion matrix.

use std::ops::Range;

use ndarray::{ArrayView1, s};

use crate::columns::{Chunk, Columns};
use crate::input::{self, contiguous};
use crate::sum::sums;
use crate::{Error, Label, Real, Result, count, grid, weight};

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
        let rows = s![rows];
        Ok(count_equal(&contiguous(targets.slice(rows)), &contiguous(predictions.slice(rows))))
    };
    let right = grid::reduce(rows, right, |sum, part| {
        *sum += part;
        Ok(())
    })?;
    let right = right.ok_or(Error::Empty)?;
    Ok(right as f64 / rows as f64)
}

/// Computes the share of the rows' weight whose predicted label is the true one, in \[0, 1\].
///
/// # Errors
/// Those of [`accuracy`], [`Error::WeightMismatch`], [`Error::NotAWeight`], or
/// [`Error::WeightSum`] if the weights sum to 0 or exceed the range of `f64`.
pub fn accuracy_weighted<'t, 'p, 'w, T: Label + 't, P: Label + 'p, W: Real + 'w>(
    targets: impl Into<ArrayView1<'t, T>>,
    predictions: impl Into<ArrayView1<'p, P>>,
    weights: impl Into<ArrayView1<'w, W>>,
) -> Result<f64> {
    let (targets, predictions, weights) = (targets.into(), predictions.into(), weights.into());
    let chunk = |rows: Chunk<'_, T, P, W>, first| {
        rows.2.iter().zip(first..).try_for_each(|(&w, row)| weight::check(w, row).map(drop))?;
        Ok(sums(rows, |t, p, w| {
            let weight = w.to_f64();
            [if t.to_i128() == p.to_i128() { weight } else { 0.0 }, weight]
        }))
    };
    let sums = Columns::new(targets, predictions, weights)?.reduce(chunk, |sums, part| {
        *sums = [sums[0] + part[0], sums[1] + part[1]];
        Ok(())
    })?;
    let [right, weight] = sums.ok_or(Error::Empty)?;
    Ok(right / count::total_weight(weight)?)
}

/// Counts the rows in which both labels are the same integer.
fn count_equal<T: Label, P: Label>(targets: &[T], predictions: &[P]) -> u64 {
    let equal = |(t, p): (&T, &P)| t.to_i128() == p.to_i128();
    if size_of::<T>() > 1 || size_of::<P>() > 1 {
        return targets.iter().zip(predictions).map(|row| u64::from(equal(row))).sum();
    }
    // Labels of one byte are counted in bytes, with 16 of them in the smallest vector.
    let blocks = targets.chunks(u8::MAX as usize).zip(predictions.chunks(u8::MAX as usize));
    blocks
        .map(|(targets, predictions)| {
            u64::from(targets.iter().zip(predictions).map(|row| u8::from(equal(row))).sum::<u8>())
        })
        .sum()
}
