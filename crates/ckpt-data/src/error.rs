//! What can be wrong with a table.

use std::{error::Error, io};

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
    /// A file whose name ends in `.npz` is no ZIP archive, or one of a kind that is not read.
    #[error("{name} is not an NPZ archive")]
    Archive {
        /// The file, or the array in it.
        name: String,
        /// What the archive's reader says.
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
}

/// What is wrong with a table, a file of one, or what is asked of it.
///
/// Lines and columns count from 1, lines with the header's; rows count from 1 without it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Problem {
    /// The name's ending says nothing about the format.
    #[error("not a table: the name of a table ends in .csv, .npy or .npz")]
    UnknownFormat,

    /// A line of a CSV file has bytes that are not UTF-8.
    #[error("line {line}: not UTF-8")]
    NotUtf8 {
        /// The first such line.
        line: u64,
    },
    /// A CSV file has no line at all.
    #[error("empty: a table starts with a line of column names")]
    NoHeader,
    /// A CSV file starts with data.
    #[error("line 1 holds only numbers: the line of column names is missing")]
    NumbersAsHeader,
    /// A row of a CSV file has too many or too few cells.
    #[error("line {line}: expected {expected} cells, found {found}")]
    Ragged {
        /// Where the row starts.
        line: u64,
        /// Cells of the header.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
    /// A column of numbers has a cell without one.
    #[error("line {line}, column {column}: empty cell")]
    EmptyCell {
        /// Where the row starts.
        line: u64,
        /// The column's name.
        column: String,
    },

    /// A file is no NPY array, or its header is not that of a plain array.
    #[error("NPY header: {0}")]
    NpyHeader(&'static str),
    /// An array's elements are of a type that is not read.
    #[error("dtype {0} is not read: bool, integers, float32 and float64 are")]
    Dtype(String),
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

    /// A table has no columns.
    #[error("no columns")]
    NoColumns,
    /// A table has no rows.
    #[error("no rows")]
    NoRows,
    /// A column's name is empty.
    #[error("column {0} has no name")]
    NoName(usize),
    /// A column's name holds a line feed, a tab or the like.
    #[error("column {0} has a control character in its name")]
    ControlInName(usize),
    /// A name stands for two columns.
    #[error("two columns are named {0}")]
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
    /// Nothing is left to predict the target from.
    #[error("no columns beside the target {0}")]
    NoFeatures(String),
    /// A column to predict from is text.
    #[error("column {0} is text; a linear model needs numbers")]
    TextFeature(String),
    /// The column to predict is text.
    #[error("target {0} is text; a linear model needs numbers")]
    TextTarget(String),
    /// A column is text because of a cell, while others of its cells are numbers.
    #[error("row {row}, column {column}: {cell:?} is not a number")]
    NotNumber {
        /// The first such row.
        row: usize,
        /// The column's name.
        column: String,
        /// The cell's first characters.
        cell: String,
    },
    /// A number to train on is not finite.
    #[error("row {row}, column {column}: {value} is not a finite number")]
    NotFinite {
        /// The first such row.
        row: usize,
        /// The column's name.
        column: String,
        /// Infinity or NaN.
        value: f64,
    },
}
