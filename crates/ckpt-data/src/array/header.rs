//! Headers of NPY files, which nobody vouches for.

use std::io::{self, Read};

use ndarray_npy::npy::header::Header as Parsed;

use super::element::Element;
use crate::{DataError, Problem};

/// Longest header that is read; NumPy's own reader has the same limit.
const MAX_HEADER_LEN: usize = 10_000;

/// Most columns of an array without rows, which no bytes vouch for.
const MAX_EMPTY_COLUMNS: usize = 1 << 16;

const MAGIC: &[u8] = b"\x93NUMPY";

/// What an array is like.
#[derive(Debug)]
pub(crate) struct Header {
    /// NumPy's descriptor of the elements, `<f8` say; perhaps one of a kind that is not read.
    pub(crate) descriptor: String,
    /// Outermost first.
    pub(crate) shape: Vec<usize>,
    /// Whether the first index varies fastest.
    pub(crate) is_fortran: bool,
    /// The header's length.
    pub(crate) len: u64,
}

impl Header {
    /// Tells whether the elements' bytes have the other order than those that are hashed.
    pub(crate) fn is_big_endian(&self) -> bool {
        self.descriptor.starts_with('>')
    }

    pub(crate) fn unread_dtype(&self) -> Problem {
        Problem::Dtype(self.descriptor.escape_debug().to_string())
    }

    /// Returns the number of elements, which is what `found` bytes behind the header suffice for.
    pub(crate) fn elements<T: Element>(&self, found: u64) -> Result<usize, Problem> {
        let product = |extents: &mut dyn Iterator<Item = &usize>| {
            extents.fold(1_u128, |product, extent| product.saturating_mul(*extent as u128))
        };
        let is_empty = self.shape.contains(&0);
        let len = if is_empty { 0 } else { product(&mut self.shape.iter()) };
        let expected = len.saturating_mul(size_of::<T>() as u128);
        if expected != u128::from(found) {
            let shape = self.shape.clone();
            return Err(Problem::Size { shape, dtype: T::DTYPE, expected, found });
        }
        let columns = product(&mut self.shape.iter().filter(|extent| **extent != 0));
        if is_empty && columns > MAX_EMPTY_COLUMNS as u128 {
            return Err(Problem::NpyHeader("a shape beyond all memory"));
        }
        Ok(len as usize)
    }
}

/// Reads a header; `name` is for errors.
pub(crate) fn read(reader: &mut impl Read, name: &str) -> Result<Header, DataError> {
    let error = |problem| DataError::file(name, Problem::NpyHeader(problem));
    let mut bytes = Vec::new();
    let mut read = |len: usize| {
        let start = bytes.len();
        bytes.resize(start + len, 0);
        match reader.read_exact(&mut bytes[start..]) {
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => Err(error("truncated")),
            Err(cause) => Err(DataError::read(name, cause)),
            Ok(()) => Ok(bytes[start..].to_vec()),
        }
    };
    if read(MAGIC.len())? != MAGIC {
        return Err(error("missing, so this is no NPY file"));
    }
    let len_bytes = match read(2)?[..] {
        [1, 0] => 2,
        [2 | 3, 0] => 4,
        _ => return Err(error("of an unknown version")),
    };
    let len = read(len_bytes)?.iter().rfold(0, |len, byte| len << 8 | usize::from(*byte));
    if len > MAX_HEADER_LEN {
        return Err(error("longer than 10000 bytes"));
    }
    if !is_plain(&read(len)?) {
        return Err(error("not that of a plain array"));
    }
    let parsed =
        Parsed::from_reader(&mut &bytes[..]).map_err(|_| error("not that of a plain array"))?;
    let descriptor = match parsed.type_descriptor.as_string() {
        Some(text) => text.clone(),
        None => parsed.type_descriptor.to_string(),
    };
    let is_fortran = parsed.layout.is_fortran();
    Ok(Header { descriptor, shape: parsed.shape, is_fortran, len: bytes.len() as u64 })
}

/// Tells whether a header is a dictionary of nothing deeper than a tuple, as that of a plain array.
///
/// The library's parser takes any Python literal, and nested brackets cost it exponential time:
/// 18 pairs took 6 seconds.
fn is_plain(header: &[u8]) -> bool {
    let count = |byte| header.iter().filter(|other| **other == byte).count();
    count(b'{') == 1 && count(b'(') == 1 && count(b'[') == 0
}
