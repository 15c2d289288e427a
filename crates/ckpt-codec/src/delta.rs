//! Encodings of a block as its difference to the same block of a parent version.
//!
//! The bytes are described at the crate's root.

mod bits;
mod choice;
mod classes;
mod counts;
mod estimate;
mod frequencies;
mod groups;
mod huffman;
mod integers;
mod planes;
mod range;
mod streams;
#[cfg(test)]
mod tests;

use crate::input::Input;
use crate::layout::{Effort, Encoding, Layout};
use crate::{CodecError, Encoded, decode_into};

use groups::Changed;
use integers::Word;

/// Encodes a block in the smallest form that the effort finds, its difference to the same block
/// of a parent version being one.
///
/// The encodings of [`encode`](crate::encode) are chosen where a difference saves too little for
/// what it costs to read; of floats, a sample decides. The result takes at most as many bytes as
/// the block.
///
/// # Errors
/// [`CodecError::TooLong`] if the block exceeds [`Layout::max_len`],
/// [`CodecError::ParentLength`] if the parent's block has another length.
pub fn encode_against<'a>(
    block: &'a [u8],
    parent: &[u8],
    layout: Layout,
    effort: Effort,
) -> Result<Encoded<'a>, CodecError> {
    layout.check_len(block.len())?;
    check_parent(block.len(), parent)?;
    choice::encode(block, parent, layout, effort)
}

/// Decodes a block of known length, given the same block of the parent version.
///
/// Encodings that need no parent are decoded as [`decode`](crate::decode) does. What holds there
/// holds here: wrong bytes, or another parent than that of encoding, give an error or other
/// bytes, never a panic, and cost at most three times `raw_len` and a constant in memory.
///
/// # Errors
/// [`CodecError::TooLong`] if `raw_len` exceeds [`Layout::max_len`],
/// [`CodecError::ParentLength`] if the block is a difference and the parent's has another length,
/// nothing being allocated; otherwise what is wrong with the bytes.
pub fn decode_against(
    encoding: Encoding,
    bytes: &[u8],
    raw_len: usize,
    layout: Layout,
    parent: &[u8],
) -> Result<Vec<u8>, CodecError> {
    let mut block = Vec::new();
    decode_against_into(encoding, bytes, raw_len, layout, parent, &mut block)?;
    Ok(block)
}

/// Decodes a block as [`decode_against`] does, in place of what a buffer holds.
///
/// # Errors
/// Those of [`decode_against`]; the buffer is empty then.
pub fn decode_against_into(
    encoding: Encoding,
    bytes: &[u8],
    raw_len: usize,
    layout: Layout,
    parent: &[u8],
    block: &mut Vec<u8>,
) -> Result<(), CodecError> {
    if !encoding.needs_parent() {
        return decode_into(encoding, bytes, raw_len, layout, block);
    }
    block.clear();
    layout.check_len(raw_len)?;
    check_parent(raw_len, parent)?;
    block.extend_from_slice(parent);
    let mut input = Input::new(bytes, encoding);
    let result = apply(&mut input, encoding, layout, block).and_then(|()| input.finish());
    if result.is_err() {
        block.clear();
    }
    result
}

fn check_parent(len: usize, parent: &[u8]) -> Result<(), CodecError> {
    let error = CodecError::ParentLength { len, parent: parent.len() };
    if parent.len() == len { Ok(()) } else { Err(error) }
}

/// Turns the parent's block into the current one.
fn apply(
    input: &mut Input<'_>,
    encoding: Encoding,
    layout: Layout,
    block: &mut [u8],
) -> Result<(), CodecError> {
    let (elements, tail) = block.split_at_mut(block.len() - block.len() % layout.width());
    let changed = Changed::read(input, elements.len())?;
    tail.copy_from_slice(input.take(tail.len())?);
    if changed.bytes() == 0 {
        return Ok(());
    }
    if changed.is_all() {
        return apply_to_all(input, encoding, layout, elements);
    }
    let mut packed = changed.gather(elements);
    apply_to_all(input, encoding, layout, &mut packed)?;
    changed.scatter(&packed, elements);
    Ok(())
}

fn apply_to_all(
    input: &mut Input<'_>,
    encoding: Encoding,
    layout: Layout,
    elements: &mut [u8],
) -> Result<(), CodecError> {
    match layout.width() {
        1 if encoding != Encoding::DeltaPlanes => Err(CodecError::NoFloats(encoding)),
        1 => planes::apply::<u8, 1>(input, layout, elements.as_chunks_mut().0),
        2 => apply_width::<u16, 2>(input, encoding, layout, elements),
        4 => apply_width::<u32, 4>(input, encoding, layout, elements),
        8 => apply_width::<u64, 8>(input, encoding, layout, elements),
        width => unreachable!("no dtype has elements of {width} bytes"),
    }
}

fn apply_width<T: Word<N>, const N: usize>(
    input: &mut Input<'_>,
    encoding: Encoding,
    layout: Layout,
    elements: &mut [u8],
) -> Result<(), CodecError> {
    let elements = elements.as_chunks_mut::<N>().0;
    match (encoding, layout.mantissa()) {
        (Encoding::DeltaHuffman, Some(mantissa)) => {
            streams::apply::<T, N>(input, mantissa, elements)
        }
        (Encoding::DeltaRange, Some(mantissa)) => range::apply::<T, N>(input, mantissa, elements),
        (Encoding::DeltaPlanes, _) => planes::apply::<T, N>(input, layout, elements),
        _ => Err(CodecError::NoFloats(encoding)),
    }
}
