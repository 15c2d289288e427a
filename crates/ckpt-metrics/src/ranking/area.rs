//! The area under the ROC curve as a count of pairs.

/// How many pairs of a negative and a positive row have the positive one ahead, times two: a tie
/// counts as half of a pair.
///
/// The area under the ROC curve is their share of all pairs: J. A. Hanley and B. J. McNeil, "The
/// meaning and use of the area under a receiver operating characteristic (ROC) curve", 1982.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Area {
    twice: u128,
    below: u64,
}

impl Area {
    /// Begins above scores that so many negative rows have.
    pub(super) fn above(negatives: u64) -> Self {
        Self { twice: 0, below: negatives }
    }

    /// Adds the rows of the next greater score.
    pub(crate) fn add(&mut self, negatives: u64, positives: u64) {
        // Counts are at most 2^53, and these products parts of that of all.
        self.twice += u128::from(positives) * u128::from(2 * self.below + negatives);
        self.below += negatives;
    }

    /// Adds another one, of other scores.
    pub(super) fn join(self, other: Self) -> Self {
        Self { twice: self.twice + other.twice, ..self }
    }

    /// Gives the share of all pairs of so many rows, neither of which is 0.
    pub(crate) fn share(&self, negatives: u64, positives: u64) -> f64 {
        self.twice as f64 / (2 * u128::from(negatives) * u128::from(positives)) as f64
    }
}
