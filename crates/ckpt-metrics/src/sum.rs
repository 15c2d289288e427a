//! Summation in one fixed order.

/// The lanes of a logical vector: 64 bytes of `f64`.
///
/// Independent lanes let the compiler use whatever vectors the CPU has, and shorten the chain of
/// rounding errors; a fixed number of them keeps the bits the same on all CPUs.
pub(crate) const LANES: usize = 8;

/// Sums N terms over rows of three columns, which have the same length.
///
/// Lane k adds the terms of rows k, k + 8, k + 16 ... in order; then lane k takes lane k + 4,
/// k + 2, k + 1.
pub(crate) fn sums<const N: usize, A: Copy, B: Copy, C: Copy>(
    columns: (&[A], &[B], &[C]),
    term: impl Fn(A, B, C) -> [f64; N],
) -> [f64; N] {
    let mut lanes = [[0.0; LANES]; N];
    let mut add = |k: usize, (a, b, c)| {
        for (sum, term) in lanes.iter_mut().zip(term(a, b, c)) {
            sum[k] += term;
        }
    };
    let ((a, a_tail), (b, b_tail), (c, c_tail)) = (
        columns.0.as_chunks::<LANES>(),
        columns.1.as_chunks::<LANES>(),
        columns.2.as_chunks::<LANES>(),
    );
    for ((a, b), c) in a.iter().zip(b).zip(c) {
        for k in 0..LANES {
            add(k, (a[k], b[k], c[k]));
        }
    }
    for (k, ((&a, &b), &c)) in a_tail.iter().zip(b_tail).zip(c_tail).enumerate() {
        add(k, (a, b, c));
    }
    lanes.map(fold)
}

/// Adds the lanes: lane k takes lane k + 4, k + 2, k + 1.
fn fold(mut lanes: [f64; LANES]) -> f64 {
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

    fn sum_of(values: &[f64]) -> f64 {
        let unit = vec![(); values.len()];
        sums((values, &unit, &unit), |value, (), ()| [value])[0]
    }

    #[test]
    fn sums_every_length() {
        for n in 0..40_u32 {
            let values: Vec<f64> = (1..=n).map(f64::from).collect();
            assert_eq!(sum_of(&values), f64::from(n * (n + 1) / 2));
        }
    }

    #[test]
    fn keeps_the_stated_order() {
        // Next to 1e16 a single 1 is lost; two of them count if they meet before.
        let with_ones_at = |a: usize, b: usize| {
            let mut values = [0.0; 16];
            (values[0], values[a], values[b]) = (1e16, 1.0, 1.0);
            sum_of(&values)
        };
        assert_eq!(with_ones_at(1, 8), 1e16); // row 8 is in lane 0
        assert_eq!(with_ones_at(1, 9), 1e16 + 2.0); // both in lane 1
        assert_eq!(with_ones_at(1, 3), 1e16 + 2.0); // lane 3 goes to lane 1 first
        assert_eq!(with_ones_at(1, 4), 1e16); // lane 4 goes to lane 0 first
    }

    #[test]
    fn sums_columns_side_by_side() {
        let (a, b, c) = ([1.0_f32; 11], [2_u8; 11], [0.5_f64; 11]);
        let got = sums((&a, &b, &c), |a, b, c| [f64::from(a), f64::from(b) * c]);
        assert_eq!(got, [11.0, 11.0]);
    }
}
