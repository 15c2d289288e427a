//! Arrays in NPY files.

use std::{
    io::{self, Read},
    ops::RangeInclusive,
};

use ckpt_hash::TableHasher;
use ndarray::{ArrayD, ArrayView1, ArrayView2, Axis, IxDyn, ShapeBuilder};
use ndarray_npy::{ReadDataError, ReadableElement, npy::header::Header};

use crate::{Column, DataError, Problem, Table, Values};

/// Longest header that is read; NumPy's own reader has the same limit.
const MAX_HEADER_LEN: usize = 10_000;

const MAGIC: &[u8] = b"\x93NUMPY";

impl Table {
    /// Reads an NPY array of `len` bytes, header included; `name` is for errors.
    ///
    /// Read are `bool`, integers, `float32` and `float64` of either byte order, in C or Fortran
    /// order; a vector is the column `x0`, a matrix (rows x columns) the columns `x0`, `x1` and so
    /// on. All become `f64`: exact but for integers beyond 2^53, which become the nearest `f64`.
    ///
    /// # Errors
    /// What cannot be read, a damaged header, another dtype or rank, a shape that does not take
    /// exactly `len` bytes, no rows or columns.
    pub fn read_npy(reader: impl Read, len: u64, name: &str) -> Result<Self, DataError> {
        let array = Array::read(reader, len, name)?;
        array.check_rank(1..=2, "1 or 2", name)?;
        let id = array.hash(TableHasher::new()).finish();
        Self::with_id(array.columns(), id).map_err(|problem| DataError::file(name, problem))
    }
}

/// An array as `f64`, with what its fingerprint is made of.
#[derive(Debug)]
pub(crate) struct Array {
    values: ArrayD<f64>,
    /// Dtype and row-major little-endian bytes of an array that is not `float64`.
    original: Option<(&'static str, Vec<u8>)>,
}

impl Array {
    /// Reads an array of `len` bytes, header included.
    pub(crate) fn read(mut reader: impl Read, len: u64, name: &str) -> Result<Self, DataError> {
        let (header, header_len) = read_header(&mut reader, name)?;
        let descriptor = match header.type_descriptor.as_string() {
            Some(text) => text.clone(),
            None => header.type_descriptor.to_string(),
        };
        let len = len.saturating_sub(header_len);
        let body = Body {
            // One byte more, so that what is longer than it claims shows, and so that the reader
            // of an archive comes to the end, where it compares checksums.
            reader: reader.take(len.saturating_add(1)),
            len,
            header,
            name,
        };
        match descriptor.as_str() {
            "<f8" | ">f8" => Ok(Self { values: body.read()?, original: None }),
            "<f4" | ">f4" => Self::convert::<f32>(body),
            "|i1" => Self::convert::<i8>(body),
            "<i2" | ">i2" => Self::convert::<i16>(body),
            "<i4" | ">i4" => Self::convert::<i32>(body),
            "<i8" | ">i8" => Self::convert::<i64>(body),
            "|u1" => Self::convert::<u8>(body),
            "<u2" | ">u2" => Self::convert::<u16>(body),
            "<u4" | ">u4" => Self::convert::<u32>(body),
            "<u8" | ">u8" => Self::convert::<u64>(body),
            "|b1" => Self::convert::<bool>(body),
            other => Err(body.error(Problem::Dtype(other.escape_debug().to_string()))),
        }
    }

    fn convert<T: Element>(body: Body<'_, impl Read>) -> Result<Self, DataError> {
        let array: ArrayD<T> = body.read()?;
        let mut bytes = Vec::with_capacity(array.len() * size_of::<T>());
        array.iter().for_each(|value| value.push_le(&mut bytes));
        Ok(Self { values: array.mapv(T::to_f64), original: Some((T::DTYPE, bytes)) })
    }

    /// Refuses another rank than those `expected`.
    pub(crate) fn check_rank(
        &self,
        ranks: RangeInclusive<usize>,
        expected: &'static str,
        name: &str,
    ) -> Result<(), DataError> {
        let found = self.values.ndim();
        if ranks.contains(&found) {
            return Ok(());
        }
        Err(DataError::file(name, Problem::Rank { found, expected }))
    }

    /// Adds the array to a fingerprint: the columns of a `float64` vector or matrix, else whole.
    pub(crate) fn hash(&self, hasher: TableHasher) -> TableHasher {
        let shape: Vec<u64> = self.values.shape().iter().map(|n| *n as u64).collect();
        match (&self.original, shape.len()) {
            (Some((dtype, bytes)), _) => hasher.array(dtype, &shape, bytes),
            (None, 1 | 2) => hasher.matrix(self.matrix()),
            (None, _) => {
                let bytes: Vec<u8> = self.values.iter().flat_map(|x| x.to_le_bytes()).collect();
                hasher.array(f64::DTYPE, &shape, &bytes)
            }
        }
    }

    /// Returns the columns of a vector or a matrix, named `x0`, `x1` and so on.
    pub(crate) fn columns(&self) -> Vec<Column> {
        let column = |(index, values): (usize, ArrayView1<'_, f64>)| Column {
            name: format!("x{index}"),
            values: Values::Number(values.to_vec()),
        };
        let matrix = self.matrix();
        matrix.columns().into_iter().enumerate().map(column).collect()
    }

    /// Views a vector or a matrix as a matrix.
    fn matrix(&self) -> ArrayView2<'_, f64> {
        let mut view = self.values.view();
        if view.ndim() == 1 {
            view = view.insert_axis(Axis(1));
        }
        view.into_dimensionality().expect("only vectors and matrices are seen as columns")
    }
}

/// A type of elements that are read.
trait Element: ReadableElement + Copy {
    /// NumPy's name of it.
    const DTYPE: &'static str;

    fn to_f64(self) -> f64;

    fn push_le(self, bytes: &mut Vec<u8>);
}

macro_rules! element {
    ($($type:ty => $dtype:literal),*) => {$(
        impl Element for $type {
            const DTYPE: &'static str = $dtype;

            fn to_f64(self) -> f64 {
                self as f64
            }

            fn push_le(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

element!(
    i8 => "int8", i16 => "int16", i32 => "int32", i64 => "int64",
    u8 => "uint8", u16 => "uint16", u32 => "uint32", u64 => "uint64",
    f32 => "float32", f64 => "float64"
);

impl Element for bool {
    const DTYPE: &'static str = "bool";

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn push_le(self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(self));
    }
}

/// What follows a header.
struct Body<'a, R> {
    reader: R,
    len: u64,
    header: Header,
    name: &'a str,
}

impl<R: Read> Body<'_, R> {
    fn error(&self, problem: Problem) -> DataError {
        DataError::file(self.name, problem)
    }

    fn read<T: Element>(mut self) -> Result<ArrayD<T>, DataError> {
        let len = self.check_size::<T>()?;
        let values = T::read_to_end_exact_vec(&mut self.reader, &self.header.type_descriptor, len)
            .map_err(|error| self.data_error(error))?;
        let shape = IxDyn(&self.header.shape).set_f(self.header.layout.is_fortran());
        ArrayD::from_shape_vec(shape, values)
            .map_err(|_| self.error(Problem::NpyHeader("a shape beyond all memory")))
    }

    /// Returns the number of elements, which is what the bytes suffice for.
    fn check_size<T: Element>(&self) -> Result<usize, DataError> {
        let shape = &self.header.shape;
        let empty = shape.contains(&0);
        let product = |product: u128, extent: &usize| product.saturating_mul(*extent as u128);
        let len = if empty { 0 } else { shape.iter().fold(1, product) };
        let expected = len.saturating_mul(size_of::<T>() as u128);
        if expected == u128::from(self.len) {
            return Ok(len as usize);
        }
        Err(self.error(Problem::Size {
            shape: shape.clone(),
            dtype: T::DTYPE,
            expected,
            found: self.len,
        }))
    }

    fn data_error(&self, error: ReadDataError) -> DataError {
        match error {
            ReadDataError::Io(source) => DataError::read(self.name, source),
            ReadDataError::MissingData | ReadDataError::ExtraBytes(_) => {
                self.error(Problem::Length)
            }
            ReadDataError::WrongDescriptor(other) => self.error(Problem::Dtype(other.to_string())),
            ReadDataError::ParseData(_) => self.error(Problem::NotBool),
        }
    }
}

/// Reads a header and returns its length too.
fn read_header(reader: &mut impl Read, name: &str) -> Result<(Header, u64), DataError> {
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
    let header =
        Header::from_reader(&mut &bytes[..]).map_err(|_| error("not that of a plain array"))?;
    Ok((header, bytes.len() as u64))
}

/// Tells whether a header is a dictionary of nothing deeper than a tuple, as that of a plain array.
///
/// The library's parser takes any Python literal, and nested brackets cost it exponential time:
/// 18 pairs took 6 seconds.
fn is_plain(header: &[u8]) -> bool {
    let count = |byte| header.iter().filter(|other| **other == byte).count();
    count(b'{') == 1 && count(b'(') == 1 && count(b'[') == 0
}
