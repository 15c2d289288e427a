//! Byte planes of differences, for elements of every kind.

use crate::input::Input;
use std::marker::PhantomData;

use crate::integers::{self, Word};
use crate::layout::{Effort, Layout};
use crate::planes::{self, Stored};
use crate::simd::{Kernel, with_best};
use crate::transpose::{self, Source};
use crate::{CodecError, scratch};

use super::groups::Changed;

/// Appends the planes of the differences, least significant byte first.
pub(super) fn append<T: Word<N>, const N: usize>(
    current: &[[u8; N]],
    parent: &[[u8; N]],
    layout: Layout,
    effort: Effort,
    out: &mut Vec<u8>,
) {
    if current.is_empty() {
        return;
    }
    scratch::with(N * current.len(), |planes| {
        transpose::split::<T, N>(&Differences { current, parent, layout }, planes);
        for plane in planes.chunks_exact(current.len()) {
            planes::append_plane(out, plane, layout, effort);
        }
    });
}

/// Differences to be split into planes.
pub(super) struct Differences<'a, const N: usize> {
    pub(super) current: &'a [[u8; N]],
    pub(super) parent: &'a [[u8; N]],
    pub(super) layout: Layout,
}

impl<T: Word<N>, const N: usize> Source<T> for Differences<'_, N> {
    fn len(&self) -> usize {
        self.current.len()
    }

    #[inline(always)]
    fn read(&self, start: usize, words: &mut [T]) {
        let floats = self.layout.has_sign_bit();
        let elements = self.current[start..].iter().zip(&self.parent[start..]);
        for (word, (&current, &parent)) in words.iter_mut().zip(elements) {
            *word = integers::difference(current, parent, floats);
        }
    }
}

/// Makes a block from its parent's.
pub(super) fn apply<T: Word<N>, const N: usize>(
    mut input: Input<'_>,
    layout: Layout,
    changed: &Changed,
    parent: &[u8],
    tail: &[u8],
    block: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let packed = changed.bytes();
    let stored = Stored::<N>::read(&mut input, packed / N)?;
    input.finish()?;
    scratch::resize(block, parent.len() + tail.len());
    let (elements, end) = block.split_at_mut(parent.len());
    end.copy_from_slice(tail);
    stored.decode::<T>(false, elements[..packed].as_chunks_mut().0)?;
    changed.unpack(elements, parent);
    with_best(Add::<_, N> {
        differences: elements,
        parent,
        changed,
        layout,
        width: PhantomData::<T>,
    });
    Ok(())
}

/// Turns differences into elements, in the groups that changed.
struct Add<'a, T, const N: usize> {
    differences: &'a mut [u8],
    parent: &'a [u8],
    changed: &'a Changed,
    layout: Layout,
    width: PhantomData<T>,
}

impl<T: Word<N>, const N: usize> Kernel for Add<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let floats = self.layout.has_sign_bit();
        for range in self.changed.ranges() {
            let parent = self.parent[range.clone()].as_chunks().0;
            let elements = self.differences[range].as_chunks_mut().0;
            for (element, &parent) in elements.iter_mut().zip(parent) {
                *element = integers::apply(T::from_bytes(*element), parent, floats);
            }
        }
    }
}
