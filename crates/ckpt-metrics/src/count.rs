//! Counts of rows that stay exact in `f64`, and sums of weights in their place.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Result};

/// The most rows that one accumulator counts: 2⁵³.
///
/// Means and ratios divide by counts converted to `f64`, which holds every integer up to here.
pub const MAX_ROWS: u64 = 1 << f64::MANTISSA_DIGITS;

/// How rows are counted: exactly in `u64`, or by the sum of their weights in `f64`.
///
/// Sums of counts do not depend on their order. Sums of weights do in their last bits.
pub trait Count: arithmetic::Arithmetic {
    /// Converts; exact up to [`MAX_ROWS`].
    fn to_f64(self) -> f64;
}

impl Count for u64 {
    fn to_f64(self) -> f64 {
        self as f64
    }
}

impl Count for f64 {
    fn to_f64(self) -> f64 {
        self
    }
}

/// What is done with counts, out of reach for other crates: the types are these two.
pub(crate) mod arithmetic {
    use super::*;

    /// Arithmetic on sums that [`Arithmetic::total`] has checked.
    pub trait Arithmetic:
        Copy + Default + PartialEq + PartialOrd + Debug + Send + Sync + Serialize + DeserializeOwned
    {
        /// Adds two parts of a checked total.
        fn plus(self, other: Self) -> Self;

        /// Takes a part from a sum that holds it; 0 where rounding would give less.
        fn minus(self, part: Self) -> Self;

        /// Checks counts that came from elsewhere, and gives the exact number of rows if there is
        /// one.
        fn check(counts: &[Self]) -> Result<Option<u64>>;

        /// Sums counts for a report, which takes a sum that is positive and finite.
        fn total(counts: impl Iterator<Item = Self>) -> Result<Self>;

        /// The area under the ROC curve of the negatives and positives at ascending scores, given
        /// their sums, which are not 0.
        fn roc_auc(pairs: impl Iterator<Item = (Self, Self)>, totals: (Self, Self)) -> f64;

        /// The sum of products a b, less those of the second list, over the square of `total`.
        fn covariance(
            total: Self,
            plus: (Self, Self),
            minus: impl Iterator<Item = (Self, Self)>,
        ) -> f64;
    }

    impl Arithmetic for u64 {
        fn plus(self, other: Self) -> Self {
            self + other
        }

        fn minus(self, part: Self) -> Self {
            self - part
        }

        fn check(counts: &[Self]) -> Result<Option<u64>> {
            counts.iter().try_fold(0, |sum, &count| add(sum, count)).map(Some)
        }

        fn total(counts: impl Iterator<Item = Self>) -> Result<Self> {
            match counts.sum() {
                0 => Err(Error::Empty),
                total => Ok(total),
            }
        }

        fn roc_auc(
            pairs: impl Iterator<Item = (Self, Self)>,
            (negatives, positives): (Self, Self),
        ) -> f64 {
            let mut area = Area::default();
            pairs.for_each(|(n, p)| area.add(n, p));
            area.share(negatives, positives)
        }

        fn covariance(
            _: Self,
            (a, b): (Self, Self),
            minus: impl Iterator<Item = (Self, Self)>,
        ) -> f64 {
            // Products of counts are below 2^106, and so are the sums: their parts are disjoint.
            let product = |a: u64, b: u64| i128::from(a) * i128::from(b);
            let minus: i128 = minus.map(|(a, b)| product(a, b)).sum();
            (product(a, b) - minus) as f64
        }
    }

    impl Arithmetic for f64 {
        fn plus(self, other: Self) -> Self {
            self + other
        }

        fn minus(self, part: Self) -> Self {
            (self - part).max(0.0)
        }

        fn check(counts: &[Self]) -> Result<Option<u64>> {
            match counts.iter().find(|count| !(0.0..f64::INFINITY).contains(*count)) {
                Some(&value) => Err(Error::InvalidSum { what: "weights", value }),
                None => Ok(None),
            }
        }

        fn total(counts: impl Iterator<Item = Self>) -> Result<Self> {
            total_weight(counts.sum())
        }

        fn roc_auc(
            pairs: impl Iterator<Item = (Self, Self)>,
            (negatives, positives): (Self, Self),
        ) -> f64 {
            // In shares of the totals, so that weights of any size neither overflow nor underflow.
            let (mut below, mut area) = (0.0, 0.0);
            for (n, p) in pairs {
                let share = n / negatives;
                area += p / positives * (below + 0.5 * share);
                below += share;
            }
            area.min(1.0)
        }

        fn covariance(
            total: Self,
            (a, b): (Self, Self),
            minus: impl Iterator<Item = (Self, Self)>,
        ) -> f64 {
            // In shares of the total, so that weights of any size neither overflow nor underflow.
            let product = |a: f64, b: f64| (a / total) * (b / total);
            let minus: f64 = minus.map(|(a, b)| product(a, b)).sum();
            product(a, b) - minus
        }
    }
}

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
    pub(crate) fn above(negatives: u64) -> Self {
        Self { twice: 0, below: negatives }
    }

    /// Adds the rows of the next greater score.
    pub(crate) fn add(&mut self, negatives: u64, positives: u64) {
        // Counts are at most 2^53, and these products parts of that of all.
        self.twice += u128::from(positives) * u128::from(2 * self.below + negatives);
        self.below += negatives;
    }

    /// Adds another one, of other scores.
    pub(crate) fn join(self, other: Self) -> Self {
        Self { twice: self.twice + other.twice, ..self }
    }

    /// Gives the share of all pairs of so many rows, neither of which is 0.
    pub(crate) fn share(&self, negatives: u64, positives: u64) -> f64 {
        self.twice as f64 / (2 * u128::from(negatives) * u128::from(positives)) as f64
    }
}

/// Adds two row counts.
///
/// # Errors
/// [`Error::TooManyRows`] if the sum is over [`MAX_ROWS`].
pub(crate) fn add(a: u64, b: u64) -> Result<u64> {
    match a.checked_add(b) {
        Some(sum) if sum <= MAX_ROWS => Ok(sum),
        _ => Err(Error::TooManyRows),
    }
}

/// Checks a sum of weights by which a report divides.
///
/// # Errors
/// [`Error::WeightSum`] unless it is positive and finite.
pub(crate) fn total_weight(sum: f64) -> Result<f64> {
    if sum > 0.0 && sum < f64::INFINITY { Ok(sum) } else { Err(Error::WeightSum { sum }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_up_to_the_limit() {
        assert_eq!(add(MAX_ROWS - 1, 1), Ok(MAX_ROWS));
        assert_eq!(add(MAX_ROWS, 1), Err(Error::TooManyRows));
        assert_eq!(add(u64::MAX, 1), Err(Error::TooManyRows));
        assert_eq!(MAX_ROWS as f64 as u64, MAX_ROWS);
    }

    #[test]
    fn weights_sum_to_a_positive_finite_number() {
        assert_eq!(total_weight(f64::MIN_POSITIVE), Ok(f64::MIN_POSITIVE));
        for sum in [0.0, f64::INFINITY] {
            assert_eq!(total_weight(sum), Err(Error::WeightSum { sum }));
        }
    }
}
