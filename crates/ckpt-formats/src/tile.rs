//! From the tensors of a file to segments that cover it.

use std::collections::BTreeMap;
use std::mem::take;

use ckpt_tensor::{Dtype, Shape};

use crate::message::quoted;
use crate::{Segment, TiedTensor};

/// Most tensors of a file. One takes a name, and in PyTorch up to 64 extents, which is less than
/// 1 KB: they are within some 300 MB. The largest models have a few thousand tensors.
pub(crate) const MAX_TENSORS: usize = 1 << 18;

/// A tensor that a file's header tells of: row-major, little-endian, inside the file.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Shape,
    pub(crate) offset: u64,
    /// As dtype and shape have it.
    pub(crate) len: u64,
}

/// Tensors that are no segments of their own, as a note tells of them.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    /// The first by name, and why.
    first: Option<(String, String)>,
    count: usize,
}

impl Unread {
    /// Counts a tensor whose bytes stay opaque.
    pub(crate) fn add(&mut self, name: &str, why: impl Into<String>) {
        self.count += 1;
        if self.first.as_ref().is_none_or(|(first, _)| name < first.as_str()) {
            self.first = Some((name.to_owned(), why.into()));
        }
    }

    fn note(self) -> Option<String> {
        let (name, why) = self.first?;
        let (name, why) = (quoted(name.as_bytes()), quoted(why.as_bytes()));
        Some(match self.count {
            1 => format!("tensor `{name}` is opaque: {why}"),
            count => format!("{count} tensors are opaque, first `{name}`: {why}"),
        })
    }
}

/// A file as segments that cover it: what a reader finds.
#[derive(Debug)]
pub(crate) struct Tiling {
    pub(crate) note: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) tied: Vec<TiedTensor>,
}

/// Covers a file of `len` bytes with the tensors found in it and opaque bytes between them.
///
/// The tensors' names differ. Of several with exactly the same bytes the first by name is the
/// segment and the others are tied to it. One that shares only a part of its bytes with another
/// before it by name is not read. A tensor without elements stands where the tensor before it
/// in the file ends.
pub(crate) fn tile(len: u64, mut found: Vec<Found>, mut unread: Unread) -> Tiling {
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let Shared { owners, empty, ties } = share(&found, &mut unread);
    let mut tiles = Tiles::default();
    let mut empty = empty.into_iter().peekable();
    for (offset, owner) in owners {
        while let Some(index) = empty.next_if(|&index| found[index].offset <= offset) {
            tiles.push(index, &mut found[index]);
        }
        tiles.fill(offset);
        tiles.push(owner, &mut found[owner]);
    }
    empty.for_each(|index| tiles.push(index, &mut found[index]));
    tiles.fill(len);
    let tie = |(tied, owner): (usize, usize)| {
        let Found { name, dtype, shape, .. } = &mut found[tied];
        let (name, shape) = (take(name), take(shape));
        TiedTensor { name, dtype: *dtype, shape, segment: tiles.places[&owner] }
    };
    let tied = ties.into_iter().map(tie).collect();
    Tiling { note: unread.note(), metadata: BTreeMap::new(), segments: tiles.segments, tied }
}

/// Who has which bytes; tensors are told by their indices.
#[derive(Default)]
struct Shared {
    /// By the first byte; their bytes are disjoint.
    owners: BTreeMap<u64, usize>,
    /// Those without elements, by their place in the file.
    empty: Vec<usize>,
    /// Those with exactly the bytes of an owner, and that owner.
    ties: Vec<(usize, usize)>,
}

fn share(found: &[Found], unread: &mut Unread) -> Shared {
    let mut shared = Shared::default();
    for (index, tensor) in found.iter().enumerate() {
        if tensor.len == 0 {
            shared.empty.push(index);
            continue;
        }
        // Owners are disjoint: if any shares bytes, so does the last that begins before the end.
        let end = tensor.offset + tensor.len;
        let before = shared.owners.range(..end).next_back().map(|(_, &owner)| owner);
        let rival = before.filter(|&owner| found[owner].offset + found[owner].len > tensor.offset);
        match rival.map(|owner| (owner, &found[owner])) {
            None => drop(shared.owners.insert(tensor.offset, index)),
            Some((owner, other)) if (other.offset, other.len) == (tensor.offset, tensor.len) => {
                shared.ties.push((index, owner));
            }
            Some((_, other)) => {
                let other = quoted(other.name.as_bytes());
                unread.add(&tensor.name, format!("shares a part of its bytes with `{other}`"));
            }
        }
    }
    // Stable: those at one place stay in the order of their names.
    shared.empty.sort_by_key(|&index| found[index].offset);
    shared
}

/// Segments so far, and which of them each tensor became.
#[derive(Default)]
struct Tiles {
    segments: Vec<Segment>,
    places: BTreeMap<usize, usize>,
    end: u64,
}

impl Tiles {
    fn fill(&mut self, until: u64) {
        if until > self.end {
            self.segments.push(Segment::Opaque { offset: self.end, len: until - self.end });
            self.end = until;
        }
    }

    fn push(&mut self, index: usize, tensor: &mut Found) {
        self.places.insert(index, self.segments.len());
        self.segments.push(Segment::Tensor {
            name: take(&mut tensor.name),
            dtype: tensor.dtype,
            shape: take(&mut tensor.shape),
            offset: self.end,
            len: tensor.len,
        });
        self.end += tensor.len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(name: &str, offset: u64, len: u64) -> Found {
        let shape = Shape::from([len]);
        Found { name: name.to_owned(), dtype: Dtype::U8, shape, offset, len }
    }

    /// Gives the segments as `name offset len`.
    fn told(found: Tiling) -> (Vec<String>, Vec<(String, usize)>, Option<String>) {
        let tell = |segment: Segment| match segment {
            Segment::Opaque { offset, len } => format!("- {offset} {len}"),
            Segment::Tensor { name, offset, len, .. } => format!("{name} {offset} {len}"),
        };
        let tied = found.tied.into_iter().map(|tied| (tied.name, tied.segment)).collect();
        (found.segments.into_iter().map(tell).collect(), tied, found.note)
    }

    fn tiled(len: u64, found: Vec<Found>) -> (Vec<String>, Vec<(String, usize)>, Option<String>) {
        told(tile(len, found, Unread::default()))
    }

    #[test]
    fn gaps_are_opaque() {
        let (segments, tied, note) = tiled(10, vec![bytes("b", 2, 3), bytes("a", 5, 2)]);
        assert_eq!(segments, ["- 0 2", "b 2 3", "a 5 2", "- 7 3"]);
        assert_eq!((tied, note), (vec![], None));
        assert_eq!(tiled(0, vec![]).0, [""; 0]);
    }

    #[test]
    fn the_first_name_has_the_bytes_and_others_are_tied() {
        let found = vec![bytes("c", 2, 3), bytes("b", 2, 3), bytes("a", 5, 2), bytes("d", 5, 2)];
        let (segments, tied, note) = tiled(7, found);
        assert_eq!(segments, ["- 0 2", "b 2 3", "a 5 2"]);
        assert_eq!(tied, [("c".to_owned(), 1), ("d".to_owned(), 2)]);
        assert_eq!(note, None);
    }

    #[test]
    fn partial_overlaps_are_not_read() {
        let found = vec![bytes("a", 4, 4), bytes("b", 7, 4), bytes("c", 0, 5), bytes("d", 3, 9)];
        let (segments, tied, note) = tiled(12, found);
        assert_eq!(segments, ["- 0 4", "a 4 4", "- 8 4"]);
        assert_eq!(tied, []);
        let expected = "3 tensors are opaque, first `b`: shares a part of its bytes with `a`";
        assert_eq!(note.as_deref(), Some(expected));
        let (_, _, note) = tiled(4, vec![bytes("a", 0, 4), bytes("b", 1, 2)]);
        let expected = "tensor `b` is opaque: shares a part of its bytes with `a`";
        assert_eq!(note.as_deref(), Some(expected));
    }

    #[test]
    fn tensors_without_elements_stand_between_segments() {
        let empty = |name, offset| bytes(name, offset, 0);
        let found = vec![bytes("w", 4, 4), empty("b", 6), empty("a", 6), empty("c", 2)];
        let (segments, tied, _) = tiled(9, found);
        assert_eq!(segments, ["c 0 0", "- 0 4", "w 4 4", "a 8 0", "b 8 0", "- 8 1"]);
        assert_eq!(tied, []);
    }
}
