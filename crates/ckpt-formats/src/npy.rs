//! The NPY format: one array of NumPy.
//!
//! A file is a magic word, a version, the header's length, the header (a Python dictionary of the
//! elements' type, their order and the shape, padded with spaces), then the elements. Source:
//! NEP 1 and the documentation of `numpy.lib.format`.
//!
//! Arrays of booleans, integers, floats and single-precision complex numbers become tensors if
//! they are row-major and little-endian. Others are valid and stay opaque: Fortran order (unless
//! at most one extent exceeds 1, so that both orders are one), big-endian elements, Python
//! objects, text, records, dates, and floats beyond 64 bits.

mod dtype;
mod header;
mod write;

use std::io;

use ckpt_tensor::{Dtype, Shape};

use crate::reader::{Reader, Source};
use crate::stop::Stop;
use crate::tile::{Found, Tiling, Unread, tile};
use crate::{FormatError, ReadAt, Segment};
use header::MAGIC;
pub use header::{NpyHeader, NpyHeaderError};
pub use write::npy_header;

pub(crate) const READER: Reader = Reader {
    name: "npy",
    version: 1,
    extensions: &["npy"],
    sniff: |source| Ok(source.begins_with(MAGIC)?),
    segment,
};

/// The name of the tensor in an NPY file, which has no names: not the file's own name, so that
/// moving the file changes no identity.
const TENSOR: &str = "array";

/// An array whose elements are row-major and little-endian.
pub(crate) struct Array {
    pub(crate) dtype: Dtype,
    pub(crate) shape: Shape,
    /// First byte of the elements, from the file's start.
    pub(crate) offset: u64,
    /// Bytes of the elements.
    pub(crate) len: u64,
}

/// Finds the segments of an NPY file.
fn segment(source: &Source<'_>) -> Result<Tiling, Stop> {
    if !source.begins_with(MAGIC)? {
        return Err(Stop::Unlike);
    }
    let Array { dtype, shape, offset, len } = read(source.bytes, 0, source.len)?;
    let found = Found { name: TENSOR.to_owned(), dtype, shape, offset, len };
    let mut tiling = tile(source.len, vec![found], Unread::default());
    if let Some(Segment::Opaque { len, .. }) = tiling.segments.get(2) {
        tiling.note = Some(format!("{len} bytes after the array are opaque"));
    }
    Ok(tiling)
}

/// Tells whether the bytes from `start` to `end` begin like an NPY file.
pub(crate) fn begins_like(source: &dyn ReadAt, start: u64, end: u64) -> Result<bool, FormatError> {
    let mut first = [0; MAGIC.len()];
    if end - start < first.len() as u64 {
        return Ok(false);
    }
    source.read_at(start, &mut first)?;
    Ok(first == *MAGIC)
}

/// Reads the header of an array that begins at `start`, and whose elements end by `end`.
pub(crate) fn read(source: &dyn ReadAt, start: u64, end: u64) -> Result<Array, Stop> {
    let bytes = Bytes { source, position: start, end };
    let NpyHeader { descriptor, is_fortran, shape, len } = NpyHeader::read(bytes, end - start)?;
    let dtype = dtype::find(descriptor.as_bytes())?;
    if is_fortran && shape.dims().iter().filter(|&&extent| extent > 1).count() > 1 {
        return Err(Stop::beyond("the array is in Fortran order"));
    }
    let offset = start + len;
    let len = shape.byte_len(dtype).map_err(FormatError::Array)?;
    let found = end - offset;
    if len > found {
        return Err(FormatError::ArrayTruncated { expected: len, found }.into());
    }
    Ok(Array { dtype, shape, offset, len })
}

/// Bytes that are read from a position on.
struct Bytes<'a> {
    source: &'a dyn ReadAt,
    position: u64,
    end: u64,
}

impl io::Read for Bytes<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let len = (self.end - self.position).min(into.len() as u64) as usize;
        self.source.read_at(self.position, &mut into[..len])?;
        self.position += len as u64;
        Ok(len)
    }
}

impl From<NpyHeaderError> for Stop {
    fn from(error: NpyHeaderError) -> Self {
        match error {
            NpyHeaderError::Read(error) => error.into(),
            NpyHeaderError::Unlike => Self::Unlike,
            NpyHeaderError::Broken(problem) => FormatError::NpyHeader(problem).into(),
            NpyHeaderError::Unread(why) => Self::Beyond(why),
        }
    }
}
