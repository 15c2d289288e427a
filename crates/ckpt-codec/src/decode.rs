use crate::layout::{Encoding, Layout};
use crate::{CodecError, frame, planes};

/// Decodes a block of known length.
///
/// `bytes`, `raw_len` and the encoding may come from anywhere: wrong ones give an error or other
/// bytes, never a panic, and cost at most twice `raw_len` and a constant in memory. A result is
/// `raw_len` long; callers that need to know that it is the right block compare its hash.
///
/// # Errors
/// [`CodecError::TooLong`] if `raw_len` exceeds [`Layout::max_len`], nothing being allocated;
/// [`CodecError::NeedsParent`] for what only [`decode_against`](crate::decode_against) can read;
/// otherwise what is wrong with the bytes. Bytes that go on after the block are an error too.
pub fn decode(
    encoding: Encoding,
    bytes: &[u8],
    raw_len: usize,
    layout: Layout,
) -> Result<Vec<u8>, CodecError> {
    let mut block = Vec::new();
    decode_into(encoding, bytes, raw_len, layout, &mut block)?;
    Ok(block)
}

/// Decodes a block as [`decode`] does, in place of what a buffer holds.
///
/// # Errors
/// Those of [`decode`]; the buffer is empty then.
pub fn decode_into(
    encoding: Encoding,
    bytes: &[u8],
    raw_len: usize,
    layout: Layout,
    block: &mut Vec<u8>,
) -> Result<(), CodecError> {
    block.clear();
    layout.check_len(raw_len)?;
    let result = match encoding {
        Encoding::Raw => read_raw(bytes, raw_len, block),
        Encoding::Planes => {
            block.resize(raw_len, 0);
            planes::decode(bytes, layout, block)
        }
        Encoding::Zstd => {
            block.resize(raw_len, 0);
            frame::read(bytes, block)
        }
        Encoding::DeltaPlanes | Encoding::DeltaHuffman | Encoding::DeltaRange => {
            Err(CodecError::NeedsParent(encoding))
        }
    };
    if result.is_err() {
        block.clear();
    }
    result
}

fn read_raw(bytes: &[u8], raw_len: usize, block: &mut Vec<u8>) -> Result<(), CodecError> {
    let encoding = Encoding::Raw;
    match bytes.len().checked_sub(raw_len) {
        Some(0) => block.extend_from_slice(bytes),
        Some(extra) => return Err(CodecError::TrailingBytes { encoding, extra }),
        None => return Err(CodecError::Truncated(encoding)),
    }
    Ok(())
}
