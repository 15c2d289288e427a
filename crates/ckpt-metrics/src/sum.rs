//! Summation in one fixed order.

/// The lanes of a logical vector: 64 bytes of `f64`.
///
/// Independent lanes let the compiler use whatever vectors the CPU has, and shorten the chain of
/// rounding errors; a fixed number of them keeps the bits the same on all CPUs.
const LANES: usize = 8;

/// Sums `term` over the values.
///
/// Lane k adds the terms k, k + 8, k + 16 ... in order; then lane k takes lane k + 4, k + 2, k + 1.
pub(crate) fn sum_of(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (vectors, tail) = values.as_chunks::<LANES>();
    for vector in vectors {
        for (lane, value) in lanes.iter_mut().zip(vector) {
            *lane += term(*value);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(tail) {
        *lane += term(*value);
    }
    let mut half = LANES / 2;
    while half > 0 {
        for k in 0..half {
            lanes[k] += lanes[k + half];
        }
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_every_length() {
        for n in 0..40_u32 {
            let values: Vec<f64> = (1..=n).map(f64::from).collect();
            assert_eq!(sum_of(&values, |v| v), f64::from(n * (n + 1) / 2));
        }
    }

    #[test]
    fn keeps_the_stated_order() {
        // Beside 1e16 a single 1 is lost; two of them count if they meet before.
        let with_ones_at = |a: usize, b: usize| {
            let mut values = [0.0; 16];
            (values[0], values[a], values[b]) = (1e16, 1.0, 1.0);
            sum_of(&values, |value| value)
        };
        assert_eq!(with_ones_at(1, 8), 1e16); // row 8 is in lane 0
        assert_eq!(with_ones_at(1, 9), 1e16 + 2.0); // both in lane 1
        assert_eq!(with_ones_at(1, 3), 1e16 + 2.0); // lane 3 goes to lane 1 first
        assert_eq!(with_ones_at(1, 4), 1e16); // lane 4 goes to lane 0 first
    }
}
