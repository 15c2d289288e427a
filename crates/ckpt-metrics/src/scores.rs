//! Accuracy, precision, recall and F1 from counts of outcomes.
//!
//! Where a quotient's denominator is zero (a class that was never predicted has no precision, one
//! that never occurs has no recall), its value is 0, as with scikit-learn's `zero_division=0`.

use serde::{Deserialize, Serialize};

/// What happened to the rows, with one class as the positive one and all others as negative.
///
/// Each score whose denominator is zero is 0, as with scikit-learn's `zero_division=0`.
///
/// ```
/// use ckpt_metrics::Outcomes;
///
/// let outcomes = Outcomes {
///     true_positives: 3,
///     false_positives: 1,
///     false_negatives: 2,
///     true_negatives: 4,
/// };
/// assert_eq!(outcomes.precision(), 0.75);
/// assert_eq!(outcomes.recall(), 0.6);
/// assert_eq!(outcomes.accuracy(), 0.7);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Positive rows that were predicted positive.
    pub true_positives: u64,
    /// Negative rows that were predicted positive.
    pub false_positives: u64,
    /// Positive rows that were predicted negative.
    pub false_negatives: u64,
    /// Negative rows that were predicted negative.
    pub true_negatives: u64,
}

impl Outcomes {
    /// The share of all rows that were predicted right, in \[0, 1\]: (TP + TN) / n.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let right = self.true_positives as f64 + self.true_negatives as f64;
        let wrong = self.false_positives as f64 + self.false_negatives as f64;
        share(right, right + wrong)
    }

    /// The share of the rows predicted positive that are, in \[0, 1\]: TP / (TP + FP).
    #[must_use]
    pub fn precision(&self) -> f64 {
        let right = self.true_positives as f64;
        share(right, right + self.false_positives as f64)
    }

    /// The share of the positive rows that were found, in \[0, 1\]: TP / (TP + FN).
    #[must_use]
    pub fn recall(&self) -> f64 {
        let right = self.true_positives as f64;
        share(right, right + self.false_negatives as f64)
    }

    /// The harmonic mean of precision and recall, in \[0, 1\]: 2 TP / (2 TP + FP + FN).
    #[must_use]
    pub fn f1(&self) -> f64 {
        let twice = 2.0 * self.true_positives as f64;
        let wrong = self.false_positives as f64 + self.false_negatives as f64;
        share(twice, twice + wrong)
    }

    /// Precision, recall and F1 together.
    #[must_use]
    pub fn scores(&self) -> Scores {
        Scores { precision: self.precision(), recall: self.recall(), f1: self.f1() }
    }
}

/// A quotient, or 0 if the denominator is zero.
fn share(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

/// Precision, recall and F1, each in \[0, 1\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// The share of predictions that are right.
    pub precision: f64,
    /// The share of the class that was found.
    pub recall: f64,
    /// The harmonic mean of precision and recall; of an average, the average of the classes' F1.
    pub f1: f64,
}

impl Scores {
    /// Averages scores with weights, in the order given; zeros if the weights sum to zero.
    fn average(weighted: impl Iterator<Item = (f64, Self)>) -> Self {
        let mut weights = 0.0;
        let mut sum = Self::default();
        for (weight, scores) in weighted {
            weights += weight;
            sum.precision += weight * scores.precision;
            sum.recall += weight * scores.recall;
            sum.f1 += weight * scores.f1;
        }
        Self {
            precision: share(sum.precision, weights),
            recall: share(sum.recall, weights),
            f1: share(sum.f1, weights),
        }
    }
}

/// One class against all others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClassScores {
    /// The class.
    pub class: usize,
    /// The rows of this class.
    pub support: u64,
    /// The rows that were predicted to be of this class.
    pub predicted: u64,
    /// Its scores; 0 where undefined.
    pub scores: Scores,
}

/// The scores of a classification over all rows.
///
/// A class that was never predicted has precision 0, one that no row has has recall 0, and one
/// with no true positive has F1 0, as with scikit-learn's `zero_division=0`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClassificationReport {
    /// The rows evaluated.
    pub rows: u64,
    /// The share of rows that were predicted right, in \[0, 1\].
    pub accuracy: f64,
    /// Every class in order, also those that do not occur.
    pub classes: Vec<ClassScores>,
    /// Scores from the counts of all classes together. With one label per row, all three are the
    /// accuracy.
    pub micro_average: Scores,
    /// The plain mean of the classes' scores, over those that occur among targets or predictions
    /// (scikit-learn's default when it is given no list of labels).
    pub macro_average: Scores,
    /// The mean of the classes' scores weighted by their support.
    pub weighted_average: Scores,
}

impl ClassificationReport {
    /// Reports on at least one row, given the outcomes of each class.
    pub(crate) fn of(rows: u64, outcomes: &[Outcomes]) -> Self {
        let classes: Vec<ClassScores> = outcomes.iter().enumerate().map(class_scores).collect();
        let right: u64 = outcomes.iter().map(|class| class.true_positives).sum();
        let accuracy = share(right as f64, rows as f64);
        let occurring = classes.iter().filter(|c| c.support > 0 || c.predicted > 0);
        Self {
            rows,
            accuracy,
            // Each wrong row is one false positive and one false negative, so TP + FP = TP + FN
            // = rows, summed over the classes.
            micro_average: Scores { precision: accuracy, recall: accuracy, f1: accuracy },
            macro_average: Scores::average(occurring.map(|c| (1.0, c.scores))),
            weighted_average: Scores::average(classes.iter().map(|c| (c.support as f64, c.scores))),
            classes,
        }
    }
}

fn class_scores((class, outcomes): (usize, &Outcomes)) -> ClassScores {
    ClassScores {
        class,
        support: outcomes.true_positives + outcomes.false_negatives,
        predicted: outcomes.true_positives + outcomes.false_positives,
        scores: outcomes.scores(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_scores_zero() {
        let nothing = Outcomes::default();
        assert_eq!(nothing.scores(), Scores::default());
        assert_eq!(nothing.accuracy(), 0.0);
    }

    #[test]
    fn huge_counts_do_not_overflow() {
        let huge = Outcomes {
            true_positives: u64::MAX,
            false_positives: u64::MAX,
            false_negatives: u64::MAX,
            true_negatives: u64::MAX,
        };
        assert_eq!((huge.accuracy(), huge.f1()), (0.5, 0.5));
    }
}
