//! Errors of predicted numbers: MSE, RMSE, MAE and R².

use ndarray::{ArrayView1, s};
use serde::{Deserialize, Serialize};

use crate::moments::Moments;
use crate::sum::sum_of;
use crate::{Error, Input, Real, Result, grid, input};

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
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    squared_errors: f64,
    absolute_errors: f64,
    targets: Moments,
}

/// The errors of predicted numbers over all rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegressionReport {
    /// The rows evaluated.
    pub rows: u64,
    /// Mean squared error, in the square of the target's unit.
    pub mse: f64,
    /// Root of the mean squared error, in the target's unit.
    pub rmse: f64,
    /// Mean absolute error, in the target's unit.
    pub mae: f64,
    /// Coefficient of determination, without unit; none for a single row. See [`r2`].
    pub r2: Option<f64>,
}

impl Regression {
    /// Makes one that has seen no rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Evaluates a batch from scratch: [`push_batch`](Self::push_batch) into a new one.
    ///
    /// # Errors
    /// Those of [`push_batch`](Self::push_batch).
    pub fn evaluate<'t, 'p, T: Real + 't, P: Real + 'p>(
        targets: impl Into<ArrayView1<'t, T>>,
        predictions: impl Into<ArrayView1<'p, P>>,
    ) -> Result<Self> {
        let mut errors = Self::new();
        errors.push_batch(targets, predictions)?;
        Ok(errors)
    }

    /// Adds one row; a batch costs far less per row.
    ///
    /// # Errors
    /// Those of [`push_batch`](Self::push_batch).
    pub fn push<T: Real, P: Real>(&mut self, target: T, prediction: P) -> Result<()> {
        self.push_batch(&[target], &[prediction])
    }

    /// Adds many rows, in parallel in the current rayon pool if there is more than one chunk.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::NotFinite`] or [`Error::TooManyRows`]; nothing was
    /// added then.
    pub fn push_batch<'t, 'p, T: Real + 't, P: Real + 'p>(
        &mut self,
        targets: impl Into<ArrayView1<'t, T>>,
        predictions: impl Into<ArrayView1<'p, P>>,
    ) -> Result<()> {
        let (targets, predictions) = (targets.into(), predictions.into());
        let rows = input::paired(targets.len(), predictions.len())?;
        let batch = grid::reduce(
            rows,
            |rows| {
                let (first, rows) = (rows.start, s![rows]);
                let targets = input::finite(targets.slice(rows), Input::Target, first)?;
                let predictions = input::finite(predictions.slice(rows), Input::Prediction, first)?;
                Ok(Self::of(&targets, &predictions))
            },
            Self::merge,
        )?;
        batch.map_or(Ok(()), |batch| self.merge(&batch))
    }

    /// Takes in what another one has seen.
    ///
    /// # Errors
    /// [`Error::TooManyRows`]; nothing was merged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.targets.merge(&other.targets)?;
        self.squared_errors += other.squared_errors;
        self.absolute_errors += other.absolute_errors;
        Ok(())
    }

    /// Reports on the rows seen so far.
    ///
    /// # Errors
    /// [`Error::Empty`] if there were none.
    pub fn finish(&self) -> Result<RegressionReport> {
        let count = self.targets.count();
        if count == 0 {
            return Err(Error::Empty);
        }
        let rows = count as f64;
        let mse = self.squared_errors / rows;
        Ok(RegressionReport {
            rows: count,
            mse,
            rmse: mse.sqrt(),
            mae: self.absolute_errors / rows,
            r2: (count > 1).then(|| self.determination()),
        })
    }

    /// Evaluates one chunk of finite rows.
    fn of(targets: &[f64], predictions: &[f64]) -> Self {
        let errors: Vec<f64> = targets.iter().zip(predictions).map(|(t, p)| t - p).collect();
        Self {
            squared_errors: sum_of(&errors, |error| error * error),
            absolute_errors: sum_of(&errors, f64::abs),
            targets: Moments::of(targets),
        }
    }

    /// R² with scikit-learn's values for a constant target.
    fn determination(&self) -> f64 {
        let deviations = self.targets.deviations();
        if deviations != 0.0 {
            1.0 - self.squared_errors / deviations
        } else if self.squared_errors == 0.0 {
            1.0
        } else {
            0.0
        }
    }
}

/// Computes the mean squared error Σ(t - p)² / n, in the square of the target's unit.
///
/// ```
/// assert_eq!(ckpt_metrics::mse(&[3.0, 5.0], &[2.0, 5.0]), Ok(0.5));
/// ```
///
/// # Errors
/// [`Error::Empty`] and those of [`Regression::push_batch`].
#[doc(alias = "mean_squared_error")]
pub fn mse<'t, 'p, T: Real + 't, P: Real + 'p>(
    targets: impl Into<ArrayView1<'t, T>>,
    predictions: impl Into<ArrayView1<'p, P>>,
) -> Result<f64> {
    Ok(Regression::evaluate(targets, predictions)?.finish()?.mse)
}

/// Computes the root of the mean squared error, in the target's unit.
///
/// # Errors
/// [`Error::Empty`] and those of [`Regression::push_batch`].
#[doc(alias = "root_mean_squared_error")]
pub fn rmse<'t, 'p, T: Real + 't, P: Real + 'p>(
    targets: impl Into<ArrayView1<'t, T>>,
    predictions: impl Into<ArrayView1<'p, P>>,
) -> Result<f64> {
    Ok(Regression::evaluate(targets, predictions)?.finish()?.rmse)
}

/// Computes the mean absolute error Σ|t - p| / n, in the target's unit.
///
/// # Errors
/// [`Error::Empty`] and those of [`Regression::push_batch`].
#[doc(alias = "mean_absolute_error")]
pub fn mae<'t, 'p, T: Real + 't, P: Real + 'p>(
    targets: impl Into<ArrayView1<'t, T>>,
    predictions: impl Into<ArrayView1<'p, P>>,
) -> Result<f64> {
    Ok(Regression::evaluate(targets, predictions)?.finish()?.mae)
}

/// Computes the coefficient of determination R² = 1 - Σ(t - p)² / Σ(t - mean t)².
///
/// It is 1 for perfect predictions, 0 for those no better than the target's mean, and has no lower
/// bound. For a constant target, where the quotient is undefined, it is 1 if all predictions are
/// perfect and 0 otherwise, as in scikit-learn's `r2_score`.
///
/// # Errors
/// [`Error::Empty`], [`Error::TooFewRows`] for a single row, and those of
/// [`Regression::push_batch`].
#[doc(alias = "r2_score")]
pub fn r2<'t, 'p, T: Real + 't, P: Real + 'p>(
    targets: impl Into<ArrayView1<'t, T>>,
    predictions: impl Into<ArrayView1<'p, P>>,
) -> Result<f64> {
    let report = Regression::evaluate(targets, predictions)?.finish()?;
    report.r2.ok_or(Error::TooFewRows { rows: report.rows })
}
