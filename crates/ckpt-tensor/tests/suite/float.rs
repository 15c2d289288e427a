//! Every bit pattern of every narrow float format against the textbook formula.

use ckpt_tensor::{Dtype, FloatFormat};

/// Computes a finite value from its digits: a second way to the same number, by division and
/// powers where the crate uses masks and bit patterns.
fn textbook(bits: u32, exponent_bits: u32, mantissa_bits: u32, bias: i32) -> f64 {
    let steps = 2f64.powi(mantissa_bits as i32);
    let fraction = f64::from(bits % 2u32.pow(mantissa_bits)) / steps;
    let exponent = bits / 2u32.pow(mantissa_bits) % 2u32.pow(exponent_bits);
    let negative = bits / 2u32.pow(mantissa_bits + exponent_bits) % 2 == 1;
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(1 - bias),
        _ => (1.0 + fraction) * 2f64.powi(exponent as i32 - bias),
    };
    if negative { -magnitude } else { magnitude }
}

/// Checks every pattern: `special` names those that are no finite number, and what they are.
fn check(dtype: Dtype, digits: (u32, u32, i32), special: impl Fn(u32) -> Option<f64>) {
    let format = FloatFormat::of(dtype).expect("a narrow float");
    for bits in 0..1u32 << dtype.bits() {
        let expected =
            special(bits).unwrap_or_else(|| textbook(bits, digits.0, digits.1, digits.2));
        let decoded = format.decode(bits);
        let same = decoded.to_bits() == expected.to_bits() || decoded.is_nan() && expected.is_nan();
        assert!(same, "{dtype} {bits:#x}: {decoded} is not {expected}");
    }
}

/// Infinity and NaN of IEEE 754: the largest exponent.
fn ieee(bits: u32, exponent_bits: u32, mantissa_bits: u32) -> Option<f64> {
    let infinity = (2u32.pow(exponent_bits) - 1) << mantissa_bits;
    let sign = 1 << (exponent_bits + mantissa_bits);
    match bits & !sign {
        rest if rest < infinity => None,
        rest if rest > infinity => Some(f64::NAN),
        _ if bits & sign == 0 => Some(f64::INFINITY),
        _ => Some(f64::NEG_INFINITY),
    }
}

#[test]
fn f16_is_binary16() {
    check(Dtype::F16, (5, 10, 15), |bits| ieee(bits, 5, 10));
}

#[test]
fn bf16_is_the_upper_half_of_binary32() {
    check(Dtype::Bf16, (8, 7, 127), |bits| ieee(bits, 8, 7));
    let format = FloatFormat::of(Dtype::Bf16).unwrap();
    for bits in 0..=u32::from(u16::MAX) {
        let upper_half = f64::from(f32::from_bits(bits << 16));
        let decoded = format.decode(bits);
        assert!(decoded == upper_half || decoded.is_nan() && upper_half.is_nan(), "{bits:#x}");
    }
}

#[test]
fn eight_bit_floats() {
    check(Dtype::F8E5M2, (5, 2, 15), |bits| ieee(bits, 5, 2));
    check(Dtype::F8E4M3, (4, 3, 7), |bits| (bits & 0x7f == 0x7f).then_some(f64::NAN));
    check(Dtype::F8E4M3Fnuz, (4, 3, 8), |bits| (bits == 0x80).then_some(f64::NAN));
    check(Dtype::F8E5M2Fnuz, (5, 2, 16), |bits| (bits == 0x80).then_some(f64::NAN));
}

#[test]
fn six_and_four_bit_floats_are_all_finite() {
    check(Dtype::F6E2M3, (2, 3, 1), |_| None);
    check(Dtype::F6E3M2, (3, 2, 3), |_| None);
    check(Dtype::F4, (2, 1, 1), |_| None);
}

/// The extremes that the specifications print, against a formula wrong in both places.
#[test]
fn largest_and_smallest_are_those_of_the_specifications() {
    let table = [
        (Dtype::F16, 65504.0, 2f64.powi(-24)),
        (Dtype::Bf16, 3.389_531_389_251_535_5e38, 2f64.powi(-133)),
        (Dtype::F8E4M3, 448.0, 2f64.powi(-9)),
        (Dtype::F8E5M2, 57344.0, 2f64.powi(-16)),
        (Dtype::F8E4M3Fnuz, 240.0, 2f64.powi(-10)),
        (Dtype::F8E5M2Fnuz, 57344.0, 2f64.powi(-17)),
        (Dtype::F6E2M3, 7.5, 0.125),
        (Dtype::F6E3M2, 28.0, 0.0625),
        (Dtype::F4, 6.0, 0.5),
    ];
    for (dtype, largest, smallest) in table {
        let format = FloatFormat::of(dtype).unwrap();
        let values = (0..1u32 << dtype.bits()).map(|bits| format.decode(bits));
        let finite: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        let positive = || finite.iter().copied().filter(|&value| value > 0.0);
        assert_eq!(positive().fold(0.0, f64::max), largest, "{dtype}");
        assert_eq!(positive().fold(f64::MAX, f64::min), smallest, "{dtype}");
    }
}

#[test]
fn other_dtypes_have_no_narrow_format() {
    for dtype in [Dtype::F32, Dtype::F64, Dtype::F8E8M0, Dtype::C64, Dtype::I16, Dtype::Bool] {
        assert_eq!(FloatFormat::of(dtype), None);
    }
}
