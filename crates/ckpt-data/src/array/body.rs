//! What follows the header of an NPY file.

use std::io::{self, ErrorKind, Read};

use ckpt_hash::{ArrayHasher, ColumnHasher, TableHasher};
use ndarray::{ArrayD, Axis, IxDyn, ShapeBuilder};

use super::{Array, element::Element, header::Header};
use crate::{DataError, Problem, Values};

/// Bytes that are read at a time, as whole rows: little enough to stay in the cache while columns
/// are made of them.
const PIECE: usize = 64 << 10;

/// The elements of an array, still to be read.
pub(super) struct Body<'a, R> {
    pub(super) reader: R,
    /// Bytes behind the header.
    pub(super) len: u64,
    pub(super) header: Header,
    pub(super) name: &'a str,
}

impl<R: Read> Body<'_, R> {
    pub(super) fn read<T: Element>(mut self) -> Result<Array, DataError> {
        let elements =
            self.header.elements::<T>(self.len).map_err(|problem| self.error(problem))?;
        let rank = self.header.shape.len();
        let is_table = (1..=2).contains(&rank);
        let mut hash = Hash::new::<T>(&self.header.shape, self.len, is_table);
        let columns = if self.header.is_fortran && rank > 1 {
            let array = self.fortran::<T>(elements)?;
            hash.push_elements(&array);
            let columns = array.axis_iter(Axis(rank - 1)).filter(|_| is_table);
            columns.map(|column| column.iter().map(|x| x.stored()).collect()).collect()
        } else {
            let width = if is_table { self.header.shape[1..].iter().product() } else { 1 };
            let columns = self.c_order::<T>(elements, width, &mut hash)?;
            if is_table { columns } else { Vec::new() }
        };
        self.end()?;
        let columns: Vec<Values> = columns.into_iter().map(T::values).collect();
        Ok(Array { rank, hash: hash.finish(&columns), columns })
    }

    /// Reads rows of `width` elements into columns.
    fn c_order<T: Element>(
        &mut self,
        elements: usize,
        width: usize,
        hash: &mut Hash,
    ) -> Result<Vec<Vec<T::Stored>>, DataError> {
        // Without rows, columns are empty, and pieces have any width.
        let rows = elements / width.max(1);
        let mut columns: Vec<Vec<T::Stored>> =
            (0..width).map(|_| Vec::with_capacity(rows)).collect();
        self.pieces::<T>(elements, width.max(1), |bytes| {
            hash.push(bytes);
            for (index, column) in columns.iter_mut().enumerate() {
                column.extend(T::every_from_le(bytes, index, width).map(T::stored));
            }
        })?;
        Ok(columns)
    }

    /// Reads an array whose first index varies fastest.
    fn fortran<T: Element>(&mut self, elements: usize) -> Result<ArrayD<T>, DataError> {
        let mut values = Vec::with_capacity(elements);
        self.pieces::<T>(elements, 1, |bytes| {
            values.extend(T::from_le(bytes));
        })?;
        ArrayD::from_shape_vec(IxDyn(&self.header.shape).f(), values)
            .map_err(|_| self.error(Problem::Beyond))
    }

    /// Gives the elements' bytes, little-endian, in pieces of whole rows.
    fn pieces<T: Element>(
        &mut self,
        elements: usize,
        width: usize,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), DataError> {
        let row = width * size_of::<T>();
        let mut rest = elements * size_of::<T>();
        let mut buffer = vec![0; rest.min(row.max(PIECE / row * row))];
        while rest > 0 {
            let piece = &mut buffer[..rest.min(row.max(PIECE / row * row))];
            self.fill(piece)?;
            if self.header.is_big_endian() {
                piece.chunks_exact_mut(size_of::<T>()).for_each(<[u8]>::reverse);
            }
            if !T::are_valid(piece) {
                return Err(self.error(Problem::NotBool));
            }
            take(piece);
            rest -= piece.len();
        }
        Ok(())
    }

    fn fill(&mut self, piece: &mut [u8]) -> Result<(), DataError> {
        match self.reader.read_exact(piece) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Err(self.error(Problem::Length))
            }
            other => other.map_err(|error| DataError::read(self.name, error)),
        }
    }

    /// Checks that nothing follows.
    fn end(&mut self) -> Result<(), DataError> {
        let more = io::copy(&mut self.reader, &mut io::sink());
        match more.map_err(|error| DataError::read(self.name, error))? {
            0 => Ok(()),
            _ => Err(self.error(Problem::Length)),
        }
    }

    fn error(&self, problem: Problem) -> DataError {
        DataError::file(self.name, problem)
    }
}

/// The fingerprint of an array while it is read: by columns, once they are there, or whole.
enum Hash {
    Columns,
    Whole(ArrayHasher),
}

impl Hash {
    fn new<T: Element>(shape: &[usize], len: u64, is_table: bool) -> Self {
        if is_table && T::DTYPE == f64::DTYPE {
            return Self::Columns;
        }
        let shape: Vec<u64> = shape.iter().map(|extent| *extent as u64).collect();
        Self::Whole(ArrayHasher::new(T::DTYPE, &shape, len))
    }

    /// Adds the bytes of the next elements in row-major order.
    fn push(&mut self, bytes: &[u8]) {
        if let Self::Whole(array) = self {
            array.push(bytes);
        }
    }

    /// Adds all elements.
    fn push_elements<T: Element>(&mut self, elements: &ArrayD<T>) {
        let Self::Whole(array) = self else {
            return;
        };
        let mut piece = Vec::with_capacity(PIECE);
        for element in elements {
            if piece.len() == PIECE {
                array.push(&piece);
                piece.clear();
            }
            let start = piece.len();
            piece.resize(start + size_of::<T>(), 0);
            element.write_le(&mut piece[start..]);
        }
        array.push(&piece);
    }

    fn finish(self, columns: &[Values]) -> TableHasher {
        let hasher = TableHasher::new();
        let add = |hasher: TableHasher, values: &Values| {
            let mut column = ColumnHasher::new();
            if let Values::Number(values) = values {
                column.push(values);
            }
            hasher.column(column)
        };
        match self {
            Self::Whole(array) => hasher.whole_array(array),
            Self::Columns => columns.iter().fold(hasher, add),
        }
    }
}
