//! Precision, recall and F1, and averages of them.

use serde::{Deserialize, Serialize};

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
    pub(crate) fn average(weighted: impl Iterator<Item = (f64, Self)>) -> Self {
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

/// A quotient, or 0 if the denominator is zero.
pub(crate) fn share(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}
