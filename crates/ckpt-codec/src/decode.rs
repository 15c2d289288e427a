use crate::layout::{Encoding, Layout};
use crate::{CodecError, frame, planes, scratch};

/// Decodes a block of known length.
///
/// `bytes`, `raw_len` and the encoding may come from anywhere: wrong ones give an error or other
/// bytes, never a panic. A result is `raw_len` long; callers that need to know that it is the right
/// block compare its hash.
///
/// # Memory
/// The block, and for planes of elements of several bytes one plane, at most half as long, in a
/// buffer that the thread keeps. The block is allocated once the bytes are known to hold what
/// their lengths say. Beside that zstd keeps a context per thread of less than 256 KiB, whatever
/// it is given.
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
    let result = layout.check_len(raw_len).and_then(|()| match encoding {
        Encoding::Raw => read_raw(bytes, raw_len, block),
        Encoding::Planes => planes::decode(bytes, raw_len, layout, block),
        Encoding::Zstd => frame::read_into(bytes, raw_len, block),
        Encoding::DeltaPlanes | Encoding::DeltaHuffman | Encoding::DeltaRange => {
            Err(CodecError::NeedsParent(encoding))
        }
    });
    if result.is_err() {
        block.clear();
    }
    result
}

fn read_raw(bytes: &[u8], raw_len: usize, block: &mut Vec<u8>) -> Result<(), CodecError> {
    let encoding = Encoding::Raw;
    match bytes.len().checked_sub(raw_len) {
        Some(0) => {
            scratch::resize(block, raw_len);
            block.copy_from_slice(bytes);
        }
        Some(extra) => return Err(CodecError::TrailingBytes { encoding, extra }),
        None => return Err(CodecError::Truncated(encoding)),
    }
    Ok(())
}
