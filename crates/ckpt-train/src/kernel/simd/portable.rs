//! Plain numbers, for processors that nothing else is written for.

use super::wide::{Register, Wide};
use super::{Lanes, Simd};
use crate::kernel::Number;

/// The token that everyone may have.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

macro_rules! number {
    ($number:ty, $bits:ty, $mantissa:literal, $lanes:literal) => {
        impl Lanes for $number {
            type Number = Self;

            #[inline(always)]
            fn all(self, value: Self) -> Self {
                value
            }

            #[inline(always)]
            fn larger(self, other: Self) -> Self {
                if self > other { self } else { other }
            }

            #[inline(always)]
            fn at_least_zero(self, yes: Self, no: Self) -> Self {
                if self >= 0.0 { yes } else { no }
            }

            #[inline(always)]
            fn and(self, other: Self) -> Self {
                Self::from_bits(self.to_bits() & other.to_bits())
            }

            #[inline(always)]
            fn or(self, other: Self) -> Self {
                Self::from_bits(self.to_bits() | other.to_bits())
            }

            #[inline(always)]
            fn add_bits(self, other: Self) -> Self {
                Self::from_bits(self.to_bits().wrapping_add(other.to_bits()))
            }

            #[inline(always)]
            fn sub_bits(self, other: Self) -> Self {
                Self::from_bits(self.to_bits().wrapping_sub(other.to_bits()))
            }

            #[inline(always)]
            fn exponent_up(self) -> Self {
                Self::from_bits(self.to_bits() << $mantissa)
            }

            #[inline(always)]
            fn exponent_down(self) -> Self {
                Self::from_bits(self.to_bits() >> $mantissa)
            }
        }

        impl Register for $number {
            const LANES: usize = 1;
            type Token = Portable;

            #[inline(always)]
            fn splat(_: Portable, value: Self) -> Self {
                value
            }

            #[inline(always)]
            fn load(_: Portable, from: &[Self]) -> Self {
                from[0]
            }

            #[inline(always)]
            fn store(self, into: &mut [Self]) {
                into[0] = self;
            }

            #[inline(always)]
            fn add_to(self, sums: &mut [f64]) {
                sums[0] += f64::from(self);
            }

            #[inline(always)]
            fn zip(self, other: Self) -> (Self, Self) {
                (self, other)
            }
        }

        impl Simd<$number, $lanes> for Portable {
            type V = Wide<$number, $lanes>;
            const REGISTERS: usize = $lanes;

            #[inline(always)]
            fn splat(self, value: $number) -> Self::V {
                Wide::splat(self, value)
            }

            #[inline(always)]
            fn load(self, from: &[$number; $lanes]) -> Self::V {
                Wide::load(self, from)
            }

            #[inline(always)]
            fn below(self, lanes: usize) -> Self::V {
                Wide::load(self, <$number>::below(lanes))
            }
        }
    };
}

number!(f32, u32, 23, 16);
number!(f64, u64, 52, 8);
