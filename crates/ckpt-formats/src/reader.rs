//! What a reader of a format is, and what it is given.

use std::cell::OnceCell;
use std::io;

use crate::ReadAt;
use crate::stop::Stop;
use crate::tile::Tiling;
use crate::zip::{self, Archive};

/// A reader of one format of files: a row of the table in `format.rs`.
pub(crate) struct Reader {
    /// The name of the format, as records have it.
    pub(crate) name: &'static str,
    /// The version of the reader, as records have it; it rises when the reader finds other
    /// segments than before.
    pub(crate) version: u16,
    /// What the names of such files end in, in lower case.
    pub(crate) extensions: &'static [&'static str],
    /// Tells whether a file is of the format, whatever its name. It fails only where a zip archive
    /// cannot be opened.
    pub(crate) sniff: fn(&Source<'_>) -> Result<bool, Stop>,
    /// Finds the segments of a file that is of the format, or claims to be.
    pub(crate) segment: fn(&Source<'_>) -> Result<Tiling, Stop>,
}

/// Bytes of a file's beginning that are read once for all readers.
const FIRST: usize = 16;

/// A file, and what several readers ask of it.
pub(crate) struct Source<'a> {
    pub(crate) bytes: &'a dyn ReadAt,
    pub(crate) len: u64,
    first: OnceCell<[u8; FIRST]>,
    archive: OnceCell<Archive>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(bytes: &'a dyn ReadAt) -> io::Result<Self> {
        Ok(Self { bytes, len: bytes.len()?, first: OnceCell::new(), archive: OnceCell::new() })
    }

    /// Gives the first bytes: 16, or all that there are.
    pub(crate) fn first(&self) -> io::Result<&[u8]> {
        let len = self.len.min(FIRST as u64) as usize;
        if self.first.get().is_none() {
            let mut first = [0; FIRST];
            self.bytes.read_at(0, &mut first[..len])?;
            self.first.get_or_init(|| first);
        }
        Ok(self.first.get().map_or(&[], |first| &first[..len]))
    }

    pub(crate) fn begins_with(&self, magic: &[u8]) -> io::Result<bool> {
        Ok(self.first()?.starts_with(magic))
    }

    /// Opens the file as a zip archive, once; `None` if it does not begin like one.
    pub(crate) fn archive(&self) -> Result<Option<&Archive>, Stop> {
        if !self.begins_with(zip::MAGIC)? {
            return Ok(None);
        }
        if self.archive.get().is_none() {
            let archive = Archive::open(self.bytes)?;
            return Ok(Some(self.archive.get_or_init(|| archive)));
        }
        Ok(self.archive.get())
    }
}
