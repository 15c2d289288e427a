//! Reads one pack: finds entries by id and returns objects that were checked.

use std::sync::OnceLock;

use ckpt_hash::Digest;

use super::{
    PACKS,
    layout::{ENTRY_LEN, Entry, FOOTER_LEN, Footer, HEADER_LEN, Header},
    writer::{WrittenPack, index_digest, pack_name},
};
use crate::{
    codec,
    disk::{Disk, ReadFile},
    error::{Doing, Error, Result},
    object::ObjectId,
};

/// Entries of an index that is read whole and kept: 64 KiB. A larger one is searched on disk.
const KEPT_ENTRIES: u64 = 1024;

/// Entries that a search on disk reads at once: one page of 4 KiB.
const PAGE_ENTRIES: u64 = 64;

/// A pack whose footer was read and found whole.
#[derive(Debug)]
pub(crate) struct PackReader {
    name: String,
    header: [u8; HEADER_LEN],
    footer: Footer,
    /// The index, once it was needed, if it is small.
    kept: OnceLock<Vec<Entry>>,
}

impl PackReader {
    /// Opens a pack by its name in the folder of packs.
    pub(crate) fn open(disk: &dyn Disk, name: &str) -> Result<Self> {
        let file = open(disk, name)?;
        let len = file.len().doing(|| format!("read pack {name}"))?;
        let damaged = |what: String| Error::damaged(place(name), what);
        if len < (HEADER_LEN + FOOTER_LEN) as u64 {
            return Err(damaged(format!("it has only {len} bytes")));
        }
        let mut header = [0; HEADER_LEN];
        file.read_at(0, &mut header).doing(|| format!("read pack {name}"))?;
        Header::parse(&header).map_err(damaged)?;
        let mut footer = [0; FOOTER_LEN];
        file.read_at(len - FOOTER_LEN as u64, &mut footer).doing(|| format!("read pack {name}"))?;
        let footer = Footer::parse(&footer, len).map_err(damaged)?;
        if pack_name(&footer.digest) != name {
            return Err(damaged("its name is not that of its content".to_owned()));
        }
        Ok(Self { name: name.to_owned(), header, footer, kept: OnceLock::new() })
    }

    /// Takes a pack that this process has just written.
    pub(crate) fn from_written(disk: &dyn Disk, pack: WrittenPack) -> Result<Self> {
        let reader = Self::open(disk, &pack.name)?;
        if pack.entries.len() as u64 <= KEPT_ENTRIES {
            let _ = reader.kept.set(pack.entries);
        }
        Ok(reader)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where the pack is, for messages.
    pub(crate) fn place(&self) -> String {
        place(&self.name)
    }

    /// Returns how many objects the pack holds.
    pub(crate) fn entries(&self) -> u64 {
        self.footer.entries
    }

    /// Finds the entry of an object; O(log n) reads.
    pub(crate) fn find(&self, disk: &dyn Disk, id: &ObjectId) -> Result<Option<Entry>> {
        let at = self.lower_bound(disk, id)?;
        let entry = self.entry_at(disk, at)?;
        Ok(entry.filter(|entry| entry.id == *id))
    }

    /// Returns the entries whose digest is at or after `low`, in order, as long as `keep` says so.
    pub(crate) fn scan(
        &self,
        disk: &dyn Disk,
        low: &ObjectId,
        mut keep: impl FnMut(&Digest) -> bool,
    ) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        let mut at = self.lower_bound(disk, low)?;
        while let Some(entry) = self.entry_at(disk, at)?.filter(|entry| keep(&entry.id.digest)) {
            found.push(entry);
            at += 1;
        }
        Ok(found)
    }

    /// Reads an object and checks it against its id.
    pub(crate) fn read(&self, disk: &dyn Disk, entry: &Entry) -> Result<Vec<u8>> {
        let file = open(disk, &self.name)?;
        self.read_from(&*file, entry)
    }

    /// Reads an object from the pack's open file and checks it against its id.
    pub(crate) fn read_from(&self, file: &dyn ReadFile, entry: &Entry) -> Result<Vec<u8>> {
        let damaged =
            |what: String| Error::damaged(format!("{} in {}", entry.id, self.place()), what);
        let end = entry.offset.checked_add(u64::from(entry.stored_len));
        if entry.offset < HEADER_LEN as u64 || end.is_none_or(|end| end > self.footer.index_offset)
        {
            return Err(damaged("its place is outside of the pack's objects".to_owned()));
        }
        let mut stored = vec![0; entry.stored_len as usize];
        file.read_at(entry.offset, &mut stored).doing(|| format!("read pack {}", self.name))?;
        if crc32fast::hash(&stored) != entry.crc {
            return Err(damaged("its bytes fail their checksum".to_owned()));
        }
        let bytes = codec::decode(entry, stored).map_err(damaged)?;
        if !codec::digest(entry.id.kind, &bytes).agrees(&entry.id.digest) {
            return Err(damaged("its bytes do not have its id".to_owned()));
        }
        Ok(bytes)
    }

    /// Reads the whole index from disk, checked against the footer.
    pub(crate) fn read_index(&self, disk: &dyn Disk) -> Result<Vec<Entry>> {
        let bytes = self.index_bytes(disk, 0, self.footer.entries)?;
        if index_digest(&self.header, &bytes) != self.footer.digest {
            let what = "header or index do not have the digest that the footer states";
            return Err(Error::damaged(self.place(), what));
        }
        self.parse_entries(&bytes)
    }

    /// Opens the pack's file.
    pub(crate) fn file(&self, disk: &dyn Disk) -> Result<Box<dyn ReadFile>> {
        open(disk, &self.name)
    }

    /// Returns where the objects end and the index starts.
    pub(crate) fn objects_end(&self) -> u64 {
        self.footer.index_offset
    }

    /// Returns the place of the first entry that is not before `id`.
    fn lower_bound(&self, disk: &dyn Disk, id: &ObjectId) -> Result<u64> {
        if let Some(entries) = self.kept(disk)? {
            return Ok(entries.partition_point(|entry| entry.id < *id) as u64);
        }
        let (mut low, mut high) = (0, self.footer.entries);
        while high - low > PAGE_ENTRIES {
            let middle = low + (high - low) / 2;
            let entries = self.parse_entries(&self.index_bytes(disk, middle, 1)?)?;
            if entries[0].id < *id { low = middle + 1 } else { high = middle }
        }
        let page = self.parse_entries(&self.index_bytes(disk, low, high - low)?)?;
        Ok(low + page.partition_point(|entry| entry.id < *id) as u64)
    }

    fn entry_at(&self, disk: &dyn Disk, at: u64) -> Result<Option<Entry>> {
        if at >= self.footer.entries {
            return Ok(None);
        }
        if let Some(entries) = self.kept(disk)? {
            return Ok(entries.get(at as usize).copied());
        }
        Ok(self.parse_entries(&self.index_bytes(disk, at, 1)?)?.first().copied())
    }

    fn kept(&self, disk: &dyn Disk) -> Result<Option<&[Entry]>> {
        if self.footer.entries > KEPT_ENTRIES {
            return Ok(None);
        }
        if self.kept.get().is_none() {
            let _ = self.kept.set(self.read_index(disk)?);
        }
        Ok(self.kept.get().map(Vec::as_slice))
    }

    fn index_bytes(&self, disk: &dyn Disk, first: u64, count: u64) -> Result<Vec<u8>> {
        // The footer was checked against the file's length, so this is bounded by it.
        let mut bytes = vec![0; count as usize * ENTRY_LEN];
        let offset = self.footer.index_offset + first * ENTRY_LEN as u64;
        open(disk, &self.name)?
            .read_at(offset, &mut bytes)
            .doing(|| format!("read the index of pack {}", self.name))?;
        Ok(bytes)
    }

    fn parse_entries(&self, bytes: &[u8]) -> Result<Vec<Entry>> {
        let parse = |bytes| Entry::parse(bytes).map_err(|what| Error::damaged(self.place(), what));
        bytes.chunks(ENTRY_LEN).map(parse).collect()
    }
}

fn open(disk: &dyn Disk, name: &str) -> Result<Box<dyn ReadFile>> {
    disk.open(&place(name)).doing(|| format!("open pack {name}"))
}

fn place(name: &str) -> String {
    format!("{PACKS}/{name}")
}
