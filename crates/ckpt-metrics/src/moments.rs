//! Mean and spread of numbers that may lie far from zero.

use serde::{Deserialize, Serialize};

use crate::Real;
use crate::sum::sums;
use crate::weight::Weight;

/// The weight, mean and squared deviations of a series, mergeable without cancellation.
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
    weight: f64,
    origin: f64,
    offset: f64,
    deviations: f64,
}

impl Moments {
    /// Takes the moments of finite values, given their total weight and the sum of their weighted
    /// differences from the first of them.
    pub(crate) fn of<T: Real, W: Weight>(
        values: &[T],
        weights: &[W],
        weight: f64,
        differences: f64,
    ) -> Self {
        let origin = values.first().map_or(0.0, |value| value.to_f64());
        if weight == 0.0 {
            return Self { weight, origin, ..Self::default() };
        }
        let offset = differences / weight;
        let [deviations] = sums((values, values, weights), |value, _, w| {
            let (deviation, w) = ((value.to_f64() - origin) - offset, w.get());
            // Not 0 times what may be infinite.
            [if w == 0.0 { 0.0 } else { w * (deviation * deviation) }]
        });
        Self { weight, origin, offset, deviations }
    }

    /// Takes in what another one has seen.
    pub(crate) fn merge(&mut self, other: &Self) {
        if self.weight == 0.0 {
            self.clone_from(other);
        } else if other.weight > 0.0 {
            let weight = self.weight + other.weight;
            let share = other.weight / weight;
            let shift = (other.origin - self.origin) + (other.offset - self.offset);
            self.offset += shift * share;
            self.deviations += other.deviations + shift * shift * (self.weight * share);
            self.weight = weight;
        }
    }

    /// The weight of the values seen: their number if each weighs 1.
    pub(crate) fn weight(&self) -> f64 {
        self.weight
    }

    /// The weighted sum of squared deviations from the weighted mean.
    pub(crate) fn deviations(&self) -> f64 {
        self.deviations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Moments {
        weighted(values, &vec![1.0; values.len()])
    }

    fn weighted(values: &[f64], weights: &[f64]) -> Moments {
        let rows = || values.iter().zip(weights);
        let differences = rows().map(|(value, weight)| weight * (value - values[0])).sum();
        Moments::of(values, weights, weights.iter().sum(), differences)
    }

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
            merged.merge(&of(part));
        }
        assert_eq!(merged.weight(), 1000.0);
        for got in [merged.deviations(), of(&values).deviations()] {
            assert!((got / expected - 1.0).abs() < 1e-14, "{got} {expected}");
        }
    }

    #[test]
    fn a_constant_has_no_deviations() {
        // 0.1 summed and divided is not 0.1 again: a plain mean would leave deviations.
        let mut moments = of(&[0.1; 10]);
        moments.merge(&of(&[0.1; 3]));
        assert_eq!(moments.deviations(), 0.0);
    }

    #[test]
    fn an_empty_side_changes_nothing() {
        let some = of(&[3.0, 5.0]);
        let mut left = some.clone();
        left.merge(&Moments::default());
        let mut right = of(&[]);
        right.merge(&some);
        assert_eq!((&left, &right), (&some, &some));
    }

    #[test]
    fn a_weight_is_a_number_of_copies() {
        let weighted = weighted(&[3.0, 5.0, 9.0], &[2.0, 0.0, 1.0]);
        assert_eq!(weighted, of(&[3.0, 3.0, 9.0]));
    }

    #[test]
    fn rows_of_no_weight_change_nothing() {
        let mut nothing = weighted(&[7.0, 8.0], &[0.0, 0.0]);
        assert_eq!((nothing.weight(), nothing.deviations()), (0.0, 0.0));
        nothing.merge(&of(&[3.0, 5.0]));
        assert_eq!(nothing, of(&[3.0, 5.0]));
    }
}
