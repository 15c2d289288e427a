//! Rows of an NPY matrix that stays on the disk.

mod id;
mod order;
mod position;
mod samples;

pub use self::samples::StoredSamples;

use std::{
    fs::File,
    io::{self, ErrorKind},
    ops::Range,
    path::Path,
};

use crate::{
    DataError, Float, Problem,
    array::{
        element::Element,
        header::{self, Header},
    },
};

/// Bytes that are read at a time, as whole rows if they are shorter.
const PIECE: usize = 64 << 10;

/// The rows of an NPY matrix, read by position from a file that may be larger than memory.
///
/// The matrix is of `float32` or `float64` of either byte order, in C order; a vector is a matrix
/// of one column. Columns are named `x0`, `x1` and so on, as in [`Table`](crate::Table). Several
/// threads can read at once.
///
/// ```
/// use ckpt_data::NpyRows;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.npy");
/// # ndarray_npy::write_npy(&path, &ndarray::array![[1_f32, 2.0], [3.0, 4.0], [5.0, 6.0]])?;
/// let rows = NpyRows::open(&path)?;
/// let mut values = vec![0_f64; 2 * rows.columns()];
/// rows.read(1..3, &mut values)?;
/// assert_eq!(values, [3.0, 4.0, 5.0, 6.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct NpyRows {
    file: File,
    /// What errors call the file.
    name: String,
    /// Where the first row starts.
    start: u64,
    shape: Vec<u64>,
    rows: usize,
    columns: usize,
    width: Width,
    is_big_endian: bool,
}

/// The type of the elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    F32,
    F64,
}

impl Width {
    const fn bytes(self) -> usize {
        match self {
            Self::F32 => size_of::<f32>(),
            Self::F64 => size_of::<f64>(),
        }
    }
}

impl NpyRows {
    /// Opens a file, of which it reads the header alone.
    ///
    /// # Errors
    /// What cannot be read, a damaged header, another dtype, rank or order, a shape that does not
    /// take exactly the file's length, no rows or columns.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|source| DataError::read(&name, source))?;
        let len = file.metadata().map_err(|source| DataError::read(&name, source))?.len();
        let header = header::read(&file, len, &name)?;
        let body = len.saturating_sub(header.len);
        let width = check(&header, body).map_err(|problem| DataError::file(&name, problem))?;
        Ok(Self {
            file,
            start: header.len,
            shape: header.shape.iter().map(|extent| *extent as u64).collect(),
            rows: header.shape[0],
            columns: header.shape.get(1).copied().unwrap_or(1),
            width,
            is_big_endian: header.is_big_endian(),
            name,
        })
    }

    /// Returns the number of rows, at least 1.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the number of columns, at least 1.
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// Returns NumPy's name of the elements' type: `float32` or `float64`.
    pub const fn dtype(&self) -> &'static str {
        match self.width {
            Width::F32 => <f32 as Float>::DTYPE,
            Width::F64 => <f64 as Float>::DTYPE,
        }
    }

    /// Reads whole rows, row-major.
    ///
    /// # Errors
    /// As [`read_columns`](Self::read_columns).
    ///
    /// # Panics
    /// As [`read_columns`](Self::read_columns).
    pub fn read<T: Float>(&self, rows: Range<usize>, into: &mut [T]) -> Result<(), DataError> {
        self.read_columns(rows, 0..self.columns, into)
    }

    /// Reads some columns of some rows, row-major: the features without the target, say,
    /// or the target alone. Numbers of another type become the nearest `T`.
    ///
    /// # Errors
    /// What cannot be read, a file that is shorter by now, a number that is not finite or beyond
    /// the range of `T`; its row and column are named.
    ///
    /// # Panics
    /// If the rows or columns are not among those of the matrix, or `into` is of another length
    /// than they take.
    pub fn read_columns<T: Float>(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        into: &mut [T],
    ) -> Result<(), DataError> {
        assert!(rows.start <= rows.end && rows.end <= self.rows, "no rows {rows:?}");
        let among = columns.start < columns.end && columns.end <= self.columns;
        assert!(among, "no columns {columns:?}");
        assert_eq!(into.len(), rows.len() * columns.len(), "numbers of the rows and columns");
        let mut rest = into;
        self.pieces(rows, |first, bytes| {
            let count = bytes.len() / self.row_bytes() * columns.len();
            let (piece, others) = std::mem::take(&mut rest).split_at_mut(count);
            rest = others;
            match self.width {
                Width::F32 => self.convert::<f32, T>(bytes, &columns, piece, T::from_f32),
                Width::F64 => self.convert::<f64, T>(bytes, &columns, piece, T::from_f64),
            }
            // Without a way out of the loop, several are looked at at once.
            if piece.iter().fold(true, |all, value| all & value.is_finite()) {
                return Ok(());
            }
            let index = piece.iter().position(|value| !value.is_finite()).unwrap_or(0);
            Err(self.not_finite::<T>(first, bytes, &columns, index))
        })
    }

    /// Converts the columns of some rows' little-endian bytes.
    fn convert<E: Element, T>(
        &self,
        bytes: &[u8],
        columns: &Range<usize>,
        into: &mut [T],
        from: impl Fn(E) -> T,
    ) {
        let take = |bytes: &[u8], into: &mut [T]| {
            into.iter_mut()
                .zip(E::from_le(bytes))
                .for_each(|(into, element)| *into = from(element));
        };
        if columns.len() == self.columns {
            return take(bytes, into);
        }
        let wanted = columns.start * size_of::<E>()..columns.end * size_of::<E>();
        let rows = bytes.chunks_exact(self.row_bytes());
        for (row, into) in rows.zip(into.chunks_exact_mut(columns.len())) {
            take(&row[wanted.clone()], into);
        }
    }

    /// Names the number at `index` of what was converted.
    fn not_finite<T: Float>(
        &self,
        first: usize,
        bytes: &[u8],
        columns: &Range<usize>,
        index: usize,
    ) -> DataError {
        let (row, column) = (index / columns.len(), columns.start + index % columns.len());
        let at = row * self.columns + column;
        let value = match self.width {
            Width::F32 => f32::from_le(bytes).nth(at).map(f64::from),
            Width::F64 => f64::from_le(bytes).nth(at),
        };
        let value = value.expect("what was converted is among the bytes");
        let problem = Problem::not_finite::<T>(first + row + 1, format!("x{column}"), value);
        DataError::file(&self.name, problem)
    }

    /// Writes the rows in another order to a temporary file in `folder`, and opens it: row i is
    /// what row `order[i]` is here. The file vanishes with the value that is returned.
    ///
    /// Reads the file once from start to end and writes what it needs twice, in 128 MiB of memory
    /// and 4 bytes per row beside `order`.
    ///
    /// # Errors
    /// What cannot be read or written, a file that is shorter by now.
    ///
    /// # Panics
    /// If `order` is empty, names a row twice or one that is not there.
    pub fn rearranged(&self, order: &[usize], folder: &Path) -> Result<Self, DataError> {
        let columns: Vec<usize> = (0..self.columns).collect();
        order::rearrange(self, order, &columns, folder, order::MEMORY, |_, _| Ok(()))
    }

    /// Takes some columns out of rows' bytes.
    fn take_columns<'t>(
        &self,
        bytes: &[u8],
        columns: &[usize],
        taken: &'t mut Vec<u8>,
    ) -> &'t [u8] {
        let width = self.width.bytes();
        taken.clear();
        for row in bytes.chunks_exact(self.row_bytes()) {
            for column in columns {
                taken.extend_from_slice(&row[column * width..(column + 1) * width]);
            }
        }
        taken
    }

    const fn row_bytes(&self) -> usize {
        self.columns * self.width.bytes()
    }

    /// Gives rows' bytes, little-endian, in pieces of whole rows, each with its first row.
    fn pieces(
        &self,
        rows: Range<usize>,
        mut take: impl FnMut(usize, &[u8]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let row = self.row_bytes();
        let at_a_time = (PIECE / row).max(1);
        let mut buffer = vec![0; at_a_time.min(rows.len()) * row];
        for first in rows.clone().step_by(at_a_time) {
            let piece = &mut buffer[..at_a_time.min(rows.end - first) * row];
            let start = self.start + first as u64 * row as u64;
            position::read_exact(&self.file, piece, start)
                .map_err(|error| self.read_error(error))?;
            if self.is_big_endian {
                piece.chunks_exact_mut(self.width.bytes()).for_each(<[u8]>::reverse);
            }
            take(first, piece)?;
        }
        Ok(())
    }

    fn read_error(&self, error: io::Error) -> DataError {
        match error.kind() {
            ErrorKind::UnexpectedEof => DataError::file(&self.name, Problem::Length),
            _ => DataError::read(&self.name, error),
        }
    }
}

/// Checks that an array with `len` bytes behind its header can be read by rows.
fn check(header: &Header, len: u64) -> Result<Width, Problem> {
    let width = match header.descriptor.as_str() {
        "<f4" | ">f4" => Width::F32,
        "<f8" | ">f8" => Width::F64,
        _ => return Err(Problem::RowsDtype(header.descriptor.escape_debug().to_string())),
    };
    match width {
        Width::F32 => header.elements::<f32>(len)?,
        Width::F64 => header.elements::<f64>(len)?,
    };
    match header.shape[..] {
        [0] | [0, _] => Err(Problem::NoRows),
        [_, 0] => Err(Problem::NoColumns),
        // One row or one column is the same in both orders.
        [rows, columns] if header.is_fortran && rows > 1 && columns > 1 => {
            Err(Problem::FortranRows)
        }
        [_] | [_, _] => Ok(width),
        _ => Err(Problem::Rank { found: header.shape.len(), expected: "1 or 2" }),
    }
}
