//! Mean and spread of numbers that may lie far from zero.

use serde::{Deserialize, Serialize};

use crate::sum::sum_of;
use crate::{Result, count};

/// The count, mean and squared deviations of a series, mergeable without cancellation.
///
/// The mean is kept as `origin + offset`, where the origin is the first value seen. Values of
/// 10⁹ ± 1 then give an offset near 0 with all its digits, where a mean near 10⁹ would have lost
/// seven of them, which a merge would put into the deviations. A constant series has offset and
/// deviations of exactly 0.
///
/// Merging: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing
/// sample variances", 1979.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moments {
    count: u64,
    origin: f64,
    offset: f64,
    deviations: f64,
}

impl Moments {
    /// Takes the moments of finite values in two passes.
    pub(crate) fn of(values: &[f64]) -> Self {
        let Some(&origin) = values.first() else {
            return Self::default();
        };
        let offset = sum_of(values, |value| value - origin) / values.len() as f64;
        let deviations = sum_of(values, |value| {
            let deviation = (value - origin) - offset;
            deviation * deviation
        });
        Self { count: values.len() as u64, origin, offset, deviations }
    }

    /// Takes in what another one has seen.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<()> {
        let count = count::add(self.count, other.count)?;
        if self.count == 0 {
            self.clone_from(other);
        } else if other.count > 0 {
            let share = other.count as f64 / count as f64;
            let shift = (other.origin - self.origin) + (other.offset - self.offset);
            self.offset += shift * share;
            self.deviations += other.deviations + shift * shift * (self.count as f64 * share);
            self.count = count;
        }
        Ok(())
    }

    /// The number of values seen.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The sum of squared deviations from the mean.
    pub(crate) fn deviations(&self) -> f64 {
        self.deviations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0, 1, ... n - 1, whose squared deviations are n (n² - 1) / 12.
    fn ramp(n: u32, shift: f64) -> (Vec<f64>, f64) {
        let values = (0..n).map(|i| shift + f64::from(i)).collect();
        let n = f64::from(n);
        (values, n * (n * n - 1.0) / 12.0)
    }

    #[test]
    fn an_offset_of_a_billion_costs_no_digits() {
        let (values, expected) = ramp(1000, 1e9);
        let mut merged = Moments::default();
        for part in values.chunks(7) {
            merged.merge(&Moments::of(part)).unwrap();
        }
        assert_eq!(merged.count(), 1000);
        for got in [merged.deviations(), Moments::of(&values).deviations()] {
            assert!((got / expected - 1.0).abs() < 1e-14, "{got} {expected}");
        }
    }

    #[test]
    fn a_constant_has_no_deviations() {
        // 0.1 summed and divided is not 0.1 again: a plain mean would leave deviations.
        let mut moments = Moments::of(&[0.1; 10]);
        moments.merge(&Moments::of(&[0.1; 3])).unwrap();
        assert_eq!(moments.deviations(), 0.0);
    }

    #[test]
    fn an_empty_side_changes_nothing() {
        let some = Moments::of(&[3.0, 5.0]);
        let mut left = some.clone();
        left.merge(&Moments::default()).unwrap();
        let mut right = Moments::of(&[]);
        right.merge(&some).unwrap();
        assert_eq!((&left, &right), (&some, &some));
    }
}
