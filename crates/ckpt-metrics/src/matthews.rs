//! Matthews correlation of two or more classes.

use crate::count::arithmetic::Arithmetic;
use crate::{Confusion, Count, Label, Result};
use ndarray::ArrayView1;

/// Computes Matthews correlation from the supports, predictions and right rows of all classes.
///
/// With n rows, c of them right, tₖ of class k and pₖ predicted as k:
/// (c n - Σ tₖ pₖ) / √((n² - Σ pₖ²)(n² - Σ tₖ²)). J. Gorodkin, "Comparing two K-category
/// assignments by a K-category correlation coefficient", 2004. Zero where the denominator is.
pub(crate) fn multiclass<C: Count>(total: C, right: C, margins: &[(C, C)]) -> f64 {
    let targets = margins.iter().map(|&(support, _)| (support, support));
    let predictions = margins.iter().map(|&(_, predicted)| (predicted, predicted));
    let joint = C::covariance(total, (right, total), margins.iter().copied());
    let spread = Arithmetic::covariance(total, (total, total), targets);
    quotient(joint, spread, C::covariance(total, (total, total), predictions))
}

/// Computes Matthews correlation from the four outcomes of two classes.
pub(crate) fn binary(tp: f64, fp: f64, fn_: f64, tn: f64) -> f64 {
    // Shares of the largest, so that products of four neither overflow nor underflow.
    let most = tp.max(fp).max(fn_).max(tn);
    if most == 0.0 {
        return 0.0;
    }
    let [tp, fp, fn_, tn] = [tp, fp, fn_, tn].map(|count| count / most);
    quotient(tp * tn - fp * fn_, (tp + fn_) * (fp + tn), (tp + fp) * (fn_ + tn))
}

/// A covariance over the root of two variances, kept in \[-1, 1\] against rounding.
fn quotient(joint: f64, a: f64, b: f64) -> f64 {
    if a > 0.0 && b > 0.0 { (joint / (a * b).sqrt()).clamp(-1.0, 1.0) } else { 0.0 }
}

/// Computes Matthews correlation of true and predicted classes 0..`classes`, in \[-1, 1\].
///
/// 1 is perfect and 0 no better than chance; it is 0 where all targets or all predictions are of
/// one class, as in scikit-learn's `matthews_corrcoef`.
///
/// ```
/// let mcc = ckpt_metrics::matthews_correlation(2, &[1, 1, 1, 0], &[1, 0, 1, 1])?;
/// assert!((mcc - -1.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
///
/// # Errors
/// [`Error::Empty`](crate::Error::Empty) and those of [`Confusion::evaluate`].
#[doc(alias = "matthews_corrcoef")]
pub fn matthews_correlation<'t, 'p, T: Label + 't, P: Label + 'p>(
    classes: usize,
    targets: impl Into<ArrayView1<'t, T>>,
    predictions: impl Into<ArrayView1<'p, P>>,
) -> Result<f64> {
    Ok(Confusion::evaluate(classes, targets, predictions)?.finish()?.mcc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_plus_or_minus_one_where_classes_map_onto_each_other() {
        assert_eq!(multiclass(9_u64, 9, &[(2, 2), (3, 3), (4, 4)]), 1.0);
        assert_eq!(multiclass(0.9, 0.9, &[(0.2, 0.2), (0.3, 0.3), (0.4, 0.4)]), 1.0);
        assert_eq!(binary(3.0, 0.0, 0.0, 7.0), 1.0);
        assert_eq!(binary(0.0, 3.0, 7.0, 0.0), -1.0);
    }

    #[test]
    fn a_constant_side_correlates_with_nothing() {
        assert_eq!(multiclass(5_u64, 3, &[(5, 3), (0, 2)]), 0.0);
        assert_eq!(multiclass(0.5, 0.3, &[(0.3, 0.5), (0.2, 0.0)]), 0.0);
        assert_eq!(binary(3.0, 2.0, 0.0, 0.0), 0.0);
    }

    #[test]
    fn sizes_do_not_matter() {
        let max = crate::MAX_ROWS;
        let large = multiclass(max, max / 2, &[(max / 2, max / 2), (max / 2, max / 2)]);
        assert_eq!(large, multiclass(4_u64, 2, &[(2, 2), (2, 2)]));
        assert_eq!(binary(1e300, 0.0, 0.0, 1e300), 1.0);
        assert_eq!(multiclass(2e-300, 2e-300, &[(1e-300, 1e-300), (1e-300, 1e-300)]), 1.0);
    }
}
