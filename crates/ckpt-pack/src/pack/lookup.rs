//! Finds entries in the index of a pack on disk.
//!
//! Digests are uniform, so that an id says where in the index it is to be expected. The first page
//! read is off by up to half the square root of the number of entries, which is 500 of a million;
//! the second starts from what the first one showed and is off by the square root of that. Where
//! digests are not uniform, which only someone who makes them so can bring about, every other step
//! halves what is left.

use ckpt_hash::Digest;

use super::{
    layout::{ENTRY_LEN, Entry},
    reader::PackReader,
};
use crate::{disk::ReadFile, error::Result, object::ObjectId};

/// Entries that a step reads at once, 8 KiB: three times what the second step is off by.
const PAGE: u64 = 128;

/// Entries that the first step reads where the index is too long for its page to hold what is
/// sought: enough to see by how much it is off.
const PROBE: u64 = 8;

/// Entries of an index that is too long so: the first step is off by twice a page's half.
const LONG: u64 = 16 * PAGE * PAGE / 4;

/// Steps that go where the id says, before every other one goes to the middle.
const DIRECT: u32 = 2;

/// The part of an index in which the first entry not before an id may be, with what is known of
/// both ends.
struct Range {
    low: u64,
    /// The start of the digest of the entry before `low`.
    below: u64,
    high: u64,
    /// The start of the digest of the entry at `high`.
    above: u64,
    /// The entry at `high`, if that is not the end of the index.
    at_high: Option<Entry>,
}

/// The entries of a page beside those that a search asks for.
struct Split {
    /// How many come before the id.
    before: usize,
    /// The last of these.
    below: Option<Entry>,
    /// The first of the others.
    at: Option<Entry>,
}

impl PackReader {
    /// Finds the entry of an object: one or two reads of the pack's open file, and at most two for
    /// each halving of the index whatever its digests are.
    pub(crate) fn find(&self, file: &dyn ReadFile, id: &ObjectId) -> Result<Option<Entry>> {
        let (_, entry) = self.lower_bound(file, id)?;
        Ok(entry.filter(|entry| entry.id == *id))
    }

    /// Returns the entries whose digest is at or after `low`, in order, as long as `keep` says so.
    pub(crate) fn scan(
        &self,
        file: &dyn ReadFile,
        low: &ObjectId,
        keep: impl Fn(&Digest) -> bool,
    ) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        let (mut at, first) = self.lower_bound(file, low)?;
        if !first.is_some_and(|entry| keep(&entry.id.digest)) {
            return Ok(found);
        }
        loop {
            let page = self.entries_at(file, at, PAGE)?;
            let kept = page.iter().take_while(|entry| keep(&entry.id.digest)).count();
            found.extend_from_slice(&page[..kept]);
            if kept < page.len() || page.is_empty() {
                return Ok(found);
            }
            at += page.len() as u64;
        }
    }

    /// Finds the first entry that is not before `id`, and its place; the end of the index if all
    /// are before.
    fn lower_bound(&self, file: &dyn ReadFile, id: &ObjectId) -> Result<(u64, Option<Entry>)> {
        let mut range = Range::all(self.entries());
        let mut step = 0;
        while range.low < range.high {
            let is_probe = step == 0 && self.entries() > LONG;
            let page = if is_probe { PROBE } else { PAGE };
            let start = range.guess(start_of(id), step, page);
            step += 1;
            let len = page.min(range.high - start);
            let split = self.split(&self.index_bytes(file, start, len)?, id)?;
            let Split { before, below, at } = split;
            match (below, at) {
                (None, Some(at)) if at.id != *id => {
                    (range.high, range.above, range.at_high) = (start, start_of(&at.id), Some(at));
                }
                (_, Some(at)) => return Ok((start + before as u64, Some(at))),
                (below, None) => {
                    range.low = start + len;
                    range.below = below.map_or(range.below, |entry| start_of(&entry.id));
                }
            }
        }
        Ok((range.high, range.at_high))
    }

    /// Divides a page at an id. Only the entries that are compared are read and checked: where one
    /// that was sought is damaged, it is one of these.
    fn split(&self, page: &[u8], id: &ObjectId) -> Result<Split> {
        let (mut low, mut high) = (0, page.len() / ENTRY_LEN);
        let (mut below, mut at) = (None, None);
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = self.parse_entry(&page[middle * ENTRY_LEN..][..ENTRY_LEN])?;
            if entry.id < *id {
                (low, below) = (middle + 1, Some(entry));
            } else {
                (high, at) = (middle, Some(entry));
            }
        }
        Ok(Split { before: low, below, at })
    }
}

impl Range {
    fn all(entries: u64) -> Self {
        Self { low: 0, below: 0, high: entries, above: u64::MAX, at_high: None }
    }

    /// Chooses where a step that reads `page` entries starts.
    fn guess(&self, key: u64, step: u32, page: u64) -> u64 {
        let len = self.high - self.low;
        let middle = if step < DIRECT || step % 2 == 1 {
            let (part, whole) =
                (key.saturating_sub(self.below), self.above.saturating_sub(self.below));
            let offset = u128::from(part) * u128::from(len) / (u128::from(whole) + 1);
            self.low + (offset as u64).min(len - 1)
        } else {
            self.low + len / 2
        };
        let latest = self.high - page.min(len);
        middle.saturating_sub(page / 2).clamp(self.low, latest)
    }
}

/// Returns the first eight bytes of an id's digest as a number in the order of the ids.
fn start_of(id: &ObjectId) -> u64 {
    let start = id.digest.as_bytes().first_chunk().expect("a digest has 32 bytes");
    u64::from_be_bytes(*start)
}
