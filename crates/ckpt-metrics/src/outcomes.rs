//! Accuracy, precision, recall and F1 from counts of outcomes.

use serde::{Deserialize, Serialize};

use crate::scores::share;
use crate::{Count, Scores, matthews};

/// What happened to the rows, with one class as the positive one and all others as negative.
///
/// Rows are counted as `u64`, or their weights summed as `f64`. Each score whose denominator is
/// zero is 0, as with scikit-learn's `zero_division=0`.
///
/// ```
/// use ckpt_metrics::Outcomes;
///
/// let outcomes = Outcomes {
///     true_positives: 3_u64,
///     false_positives: 1,
///     false_negatives: 2,
///     true_negatives: 4,
/// };
/// assert_eq!(outcomes.precision(), 0.75);
/// assert_eq!(outcomes.recall(), 0.6);
/// assert_eq!(outcomes.accuracy(), 0.7);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes<C = u64> {
    /// Positive rows that were predicted positive.
    pub true_positives: C,
    /// Negative rows that were predicted positive.
    pub false_positives: C,
    /// Positive rows that were predicted negative.
    pub false_negatives: C,
    /// Negative rows that were predicted negative.
    pub true_negatives: C,
}

impl<C: Count> Outcomes<C> {
    /// The share of all rows that were predicted right, in \[0, 1\]: (TP + TN) / n.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let right = self.true_positives.to_f64() + self.true_negatives.to_f64();
        share(right, right + self.wrong())
    }

    /// The share of the rows predicted positive that are, in \[0, 1\]: TP / (TP + FP).
    #[must_use]
    pub fn precision(&self) -> f64 {
        let right = self.true_positives.to_f64();
        share(right, right + self.false_positives.to_f64())
    }

    /// The share of the positive rows that were found, in \[0, 1\]: TP / (TP + FN).
    #[must_use]
    pub fn recall(&self) -> f64 {
        let right = self.true_positives.to_f64();
        share(right, right + self.false_negatives.to_f64())
    }

    /// The harmonic mean of precision and recall, in \[0, 1\]: 2 TP / (2 TP + FP + FN).
    #[must_use]
    pub fn f1(&self) -> f64 {
        let twice = 2.0 * self.true_positives.to_f64();
        share(twice, twice + self.wrong())
    }

    /// Matthews correlation of truth and prediction, in \[-1, 1\]; 0 if either is constant.
    ///
    /// (TP TN - FP FN) / √((TP + FP)(TP + FN)(TN + FP)(TN + FN)): B. W. Matthews, "Comparison of
    /// the predicted and observed secondary structure of T4 phage lysozyme", 1975.
    #[must_use]
    pub fn mcc(&self) -> f64 {
        let [tp, fp, fn_, tn] =
            [self.true_positives, self.false_positives, self.false_negatives, self.true_negatives]
                .map(Count::to_f64);
        matthews::binary(tp, fp, fn_, tn)
    }

    /// Precision, recall and F1 together.
    #[must_use]
    pub fn scores(&self) -> Scores {
        Scores { precision: self.precision(), recall: self.recall(), f1: self.f1() }
    }

    fn wrong(&self) -> f64 {
        self.false_positives.to_f64() + self.false_negatives.to_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_scores_zero() {
        let nothing = Outcomes::<u64>::default();
        assert_eq!(nothing.scores(), Scores::default());
        assert_eq!((nothing.accuracy(), nothing.mcc()), (0.0, 0.0));
    }

    #[test]
    fn huge_counts_do_not_overflow() {
        let huge = Outcomes {
            true_positives: u64::MAX,
            false_positives: u64::MAX,
            false_negatives: u64::MAX,
            true_negatives: u64::MAX,
        };
        assert_eq!((huge.accuracy(), huge.f1(), huge.mcc()), (0.5, 0.5, 0.0));
    }
}
