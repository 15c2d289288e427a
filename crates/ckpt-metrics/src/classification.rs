//! The report on a classification.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::scores::share;
use crate::{Confusion, Count, Outcomes, Result, Scores, matthews};

/// One class against all others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClassScores<C = u64> {
    /// The class.
    pub class: usize,
    /// The rows of this class, or their weight.
    pub support: C,
    /// The rows that were predicted to be of this class, or their weight.
    pub predicted: C,
    /// Its scores; 0 where undefined.
    pub scores: Scores,
}

/// The scores of a classification over all rows.
///
/// A class that was never predicted has precision 0, one that no row has has recall 0, and one
/// with no true positive has F1 0, as with scikit-learn's `zero_division=0`. Weighted rows are
/// counted by their weight, and one of weight 0 is as no row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClassificationReport<C = u64> {
    /// The rows evaluated, or their weight.
    pub support: C,
    /// The share of rows that were predicted right, in \[0, 1\].
    pub accuracy: f64,
    /// Matthews correlation, in \[-1, 1\]. See
    /// [`matthews_correlation`](crate::matthews_correlation).
    pub mcc: f64,
    /// Every class in order, also those that do not occur.
    pub classes: Vec<ClassScores<C>>,
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
    /// Reports on counts of shape \[true class, predicted class\], made elsewhere in one pass.
    ///
    /// ```
    /// use ckpt_metrics::ClassificationReport;
    ///
    /// let report = ClassificationReport::from_counts(&[[250, 50], [50, 650]])?;
    /// assert_eq!(report.accuracy, 0.9);
    /// assert_eq!(report.classes[1].scores.recall, 13.0 / 14.0);
    /// # Ok::<(), ckpt_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Confusion::from_counts`] and [`Confusion::finish`].
    pub fn from_counts<'c>(counts: impl Into<ArrayView2<'c, u64>>) -> Result<Self> {
        Confusion::from_counts(counts)?.finish()
    }
}

impl ClassificationReport<f64> {
    /// Reports on weights of shape \[true class, predicted class\], summed elsewhere in one pass.
    ///
    /// # Errors
    /// Those of [`Confusion::from_weights`] and [`Confusion::finish`].
    pub fn from_weights<'c>(weights: impl Into<ArrayView2<'c, f64>>) -> Result<Self> {
        Confusion::from_weights(weights)?.finish()
    }
}

impl<C: Count> ClassificationReport<C> {
    /// Reports on a positive total, given the sums of each class.
    pub(crate) fn of(support: C, classes: &[Margins<C>]) -> Self {
        let right = classes.iter().map(|class| class.right).fold(C::default(), C::plus);
        let classes: Vec<ClassScores<C>> =
            classes.iter().enumerate().map(|(class, sums)| sums.scores(class, support)).collect();
        let margins: Vec<(C, C)> = classes.iter().map(|c| (c.support, c.predicted)).collect();
        let accuracy = share(right.to_f64(), support.to_f64());
        let none = C::default();
        let occurring = classes.iter().filter(|c| c.support > none || c.predicted > none);
        let supports = classes.iter().map(|c| (c.support.to_f64(), c.scores));
        Self {
            support,
            accuracy,
            mcc: matthews::multiclass(support, right, &margins),
            // Each wrong row is one false positive and one false negative, so TP + FP = TP + FN
            // = rows, summed over the classes.
            micro_average: Scores { precision: accuracy, recall: accuracy, f1: accuracy },
            macro_average: Scores::average(occurring.map(|c| (1.0, c.scores))),
            weighted_average: Scores::average(supports),
            classes,
        }
    }
}

/// What a confusion matrix sums to at one class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Margins<C> {
    /// The diagonal cell.
    pub(crate) right: C,
    /// The sum of the row.
    pub(crate) support: C,
    /// The sum of the column.
    pub(crate) predicted: C,
}

impl<C: Count> Margins<C> {
    /// The outcomes of the class against all others.
    pub(crate) fn outcomes(&self, total: C) -> Outcomes<C> {
        let false_positives = self.predicted.minus(self.right);
        Outcomes {
            true_positives: self.right,
            false_positives,
            false_negatives: self.support.minus(self.right),
            true_negatives: total.minus(self.support).minus(false_positives),
        }
    }

    fn scores(&self, class: usize, total: C) -> ClassScores<C> {
        let &Self { support, predicted, .. } = self;
        ClassScores { class, support, predicted, scores: self.outcomes(total).scores() }
    }
}
