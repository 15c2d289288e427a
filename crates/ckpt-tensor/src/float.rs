mod encode;

use crate::Dtype;

/// Which bit patterns of a float format are not numbers of the plain formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Specials {
    /// The largest exponent is infinity (mantissa 0) or NaN, as in IEEE 754.
    Ieee,
    /// Only all ones below the sign is NaN; there is no infinity (E4M3).
    AllOnesNan,
    /// Only the pattern of negative zero is NaN; there is no infinity (FNUZ).
    NegativeZeroNan,
    /// Every pattern is a finite number (F4, F6).
    Finite,
}

/// The bit layout of a binary float of at most 32 bits: sign, exponent, mantissa.
///
/// The value of a normal number is `(-1)^sign * 2^(exponent - bias) * (1 + mantissa / 2^m)`, of a
/// subnormal one (exponent 0) `(-1)^sign * 2^(1 - bias) * mantissa / 2^m`, with `m` mantissa bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloatFormat {
    /// Bits of the exponent.
    pub exponent_bits: u32,
    /// Bits of the mantissa, without the implied leading one.
    pub mantissa_bits: u32,
    /// What the stored exponent exceeds the true one by.
    pub bias: i32,
    /// The patterns that are infinite or not numbers.
    pub specials: Specials,
}

impl FloatFormat {
    /// Gives the layout of a narrow float dtype, or `None`.
    ///
    /// `None` for F32 and F64, which the machine knows, for F8_E8M0, which has neither sign nor
    /// mantissa, and for what is not a float. Sources: IEEE 754 (F16), the OCP Microscaling
    /// Formats specification 1.0 (F8, F6, F4) and arXiv 2206.02915 (FNUZ).
    pub const fn of(dtype: Dtype) -> Option<Self> {
        let (exponent_bits, mantissa_bits, bias, specials) = match dtype {
            Dtype::F16 => (5, 10, 15, Specials::Ieee),
            Dtype::Bf16 => (8, 7, 127, Specials::Ieee),
            Dtype::F8E4M3 => (4, 3, 7, Specials::AllOnesNan),
            Dtype::F8E5M2 => (5, 2, 15, Specials::Ieee),
            Dtype::F8E4M3Fnuz => (4, 3, 8, Specials::NegativeZeroNan),
            Dtype::F8E5M2Fnuz => (5, 2, 16, Specials::NegativeZeroNan),
            Dtype::F6E2M3 => (2, 3, 1, Specials::Finite),
            Dtype::F6E3M2 => (3, 2, 3, Specials::Finite),
            Dtype::F4 => (2, 1, 1, Specials::Finite),
            _ => return None,
        };
        Some(Self { exponent_bits, mantissa_bits, bias, specials })
    }

    /// Decodes a bit pattern exactly; bits above the format's width are ignored.
    ///
    /// The result is exact because f64 holds every mantissa and exponent of these formats.
    #[inline]
    pub fn decode(self, bits: u32) -> f64 {
        let sign_place = self.exponent_bits + self.mantissa_bits;
        let below = bits & ((1 << sign_place) - 1);
        let sign = bits >> sign_place & 1;
        if self.specials == Specials::NegativeZeroNan && below == 0 && sign == 1 {
            return f64::NAN;
        }
        // By its bit, not by a branch, which half of all numbers would take.
        f64::from_bits(self.decode_magnitude(below).to_bits() | u64::from(sign) << 63)
    }

    /// Decodes a pattern whose sign bit is 0.
    fn decode_magnitude(self, bits: u32) -> f64 {
        let infinity = ((1u32 << self.exponent_bits) - 1) << self.mantissa_bits;
        let all_ones = infinity | ((1 << self.mantissa_bits) - 1);
        match self.specials {
            Specials::Ieee if bits == infinity => f64::INFINITY,
            Specials::Ieee if bits > infinity => f64::NAN,
            Specials::AllOnesNan if bits == all_ones => f64::NAN,
            _ if bits >> self.mantissa_bits == 0 => {
                // Subnormal: no implied one, the scale of the smallest normal exponent.
                f64::from(bits) * power_of_two(1 - self.bias - self.mantissa_bits.cast_signed())
            }
            // Normal: the digits move to their place in an f64, whose exponent has another bias.
            _ => {
                let rebias = u64::from((F64_BIAS - self.bias).cast_unsigned());
                let digits = u64::from(bits) << (F64_MANTISSA_BITS - self.mantissa_bits);
                f64::from_bits(digits + (rebias << F64_MANTISSA_BITS))
            }
        }
    }
}

const F64_BIAS: i32 = 1023;
const F64_MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;

/// Decodes an F8_E8M0 scale: `2^(bits - 127)`, NaN for 255.
pub(crate) fn decode_e8m0(bits: u8) -> f64 {
    if bits == u8::MAX { f64::NAN } else { power_of_two(i32::from(bits) - 127) }
}

/// Builds `2^exponent` from its bits; exact for exponents of normal f64 numbers.
fn power_of_two(exponent: i32) -> f64 {
    debug_assert!((-1022..=1023).contains(&exponent), "{exponent} is no normal exponent");
    f64::from_bits(u64::from((exponent + F64_BIAS).cast_unsigned()) << F64_MANTISSA_BITS)
}
