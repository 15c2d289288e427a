//! A logical vector made of registers.

use std::ops::{Add, Div, Mul, Sub};

use super::{Lanes, Vector};

/// A register of an instruction set.
pub(crate) trait Register: Lanes {
    /// How many lanes it has.
    const LANES: usize;

    /// What proves that the processor has it.
    type Token: Copy;

    /// All lanes `value`.
    fn splat(token: Self::Token, value: Self::Number) -> Self;

    /// Reads the first `LANES` values; panics if there are fewer.
    fn load(token: Self::Token, from: &[Self::Number]) -> Self;

    /// Writes the first `LANES` values; panics if there are fewer.
    fn store(self, into: &mut [Self::Number]);

    /// Adds lanes to the first `LANES` sums, converted to f64 first; panics if there are fewer.
    fn add_to(self, sums: &mut [f64]);

    /// Lanes of both in turn: those of the lower halves, then those of the upper ones.
    fn zip(self, other: Self) -> (Self, Self);
}

/// `N` registers, the first of which has the lowest lanes.
#[derive(Clone, Copy)]
pub(crate) struct Wide<R, const N: usize>([R; N]);

// Closures and `array::from_fn` are not used here: they are functions of their own, which the
// compiler would not inline into those that have the instruction set's features.

impl<R: Register, const N: usize> Wide<R, N> {
    #[inline(always)]
    pub(super) fn splat(token: R::Token, value: R::Number) -> Self {
        Self([R::splat(token, value); N])
    }

    #[inline(always)]
    pub(super) fn load(token: R::Token, from: &[R::Number]) -> Self {
        let mut registers = [R::load(token, from); N];
        for n in 1..N {
            registers[n] = R::load(token, &from[n * R::LANES..]);
        }
        Self(registers)
    }

    /// The registers' lower lanes are zipped first.
    #[inline(always)]
    fn zip(self, other: Self) -> (Self, Self) {
        let (mut low, mut high) = (self, other);
        for n in 0..N {
            let (even, odd) = self.0[n].zip(other.0[n]);
            let into = if 2 * n < N { &mut low } else { &mut high };
            if N == 1 {
                (low.0[0], high.0[0]) = (even, odd);
            } else {
                (into.0[2 * n % N], into.0[2 * n % N + 1]) = (even, odd);
            }
        }
        (low, high)
    }

    /// Folds the registers onto each other: what is left to fold lies in one.
    #[inline(always)]
    fn fold_registers(self) -> R {
        let mut registers = self.0;
        let mut half = N / 2;
        while half > 0 {
            for n in 0..half {
                registers[n] = registers[n] + registers[n + half];
            }
            half /= 2;
        }
        registers[0]
    }
}

/// Defines a method of all lanes by that of a register.
macro_rules! lanewise {
    ($method:ident($($other:ident),*)) => {
        #[inline(always)]
        fn $method(self $(, $other: Self)*) -> Self {
            let mut registers = self.0;
            for n in 0..N {
                registers[n] = registers[n].$method($($other.0[n]),*);
            }
            Self(registers)
        }
    };
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<R: Register, const N: usize> $trait for Wide<R, N> {
            type Output = Self;

            lanewise!($method(other));
        }
    };
}

operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl<R: Register, const N: usize> Lanes for Wide<R, N> {
    type Number = R::Number;

    #[inline(always)]
    fn all(self, value: R::Number) -> Self {
        Self([self.0[0].all(value); N])
    }

    lanewise!(larger(other));
    lanewise!(at_least_zero(yes, no));
    lanewise!(and(other));
    lanewise!(or(other));
    lanewise!(add_bits(other));
    lanewise!(sub_bits(other));
    lanewise!(exponent_up());
    lanewise!(exponent_down());
}

impl<R: Register, const N: usize, const L: usize> Vector<L> for Wide<R, N> {
    #[inline(always)]
    fn store(self, into: &mut [R::Number; L]) {
        for n in 0..N {
            self.0[n].store(&mut into[n * R::LANES..]);
        }
    }

    #[inline(always)]
    fn add_to(self, sums: &mut [f64; L]) {
        for n in 0..N {
            self.0[n].add_to(&mut sums[n * R::LANES..]);
        }
    }

    #[inline(always)]
    fn fold_each(vectors: [Self; L]) -> Self {
        // Adding what a zip gives folds two vectors at once, their lanes in turn; so after every
        // stage half as many vectors hold twice as many each, until one holds them all in order.
        let mut registers = vectors[0].0;
        for n in 0..N {
            let mut stage = [registers[0]; L];
            for k in 0..R::LANES {
                stage[k] = vectors[n * R::LANES + k].fold_registers();
            }
            let mut left = R::LANES / 2;
            while left > 0 {
                for k in 0..left {
                    let (low, high) = stage[k].zip(stage[k + left]);
                    stage[k] = low + high;
                }
                left /= 2;
            }
            registers[n] = stage[0];
        }
        Self(registers)
    }

    #[inline(always)]
    fn transpose(mut vectors: [Self; L]) -> [Self; L] {
        let mut stages = L.trailing_zeros();
        while stages > 0 {
            let before = vectors;
            for k in 0..L / 2 {
                (vectors[2 * k], vectors[2 * k + 1]) = before[k].zip(before[k + L / 2]);
            }
            stages -= 1;
        }
        vectors
    }
}
