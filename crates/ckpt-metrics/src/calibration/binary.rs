//! Calibration of the probability of one of two classes.

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::bins::{Bins, Row};
use crate::columns::Columns;
use crate::input;
use crate::weight::{self, Weight};
use crate::{CalibrationReport, Input, Label, Real, Result};

/// Accumulates how far probabilities of class 1 are from its frequency, in bins of equal width.
///
/// Targets are labels 0 or 1 (or booleans); each prediction is the probability of class 1, in
/// \[0, 1\]. Of m bins, bin i holds the probabilities over i/m and up to (i + 1)/m, and the first
/// also 0, as in scikit-learn's `calibration_curve`.
///
/// ```
/// use ckpt_metrics::BinaryCalibration;
///
/// let mut calibration = BinaryCalibration::new(2)?;
/// calibration.push_batch(&[0, 1, 1, 1], &[0.25, 0.5, 0.75, 1.0])?;
/// let report = calibration.finish()?;
/// assert_eq!((report.bins[0].probability, report.bins[0].frequency), (0.375, 0.5));
/// assert_eq!((report.expected, report.maximum), (0.125, 0.125));
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BinaryCalibration {
    bins: Bins,
}

accumulator! {
    both Ix1 BinaryCalibration {
        new(bins: usize) [?];
        rows(Label, probability / probabilities: Real);
        errors(LabelOutOfRange, NotAProbability, TooManyRows);
    }
}

impl BinaryCalibration {
    /// Makes one with `bins` bins that has seen no rows.
    ///
    /// # Errors
    /// [`BinCount`](crate::Error::BinCount) unless `bins` is in 1..=[`MAX_BINS`](crate::MAX_BINS).
    pub fn new(bins: usize) -> Result<Self> {
        Ok(Self { bins: Bins::new(bins)? })
    }

    /// The number of bins.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.bins.len()
    }

    fn push_rows<L: Label, P: Real, W: Weight>(
        &mut self,
        targets: ArrayView1<'_, L>,
        probabilities: ArrayView1<'_, P>,
        weights: ArrayView1<'_, W>,
    ) -> Result<()> {
        let columns = Columns::new(targets, probabilities, weights)?;
        self.bins.push(columns.rows(), |rows, bins| {
            columns.with(rows, |(targets, probabilities, weights), first| {
                let rows = targets.iter().zip(probabilities).zip(weights);
                rows.zip(first..).try_for_each(|(((&target, &probability), &weight), row)| {
                    let is_true = input::class(target, 2, Input::Target, row)? == 1;
                    let probability = input::probability(probability, row)?;
                    bins.add(&Row { probability, is_true, weight: weight::check(weight, row)? });
                    Ok(())
                })
            })
        })
    }

    /// Takes in what another one has seen.
    ///
    /// # Errors
    /// [`BinMismatch`](crate::Error::BinMismatch) or [`TooManyRows`](crate::Error::TooManyRows);
    /// nothing was merged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.bins.merge(&other.bins)
    }

    /// Reports on the rows seen so far.
    ///
    /// # Errors
    /// [`Empty`](crate::Error::Empty) if there were none, or [`WeightSum`](crate::Error::WeightSum)
    /// if their weights sum to 0 or exceed the range of `f64`.
    pub fn finish(&self) -> Result<CalibrationReport> {
        self.bins.finish()
    }
}

/// Reports how far probabilities of class 1 are from its frequency, in `bins` bins of equal width.
///
/// ```
/// let report = ckpt_metrics::binary_calibration(10, &[0, 1], &[0.25, 0.75])?;
/// assert_eq!(report.expected, 0.25);
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
///
/// # Errors
/// [`Empty`](crate::Error::Empty) and those of [`BinaryCalibration::evaluate`].
pub fn binary_calibration<'t, 'p, L: Label + 't, P: Real + 'p>(
    bins: usize,
    targets: impl Into<ArrayView1<'t, L>>,
    probabilities: impl Into<ArrayView1<'p, P>>,
) -> Result<CalibrationReport> {
    BinaryCalibration::evaluate(bins, targets, probabilities)?.finish()
}
