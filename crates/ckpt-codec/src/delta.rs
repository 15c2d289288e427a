//! Encodings of a block as its delta to the same block of a parent version.
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
mod planes;
mod range;
mod streams;
#[cfg(test)]
mod tests;

use crate::input::Input;
use crate::integers::Word;
use crate::layout::{Effort, Encoding, Layout};
use crate::{CodecError, Encoded, decode_into, scratch};

use groups::Changed;

/// Encodes a block in the smallest form that the effort finds, its delta to the same block
/// of a parent version being one.
///
/// The encodings of [`encode`](crate::encode) are chosen where a delta saves too little for
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
/// bytes, never a panic.
///
/// # Memory
/// That of [`decode`](crate::decode), a 32nd of `raw_len` for the places of what differs, and
/// less than 80 KiB for the tables of classes.
///
/// # Errors
/// [`CodecError::TooLong`] if `raw_len` exceeds [`Layout::max_len`],
/// [`CodecError::ParentLength`] if the block is a delta and the parent's has another length,
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
    let result = layout
        .check_len(raw_len)
        .and_then(|()| check_parent(raw_len, parent))
        .and_then(|()| apply(Input::new(bytes, encoding), encoding, layout, parent, block));
    if result.is_err() {
        block.clear();
    }
    result
}

fn check_parent(len: usize, parent: &[u8]) -> Result<(), CodecError> {
    let error = CodecError::ParentLength { len, parent: parent.len() };
    if parent.len() == len { Ok(()) } else { Err(error) }
}

/// Makes a block from its parent's.
fn apply(
    input: Input<'_>,
    encoding: Encoding,
    layout: Layout,
    parent: &[u8],
    block: &mut Vec<u8>,
) -> Result<(), CodecError> {
    match layout.width() {
        1 => apply_width::<u8, 1>(input, encoding, layout, parent, block),
        2 => apply_width::<u16, 2>(input, encoding, layout, parent, block),
        4 => apply_width::<u32, 4>(input, encoding, layout, parent, block),
        8 => apply_width::<u64, 8>(input, encoding, layout, parent, block),
        width => unreachable!("no dtype has elements of {width} bytes"),
    }
}

fn apply_width<T: Word<N>, const N: usize>(
    mut input: Input<'_>,
    encoding: Encoding,
    layout: Layout,
    parent: &[u8],
    block: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let (parent, parent_tail) = parent.split_at(parent.len() - parent.len() % N);
    let changed = Changed::read(&mut input, parent.len())?;
    let tail = input.take(parent_tail.len())?;
    if encoding == Encoding::DeltaPlanes || changed.bytes() == 0 {
        planes::apply::<T, N>(input, layout, &changed, parent, tail, block)
    } else {
        let mantissa = layout.mantissa().ok_or(CodecError::NoFloats(encoding))?;
        scratch::resize(block, parent.len() + tail.len());
        let (elements, end) = block.split_at_mut(parent.len());
        elements.copy_from_slice(parent);
        end.copy_from_slice(tail);
        match encoding {
            Encoding::DeltaHuffman => {
                streams::apply::<T, N>(&mut input, mantissa, &changed, elements)?;
            }
            _ => range::apply::<T, N>(&mut input, mantissa, &changed, elements)?,
        }
        input.finish()
    }
}
