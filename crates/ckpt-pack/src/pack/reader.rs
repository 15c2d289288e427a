//! Reads one pack: finds entries by id and returns objects that were checked.

use std::{io, sync::Arc};

use ckpt_codec::MAX_RECORD;
use ckpt_hash::{DIGEST_LEN, Digest};
use ckpt_tensor::ReadAt;
use sha2::Digest as _;

use super::{
    files::OpenFiles,
    layout::{ENTRY_LEN, Entry, FOOTER_LEN, Footer, HEADER_LEN, Header},
    writer::{index_hasher, pack_name},
};
use crate::{
    disk::durable::join,
    disk::{Disk, ReadFile},
    error::{Doing, Error, Result},
};

/// Entries of a small index, and of a piece of a larger one: 64 KiB.
const SMALL_ENTRIES: u64 = 1024;

/// Bytes at the end of a pack that are read first: all of a pack with one small version.
const TAIL_LEN: u64 = 4096;

/// A pack whose header and footer were read and found whole.
#[derive(Debug)]
pub struct PackReader {
    dir: &'static str,
    name: String,
    header: [u8; HEADER_LEN],
    footer: Footer,
    files: Arc<OpenFiles>,
}

/// A pack just opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) pack: PackReader,
    /// The index, if it is small: checked and in order.
    pub(crate) index: Option<Vec<Entry>>,
}

/// A file whose last bytes were read already.
#[derive(Debug)]
struct Tail<'a> {
    file: &'a dyn ReadFile,
    start: u64,
    bytes: Vec<u8>,
}

impl ReadAt for Tail<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        match offset.checked_sub(self.start) {
            Some(at) => self.bytes.as_slice().read_at(at, buf),
            None => self.file.read_at(offset, buf),
        }
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.start + self.bytes.len() as u64)
    }
}

impl PackReader {
    /// Opens a pack by its name in a folder.
    ///
    /// A pack of one small version costs one read, one with a small index three at most.
    pub(crate) fn open(disk: &dyn Disk, dir: &'static str, name: &str) -> Result<Opened> {
        let opened = Self::open_unnamed(disk, dir, name)?;
        if opened.pack.own_name() != name {
            let what = "its name is not that of its content";
            return Err(Error::damaged(join(dir, name), what));
        }
        Ok(opened)
    }

    /// Opens a pack that does not have its own name yet.
    pub(crate) fn open_unnamed(disk: &dyn Disk, dir: &'static str, name: &str) -> Result<Opened> {
        let path = join(dir, name);
        let doing = || format!("read {path}");
        let damaged = |what: String| Error::damaged(&path, what);
        let file = disk.open(&path).doing(doing)?;
        let len = file.len().doing(doing)?;
        if len < (HEADER_LEN + FOOTER_LEN) as u64 {
            return Err(damaged(format!("it has only {len} bytes")));
        }
        let start = len.saturating_sub(TAIL_LEN);
        let mut bytes = vec![0; (len - start) as usize];
        file.read_at(start, &mut bytes).doing(doing)?;
        let file = Tail { file: &*file, start, bytes };
        let mut header = [0; HEADER_LEN];
        file.read_at(0, &mut header).doing(doing)?;
        Header::parse(&header).map_err(damaged)?;
        let mut footer = [0; FOOTER_LEN];
        file.read_at(len - FOOTER_LEN as u64, &mut footer).doing(doing)?;
        let footer = Footer::parse(&footer, len).map_err(damaged)?;
        let files = Arc::default();
        let pack = Self { dir, name: name.to_owned(), header, footer, files };
        let small = footer.entries <= SMALL_ENTRIES;
        let index = small.then(|| pack.read_index(&file)).transpose()?;
        Ok(Opened { pack, index })
    }

    /// Returns the name that the pack has to have.
    pub(crate) fn own_name(&self) -> String {
        pack_name(&self.footer.digest)
    }

    /// Tells whether objects fill the pack without gaps; `entries` is its index in the order of the
    /// places.
    pub fn is_filled_by(&self, entries: &[Entry]) -> bool {
        let next = |at: Option<u64>, entry: &Entry| {
            at.filter(|at| *at == entry.offset).map(|at| at + u64::from(entry.stored_len))
        };
        entries.iter().fold(Some(HEADER_LEN as u64), next) == Some(self.objects_end())
    }

    /// Returns the name of the pack's file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the pack is, for messages.
    pub fn place(&self) -> String {
        join(self.dir, &self.name)
    }

    /// Returns how many objects the pack holds.
    pub fn entries(&self) -> u64 {
        self.footer.entries
    }

    /// Returns the bytes of the pack's file.
    pub fn byte_len(&self) -> u64 {
        self.footer.index_offset + self.footer.entries * ENTRY_LEN as u64 + FOOTER_LEN as u64
    }

    /// Returns where the objects end and the index starts.
    pub fn objects_end(&self) -> u64 {
        self.footer.index_offset
    }

    /// Lets the pack share the files that stay open with the other packs of its folder.
    pub(crate) fn share(&mut self, files: &Arc<OpenFiles>) {
        self.files = Arc::clone(files);
    }

    /// Returns the pack's file, opened if it is not open yet.
    ///
    /// # Errors
    /// `NotFound` where the pack was removed, unless its file was still open.
    pub fn file(&self, disk: &dyn Disk) -> Result<Arc<dyn ReadFile>> {
        let open = || disk.open(&self.place()).doing(|| format!("open {}", self.place()));
        self.files.get(&self.name, open)
    }

    /// Says that an object of this pack is damaged.
    pub fn damaged(&self, entry: &Entry, what: impl Into<String>) -> Error {
        Error::damaged(self.place_of(entry), what)
    }

    /// Where an object of this pack is, for messages.
    pub fn place_of(&self, entry: &Entry) -> String {
        format!("{} in {}", entry.id, self.place())
    }

    /// Tells whether the place of an object lies among the pack's objects.
    pub(super) fn holds(&self, entry: &Entry) -> bool {
        let end = entry.offset.checked_add(u64::from(entry.stored_len));
        entry.offset >= HEADER_LEN as u64 && end.is_some_and(|end| end <= self.footer.index_offset)
    }

    /// Reads the stored bytes of an object from the pack's open file and checks them against their
    /// checksum.
    pub fn stored(&self, file: &dyn ReadFile, entry: &Entry) -> Result<Vec<u8>> {
        let mut stored = Vec::new();
        self.read_stored(file, entry, &mut stored)?;
        Ok(stored)
    }

    /// Does what [`stored`](Self::stored) does, in place of what a buffer holds.
    pub(crate) fn read_stored(
        &self,
        file: &dyn ReadFile,
        entry: &Entry,
        stored: &mut Vec<u8>,
    ) -> Result<()> {
        let damaged = |what: String| self.damaged(entry, what);
        if !self.holds(entry) {
            return Err(damaged("its place is outside of the pack's objects".to_owned()));
        }
        // No encoding makes an object longer than it is, and none is longer than this.
        if entry.stored_len as usize > MAX_RECORD {
            return Err(damaged(format!("it takes {} bytes", entry.stored_len)));
        }
        stored.resize(entry.stored_len as usize, 0);
        self.fill(file, entry.offset, stored)?;
        if crc32fast::hash(stored) != entry.crc {
            return Err(damaged("its bytes fail their checksum".to_owned()));
        }
        Ok(())
    }

    /// Reads the first bytes of an object, as many as a digest has, which nothing checks.
    pub(crate) fn head(&self, file: &dyn ReadFile, entry: &Entry) -> Result<Vec<u8>> {
        if !self.holds(entry) {
            return Err(self.damaged(entry, "its place is outside of the pack's objects"));
        }
        let mut head = vec![0; DIGEST_LEN.min(entry.stored_len as usize)];
        self.fill(file, entry.offset, &mut head)?;
        Ok(head)
    }

    /// Reads the whole index from the pack's open file and checks it against the footer.
    pub fn read_index(&self, file: &dyn ReadFile) -> Result<Vec<Entry>> {
        let damaged = |what: &str| Err(Error::damaged(self.place(), what));
        let mut hasher = index_hasher(&self.header);
        let mut entries = Vec::new();
        // In pieces, so that a file of holes cannot claim an index that fills the memory.
        while (entries.len() as u64) < self.footer.entries {
            let bytes = self.index_bytes(file, entries.len() as u64, SMALL_ENTRIES)?;
            hasher.update(&bytes);
            entries.extend(self.parse_entries(&bytes)?);
        }
        if Digest::from(hasher) != self.footer.digest {
            return damaged("header or index do not have the digest that the footer states");
        }
        if !entries.is_sorted_by(|a, b| a.id < b.id) {
            return damaged("its index is not in the order of the ids");
        }
        Ok(entries)
    }

    /// Reads up to `most` entries, fewer at the end of the index.
    pub(super) fn entries_at(
        &self,
        file: &dyn ReadFile,
        first: u64,
        most: u64,
    ) -> Result<Vec<Entry>> {
        self.parse_entries(&self.index_bytes(file, first, most)?)
    }

    /// Reads the bytes of up to `most` entries, fewer at the end of the index.
    pub(super) fn index_bytes(
        &self,
        file: &dyn ReadFile,
        first: u64,
        most: u64,
    ) -> Result<Vec<u8>> {
        let count = self.footer.entries.saturating_sub(first).min(most);
        let mut bytes = vec![0; count as usize * ENTRY_LEN];
        self.fill(file, self.footer.index_offset + first * ENTRY_LEN as u64, &mut bytes)?;
        Ok(bytes)
    }

    /// Reads bytes that were there when the pack was opened.
    fn fill(&self, file: &dyn ReadFile, offset: u64, buf: &mut [u8]) -> Result<()> {
        match file.read_at(offset, buf) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(Error::damaged(self.place(), "it was cut short"))
            }
            other => other.doing(|| format!("read {}", self.place())),
        }
    }

    fn parse_entries(&self, bytes: &[u8]) -> Result<Vec<Entry>> {
        bytes.chunks(ENTRY_LEN).map(|bytes| self.parse_entry(bytes)).collect()
    }

    pub(super) fn parse_entry(&self, bytes: &[u8]) -> Result<Entry> {
        Entry::parse(bytes).map_err(|what| Error::damaged(self.place(), what))
    }
}
