//! Decoding of bytes that nobody vouches for, as mutation tests and fuzzers drive it.
//!
//! An input is a header that says how to decode, and what is to be decoded. Every input is one, so
//! that fuzzers waste none.

use ckpt_codec::{CodecError, Encoding, Layout, decode_against_into, decode_into};
use ckpt_tensor::Dtype;

/// Encodings by number, all that there are.
pub(crate) const ENCODINGS: [Encoding; 6] = [
    Encoding::Raw,
    Encoding::Planes,
    Encoding::Zstd,
    Encoding::DeltaPlanes,
    Encoding::DeltaHuffman,
    Encoding::DeltaRange,
];

/// Decodes an input without a parent: encoding, dtype, length (3 bytes), bytes.
///
/// # Panics
/// If the decoder breaks its word.
pub(crate) fn decode(input: &[u8]) {
    let Some((&[encoding, dtype, a, b, c], bytes)) = input.split_first_chunk() else { return };
    let len = u32::from_le_bytes([a, b, c, 0]) as usize;
    let (encoding, layout) = (encoding_of(encoding), layout_of(dtype));
    check(len, |block| decode_into(encoding, bytes, len, layout, block));
}

/// Decodes an input against a parent: encoding, dtype, the parent's length (2 bytes), the parent,
/// bytes.
///
/// # Panics
/// If the decoder breaks its word.
pub(crate) fn decode_against(input: &[u8]) {
    let Some((&[encoding, dtype, a, b], rest)) = input.split_first_chunk() else { return };
    let len = usize::from(u16::from_le_bytes([a, b])).min(rest.len());
    let ((parent, bytes), layout) = (rest.split_at(len), layout_of(dtype));
    let encoding = encoding_of(encoding);
    check(len, |block| decode_against_into(encoding, bytes, len, layout, parent, block));
}

fn encoding_of(byte: u8) -> Encoding {
    ENCODINGS[usize::from(byte) % ENCODINGS.len()]
}

fn layout_of(byte: u8) -> Layout {
    Layout::of(Dtype::ALL[usize::from(byte) % Dtype::ALL.len()])
}

/// Decodes into a new buffer and into a used one: the outcome is the same.
fn check(len: usize, decode: impl Fn(&mut Vec<u8>) -> Result<(), CodecError>) {
    let (mut new, mut used) = (Vec::new(), vec![0xa5; len / 2 + 1]);
    let result = decode(&mut new);
    assert_eq!(new.len(), if result.is_ok() { len } else { 0 });
    assert_eq!(decode(&mut used), result);
    assert!(used == new, "what a buffer held is in the block");
}
