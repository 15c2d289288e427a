//! What can be wrong with a table.

use std::{error::Error, io};

use crate::Float;

/// The reason why a table or its samples could not be had.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The operating system failed, or compressed data do not match their checksum.
    #[error("cannot read {name}")]
    Read {
        /// The file, or the array in it.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// The operating system failed to write.
    #[error("cannot write {name}")]
    Write {
        /// The file.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// A file whose name ends in `.npz` is no ZIP archive, or one of a kind that is not read.
    #[error("{name} is not an NPZ archive")]
    Archive {
        /// The file, or the array in it.
        name: String,
        /// What the archive's reader says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A file whose name ends in `.parquet` is none, is damaged or of a kind that is not read.
    #[error("{name} cannot be read as a Parquet file")]
    Parquet {
        /// The file.
        name: String,
        /// What the format's reader says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A file's content is not as it must be.
    #[error("{name}: {problem}")]
    File {
        /// The file, or the array in it.
        name: String,
        /// What is wrong.
        problem: Problem,
    },
    /// A table in memory is not as it must be.
    #[error("{0}")]
    Table(Problem),
}

impl DataError {
    pub(crate) fn file(name: &str, problem: Problem) -> Self {
        Self::File { name: name.to_owned(), problem }
    }

    pub(crate) fn read(name: &str, source: io::Error) -> Self {
        Self::Read { name: name.to_owned(), source }
    }

    pub(crate) fn write(name: &str, source: io::Error) -> Self {
        Self::Write { name: name.to_owned(), source }
    }
}

impl Problem {
    /// Says why a number is none that can be trained on in `T`.
    pub(crate) fn not_finite<T: Float>(row: usize, column: String, value: f64) -> Self {
        if value.is_finite() {
            return Self::OutOfRange { row, column, value, dtype: T::DTYPE };
        }
        Self::NotFinite { row, column, value }
    }
}

/// What is wrong with a table, a file of one, or what is asked of it.
///
/// Lines and columns count from 1, lines with the header's; rows count from 1 without it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Problem {
    /// The name's ending says nothing about the format.
    #[error("not a table: the name of a table ends in .csv, .npy, .npz or .parquet")]
    UnknownFormat,

    /// A line of a CSV file has bytes that are not UTF-8.
    #[error("line {line}: not UTF-8; save the file as UTF-8")]
    NotUtf8 {
        /// The first such line.
        line: u64,
    },
    /// A CSV file has no line at all.
    #[error("empty: a table starts with a line of column names")]
    NoHeader,
    /// A CSV file starts with data.
    #[error("line 1 holds only numbers: the line of column names is missing; add it")]
    NumbersAsHeader,
    /// A row of a CSV file has too many or too few cells.
    #[error(
        "line {line}: expected {expected} cells, found {found}; correct the row, quoting cells with commas"
    )]
    Ragged {
        /// Where the row starts.
        line: u64,
        /// Cells of the header.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
    /// A column of numbers has a cell without one.
    #[error("line {line}, column {column}: empty cell; fill it in or remove the row")]
    EmptyCell {
        /// Where the row starts.
        line: u64,
        /// The column's name.
        column: String,
    },

    /// A file is no NPY array, or its header is not that of a plain array.
    #[error("{0}")]
    NpyHeader(String),
    /// An array has more rows or columns than memory has places.
    #[error("a shape beyond all memory")]
    Beyond,
    /// An array's elements are of a type that is not read.
    #[error("dtype {0} is not read: bool, integers, float32 and float64 are")]
    Dtype(String),
    /// A matrix that is read by rows has elements of another type than floats.
    #[error("dtype {0} is not read by rows: float32 and float64 are")]
    RowsDtype(String),
    /// A matrix that is read by rows has its columns in one piece each, not its rows.
    #[error("in Fortran order, and rows are read from C order; save numpy.ascontiguousarray of it")]
    FortranRows,
    /// An array has too many or too few dimensions.
    #[error("rank {found}, but {expected} is needed")]
    Rank {
        /// The array's rank.
        found: usize,
        /// The ranks that would do.
        expected: &'static str,
    },
    /// An array's shape does not match the file's length.
    #[error("shape {shape:?} of {dtype} takes {expected} bytes, found {found}")]
    Size {
        /// The shape, outermost first.
        shape: Vec<usize>,
        /// The elements' type.
        dtype: &'static str,
        /// Bytes that the shape takes; the largest number where they do not fit.
        expected: u128,
        /// Bytes behind the header.
        found: u64,
    },
    /// An array in an archive says that it is larger than the archive allows.
    #[error("claims {0} bytes, more than the archive can hold")]
    Claim(u64),
    /// An array in an archive is not as long as the archive says, or a file changed while it was
    /// read.
    #[error("not as long as it claims")]
    Length,
    /// An array of bools holds another byte than 0 and 1.
    #[error("a bool that is neither 0 nor 1")]
    NotBool,
    /// An archive holds other arrays than a table's.
    #[error("needs the arrays X and y, found {0}")]
    Arrays(String),

    /// This program does not read Parquet files.
    #[error("Parquet is read only by a program built with --features parquet")]
    NoParquet,
    /// A column of a Parquet file has a cell without a value.
    #[error("row {row}, column {column}: null; fill it in or remove the row")]
    Null {
        /// The first such row.
        row: usize,
        /// The column's name.
        column: String,
    },
    /// A column of a Parquet file has lists or structures in it.
    #[error("column {0} is nested, and a table is flat; leave the column out of the file")]
    Nested(String),
    /// A column of a Parquet file is of a type that is not read.
    #[error("column {column}: {found} is not read: booleans, integers, floats and text are")]
    ColumnType {
        /// The column's name.
        column: String,
        /// Its type.
        found: String,
    },
    /// A column of a Parquet file is encoded in a way that is not read.
    #[error("column {column}: encoding {encoding} is not read; write plain or dictionary encoding")]
    Encoding {
        /// The column's name.
        column: String,
        /// The encoding.
        encoding: &'static str,
    },
    /// A text in a Parquet file is not UTF-8.
    #[error("row {row}, column {column}: not UTF-8")]
    CellNotUtf8 {
        /// The first such row.
        row: usize,
        /// The column's name.
        column: String,
    },
    /// The pages of a column of a Parquet file contradict what the file says of them.
    #[error("column {column}: damaged pages")]
    Pages {
        /// The column's name.
        column: String,
    },
    /// A Parquet file says that it takes much more memory than its length allows.
    #[error("claims {0} bytes, too many for the file's length")]
    Expands(u64),

    /// A table has no columns.
    #[error("no columns")]
    NoColumns,
    /// A table has no rows.
    #[error("no rows")]
    NoRows,
    /// A column's name is empty.
    #[error("column {0} has no name; name it")]
    NoName(usize),
    /// A column's name holds a line feed, a tab or the like.
    #[error("column {0} has a control character in its name; remove it")]
    ControlInName(usize),
    /// A name stands for two columns.
    #[error("two columns are named {0}; rename one")]
    SameName(String),
    /// Columns differ in length.
    #[error("column {column} has {found} rows, column {first} has {expected}")]
    Rows {
        /// The column that differs.
        column: String,
        /// Its rows.
        found: usize,
        /// The first column.
        first: String,
        /// The rows of the first column.
        expected: usize,
    },

    /// No column has the name that was asked for.
    #[error("no column {name:?}; the columns are {columns}")]
    UnknownColumn {
        /// What was asked for.
        name: String,
        /// The columns' names.
        columns: String,
    },
    /// Every column is weights or left out.
    #[error("no target: every column is weights or left out")]
    NoTarget,
    /// The target is also the weights or left out.
    #[error("the target {0} is also weights or left out; choose another target")]
    TwoRoles(String),
    /// Nothing is left to predict the target from.
    #[error("no columns but the target {0}")]
    NoFeatures(String),
    /// A column to predict from is text.
    #[error("column {0} is text, and a model needs numbers; leave the column out")]
    TextFeature(String),
    /// The column to predict is text.
    #[error("target {0} is text, and a regression needs numbers; take it as classes")]
    TextTarget(String),
    /// The column of weights is text.
    #[error("column {0} is text, and weights are numbers; choose another column")]
    TextWeights(String),
    /// A column is text because of a cell, while others of its cells are numbers.
    #[error("row {row}, column {column}: {cell:?} is not a number; correct it or remove the row")]
    NotNumber {
        /// The first such row.
        row: usize,
        /// The column's name.
        column: String,
        /// The cell's first characters.
        cell: String,
    },
    /// A number to train on is not finite.
    #[error(
        "row {row}, column {column}: {value} is not a finite number; correct it or remove the row"
    )]
    NotFinite {
        /// The first such row.
        row: usize,
        /// The column's name.
        column: String,
        /// Infinity or NaN.
        value: f64,
    },
    /// A number to train on is infinite in the type that is trained in.
    #[error("row {row}, column {column}: {value:e} is beyond {dtype}; train in float64")]
    OutOfRange {
        /// The first such row.
        row: usize,
        /// The column's name.
        column: String,
        /// The number.
        value: f64,
        /// The type.
        dtype: &'static str,
    },
    /// A row has no class.
    #[error("row {row}, column {column}: empty label; fill it in or remove the row")]
    EmptyLabel {
        /// The first such row.
        row: usize,
        /// The column's name.
        column: String,
    },
    /// A label holds a line feed, a tab or the like.
    #[error("row {row}, column {column}: a control character in the label; remove it")]
    ControlInLabel {
        /// The first such row.
        row: usize,
        /// The column's name.
        column: String,
    },
    /// There is nothing to tell apart.
    #[error("column {column}: every row is of the class {label:?}; a classifier needs two or more")]
    OneClass {
        /// The column's name.
        column: String,
        /// The only label.
        label: String,
    },
    /// A weight is below 0.
    #[error("row {row}, column {column}: the weight {value} is negative; weights are 0 or more")]
    NegativeWeight {
        /// The first such row.
        row: usize,
        /// The column's name.
        column: String,
        /// The weight.
        value: f64,
    },
    /// No row counts.
    #[error("column {0}: every weight is 0; some row must count")]
    ZeroWeights(String),
}
