//! How scores are distributed over buckets.

use super::key;

/// Maps scores to buckets: a greater score never to a lower one.
pub(super) trait Spread: Sync {
    /// The number of buckets.
    fn buckets(&self) -> usize;

    /// The bucket of a score between the least and the greatest one.
    fn bucket(&self, score: f64) -> usize;

    /// How many of some scores the fullest bucket would take.
    fn crowd(&self, scores: &[f64]) -> usize {
        let mut counts = vec![0; self.buckets()];
        for &score in scores {
            counts[self.bucket(score)] += 1;
        }
        counts.into_iter().max().unwrap_or(0)
    }
}

/// Buckets of equal width.
pub(super) struct Linear {
    least: f64,
    scale: f64,
    last: usize,
}

impl Linear {
    pub(super) fn new(least: f64, greatest: f64, buckets: usize) -> Self {
        // No scale for a range that is 0 or infinite: one bucket takes all.
        let scale = buckets as f64 / (greatest - least);
        Self { least, scale: if scale.is_finite() { scale } else { 0.0 }, last: buckets - 1 }
    }
}

impl Spread for Linear {
    fn buckets(&self) -> usize {
        self.last + 1
    }

    fn bucket(&self, score: f64) -> usize {
        // Rounding keeps the order: of the difference, the product, and the cast, which also takes
        // NaN, of an infinite difference times 0, to bucket 0.
        (((score - self.least) * self.scale) as i64 as usize).min(self.last)
    }
}

/// Buckets of equally many floating-point numbers, which are narrower near 0.
pub(super) struct Bits {
    least: u64,
    shift: u32,
    last: usize,
}

impl Bits {
    /// Makes buckets between two keys.
    pub(super) fn new(least: u64, greatest: u64, buckets: usize) -> Self {
        let bits = u64::BITS - (greatest - least).leading_zeros();
        let shift = bits.saturating_sub(buckets.ilog2());
        Self { least, shift, last: buckets - 1 }
    }
}

impl Spread for Bits {
    fn buckets(&self) -> usize {
        self.last + 1
    }

    fn bucket(&self, score: f64) -> usize {
        // A shift by all 64 bits is one by 63 and one more.
        let key = key::of(score) - self.least;
        (key >> self.shift.min(63) >> (self.shift / 64)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spread: &impl Spread, scores: &[f64]) {
        let buckets: Vec<usize> = scores.iter().map(|&score| spread.bucket(score)).collect();
        assert!(buckets.is_sorted(), "{buckets:?}");
        assert!(buckets.iter().all(|&bucket| bucket < spread.buckets()), "{buckets:?}");
    }

    #[test]
    fn buckets_keep_the_order() {
        let scores = [f64::MIN, -1e9, -1.0, -0.5, -5e-324, 0.0, 1e-300, 0.1, 0.2, 3.0, f64::MAX];
        for first in 0..scores.len() {
            for last in first..scores.len() {
                let (least, greatest) = (scores[first], scores[last]);
                for buckets in [1, 2, 3, 100, 512] {
                    let scores = &scores[first..=last];
                    check(&Linear::new(least, greatest, buckets), scores);
                    check(&Bits::new(key::of(least), key::of(greatest), buckets), scores);
                }
            }
        }
    }

    #[test]
    fn small_scores_spread_by_their_bits() {
        let scores: Vec<f64> = (0..1000).map(|i| libm::exp(-f64::from(i) / 50.0)).collect();
        let (least, greatest) = (scores[999], scores[0]);
        let linear = Linear::new(least, greatest, 100).crowd(&scores);
        let bits = Bits::new(key::of(least), key::of(greatest), 100).crowd(&scores);
        assert!(bits < 30 && linear > 500, "{bits} {linear}");
    }
}
