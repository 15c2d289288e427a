//! Files of data, by what their names end in.

use std::{
    fs::File,
    io::{BufReader, Read, Seek},
    path::Path,
};

use ckpt_hash::{DataId, TableHasher, file_digest};

use crate::{DataError, Problem, Table, array::Array, npz};

/// Formats that are opened; any other file is bytes.
enum Format {
    Csv,
    Npy,
    Npz,
    Parquet,
}

impl Format {
    /// Tells the format by the ending of a name, in any case.
    fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Some(Self::Csv),
            "npy" => Some(Self::Npy),
            "npz" => Some(Self::Npz),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// A file that is open for reading.
struct Source {
    reader: BufReader<File>,
    len: u64,
    name: String,
}

impl Source {
    fn open(path: &Path) -> Result<Self, DataError> {
        let name = path.display().to_string();
        let open = || {
            let mut reader = BufReader::new(File::open(path)?);
            let len = reader.seek(std::io::SeekFrom::End(0))?;
            reader.rewind()?;
            Ok((reader, len))
        };
        match open() {
            Ok((reader, len)) => Ok(Self { reader, len, name }),
            Err(source) => Err(DataError::Read { name, source }),
        }
    }
}

impl Table {
    /// Reads a table from a file whose name ends in `.csv`, `.npy`, `.npz` or `.parquet`, in any
    /// case.
    ///
    /// # Errors
    /// Another ending, `.parquet` without the feature `parquet`, and what [`read_csv`](Self::read_csv),
    /// [`read_npy`](Self::read_npy), [`read_npz`](Self::read_npz) and `read_parquet` refuse; each error names the file.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let Some(format) = Format::of(path) else {
            let name = path.display().to_string();
            let problem = Problem::UnknownFormat;
            return Err(DataError::File { name, problem });
        };
        let Source { reader, len, name } = Source::open(path)?;
        match format {
            Format::Csv => Self::read_csv(reader, &name),
            Format::Npy => Self::read_npy(reader, len, &name),
            Format::Npz => Self::read_npz(reader, &name),
            Format::Parquet => read_parquet(reader, &name),
        }
    }
}

#[cfg(feature = "parquet")]
fn read_parquet(reader: impl Read, name: &str) -> Result<Table, DataError> {
    Table::read_parquet(reader, name)
}

#[cfg(not(feature = "parquet"))]
fn read_parquet(_reader: impl Read, name: &str) -> Result<Table, DataError> {
    Err(DataError::file(name, Problem::NoParquet))
}

/// Fingerprints a file of data: tables and arrays by their values, any other file by its bytes.
///
/// A file whose name ends in `.csv` or `.parquet` must be a table; `.npy` and `.npz` may hold arrays of any rank
/// and name, which count sorted by name, so that what is a table has the table's id.
///
/// # Errors
/// What cannot be read, and what [`Table::read`] refuses, ranks, lengths and names of arrays aside.
pub fn data_id(path: &Path) -> Result<DataId, DataError> {
    let hasher = TableHasher::new();
    let Some(format) = Format::of(path) else {
        let digest = file_digest(path)
            .map_err(|source| DataError::read(&path.display().to_string(), source))?;
        return Ok(hasher.file(&digest).finish());
    };
    let Source { reader, len, name } = Source::open(path)?;
    match format {
        Format::Csv => Ok(Table::read_csv(reader, &name)?.id()),
        Format::Npy => Ok(Array::read(reader, len, &name)?.hash(hasher).finish()),
        Format::Npz => Ok(npz::hash_arrays(reader, &name, hasher)?.finish()),
        Format::Parquet => Ok(read_parquet(reader, &name)?.id()),
    }
}
