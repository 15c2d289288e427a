//! Tables in Parquet files.

mod columns;
mod pages;
mod thrift;

use std::{
    io::Read,
    panic::{AssertUnwindSafe, catch_unwind},
};

use bytes::Bytes;
use parquet::{
    errors::ParquetError,
    file::{
        metadata::ParquetMetaData,
        reader::{FileReader, SerializedFileReader},
    },
};

use self::columns::Kind;
use crate::{Column, DataError, Problem, Table, table::check_names};

/// What a file may take in memory whatever its length: the pages of small files, which say little
/// in few bytes.
const FREE: u64 = 16 << 20;

/// Bytes of memory for a byte of a file beyond that, as for NPZ archives.
const MAX_EXPANSION: u64 = 1032;

impl Table {
    /// Reads a Parquet file (with the feature `parquet`); `name` is for errors.
    ///
    /// Read are flat columns of booleans, integers, 32-bit and 64-bit floats, which all become
    /// `f64` (integers beyond 2^53 the nearest), and of UTF-8 text, uncompressed or compressed with
    /// Snappy, gzip or zstd. So the id is that of the same values in CSV. A table that would take
    /// more than 16 MiB and 1,032 times the file's length is refused.
    ///
    /// # Errors
    /// What cannot be read or is damaged, a null, a nested column, another type or encoding, and
    /// what [`Table::new`] refuses.
    pub fn read_parquet(mut reader: impl Read, name: &str) -> Result<Self, DataError> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(|source| DataError::read(name, source))?;
        let bytes = Bytes::from(bytes);
        // The library is not free of panics on damaged files: overflows, indices. They must not
        // reach those who open files that nobody vouches for. It shares no state that a panic
        // could leave half-done.
        let read = catch_unwind(AssertUnwindSafe(|| read(&bytes)));
        let panicked = || ParquetError::General("the file is damaged".to_owned());
        let columns = read.unwrap_or_else(|_| Err(panicked().into()));
        match columns.and_then(|columns| Ok(Self::from_columns(columns)?)) {
            Ok(table) => Ok(table),
            Err(Failure::Problem(problem)) => Err(DataError::file(name, problem)),
            Err(Failure::Parquet(error)) => {
                Err(DataError::Parquet { name: name.to_owned(), source: Box::new(error) })
            }
        }
    }
}

/// Why a file was not read.
enum Failure {
    Problem(Problem),
    Parquet(ParquetError),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<ParquetError> for Failure {
    fn from(error: ParquetError) -> Self {
        Self::Parquet(error)
    }
}

fn read(bytes: &Bytes) -> Result<Vec<Column>, Failure> {
    let reader = SerializedFileReader::new(bytes.clone())?;
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema_descr_ptr();
    let names: Vec<String> = schema.columns().iter().map(|column| column.path().string()).collect();
    // First, since errors about cells show names.
    check_names(names.iter().map(String::as_str))?;
    let kinds = schema.columns().iter().map(Kind::of).collect::<Result<Vec<_>, _>>()?;
    let most = FREE.saturating_add(MAX_EXPANSION.saturating_mul(bytes.len() as u64));
    let rows = check_size(metadata, kinds.len(), most)?;
    let mut text_left = most;
    let read = |(index, kind): (usize, &Kind)| {
        for group in metadata.row_groups() {
            pages::check(bytes, group.column(index), group.num_rows(), &kind.name)?;
        }
        let groups = (0..reader.num_row_groups()).map(|group| {
            let rows = metadata.row_group(group).num_rows() as usize;
            Ok((rows, reader.get_row_group(group)?.get_column_reader(index)?))
        });
        kind.read(rows, groups, &mut text_left)
    };
    kinds.iter().enumerate().map(read).collect()
}

/// Returns the number of rows, after a look at whether they fit.
fn check_size(metadata: &ParquetMetaData, columns: usize, most: u64) -> Result<usize, Problem> {
    let add = |sum: u64, rows: u64| sum.checked_add(rows);
    let mut groups = metadata.row_groups().iter().map(|group| u64::try_from(group.num_rows()).ok());
    let rows = groups.try_fold(0, |sum, rows| add(sum, rows?));
    let claimed = rows.unwrap_or(u64::MAX).saturating_mul(8 * columns as u64);
    match rows {
        // Their pages say whatever the writer likes.
        Some(0) => Err(Problem::NoRows),
        Some(rows) if claimed <= most => Ok(rows as usize),
        _ => Err(Problem::Expands(claimed)),
    }
}
