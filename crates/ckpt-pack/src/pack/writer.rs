//! Writes one pack from start to end.

use std::collections::HashSet;

use ckpt_hash::{Digest, FieldHasher};
use sha2::{Digest as _, Sha256};

use super::{
    PACKS,
    codec::EncodedObject,
    layout::{ENTRY_LEN, Entry, Footer, HEADER_LEN, Header},
};
use crate::{
    disk::Disk,
    disk::durable::Draft,
    error::{Doing, Result},
    object::ObjectId,
};

/// Bytes gathered before a write: large enough that calls cost nothing.
const BUFFER_LEN: usize = 1 << 20;

/// A pack that is being written; dropped unfinished, it leaves nothing.
pub struct PackWriter<'a> {
    draft: Draft<'a>,
    /// The folder where it will appear.
    dir: &'static str,
    header: Header,
    buffer: Vec<u8>,
    /// Bytes given so far, in the file or in the buffer.
    len: u64,
    entries: Vec<Entry>,
    known: HashSet<ObjectId>,
}

/// A finished pack, in its place and durable.
#[derive(Debug)]
pub struct WrittenPack {
    /// Its name in the folder of packs.
    pub name: String,
    /// Bytes of its file.
    pub len: u64,
}

impl<'a> PackWriter<'a> {
    /// Starts a pack under `tmp/`.
    pub fn create(disk: &'a dyn Disk) -> Result<Self> {
        let draft = Draft::create(disk).doing(|| "create a pack".to_owned())?;
        Ok(Self::over(disk, draft, PACKS))
    }

    /// Starts a pack that will appear in the root of a disk, for others to take.
    pub(crate) fn create_in_root(disk: &'a dyn Disk) -> Result<Self> {
        let draft = Draft::create_at(disk, format!("{:016x}.part", disk.nonce()));
        Ok(Self::over(disk, draft.doing(|| "create a pack".to_owned())?, ""))
    }

    fn over(disk: &dyn Disk, draft: Draft<'a>, dir: &'static str) -> Self {
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&disk.nonce().to_le_bytes());
        nonce[8..].copy_from_slice(&disk.nonce().to_le_bytes());
        let header = Header { nonce };
        Self {
            draft,
            dir,
            header,
            buffer: header.to_bytes().to_vec(),
            len: HEADER_LEN as u64,
            entries: Vec::new(),
            known: HashSet::new(),
        }
    }

    /// Tells whether the object is in this pack, or will be.
    pub fn contains(&self, id: &ObjectId) -> bool {
        self.known.contains(id)
    }

    /// Notes that the object will be pushed.
    pub fn expect(&mut self, id: ObjectId) {
        self.known.insert(id);
    }

    /// Returns how many bytes the pack has so far, with the index entries of its objects.
    pub fn byte_len(&self) -> u64 {
        self.len + (self.entries.len() * ENTRY_LEN) as u64
    }

    /// Appends an object, which the pack must not have yet.
    pub fn push(&mut self, object: &EncodedObject) -> Result<()> {
        self.known.insert(object.id);
        self.entries.push(Entry {
            id: object.id,
            offset: self.len,
            stored_len: object.bytes.len() as u32,
            raw_len: object.raw_len,
            crc: crc32fast::hash(&object.bytes),
            encoding: object.encoding,
            layout: object.layout,
            depth: object.depth,
        });
        self.write(&object.bytes)
    }

    /// Ends the pack and makes it appear. A pack without objects is dropped.
    pub fn finish(mut self) -> Result<Option<WrittenPack>> {
        if self.entries.is_empty() {
            return Ok(None);
        }
        let index_offset = self.len;
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable_by_key(|entry| entry.id);
        let mut hasher = index_hasher(&self.header.to_bytes());
        for entry in &entries {
            let bytes = entry.to_bytes();
            hasher.update(bytes);
            self.write(&bytes)?;
        }
        let digest = Digest::from(hasher);
        let footer = Footer { index_offset, entries: entries.len() as u64, digest };
        self.write(&footer.to_bytes())?;
        self.flush()?;
        let name = pack_name(&digest);
        self.draft.publish(self.dir, &name).doing(|| format!("write pack {name}"))?;
        Ok(Some(WrittenPack { name, len: self.len }))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.len += bytes.len() as u64;
        if self.buffer.len() + bytes.len() > BUFFER_LEN {
            self.flush()?;
        }
        if bytes.len() >= BUFFER_LEN {
            return self.draft.write(bytes).doing(|| "write a pack".to_owned());
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if !self.buffer.is_empty() {
            self.draft.write(&self.buffer).doing(|| "write a pack".to_owned())?;
            self.buffer.clear();
        }
        Ok(())
    }
}

/// Starts the digest that the footer holds, `SHA-256(header || index)`, for the index to follow.
pub(crate) fn index_hasher(header: &[u8; HEADER_LEN]) -> Sha256 {
    Sha256::new_with_prefix(header)
}

/// Names a pack after the digest of its header and index, so that a swapped file shows.
pub(crate) fn pack_name(digest: &Digest) -> String {
    let mut hasher = FieldHasher::new("ckpt pack\n");
    hasher.digest(digest);
    format!("{:.40}.pack", hasher.finish())
}
