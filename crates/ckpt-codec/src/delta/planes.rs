//! Byte planes of differences, for elements of every kind.

use super::integers::{self, Word};
use crate::input::Input;
use crate::layout::{Effort, Layout};
use crate::{CodecError, planes, transpose};

/// Appends the planes of the differences, least significant byte first.
pub(super) fn append<T: Word<N>, const N: usize>(
    current: &[[u8; N]],
    parent: &[[u8; N]],
    layout: Layout,
    effort: Effort,
    out: &mut Vec<u8>,
) {
    let mut planes = vec![0; N * current.len()];
    transpose::split(&differences::<T, N>(current, parent, layout), false, &mut planes);
    for plane in planes.chunks_exact(current.len().max(1)) {
        planes::append_plane(out, plane, layout, effort);
    }
}

/// Gives the differences as bytes, little-endian.
pub(super) fn differences<T: Word<N>, const N: usize>(
    current: &[[u8; N]],
    parent: &[[u8; N]],
    layout: Layout,
) -> Vec<[u8; N]> {
    let floats = layout.has_sign_bit();
    let elements = current.iter().zip(parent);
    elements.map(|(&c, &p)| integers::difference::<T, N>(c, p, floats).to_bytes()).collect()
}

/// Turns the elements of the parent into the current ones.
pub(super) fn apply<T: Word<N>, const N: usize>(
    input: &mut Input<'_>,
    layout: Layout,
    elements: &mut [[u8; N]],
) -> Result<(), CodecError> {
    let (len, floats) = (elements.len(), layout.has_sign_bit());
    let mut planes = vec![0; N * len];
    for plane in planes.chunks_exact_mut(len.max(1)) {
        planes::read_plane(input, plane)?;
    }
    // Byte by byte from the planes: differences put together first would need another block.
    for (i, element) in elements.iter_mut().enumerate() {
        let difference = std::array::from_fn(|k| planes[k * len + i]);
        *element = integers::apply(T::from_bytes(difference), *element, floats);
    }
    Ok(())
}
