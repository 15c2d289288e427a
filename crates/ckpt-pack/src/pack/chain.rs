//! Reads an object along its chain of deltas, hashing only what comes out of it.
//!
//! The object's id proves it whatever it was decoded from, so the blocks between are not hashed: of
//! a chain of eight that saves eight hashes of nine. Where anything does not fit, nothing is said
//! of what and why: the [`search`](super::search) looks again, at every copy of every block.

use std::sync::Arc;

use ckpt_hash::DIGEST_LEN;

use super::{
    codec::{self, MAX_DEPTH},
    folder::PackFolder,
    layout::Entry,
    reader::PackReader,
};
use crate::{
    disk::{Disk, ReadFile},
    object::ObjectId,
};

/// What a read decodes in. Used again, its memory is mapped already.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    stored: Vec<u8>,
    /// What was read.
    pub(crate) block: Vec<u8>,
    other: Vec<u8>,
}

/// Gives the bytes of an object that need not be read, checked against its id.
pub(crate) type Known<'a, T> = dyn Fn(&ObjectId) -> Option<T> + 'a;

/// Where objects are, and which need not be read.
pub(crate) struct Chains<'a, T> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) folder: &'a PackFolder,
    pub(crate) known: &'a Known<'a, T>,
}

/// One object of a chain, and what it is a delta against.
struct Link {
    pack: Arc<PackReader>,
    file: Arc<dyn ReadFile>,
    entry: Entry,
    base: Option<ObjectId>,
}

impl<T: AsRef<[u8]>> Chains<'_, T> {
    /// Reads an object from a copy that is no deeper than `deepest`, checks it against its id and
    /// returns that copy's depth; `None` if it is not to be had in this way.
    pub(crate) fn read(&self, id: &ObjectId, deepest: u8, buffers: &mut Buffers) -> Option<u8> {
        let (links, start) = self.follow(id, deepest)?;
        let mut start = start.as_ref().map(AsRef::as_ref);
        let Buffers { stored, block, other } = buffers;
        for Link { pack, file, entry, base } in links.iter().rev() {
            pack.read_stored(&**file, entry, stored).ok()?;
            if codec::base(entry, stored).ok()? != *base {
                return None;
            }
            // What the link below gave is what this one is a delta against.
            let bytes = base.map(|_| start.take().unwrap_or(block));
            codec::decode_into(entry, stored, bytes, other).ok()?;
            std::mem::swap(block, other);
        }
        let depth = links.first()?.entry.depth;
        codec::digest(id.kind, block).agrees(&id.digest).then_some(depth)
    }

    /// Finds the links of a chain, the object itself first, down to one that is whole or to one
    /// whose base is known.
    fn follow(&self, id: &ObjectId, deepest: u8) -> Option<(Vec<Link>, Option<T>)> {
        let mut links = Vec::new();
        let (mut id, mut deepest) = (*id, deepest);
        loop {
            let (pack, entry) = self.folder.copy(&id, deepest)?;
            let file = pack.file(self.disk).ok()?;
            let base = base_of(&pack, &*file, &entry)?;
            links.push(Link { pack, file, entry, base });
            let Some(base) = base else { return Some((links, None)) };
            if let Some(known) = (self.known)(&base) {
                return Some((links, Some(known)));
            }
            (id, deepest) = (base, entry.depth - 1);
        }
    }
}

/// Reads what an object is a delta against, ahead of the rest of it: then only one of a chain's
/// links is in memory at a time. `None` if it cannot be as it says; nothing is checked yet.
pub fn base_of(pack: &PackReader, file: &dyn ReadFile, entry: &Entry) -> Option<Option<ObjectId>> {
    if entry.depth == 0 {
        return Some(None);
    }
    if entry.depth > MAX_DEPTH || !pack.holds(entry) {
        return None;
    }
    let mut hash = [0; DIGEST_LEN];
    file.read_at(entry.offset, &mut hash).ok()?;
    codec::base(entry, &hash).ok()
}

/// Reads an object from a pack's open file, given what it is a delta against, and checks it
/// against its id; `None` if it is not to be had in this way.
pub(super) fn onto(
    pack: &PackReader,
    file: &dyn ReadFile,
    entry: &Entry,
    base: &[u8],
) -> Option<Vec<u8>> {
    let (mut stored, mut bytes) = (Vec::new(), Vec::new());
    pack.read_stored(file, entry, &mut stored).ok()?;
    codec::base(entry, &stored).ok()??;
    codec::decode_into(entry, &mut stored, Some(base), &mut bytes).ok()?;
    codec::digest(entry.id.kind, &bytes).agrees(&entry.id.digest).then_some(bytes)
}
