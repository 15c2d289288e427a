//! Classes of differences, and the contexts that the parent's exponents give them.

use crate::CodecError;
use crate::input::Input;
use crate::integers::{self, Word};

/// Contexts of a class: the parent's exponent, counted down from the largest.
pub(super) const CONTEXTS: usize = 16;

/// Places for the classes of one context, a power of two so that a shift finds them.
///
/// The most that are used are 127 (64 bits, 1 fine bit).
pub(super) const CLASSES: usize = 128;

/// A context's number times [`CLASSES`] plus a class's number.
pub(super) type Key = u16;

/// How differences are divided into classes, and parents into contexts.
///
/// With f fine bits, a difference z is written as `z + 2^f = (2^f + fine) * 2^extra + rest`, where
/// `fine < 2^f` and `rest < 2^extra`. Its class is `extra * 2^f + fine`; the `extra` bits of the
/// rest are close to noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Classes {
    /// The exponent of context 0; higher ones share it.
    pub(super) top: u16,
    /// Bits of the mantissa that distinguish classes.
    pub(super) fine: u32,
    /// Neighbouring exponents of one context are 2 to this power.
    pub(super) merge: u32,
    /// Bits of the floats' mantissa.
    pub(super) mantissa: u32,
}

impl Classes {
    /// Gives the bytes that [`read`](Self::read) reads.
    pub(super) fn to_bytes(self) -> [u8; 3] {
        let [low, high] = self.top.to_le_bytes();
        [low, high, (self.fine | self.merge << 4) as u8]
    }

    pub(super) fn read(
        input: &mut Input<'_>,
        mantissa: u32,
        bits: u32,
    ) -> Result<Self, CodecError> {
        let top = u16::from_le_bytes(input.take_array()?);
        let byte = input.byte()?;
        let (fine, merge) = (u32::from(byte & 15), u32::from(byte >> 4));
        let classes = Self { top, fine, merge, mantissa };
        // Integers of 64 bits cannot be shifted by 64: that many extra bits are not allowed.
        let fits = fine <= 3 && bits - fine < 64 && classes.count(bits) <= CLASSES;
        if !fits || merge > 3 {
            return Err(input.invalid("class parameters"));
        }
        Ok(classes)
    }

    /// Gives the number of classes of integers of `bits` bits.
    pub(super) const fn count(self, bits: u32) -> usize {
        ((bits - self.fine) << self.fine) as usize + 1
    }

    /// Gives the exponent of an element's bits.
    #[inline(always)]
    pub(super) fn exponent<T: Word<N>, const N: usize>(self, element: [u8; N]) -> i32 {
        let magnitude = T::from_bytes(element).widen() & (u64::MAX >> (65 - T::BITS));
        (magnitude >> self.mantissa) as i32
    }

    /// Gives the context of an element of the parent.
    #[inline(always)]
    pub(super) fn context<T: Word<N>, const N: usize>(self, parent: [u8; N]) -> u8 {
        let below = (i32::from(self.top) - self.exponent::<T, N>(parent)).max(0);
        (below >> self.merge).min(CONTEXTS as i32 - 1) as u8
    }

    /// Finds the contexts of as many elements of the parent.
    pub(super) fn contexts<T: Word<N>, const N: usize>(
        self,
        parent: &[[u8; N]],
        contexts: &mut [u8],
    ) {
        for (context, &parent) in contexts.iter_mut().zip(parent) {
            *context = self.context::<T, N>(parent);
        }
    }

    /// Gives a difference's class.
    #[inline(always)]
    pub(super) fn class<T: Word<N>, const N: usize>(self, difference: T) -> u32 {
        let shifted = difference.widen().wrapping_add(1 << self.fine);
        if T::BITS == 64 && shifted >> self.fine == 0 {
            // 2^64 and a little.
            return (64 - self.fine) << self.fine;
        }
        // Exponent and upper mantissa of the number as a float are its class, but for a constant.
        // It becomes a float without rounding as the mantissa of 2^52 or 2^23, which is then
        // subtracted: unlike a count of leading zeros, every instruction set does that for
        // several numbers at once.
        match T::BITS {
            64 => {
                let extra = shifted.ilog2() - self.fine;
                (extra << self.fine) + (shifted >> extra) as u32 - (1 << self.fine)
            }
            32 => {
                let float = f64::from_bits(0x4330 << 48 | shifted) - f64::from_bits(0x4330 << 48);
                (float.to_bits() >> (52 - self.fine)) as u32 - ((1023 + self.fine) << self.fine)
            }
            _ => {
                let bits = 0x4b00 << 16 | shifted as u32;
                let float = f32::from_bits(bits) - f32::from_bits(0x4b00 << 16);
                (float.to_bits() >> (23 - self.fine)) - ((127 + self.fine) << self.fine)
            }
        }
    }

    /// Gives the number of bits of a class's rests.
    #[inline(always)]
    pub(super) const fn extra(self, class: u32) -> u32 {
        class >> self.fine
    }

    /// Gives a difference from `2^f + fine`, the number of extra bits and these.
    #[inline(always)]
    pub(super) fn join(self, leading: u64, extra: u32, rest: u64) -> u64 {
        (leading << extra | rest).wrapping_sub(1 << self.fine)
    }

    /// Gives `2^f + fine` of a class.
    #[inline(always)]
    pub(super) const fn leading(self, class: u32) -> u64 {
        ((1 << self.fine) | (class & ((1 << self.fine) - 1))) as u64
    }

    /// Gives the rest of a difference, `extra` bits.
    #[inline(always)]
    pub(super) fn rest(self, difference: u64, extra: u32) -> u64 {
        difference.wrapping_add(1 << self.fine) & super::bits::mask(extra)
    }

    /// Finds differences and their keys for up to as many elements as the slices hold.
    #[inline(always)]
    pub(super) fn classify<T: Word<N>, const N: usize>(
        self,
        current: &[[u8; N]],
        parent: &[[u8; N]],
        differences: &mut [T],
        keys: &mut [Key],
    ) {
        let elements = current.iter().zip(parent);
        for (((&current, &parent), difference), key) in
            elements.zip(differences.iter_mut()).zip(keys.iter_mut())
        {
            *difference = integers::difference(current, parent, true);
            let class = self.class::<T, N>(*difference);
            *key = Key::from(self.context::<T, N>(parent)) * CLASSES as Key + class as Key;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(fine: u32) -> Classes {
        Classes { top: 130, fine, merge: 0, mantissa: 23 }
    }

    fn round_trip<T: Word<N>, const N: usize>(classes: Classes, z: u64) -> u32 {
        let class = classes.class::<T, N>(T::truncate(z));
        let extra = classes.extra(class);
        let rest = classes.rest(z, extra);
        assert_eq!(classes.join(classes.leading(class), extra, rest), z, "{z} in class {class}");
        assert!((class as usize) < classes.count(T::BITS));
        class
    }

    #[test]
    fn classes_and_rests_give_the_difference_back() {
        for fine in 0..=3 {
            let mut last = 0;
            for z in 0..=0xffff {
                let class = round_trip::<u16, 2>(classes(fine), z);
                assert!(class == last || class == last + 1);
                last = class;
            }
            assert_eq!(last as usize + 1, classes(fine).count(16));
        }
        for fine in 0..=2 {
            for z in (0..32).flat_map(|bit| [1 << bit, (2 << bit) - 1, (1 << bit) - 1]) {
                round_trip::<u32, 4>(classes(fine), z);
            }
        }
        for z in (0..64).flat_map(|bit| [1 << bit, (1 << bit) - 1, u64::MAX - (1 << bit) + 1]) {
            round_trip::<u64, 8>(classes(1), z);
        }
    }

    #[test]
    fn contexts_count_down_from_the_top() {
        let context = |x: f32, merge| {
            Classes { top: 127, fine: 1, merge, mantissa: 23 }.context::<u32, 4>(x.to_le_bytes())
        };
        assert_eq!(
            [1.0, -1.5, 0.5, 0.25, 0.0, f32::NAN].map(|x| context(x, 0)),
            [0, 0, 1, 2, 15, 0]
        );
        assert_eq!([1.0, 0.5, 0.25, 0.0].map(|x| context(x, 1)), [0, 0, 1, 15]);
    }

    #[test]
    fn parameters_are_bounded() {
        let read = |bytes: &[u8], bits| {
            Classes::read(&mut Input::new(bytes, crate::Encoding::DeltaHuffman), 23, bits)
        };
        assert_eq!(read(&classes(1).to_bytes(), 64), Ok(classes(1)));
        assert!(read(&[0, 0, 2], 32).is_ok());
        assert!(read(&[0, 0, 2], 64).is_err());
        assert!(read(&[0, 0, 0], 64).is_err());
        assert!(read(&[0, 0, 4], 16).is_err());
        assert!(read(&[0, 0, 0x41], 16).is_err());
        assert!(read(&[0, 0], 16).is_err());
    }
}
