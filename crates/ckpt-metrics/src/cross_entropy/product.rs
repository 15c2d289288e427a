//! The sum of logarithms as the logarithm of a product.
//!
//! A product of thousands of probabilities leaves the range of `f64`. So each is split into a power
//! of two and a factor near 1; the exponents are added as integers, the factors multiplied in the
//! lanes of [`sums`](crate::sum::sums), and one logarithm serves a chunk. Each product rounds by at
//! most 2⁻⁵³ relative to it, which is an absolute error of 2⁻⁵³ in the logarithm: no more than
//! rounding the probability would cause.

use std::f64::consts::LN_2;

use crate::sum::LANES;

/// The most factors that one lane multiplies: their product lies in 2^±256.
///
/// A chunk of the grid gives each lane exactly as many.
const MOST_FACTORS: usize = crate::CHUNK_ROWS / LANES;

/// The bits of the smallest factor, √½ rounded up. Factors lie in [√½, √2), so that probabilities
/// on both sides of 1/2, 1/4, ... and those just below 1 have logarithms that do not cancel.
const SMALLEST: u64 = 0x3fe6_a09e_667f_3bcd;

/// The bits of an `f64` below its exponent.
const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;

/// What is added to exponents to keep them positive, so that a logical shift finds them: vectors
/// of old CPUs have no other.
const BIAS: u64 = 512;

/// Sums the natural logarithms of numbers in \[2⁻⁵², 1\], one chunk of rows at most.
pub(super) fn log(numbers: &[f64]) -> f64 {
    debug_assert!(numbers.len() <= MOST_FACTORS * LANES, "lanes would overflow");
    let mut factors = [1.0; LANES];
    let mut exponents = [0; LANES];
    let (vectors, tail) = numbers.as_chunks::<LANES>();
    for vector in vectors {
        for k in 0..LANES {
            let (factor, exponent) = split(vector[k]);
            factors[k] *= factor;
            exponents[k] += exponent;
        }
    }
    for (k, &number) in tail.iter().enumerate() {
        let (factor, exponent) = split(number);
        factors[k] *= factor;
        exponents[k] += exponent;
    }
    finish(factors, exponents.iter().sum::<u64>() as i64 - BIAS as i64 * numbers.len() as i64)
}

/// Gives the logarithm of the lanes' product, times 2 to the power of `exponent`.
fn finish(lanes: [f64; LANES], mut exponent: i64) -> f64 {
    let mut product = 1.0;
    for lane in lanes {
        let (factor, power) = split(lane);
        product *= factor;
        exponent += power as i64 - BIAS as i64;
    }
    // Not `f64::ln`, which calls the platform's logarithm and differs in the last bit.
    exponent as f64 * LN_2 + libm::log(product)
}

/// Splits a number in 2^±511 into a factor in [√½, √2) and an exponent of two, plus the bias.
fn split(number: f64) -> (f64, u64) {
    let above = number.to_bits().wrapping_sub(SMALLEST).wrapping_add(BIAS << MANTISSA_BITS);
    let mantissa = above & ((1 << MANTISSA_BITS) - 1);
    (f64::from_bits(SMALLEST + mantissa), above >> MANTISSA_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_exactly() {
        for exponent in -500..500 {
            for mantissa in [1.0, 1.25, 1.414, 1.415, 2.0 - f64::EPSILON] {
                let number = mantissa * 2_f64.powi(exponent);
                let (factor, power) = split(number);
                assert!((std::f64::consts::FRAC_1_SQRT_2..1.414_213_562_373_096).contains(&factor));
                assert_eq!(factor * 2_f64.powi(power as i32 - BIAS as i32), number);
            }
        }
    }

    #[test]
    fn sums_logarithms() {
        for n in [0_u32, 1, 7, 8, 9, 100, 4096] {
            let numbers: Vec<f64> = (0..n).map(|i| (f64::from(i) + 0.3) / 4097.0).collect();
            let expected: f64 = numbers.iter().map(|&number| libm::log(number)).sum();
            let error = (log(&numbers) - expected).abs();
            assert!(error <= 1e-15 * f64::from(n) + 1e-14 * expected.abs(), "{n}: {error}");
        }
    }

    /// Both ends of the domain, in as many factors as there can be.
    #[test]
    fn a_full_chunk_does_not_overflow() {
        let full = |number| log(&vec![number; crate::CHUNK_ROWS]) / crate::CHUNK_ROWS as f64;
        assert_eq!(full(f64::EPSILON), -52.0 * LN_2);
        for number in [0.708, 0.707, f64::from_bits(SMALLEST), 1.0 - f64::EPSILON] {
            let expected = libm::log(number);
            let error = (full(number) - expected).abs();
            assert!(error < 1e-14 * expected.abs() + 1e-27, "{number}: {error}");
        }
        assert_eq!(full(1.0), 0.0);
    }
}
