//! One metric of predicted numbers in one call.

use ndarray::ArrayView1;

use crate::{Error, Real, Regression, Result};

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
