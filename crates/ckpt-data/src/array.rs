//! Arrays in NPY files.

mod body;
pub(crate) mod element;
pub(crate) mod header;

use std::{io::Read, ops::RangeInclusive};

use ckpt_hash::TableHasher;

use self::body::Body;
use crate::{Column, DataError, Problem, Table, Values};

impl Table {
    /// Reads an NPY array of `len` bytes, header included; `name` is for errors.
    ///
    /// Read are `bool`, integers, `float32` and `float64` of either byte order, in C or Fortran
    /// order; a vector is the column `x0`, a matrix (rows x columns) the columns `x0`, `x1` and so
    /// on. `float32` stays so; all others become `f64`: exact but for integers beyond 2^53, which
    /// become the nearest `f64`. The file is read in pieces straight into the columns.
    ///
    /// # Errors
    /// What cannot be read, a damaged header, another dtype or rank, a shape that does not take
    /// exactly `len` bytes, no rows or columns.
    pub fn read_npy(reader: impl Read, len: u64, name: &str) -> Result<Self, DataError> {
        let array = Array::read(reader, len, name)?;
        array.check_rank(1..=2, "1 or 2", name)?;
        let id = array.hash(TableHasher::new()).finish();
        Self::with_id(array.into_columns(), id).map_err(|problem| DataError::file(name, problem))
    }
}

/// An array as columns, with its fingerprint.
#[derive(Debug)]
pub(crate) struct Array {
    rank: usize,
    /// The columns of a vector or a matrix; none of other arrays.
    columns: Vec<Values>,
    hash: TableHasher,
}

impl Array {
    /// Reads an array of `len` bytes, header included.
    pub(crate) fn read(mut reader: impl Read, len: u64, name: &str) -> Result<Self, DataError> {
        let header = header::read(&mut reader, len, name)?;
        let len = len.saturating_sub(header.len);
        // One byte more, so that what is longer than it claims shows, and so that the reader of an
        // archive comes to the end, where it compares checksums.
        let reader = reader.take(len.saturating_add(1));
        let body = Body { reader, len, header, name };
        match body.header.descriptor.as_str() {
            "<f8" | ">f8" => body.read::<f64>(),
            "<f4" | ">f4" => body.read::<f32>(),
            "|i1" => body.read::<i8>(),
            "<i2" | ">i2" => body.read::<i16>(),
            "<i4" | ">i4" => body.read::<i32>(),
            "<i8" | ">i8" => body.read::<i64>(),
            "|u1" => body.read::<u8>(),
            "<u2" | ">u2" => body.read::<u16>(),
            "<u4" | ">u4" => body.read::<u32>(),
            "<u8" | ">u8" => body.read::<u64>(),
            "|b1" => body.read::<bool>(),
            _ => Err(DataError::file(name, body.header.unread_dtype())),
        }
    }

    /// Refuses another rank than those `expected`.
    pub(crate) fn check_rank(
        &self,
        ranks: RangeInclusive<usize>,
        expected: &'static str,
        name: &str,
    ) -> Result<(), DataError> {
        if ranks.contains(&self.rank) {
            return Ok(());
        }
        Err(DataError::file(name, Problem::Rank { found: self.rank, expected }))
    }

    /// Adds the array to a fingerprint: the columns of a `float64` vector or matrix, else whole.
    pub(crate) fn hash(&self, hasher: TableHasher) -> TableHasher {
        hasher.table(self.hash.clone())
    }

    /// Returns the columns of a vector or a matrix, named `x0`, `x1` and so on.
    pub(crate) fn into_columns(self) -> Vec<Column> {
        let column = |(index, values)| Column { name: format!("x{index}"), values };
        self.columns.into_iter().enumerate().map(column).collect()
    }
}
