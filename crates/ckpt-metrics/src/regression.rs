//! Errors of predicted numbers: MSE, RMSE, MAE and R².

mod one_call;
mod report;

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

pub use one_call::{mae, mse, r2, rmse};
pub use report::{RegressionReport, RegressionSums};

use crate::columns::{Chunk, Columns};
use crate::input::finite;
use crate::moments::Moments;
use crate::sum::sums;
use crate::weight::{self, Weight};
use crate::{Input, Real, Result, count};

/// Accumulates the errors of predicted numbers.
///
/// Targets and predictions are finite and have the same unit, one of each per row. Sums are `f64`
/// for every input type; where a square or a sum exceeds its range, the metrics that need it come
/// out as an infinity or, for R², possibly as NaN.
///
/// ```
/// use ckpt_metrics::Regression;
///
/// let mut errors = Regression::new();
/// errors.push(3.0, 2.5)?;
/// errors.push_batch(&[-0.5, 2.0, 7.0], &[0.0, 2.0, 8.0])?;
/// assert_eq!(errors.finish()?.mse, 0.375);
///
/// let weighted = Regression::evaluate_weighted(&[1.0, 2.0], &[1.0, 3.0], &[3.0, 1.0])?;
/// assert_eq!(weighted.finish()?.mse, 0.25);
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    rows: u64,
    squared_errors: f64,
    absolute_errors: f64,
    targets: Moments,
}

accumulator! {
    both Ix1 Regression {
        new() [];
        rows(Real, prediction / predictions: Real);
        errors(NotFinite, TooManyRows);
    }
}

impl Regression {
    /// Makes one that has seen no rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn push_rows<T: Real, P: Real, W: Weight>(
        &mut self,
        targets: ArrayView1<'_, T>,
        predictions: ArrayView1<'_, P>,
        weights: ArrayView1<'_, W>,
    ) -> Result<()> {
        let columns = Columns::new(targets, predictions, weights)?;
        let batch = columns.reduce(Self::of, Self::merge)?;
        batch.map_or(Ok(()), |batch| self.merge(&batch))
    }

    /// Takes in what another one has seen.
    ///
    /// # Errors
    /// [`Error::TooManyRows`](crate::Error::TooManyRows); nothing was merged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.rows = count::add(self.rows, other.rows)?;
        self.targets.merge(&other.targets);
        self.squared_errors += other.squared_errors;
        self.absolute_errors += other.absolute_errors;
        Ok(())
    }

    /// Reports on the rows seen so far.
    ///
    /// # Errors
    /// [`Error::Empty`](crate::Error::Empty) if there were none, or
    /// [`Error::WeightSum`](crate::Error::WeightSum) if their weights sum to 0 or exceed the range
    /// of `f64`.
    pub fn finish(&self) -> Result<RegressionReport> {
        RegressionReport::of(&RegressionSums {
            rows: self.rows,
            weight: self.targets.weight(),
            squared_errors: self.squared_errors,
            absolute_errors: self.absolute_errors,
            squared_deviations: self.targets.deviations(),
        })
    }

    /// Evaluates one chunk, whose first row is row `first` of the batch.
    fn of<T: Real, P: Real, W: Weight>(
        (targets, predictions, weights): Chunk<'_, T, P, W>,
        first: usize,
    ) -> Result<Self> {
        let origin = targets[0].to_f64();
        let [squared_errors, absolute_errors, differences, weight, finite] =
            sums((targets, predictions, weights), |target, prediction, w| {
                let (target, w) = (target.to_f64(), w.get());
                let error = target - prediction.to_f64();
                if w == 0.0 {
                    // Not 0 times what may be infinite.
                    return [0.0, 0.0, 0.0, 0.0, error.abs()];
                }
                let weighted = [error * error, error.abs(), target - origin].map(|x| w * x);
                [weighted[0], weighted[1], weighted[2], w, error.abs()]
            });
        // A number that is not finite leaves no sum of errors that is; overflow also does that.
        if !finite.is_finite() || !weight::are_weights(weights) {
            check(targets, predictions, weights, first)?;
        }
        let targets = Moments::of(targets, weights, weight, differences);
        Ok(Self { rows: predictions.len() as u64, squared_errors, absolute_errors, targets })
    }
}

/// Names the first number that is outside the domain, if there is one.
fn check<T: Real, P: Real, W: Weight>(
    targets: &[T],
    predictions: &[P],
    weights: &[W],
    first: usize,
) -> Result<()> {
    let rows = targets.iter().zip(predictions).zip(weights);
    rows.zip(first..).try_for_each(|(((&target, &prediction), &weight), row)| {
        finite(target, Input::Target, row)?;
        finite(prediction, Input::Prediction, row)?;
        weight::check(weight, row).map(drop)
    })
}
