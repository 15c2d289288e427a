//! The two element types: what the kernels must know of each.

use std::ops::{AddAssign, Neg};

use super::math::{EXP, LN};
use super::simd::Lanes;

/// The arithmetic that the kernels need of an element type.
pub trait Number:
    Lanes<Number = Self>
    + Default
    + Send
    + Sync
    + PartialOrd
    + Into<f64>
    + Neg<Output = Self>
    + AddAssign
    + 'static
{
    /// 1.
    const ONE: Self;
    /// Under this the exponential is not computed.
    const EXP_MIN: Self;
    /// The base-2 logarithm of e.
    const LOG2_E: Self;
    /// Adding this leaves no digits behind the point: 1.5 times 2 to the mantissa's bits.
    const ROUND: Self;
    /// 2 to the mantissa's bits: small integers stand in the last bits of what is added to it.
    const INTEGERS: Self;
    /// The root of 1/2, rounded.
    const ROOT_HALF: Self;
    /// The natural logarithm of 2, its last bits zero, so that small integers times it are exact.
    const LN_2_HIGH: Self;
    /// What `LN_2_HIGH` lacks.
    const LN_2_LOW: Self;
    /// The coefficients of the exponential.
    const EXP: &'static [Self];
    /// The coefficients of the logarithm.
    const LN: &'static [Self];
    /// The bit of the sign.
    const SIGN: Self;
    /// All other bits.
    const MAGNITUDE: Self;
    /// The bits of the mantissa.
    const MANTISSA: Self;

    /// Rounds to the nearest value of this type.
    fn of(value: f64) -> Self;

    /// A logical vector with all bits set in the lanes below `lanes`, and no others.
    fn below(lanes: usize) -> &'static [Self];
}

/// `EXP` and `LN`, as many as a type needs.
const fn narrowed<const N: usize>(values: &[f64]) -> [f32; N] {
    let mut result = [0.0; N];
    let mut i = 0;
    while i < N {
        result[i] = values[i] as f32;
        i += 1;
    }
    result
}

impl Number for f32 {
    const ONE: Self = 1.0;
    const EXP_MIN: Self = -87.0;
    const LOG2_E: Self = std::f32::consts::LOG2_E;
    const ROUND: Self = 12_582_912.0;
    const INTEGERS: Self = 8_388_608.0;
    const ROOT_HALF: Self = std::f32::consts::FRAC_1_SQRT_2;
    const LN_2_HIGH: Self = Self::from_bits(0x3f31_8000);
    const LN_2_LOW: Self = Self::from_bits(0xb95e_8083);
    const EXP: &'static [Self] = &narrowed::<8>(&EXP);
    const LN: &'static [Self] = &narrowed::<5>(&LN);
    const SIGN: Self = Self::from_bits(1 << 31);
    const MAGNITUDE: Self = Self::from_bits(u32::MAX >> 1);
    const MANTISSA: Self = Self::from_bits((1 << 23) - 1);

    fn of(value: f64) -> Self {
        value as Self
    }

    #[inline(always)]
    fn below(lanes: usize) -> &'static [Self] {
        static BITS: [[f32; 16]; 2] = [[f32::from_bits(u32::MAX); 16], [0.0; 16]];
        &BITS.as_flattened()[16 - lanes..][..16]
    }
}

impl Number for f64 {
    const ONE: Self = 1.0;
    const EXP_MIN: Self = -708.0;
    const LOG2_E: Self = std::f64::consts::LOG2_E;
    const ROUND: Self = 6_755_399_441_055_744.0;
    const INTEGERS: Self = 4_503_599_627_370_496.0;
    const ROOT_HALF: Self = std::f64::consts::FRAC_1_SQRT_2;
    const LN_2_HIGH: Self = Self::from_bits(0x3fe6_2e42_fee0_0000);
    const LN_2_LOW: Self = Self::from_bits(0x3dea_39ef_3579_3c76);
    const EXP: &'static [Self] = &EXP;
    const LN: &'static [Self] = &LN;
    const SIGN: Self = Self::from_bits(1 << 63);
    const MAGNITUDE: Self = Self::from_bits(u64::MAX >> 1);
    const MANTISSA: Self = Self::from_bits((1 << 52) - 1);

    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn below(lanes: usize) -> &'static [Self] {
        static BITS: [[f64; 8]; 2] = [[f64::from_bits(u64::MAX); 8], [0.0; 8]];
        &BITS.as_flattened()[8 - lanes..][..8]
    }
}
