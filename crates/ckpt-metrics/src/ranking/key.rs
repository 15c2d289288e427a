//! Integers in the order of the scores they stand for.

/// The key of a finite score: keys compare as scores do, and equal scores have equal keys.
pub(super) fn of(score: f64) -> u64 {
    // Both zeros are one score.
    let bits = (score + 0.0).to_bits();
    // The larger a negative number's bits, the smaller it is; the sign makes it less than others.
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// The score of a key.
pub(super) fn score(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 0 { !key } else { key & !(1 << 63) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_the_order() {
        let scores = [f64::MIN, -2.0, -1.0, -5e-324, 0.0, 5e-324, 0.5, 1.0, f64::MAX];
        let keys = scores.map(of);
        assert!(keys.is_sorted_by(|a, b| a < b));
        assert_eq!(keys.map(score), scores);
        assert_eq!(of(-0.0), of(0.0));
    }
}
