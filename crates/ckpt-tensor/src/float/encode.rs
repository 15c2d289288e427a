//! Rounds numbers to the narrow formats: the way back from `decode`.

use super::{F64_BIAS, F64_MANTISSA_BITS, FloatFormat, Specials, power_of_two};

impl FloatFormat {
    /// Rounds a number once, to the nearest value of the format, of two equally near ones to that
    /// with the even bit pattern (IEEE 754, roundTiesToEven).
    ///
    /// What lies beyond the range, infinities included, becomes the largest finite value. What
    /// rounds to zero keeps its sign where the format has a negative zero. NaN is the caller's to
    /// avoid: not every format has one.
    pub(crate) fn encode(self, value: f64) -> u32 {
        debug_assert!(!value.is_nan(), "not every format has a NaN");
        let magnitude = self.round_magnitude(value.abs()).min(self.largest());
        let has_zero = self.specials != Specials::NegativeZeroNan;
        let has_sign = u32::from(magnitude != 0 || has_zero);
        // By its bit, not by a branch, which half of all numbers would take.
        let sign = (value.to_bits() >> 63) as u32 & has_sign;
        magnitude | sign << (self.exponent_bits + self.mantissa_bits)
    }

    /// Gives the pattern of the largest finite value.
    fn largest(self) -> u32 {
        let all_ones = (1 << (self.exponent_bits + self.mantissa_bits)) - 1;
        match self.specials {
            Specials::Ieee => all_ones - (1 << self.mantissa_bits),
            Specials::AllOnesNan => all_ones - 1,
            Specials::NegativeZeroNan | Specials::Finite => all_ones,
        }
    }

    /// Gives the pattern nearest to a number that is not negative, as if exponents had no end.
    ///
    /// The patterns of neighbours differ by one even where the exponent changes, so that rounding
    /// up from all ones carries into the next exponent by itself.
    fn round_magnitude(self, value: f64) -> u32 {
        let rebias = (F64_BIAS - self.bias).cast_unsigned();
        let exponent = (value.to_bits() >> F64_MANTISSA_BITS) as u32;
        if exponent <= rebias {
            // Subnormal here: a whole number of the smallest steps.
            let step = self.bias - 1 + self.mantissa_bits.cast_signed();
            return (value * power_of_two(step)).round_ties_even() as u32;
        }
        let dropped = F64_MANTISSA_BITS - self.mantissa_bits;
        let bits = value.to_bits();
        let half = (1u64 << (dropped - 1)) - 1 + (bits >> dropped & 1);
        let rounded = (bits + half) >> dropped;
        let rebased = rounded - (u64::from(rebias) << self.mantissa_bits);
        // Beyond 32 bits lie only patterns of numbers that no narrow format holds.
        u32::try_from(rebased).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dtype;

    /// Every narrow float with the patterns of its finite values that are not negative, in order.
    fn formats() -> impl Iterator<Item = (Dtype, FloatFormat, Vec<u32>)> {
        let narrow = Dtype::ALL.iter().filter_map(|&dtype| Some((dtype, FloatFormat::of(dtype)?)));
        narrow.map(|(dtype, format)| {
            let patterns = 0..1u32 << (dtype.bits() - 1);
            let finite = patterns.filter(|&bits| format.decode(bits).is_finite()).collect();
            (dtype, format, finite)
        })
    }

    #[test]
    fn every_finite_value_comes_back() {
        for (dtype, format, _) in formats() {
            for bits in 0..1u32 << dtype.bits() {
                let value = format.decode(bits);
                if value.is_finite() {
                    assert_eq!(format.encode(value), bits, "{dtype} {bits:#x} is {value}");
                }
            }
        }
    }

    #[test]
    fn between_two_values_the_nearer_wins_and_the_even_one_in_the_middle() {
        for (dtype, format, finite) in formats() {
            let sign = 1u32 << (dtype.bits() - 1);
            for pair in finite.windows(2) {
                let (low, high) = (format.decode(pair[0]), format.decode(pair[1]));
                let middle = (low + high) / 2.0;
                let even = pair[pair[0] as usize & 1];
                assert_eq!(format.encode(middle), even, "{dtype} {middle}");
                assert_eq!(format.encode(middle.next_down()), pair[0], "{dtype} below {middle}");
                assert_eq!(format.encode(middle.next_up()), pair[1], "{dtype} above {middle}");
                if even != 0 {
                    assert_eq!(format.encode(-middle), even | sign, "{dtype} -{middle}");
                }
            }
        }
    }

    #[test]
    fn beyond_the_range_is_the_largest_finite_value() {
        for (dtype, format, finite) in formats() {
            let sign = 1u32 << (dtype.bits() - 1);
            let largest = *finite.last().unwrap();
            for value in [format.decode(largest) * 1.5, f64::MAX, f64::INFINITY] {
                assert_eq!(format.encode(value), largest, "{dtype} {value}");
                assert_eq!(format.encode(-value), largest | sign, "{dtype} -{value}");
            }
        }
    }

    #[test]
    fn the_smallest_numbers_become_zero_of_their_sign() {
        for (dtype, format, _) in formats() {
            let has_sign = format.specials != Specials::NegativeZeroNan;
            let negative = if has_sign { 1u32 << (dtype.bits() - 1) } else { 0 };
            for value in [f64::from_bits(1), f64::MIN_POSITIVE] {
                assert_eq!((format.encode(value), format.encode(-value)), (0, negative), "{dtype}");
            }
        }
    }
}
