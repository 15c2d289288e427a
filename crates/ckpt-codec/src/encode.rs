use std::borrow::Cow;

use crate::frame::Search;
use crate::layout::{Effort, Encoding, Layout};
use crate::{CodecError, frame, planes};

/// A block in its stored form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded<'a> {
    /// How the bytes are to be read.
    pub encoding: Encoding,
    /// The bytes to store, borrowed from the block where it is stored raw.
    pub bytes: Cow<'a, [u8]>,
}

/// Encodes a block in the smallest form that the effort finds, at most as long as the block.
///
/// Plain bytes are tried with zstd, elements of several bytes as byte planes, with
/// [`Effort::Small`] both ways where a part of the block says that it may help; what does not
/// become shorter stays raw. Elements need not fill
/// the block: the bytes after the last whole one are kept as they are.
///
/// # Errors
/// [`CodecError::TooLong`] if the block exceeds [`Layout::max_len`].
pub fn encode(block: &[u8], layout: Layout, effort: Effort) -> Result<Encoded<'_>, CodecError> {
    layout.check_len(block.len())?;
    let planes = planes::encode(block, layout, effort);
    let limit = planes.as_ref().map_or(block.len(), Vec::len);
    let search = effort.plain_search();
    let tried = !layout.has_planes()
        || (effort.tries_everything() && frame::promises(block, search, limit));
    let plain = if tried { zstd(block, search, limit) } else { None };
    Ok(match (plain, planes) {
        (Some(bytes), _) => Encoded { encoding: Encoding::Zstd, bytes: bytes.into() },
        (None, Some(bytes)) => Encoded { encoding: Encoding::Planes, bytes: bytes.into() },
        (None, None) => Encoded { encoding: Encoding::Raw, bytes: block.into() },
    })
}

/// Compresses the block into fewer than `limit` bytes, if that is possible.
fn zstd(block: &[u8], search: Search, limit: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    frame::append(&mut out, block, search, limit.checked_sub(1)?)?;
    // The buffer was as long as the limit; a kept block should hold no more than it needs.
    out.shrink_to_fit();
    Some(out)
}
