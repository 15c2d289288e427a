//! Headers of NPY files, which nobody vouches for.

use std::io::Read;

use ckpt_formats::{NpyHeader, NpyHeaderError};

use super::element::Element;
use crate::{DataError, Problem};

/// Most columns of an array without rows, which no bytes vouch for.
const MAX_EMPTY_COLUMNS: usize = 1 << 16;

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
            return Err(Problem::Beyond);
        }
        Ok(len as usize)
    }
}

/// Reads the header of an array of `len` bytes; `name` is for errors.
pub(crate) fn read(reader: impl Read, len: u64, name: &str) -> Result<Header, DataError> {
    let header = NpyHeader::read(reader, len).map_err(|error| match error {
        NpyHeaderError::Read(cause) => DataError::read(name, cause),
        error => DataError::file(name, Problem::NpyHeader(error.to_string())),
    })?;
    let extents = header.shape.dims().iter().map(|extent| usize::try_from(*extent));
    let shape = extents.collect::<Result<_, _>>();
    let shape = shape.map_err(|_| DataError::file(name, Problem::Beyond))?;
    let NpyHeader { descriptor, is_fortran, len, .. } = header;
    Ok(Header { descriptor, shape, is_fortran, len })
}
