//! The exponential and the logarithm: the same operations on every processor.
//!
//! Both are polynomials in plain multiplications and additions, evaluated by Horner's rule, so that
//! vectors of any width give the bits of the scalar form here.

use super::Number;
use super::simd::Lanes;

/// `1 / n!` for `n = 0, 1, ...`: the Taylor coefficients of the exponential. Over the reduced range
/// of half of ln 2 they reach rounding error with 12 terms beyond the first in f64, and 7 in f32.
pub(crate) const EXP: [f64; 13] = [
    1.0,
    1.0,
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5_040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
];

/// `1 / (2n + 1)` for `n = 0, 1, ...`: `ln m = 2 s (1 + s^2 / 3 + s^4 / 5 + ...)` with
/// `s = (m - 1) / (m + 1)`. With `m` between the roots of 1/2 and 2, `s^2` is under 0.0295, which
/// reaches rounding error with 10 terms beyond the first in f64, and 4 in f32.
pub(crate) const LN: [f64; 11] = [
    1.0,
    1.0 / 3.0,
    1.0 / 5.0,
    1.0 / 7.0,
    1.0 / 9.0,
    1.0 / 11.0,
    1.0 / 13.0,
    1.0 / 15.0,
    1.0 / 17.0,
    1.0 / 19.0,
    1.0 / 21.0,
];

/// `e^x` for `x <= 0`, to about 2 units in the last place; under `EXP_MIN`, where the result would
/// not be a normal number, that of `EXP_MIN`.
///
/// `x = n ln 2 + r` with `n` the nearest integer, which the addition of a large number rounds to;
/// `ln 2` is split so that `n` times its first part is exact (Cody and Waite, 1980). The last bits
/// of the sum are `n`; moved to the exponent's place and added to the bits of 1, they are `2^n`.
#[inline(always)]
pub(crate) fn exp<V: Lanes>(x: V) -> V {
    let x = x.all(V::Number::EXP_MIN).larger(x);
    let round = x.all(V::Number::ROUND);
    let shifted = x * x.all(V::Number::LOG2_E) + round;
    let n = shifted - round;
    let r = (x - n * x.all(V::Number::LN_2_HIGH)) - n * x.all(V::Number::LN_2_LOW);
    let power = polynomial(r, V::Number::EXP);
    power * shifted.exponent_up().add_bits(x.all(V::Number::ONE))
}

/// The natural logarithm of a finite `x >= 1`, to about 2 units in the last place of the larger of
/// the result and 1.
///
/// `x = m 2^n` with `m` from the root of 1/2 to that of 2: what the bits of `x` have above those of
/// the root is `n` in the exponent's place and `m`, less the root, below it. Put under the exponent
/// of `INTEGERS`, the bits of `n` are a number that differs from it by `n`.
#[inline(always)]
pub(crate) fn ln<V: Lanes>(x: V) -> V {
    let (one, root_half) = (x.all(V::Number::ONE), x.all(V::Number::ROOT_HALF));
    let integers = x.all(V::Number::INTEGERS);
    let above = x.sub_bits(root_half);
    let n = above.exponent_down().or(integers) - integers;
    let m = above.and(x.all(V::Number::MANTISSA)).add_bits(root_half);
    let s = (m - one) / (m + one);
    let twice = s + s;
    let series = polynomial(s * s, V::Number::LN);
    n * x.all(V::Number::LN_2_HIGH) + (twice * series + n * x.all(V::Number::LN_2_LOW))
}

/// `c[0] + c[1] x + c[2] x^2 + ...` by Horner's rule.
#[inline(always)]
fn polynomial<V: Lanes>(x: V, coefficients: &[V::Number]) -> V {
    let (last, first) = coefficients.split_last().expect("there are coefficients");
    let mut sum = x.all(*last);
    for &coefficient in first.iter().rev() {
        sum = sum * x + x.all(coefficient);
    }
    sum
}

/// The probabilities of classes by their margins: `exp(z_c - m) / s`, with `m` the largest margin and
/// `s` the sum.
pub(crate) fn softmax<T: Number>(margins: &[T]) -> Vec<T> {
    let Some(&first) = margins.first() else {
        return Vec::new();
    };
    let largest = margins.iter().copied().fold(first, |a, b| b.larger(a));
    let powers: Vec<T> = margins.iter().map(|&z| exp(z - largest)).collect();
    let sum = powers.iter().fold(T::default(), |sum, &power| sum + power);
    powers.into_iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error of `found` against `expected`, in units of `T`'s epsilon.
    fn worst<T: Number>(
        inputs: impl Iterator<Item = f64>,
        found: fn(T) -> T,
        expected: fn(f64) -> f64,
        relative_to: fn(f64) -> f64,
    ) -> f64 {
        let epsilon = if size_of::<T>() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        inputs
            .map(|input| {
                let input = T::of(input);
                let exact = expected(input.into());
                (found(input).into() - exact).abs() / relative_to(exact) / epsilon
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn the_exponential_is_accurate() {
        let inputs = |least: f64| (0..100_000).map(move |i| least * f64::from(i) / 100_000.0);
        assert!(worst::<f64>(inputs(-708.0), exp, libm::exp, |e| e) < 2.0);
        assert!(worst::<f32>(inputs(-87.0), exp, libm::exp, |e| e) < 2.0);
        assert_eq!((exp(0.0_f64), exp(0.0_f32)), (1.0, 1.0));
        assert_eq!(exp(f64::NEG_INFINITY), exp(f64::EXP_MIN));
        assert!(exp(f64::EXP_MIN) >= f64::MIN_POSITIVE && exp(f32::EXP_MIN) >= f32::MIN_POSITIVE);
    }

    #[test]
    fn the_logarithm_is_accurate() {
        let inputs = || (0..100_000).map(|i| 1.0 + f64::from(i) * f64::from(i) / 7.0e6);
        assert!(worst::<f64>(inputs(), ln, libm::log, |l| l.max(1.0)) < 2.0);
        assert!(worst::<f32>(inputs(), ln, libm::log, |l| l.max(1.0)) < 2.0);
        assert_eq!((ln(1.0_f64), ln(1.0_f32)), (0.0, 0.0));
    }
}
