//! The report on predicted numbers, and the formulas that make it from sums.

use serde::{Deserialize, Serialize};

use crate::{Error, Result, count};

/// The errors of predicted numbers over all rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegressionReport {
    /// The rows evaluated.
    pub rows: u64,
    /// The sum of the rows' weights: their number if they came without.
    pub weight: f64,
    /// Mean squared error, in the square of the target's unit.
    pub mse: f64,
    /// Root of the mean squared error, in the target's unit.
    pub rmse: f64,
    /// Mean absolute error, in the target's unit.
    pub mae: f64,
    /// Coefficient of determination, without unit; none for a single row. See [`r2`](crate::r2).
    pub r2: Option<f64>,
}

/// What a report on predicted numbers is made of: sums over rows of target t, prediction p and
/// weight w.
///
/// For one who has these sums from a pass of their own, as a trainer has.
///
/// ```
/// use ckpt_metrics::{RegressionReport, RegressionSums};
///
/// let sums = RegressionSums {
///     rows: 4,
///     weight: 4.0,
///     squared_errors: 5.0,
///     absolute_errors: 3.0,
///     squared_deviations: 20.0,
/// };
/// let report = RegressionReport::from_sums(&sums)?;
/// assert_eq!((report.mse, report.mae, report.r2), (1.25, 0.75, Some(0.75)));
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RegressionSums {
    /// The number of rows.
    pub rows: u64,
    /// Σw: the number of rows if they have no weights.
    pub weight: f64,
    /// Σw(t - p)², in the square of the target's unit.
    pub squared_errors: f64,
    /// Σw|t - p|, in the target's unit.
    pub absolute_errors: f64,
    /// Σw(t - m)² with m the targets' weighted mean, in the square of the target's unit; exactly 0
    /// if the target is constant.
    pub squared_deviations: f64,
}

impl RegressionSums {
    /// Names the sum that none can be.
    fn check(&self) -> Result<()> {
        let sums = [
            ("squared errors", self.squared_errors),
            ("absolute errors", self.absolute_errors),
            ("squared deviations", self.squared_deviations),
        ];
        match sums.into_iter().find(|(_, sum)| sum.is_nan() || *sum < 0.0) {
            Some((what, value)) => Err(Error::InvalidSum { what, value }),
            None => Ok(()),
        }
    }

    /// R² with scikit-learn's values for a constant target.
    fn determination(&self) -> f64 {
        if self.squared_deviations != 0.0 {
            1.0 - self.squared_errors / self.squared_deviations
        } else if self.squared_errors == 0.0 {
            1.0
        } else {
            0.0
        }
    }
}

impl RegressionReport {
    /// Reports on sums that were made elsewhere.
    ///
    /// A sum may be infinite, where squares exceed the range of `f64`: the metrics that need it
    /// are infinite then, and R² possibly NaN.
    ///
    /// # Errors
    /// [`Error::Empty`] of no rows, [`Error::TooManyRows`] beyond
    /// [`MAX_ROWS`](crate::MAX_ROWS), [`Error::WeightSum`] unless the weight is positive and
    /// finite, or [`Error::InvalidSum`] if a sum is negative or NaN.
    pub fn from_sums(sums: &RegressionSums) -> Result<Self> {
        count::add(sums.rows, 0)?;
        sums.check()?;
        Self::of(sums)
    }

    /// Reports on sums of finite numbers, of which one may be NaN by overflow.
    pub(super) fn of(sums: &RegressionSums) -> Result<Self> {
        if sums.rows == 0 {
            return Err(Error::Empty);
        }
        let weight = count::total_weight(sums.weight)?;
        let mse = sums.squared_errors / weight;
        Ok(Self {
            rows: sums.rows,
            weight,
            mse,
            rmse: mse.sqrt(),
            mae: sums.absolute_errors / weight,
            r2: (sums.rows > 1).then(|| sums.determination()),
        })
    }
}
