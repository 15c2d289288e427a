//! The loss of predicted quantiles.

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::columns::{Chunk, Columns};
use crate::input::finite;
use crate::loss::Losses;
use crate::sum::sums;
use crate::weight::{self, Weight};
use crate::{Error, Input, LossReport, Real, Result};

/// Accumulates the pinball loss of predictions of one quantile.
///
/// A row costs q (t - p) if the target t is at least the prediction p, and (1 - q) (p - t) if it is
/// less; the mean is least where p is the q-quantile of t: R. Koenker and G. Bassett, "Regression
/// quantiles", 1978. Targets and predictions are finite; a sum beyond `f64` is infinite.
///
/// ```
/// use ckpt_metrics::QuantileLoss;
///
/// let mut losses = QuantileLoss::new(0.9)?;
/// losses.push_batch(&[3.0, 3.0], &[2.0, 4.0])?;
/// assert!((losses.finish()?.loss - 0.5).abs() < 1e-15); // (0.9 + 0.1) / 2
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct QuantileLoss {
    quantile: f64,
    losses: Losses,
}

accumulator! {
    both Ix1 QuantileLoss {
        new(quantile: f64) [?];
        rows(Real, prediction / predictions: Real);
        errors(NotFinite, TooManyRows);
    }
}

impl QuantileLoss {
    /// Makes one for a quantile, that has seen no rows.
    ///
    /// # Errors
    /// [`Error::Quantile`] unless it is in \[0, 1\].
    pub fn new(quantile: f64) -> Result<Self> {
        if (0.0..=1.0).contains(&quantile) {
            Ok(Self { quantile, losses: Losses::default() })
        } else {
            Err(Error::Quantile { quantile })
        }
    }

    /// The quantile that is predicted, in \[0, 1\].
    #[must_use]
    pub fn quantile(&self) -> f64 {
        self.quantile
    }

    fn push_rows<T: Real, P: Real, W: Weight>(
        &mut self,
        targets: ArrayView1<'_, T>,
        predictions: ArrayView1<'_, P>,
        weights: ArrayView1<'_, W>,
    ) -> Result<()> {
        let quantile = self.quantile;
        let columns = Columns::new(targets, predictions, weights)?;
        let batch = columns.reduce(|rows, first| losses(quantile, rows, first), Losses::merge)?;
        batch.map_or(Ok(()), |batch| self.losses.merge(&batch))
    }

    /// Takes in what another one has seen.
    ///
    /// # Errors
    /// [`Error::QuantileMismatch`] or [`Error::TooManyRows`]; nothing was merged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.quantile != other.quantile {
            let (expected, found) = (self.quantile, other.quantile);
            return Err(Error::QuantileMismatch { expected, found });
        }
        self.losses.merge(&other.losses)
    }

    /// Reports on the rows seen so far.
    ///
    /// # Errors
    /// [`Error::Empty`] if there were none, or [`Error::WeightSum`] if their weights sum to 0 or
    /// exceed the range of `f64`.
    pub fn finish(&self) -> Result<LossReport> {
        self.losses.finish()
    }
}

/// Sums the losses of a chunk of rows.
fn losses<T: Real, P: Real, W: Weight>(
    quantile: f64,
    (targets, predictions, weights): Chunk<'_, T, P, W>,
    first: usize,
) -> Result<Losses> {
    let [sum, weight, errors] = sums((targets, predictions, weights), |target, prediction, w| {
        let error = target.to_f64() - prediction.to_f64();
        let loss = if error >= 0.0 { quantile * error } else { (quantile - 1.0) * error };
        let w = w.get();
        // Not 0 times what may be infinite.
        [if w == 0.0 { 0.0 } else { w * loss }, w, error.abs()]
    });
    // A number that is not finite leaves no sum of errors that is; overflow also does that.
    if !errors.is_finite() || !weight::are_weights(weights) {
        let rows = targets.iter().zip(predictions).zip(weights);
        rows.zip(first..).try_for_each(|(((&target, &prediction), &weight), row)| {
            finite(target, Input::Target, row)?;
            finite(prediction, Input::Prediction, row)?;
            weight::check(weight, row).map(drop)
        })?;
    }
    Ok(Losses { rows: targets.len() as u64, weight, sum })
}

/// Computes the mean pinball loss of predictions of one quantile, in the target's unit.
///
/// ```
/// let loss = ckpt_metrics::quantile_loss(0.5, &[1.0, 2.0], &[2.0, 2.0])?;
/// assert_eq!(loss, 0.25); // half of the mean absolute error
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
///
/// # Errors
/// [`Error::Empty`] and those of [`QuantileLoss::evaluate`].
#[doc(alias = "mean_pinball_loss")]
pub fn quantile_loss<'t, 'p, T: Real + 't, P: Real + 'p>(
    quantile: f64,
    targets: impl Into<ArrayView1<'t, T>>,
    predictions: impl Into<ArrayView1<'p, P>>,
) -> Result<f64> {
    Ok(QuantileLoss::evaluate(quantile, targets, predictions)?.finish()?.loss)
}

/// An accumulator whose quantile is still to be checked.
#[derive(Deserialize)]
struct Stored {
    quantile: f64,
    losses: Losses,
}

impl TryFrom<Stored> for QuantileLoss {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        Ok(Self { losses: stored.losses, ..Self::new(stored.quantile)? })
    }
}
