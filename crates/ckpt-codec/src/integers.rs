//! Elements as integers whose order is the order of the numbers, and their differences.

/// An element of `N` bytes as an unsigned integer.
pub(crate) trait Word<const N: usize>: Copy {
    /// The bits of the integer.
    const BITS: u32 = 8 * N as u32;

    fn from_bytes(bytes: [u8; N]) -> Self;

    fn to_bytes(self) -> [u8; N];

    /// Gives the lowest bits of an integer.
    fn truncate(value: u64) -> Self;

    fn widen(self) -> u64;

    /// Gives byte `k`, the least significant being byte 0.
    fn byte(self, k: usize) -> u8;

    /// Sets byte `k`, which must be 0.
    fn with_byte(self, k: usize, byte: u8) -> Self;

    fn union(self, other: Self) -> Self;

    fn rotate_left(self, bits: u32) -> Self;

    fn rotate_right(self, bits: u32) -> Self;

    /// Maps the bits of a float, sign and magnitude, to an integer that grows with the number.
    ///
    /// Neighbouring floats are neighbouring integers, the two zeros among them.
    fn order(self) -> Self;

    /// Reverses [`order`](Self::order).
    fn unorder(self) -> Self;

    /// Gives the difference to the parent, modulo the width, with its sign in the lowest bit.
    fn difference(self, parent: Self) -> Self;

    /// Reverses [`difference`](Self::difference).
    fn add_to(self, parent: Self) -> Self;
}

macro_rules! word {
    ($($unsigned:ident $signed:ident $bytes:literal;)+) => {$(
        impl Word<$bytes> for $unsigned {
            #[inline(always)]
            fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self::from_le_bytes(bytes)
            }

            #[inline(always)]
            fn to_bytes(self) -> [u8; $bytes] {
                self.to_le_bytes()
            }

            #[inline(always)]
            fn truncate(value: u64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn widen(self) -> u64 {
                self.into()
            }

            #[inline(always)]
            fn byte(self, k: usize) -> u8 {
                (self >> (8 * k)) as u8
            }

            #[inline(always)]
            fn with_byte(self, k: usize, byte: u8) -> Self {
                self | Self::from(byte) << (8 * k)
            }

            #[inline(always)]
            fn union(self, other: Self) -> Self {
                self | other
            }

            #[inline(always)]
            fn rotate_left(self, bits: u32) -> Self {
                self.rotate_left(bits)
            }

            #[inline(always)]
            fn rotate_right(self, bits: u32) -> Self {
                self.rotate_right(bits)
            }

            #[inline(always)]
            fn order(self) -> Self {
                let sign = (self as $signed >> ($unsigned::BITS - 1)) as Self;
                self ^ (sign | 1 << ($unsigned::BITS - 1))
            }

            #[inline(always)]
            fn unorder(self) -> Self {
                let sign = (self as $signed >> ($unsigned::BITS - 1)) as Self;
                self ^ (!sign | 1 << ($unsigned::BITS - 1))
            }

            #[inline(always)]
            fn difference(self, parent: Self) -> Self {
                let difference = self.wrapping_sub(parent) as $signed;
                (difference << 1 ^ difference >> ($unsigned::BITS - 1)) as Self
            }

            #[inline(always)]
            fn add_to(self, parent: Self) -> Self {
                parent.wrapping_add(self >> 1 ^ (self & 1).wrapping_neg())
            }
        }
    )+};
}

word! {
    u8 i8 1;
    u16 i16 2;
    u32 i32 4;
    u64 i64 8;
}

/// Gives the zigzagged difference of two elements, floats being ordered first.
#[inline(always)]
pub(crate) fn difference<T: Word<N>, const N: usize>(
    current: [u8; N],
    parent: [u8; N],
    floats: bool,
) -> T {
    let (current, parent) = (T::from_bytes(current), T::from_bytes(parent));
    if floats { current.order().difference(parent.order()) } else { current.difference(parent) }
}

/// Turns an element of the parent into the current one.
#[inline(always)]
pub(crate) fn apply<T: Word<N>, const N: usize>(
    difference: T,
    parent: [u8; N],
    floats: bool,
) -> [u8; N] {
    let parent = T::from_bytes(parent);
    if floats {
        difference.add_to(parent.order()).unorder().to_bytes()
    } else {
        difference.add_to(parent).to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_numbers() {
        let numbers = [
            f32::NEG_INFINITY,
            -1.0,
            -f32::MIN_POSITIVE,
            -f32::from_bits(1),
            -0.0,
            0.0,
            f32::from_bits(1),
            0.5,
            f32::INFINITY,
            f32::NAN,
        ];
        let mapped = numbers.map(|number| Word::<4>::order(number.to_bits()));
        assert!(mapped.is_sorted_by(|a, b| a < b));
        assert_eq!(mapped[5] - mapped[4], 1);
        assert_eq!(mapped[4] - mapped[3], 1);
    }

    #[test]
    fn every_pair_of_bytes_comes_back() {
        for floats in [false, true] {
            for (current, parent) in (0..=255).flat_map(|a| (0..=255).map(move |b| (a, b))) {
                let difference = difference::<u8, 1>([current], [parent], floats);
                assert_eq!(apply(difference, [parent], floats), [current]);
            }
        }
    }

    #[test]
    fn small_steps_are_small_numbers() {
        let step = |current: f32, parent: f32| {
            difference::<u32, 4>(current.to_le_bytes(), parent.to_le_bytes(), true)
        };
        assert_eq!(step(1.0, 1.0), 0);
        assert_eq!(step(1.0f32.next_down(), 1.0), 1);
        assert_eq!(step(1.0f32.next_up(), 1.0), 2);
        assert_eq!(step((-1.0f32).next_down(), -1.0), 1);
        assert_eq!(step(-0.0, 0.0), 1);
    }
}
