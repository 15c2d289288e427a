//! Arrays in NPZ archives.

use std::io::{Read, Seek, SeekFrom};

use ckpt_hash::TableHasher;
use zip::{ZipArchive, result::ZipError};

use crate::{Column, DataError, Problem, Table, array::Array};

/// Bytes that one byte of DEFLATE can stand for at most: a match of 258 bytes takes 2 bits.
const MAX_EXPANSION: u64 = 258 * 8 / 2;

impl Table {
    /// Reads an NPZ archive of two arrays: `X` (rows x columns) gives the columns `x0`, `x1` and so
    /// on, `y` (a vector of as many rows) the last column, `y`; `name` is for errors.
    ///
    /// Entries are stored or compressed with DEFLATE, and arrays are as in
    /// [`read_npy`](Self::read_npy). An array that claims more than 1,032 times the length of the
    /// archive, the most that DEFLATE can expand to, is refused.
    ///
    /// # Errors
    /// What cannot be read, an archive that is damaged or holds other arrays, `X` or `y` of
    /// another rank or of different lengths, and what [`read_npy`](Self::read_npy) refuses.
    pub fn read_npz(reader: impl Read + Seek, name: &str) -> Result<Self, DataError> {
        let mut archive = Archive::open(reader, name)?;
        let names = archive.array_names();
        if !names.iter().map(|(_, array)| array).eq(["X", "y"]) {
            return Err(DataError::file(name, Problem::Arrays(list(&names))));
        }
        let x = archive.read(&names[0])?;
        x.check_rank(2..=2, "2", &archive.label(&names[0]))?;
        let y = archive.read(&names[1])?;
        y.check_rank(1..=1, "1", &archive.label(&names[1]))?;
        let id = y.hash(x.hash(TableHasher::new())).finish();
        let mut columns = x.into_columns();
        let y = y.into_columns().into_iter();
        columns.extend(y.map(|column| Column { name: "y".to_owned(), ..column }));
        Self::with_id(columns, id).map_err(|problem| DataError::file(name, problem))
    }
}

/// Adds all arrays of an archive to a fingerprint, sorted by name.
pub(crate) fn hash_arrays(
    reader: impl Read + Seek,
    name: &str,
    hasher: TableHasher,
) -> Result<TableHasher, DataError> {
    let mut archive = Archive::open(reader, name)?;
    let names = archive.array_names();
    names.iter().try_fold(hasher, |hasher, entry| Ok(archive.read(entry)?.hash(hasher)))
}

/// Place in the archive and name of an array.
type Entry = (usize, String);

struct Archive<'a, R> {
    zip: ZipArchive<R>,
    len: u64,
    name: &'a str,
}

impl<'a, R: Read + Seek> Archive<'a, R> {
    fn open(mut reader: R, name: &'a str) -> Result<Self, DataError> {
        let len = reader.seek(SeekFrom::End(0)).map_err(|source| DataError::read(name, source))?;
        let zip = ZipArchive::new(reader).map_err(|error| zip_error(name, error))?;
        Ok(Self { zip, len, name })
    }

    /// Lists the arrays sorted by name, without NumPy's `.npy`.
    fn array_names(&self) -> Vec<Entry> {
        let mut names: Vec<Entry> = self
            .zip
            .file_names()
            .map(|name| name.strip_suffix(".npy").unwrap_or(name).to_owned())
            .enumerate()
            .collect();
        names.sort_by(|(_, a), (_, b)| a.cmp(b));
        names
    }

    /// Names an array in errors.
    fn label(&self, (_, array): &Entry) -> String {
        format!("{}: array {}", self.name, array.escape_debug())
    }

    fn read(&mut self, entry: &Entry) -> Result<Array, DataError> {
        let name = self.label(entry);
        let entry = self.zip.by_index(entry.0).map_err(|error| zip_error(&name, error))?;
        let claimed = entry.size();
        if claimed > self.len.saturating_mul(MAX_EXPANSION) {
            return Err(DataError::file(&name, Problem::Claim(claimed)));
        }
        Array::read(entry, claimed, &name)
    }
}

fn zip_error(name: &str, error: ZipError) -> DataError {
    match error {
        ZipError::Io(source) => DataError::read(name, source),
        other => DataError::Archive { name: name.to_owned(), source: other.into() },
    }
}

fn list(names: &[Entry]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<String> =
        names.iter().map(|(_, name)| name.escape_debug().to_string()).collect();
    names.join(", ")
}
