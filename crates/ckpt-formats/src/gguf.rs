//! The GGUF format, versions 2 and 3, little-endian.
//!
//! A file is the magic word, the version, the numbers of tensors and of metadata entries, the
//! metadata, what describes each tensor, then the tensors, each at a multiple of an alignment
//! that the metadata may give. Source: `docs/gguf.md` of <https://github.com/ggml-org/ggml>.
//!
//! Plain floats and integers become tensors, their extents outermost first, where the file has
//! them innermost first. Blocks of quantized numbers stay opaque, and the note counts them by
//! type. The metadata is read past, in bounded memory; only the alignment is used.

mod cursor;
mod elements;
mod metadata;
mod tensors;

use cursor::Cursor;

use crate::FormatError;
use crate::reader::{Reader, Source};
use crate::stop::Stop;
use crate::tile::Tiling;

pub(crate) const READER: Reader = Reader {
    name: "gguf",
    version: 1,
    extensions: &["gguf"],
    sniff: |source| Ok(source.begins_with(MAGIC)?),
    segment,
};

/// What a file begins with.
const MAGIC: &[u8; 4] = b"GGUF";

/// Finds the segments of a GGUF file.
fn segment(source: &Source<'_>) -> Result<Tiling, Stop> {
    let mut cursor = Cursor::new(source.bytes)?;
    let [magic, version] = [cursor.u32()?, cursor.u32()?];
    if magic.to_le_bytes() != *MAGIC {
        return Err(cursor.broken("does not begin with GGUF").into());
    }
    match version {
        2 | 3 => {}
        _ if version.swap_bytes() < 1 << 16 && version >= 1 << 16 => {
            return Err(Stop::beyond("big-endian GGUF"));
        }
        other => return Err(Stop::beyond(format!("GGUF version {other}"))),
    }
    let [tensors, entries] = [cursor.u64()?, cursor.u64()?];
    let alignment = metadata::alignment(&mut cursor, entries)?;
    let infos = tensors::infos(&mut cursor, tensors)?;
    let start = cursor.at().checked_next_multiple_of(alignment);
    let start = start.ok_or_else(|| cursor.broken("has an alignment beyond all files"))?;
    tensors::place(infos, start, source.len)
}

impl Cursor<'_> {
    /// Tells what is wrong before the place where it stands.
    fn broken(&self, problem: impl Into<String>) -> FormatError {
        FormatError::GgufHeader { at: self.at(), problem: problem.into() }
    }
}
