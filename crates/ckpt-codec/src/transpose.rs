//! Elements to byte planes and back.

use crate::integers::Word;
use crate::simd::{Kernel, with_best};

/// Elements that are turned at once: few enough to stay in a core's first-level cache with their
/// planes, many enough for loops of whole vectors.
const TILE: usize = 512;

/// Words that are split into planes.
pub(crate) trait Source<T> {
    /// Gives the number of words.
    fn len(&self) -> usize;

    /// Gives as many words as there is room for, from the word `start`.
    fn read(&self, start: usize, words: &mut [T]);
}

/// Elements, turned left by one bit if `rotate` says so.
pub(crate) struct Elements<'a, const N: usize> {
    pub(crate) elements: &'a [[u8; N]],
    pub(crate) rotate: bool,
}

impl<T: Word<N>, const N: usize> Source<T> for Elements<'_, N> {
    fn len(&self) -> usize {
        self.elements.len()
    }

    #[inline(always)]
    fn read(&self, start: usize, words: &mut [T]) {
        for (word, &element) in words.iter_mut().zip(&self.elements[start..]) {
            *word = T::from_bytes(element).rotate_left(self.rotate.into());
        }
    }
}

/// Splits words of `N` bytes into planes of equal length, least significant byte first.
///
/// `planes` must have room for exactly that.
pub(crate) fn split<T: Word<N>, const N: usize>(source: &impl Source<T>, planes: &mut [u8]) {
    with_best(Split::<_, _, N> { source, planes, words: [T::truncate(0); TILE] });
}

struct Split<'a, S, T, const N: usize> {
    source: &'a S,
    planes: &'a mut [u8],
    words: [T; TILE],
}

impl<S: Source<T>, T: Word<N>, const N: usize> Kernel for Split<'_, S, T, N> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let len = self.source.len();
        for start in (0..len).step_by(TILE) {
            let words = &mut self.words[..TILE.min(len - start)];
            self.source.read(start, words);
            for k in 0..N {
                let plane = &mut self.planes[k * len + start..][..words.len()];
                for (byte, word) in plane.iter_mut().zip(&*words) {
                    *byte = word.byte(k);
                }
            }
        }
    }
}

/// Planes that are put together to elements.
pub(crate) struct Join<'a, T, const N: usize> {
    /// An empty plane is one of zeros, the others must be as long as `elements`.
    pub(crate) planes: [&'a [u8]; N],
    /// The bytes of planes that repeat one.
    pub(crate) constant: T,
    /// Whether the elements were turned left by one bit.
    pub(crate) rotated: bool,
    /// Whether `elements` keep the bits that they have, which must be from other planes.
    pub(crate) add: bool,
    pub(crate) elements: &'a mut [[u8; N]],
}

impl<T: Word<N>, const N: usize> Kernel for Join<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut words = [self.constant; TILE];
        for (i, elements) in self.elements.chunks_mut(TILE).enumerate() {
            let words = &mut words[..elements.len()];
            words.fill(self.constant);
            for k in 0..N {
                if self.planes[k].is_empty() {
                    continue;
                }
                let plane = &self.planes[k][i * TILE..][..words.len()];
                for (word, &byte) in words.iter_mut().zip(plane) {
                    *word = word.with_byte(k, byte);
                }
            }
            for (element, word) in elements.iter_mut().zip(words) {
                let before = if self.add { T::from_bytes(*element) } else { T::truncate(0) };
                *element = word.rotate_right(self.rotated.into()).union(before).to_bytes();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::tests::both;

    fn check<T: Word<N>, const N: usize>(len: usize, rotate: bool) {
        let bytes: Vec<u8> = (0..N * len).map(|i| (i * i / 7 + i) as u8).collect();
        let elements: &[[u8; N]] = bytes.as_chunks().0;
        let mut planes = vec![0; bytes.len()];
        split::<T, N>(&Elements { elements, rotate }, &mut planes);
        for (i, &element) in elements.iter().enumerate() {
            let turned = T::from_bytes(element).rotate_left(rotate.into()).to_bytes();
            for (k, &byte) in turned.iter().enumerate() {
                assert_eq!(planes[k * len + i], byte);
            }
        }
        let mut back = vec![[1; N]; len];
        // In two parts, the second of which is the first plane alone.
        let mut parts: [&[u8]; N] = std::array::from_fn(|k| &planes[k * len..][..len]);
        let first = std::mem::take(&mut parts[0]);
        let mut join = |planes, add| {
            let constant = T::truncate(0);
            with_best(Join { planes, constant, rotated: rotate, add, elements: &mut back });
        };
        join(parts, false);
        let alone = std::array::from_fn(|k| if k == 0 { first } else { &[] });
        join(alone, true);
        assert_eq!(back, elements);
    }

    #[test]
    fn every_width_comes_back() {
        for (len, rotate) in
            [0, 1, 31, TILE, 2 * TILE + 77].into_iter().flat_map(|len| [(len, false), (len, true)])
        {
            both(|| {
                check::<u8, 1>(len, rotate);
                check::<u16, 2>(len, rotate);
                check::<u32, 4>(len, rotate);
                check::<u64, 8>(len, rotate);
            });
        }
    }

    #[test]
    fn rotation_moves_the_sign_to_the_lowest_bit() {
        let elements = [(-1.0f32).to_le_bytes(), 1.0f32.to_le_bytes()];
        let mut planes = [0; 8];
        split::<u32, 4>(&Elements { elements: &elements, rotate: true }, &mut planes);
        // -1.0 is 0xBF800000; rotated 0x7F000001.
        assert_eq!(planes, [1, 0, 0, 0, 0, 0, 0x7f, 0x7f]);
    }

    #[test]
    fn constant_bytes_need_no_planes() {
        let mut elements = [[9; 2]; 3];
        let planes = [&[1, 2, 3][..], &[]];
        let constant = 0x0700u16;
        let join = Join { planes, constant, rotated: false, add: false, elements: &mut elements };
        with_best(join);
        assert_eq!(elements, [[1, 7], [2, 7], [3, 7]]);
    }
}
