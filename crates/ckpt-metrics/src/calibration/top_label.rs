//! Calibration of the probability of the class that a model favours.

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::bins::{Bins, Row};
use crate::input::{self, contiguous};
use crate::weight::{self, Weight};
use crate::{CalibrationReport, Input, Label, Real, Result};

/// Accumulates how far a model's confidence in the class that it favours is from being right, in
/// bins of equal width.
///
/// Targets are labels 0..k; the predictions of a row are k probabilities that sum to 1, as for
/// [`CategoricalCrossEntropy`](crate::CategoricalCrossEntropy). The confidence is the greatest of them, the class that the first that has it. Bins are those of
/// [`BinaryCalibration`](crate::BinaryCalibration). C. Guo and others, "On calibration of modern
/// neural networks", 2017.
///
/// ```
/// use ckpt_metrics::TopLabelCalibration;
///
/// let mut calibration = TopLabelCalibration::new(3, 10)?;
/// calibration.push_batch(&[0, 2], &[[0.75, 0.25, 0.0], [0.75, 0.0, 0.25]])?;
/// assert_eq!(calibration.finish()?.expected, 0.25); // confident to 3/4, right in half
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopLabelCalibration {
    classes: usize,
    bins: Bins,
}

accumulator! {
    both Ix2 TopLabelCalibration {
        new(bins: usize) [?];
        rows(Label, probability / probabilities: Real);
        errors(ClassMismatch, LabelOutOfRange, NotAProbability, NotNormalized, TooManyRows);
    }
}

impl TopLabelCalibration {
    /// Makes one for `classes` classes with `bins` bins, that has seen no rows.
    ///
    /// # Errors
    /// [`BinCount`](crate::Error::BinCount) unless `bins` is in 1..=[`MAX_BINS`](crate::MAX_BINS).
    pub fn new(classes: usize, bins: usize) -> Result<Self> {
        Ok(Self { classes, bins: Bins::new(bins)? })
    }

    /// The number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The number of bins.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.bins.len()
    }

    fn push_rows<L: Label, P: Real, W: Weight>(
        &mut self,
        targets: ArrayView1<'_, L>,
        probabilities: ArrayView2<'_, P>,
        weights: ArrayView1<'_, W>,
    ) -> Result<()> {
        let rows = input::paired(targets.len(), probabilities.nrows())?;
        weight::one_each(weights, rows)?;
        input::same_classes(self.classes, probabilities.ncols())?;
        self.bins.push(rows, |mut rows, bins| {
            rows.try_for_each(|row| {
                let class = input::class(targets[row], self.classes, Input::Target, row)?;
                let probabilities = contiguous(probabilities.row(row));
                input::distribution(&probabilities, row)?;
                let (favourite, probability) = favourite(&probabilities);
                let weight = weight::check(weights[row], row)?;
                bins.add(&Row { probability, is_true: favourite == class, weight });
                Ok(())
            })
        })
    }

    /// Takes in what another one has seen.
    ///
    /// # Errors
    /// [`ClassMismatch`](crate::Error::ClassMismatch), [`BinMismatch`](crate::Error::BinMismatch)
    /// or [`TooManyRows`](crate::Error::TooManyRows); nothing was merged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        input::same_classes(self.classes, other.classes)?;
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

/// Gives the first class with the greatest probability, and that.
fn favourite<P: Real>(probabilities: &[P]) -> (usize, f64) {
    let probabilities = probabilities.iter().map(|probability| probability.to_f64()).enumerate();
    probabilities
        .fold((0, f64::NEG_INFINITY), |best, next| if next.1 > best.1 { next } else { best })
}

/// Reports how far a model's confidence in the class that it favours is from being right, in `bins`
/// bins of equal width.
///
/// `targets` are labels 0..k and `probabilities` has shape \[rows, k\].
///
/// # Errors
/// [`Empty`](crate::Error::Empty) and those of [`TopLabelCalibration::evaluate`].
pub fn top_label_calibration<'t, 'p, L: Label + 't, P: Real + 'p>(
    bins: usize,
    targets: impl Into<ArrayView1<'t, L>>,
    probabilities: impl Into<ArrayView2<'p, P>>,
) -> Result<CalibrationReport> {
    TopLabelCalibration::evaluate(bins, targets, probabilities)?.finish()
}
