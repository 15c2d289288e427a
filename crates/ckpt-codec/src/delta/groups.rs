//! Groups of bytes that are as in the parent, and so need not be stored.

use std::ops::Range;

use crate::CodecError;
use crate::input::{Input, append_varint};

/// Bytes of a group: a few cache lines, so that a row that is left alone is mostly found, and
/// small enough a part of a block that its bit costs nothing.
const GROUP: usize = 256;

/// Every group changed.
const ALL: u8 = 0;
/// Lengths of runs follow.
const RUNS: u8 = 1;
/// A bit per group follows.
const BITMAP: u8 = 2;

/// The parts of a block that differ from its parent: ranges of bytes, ascending, that start at
/// groups, end at groups or at the block's end, and do not touch each other.
pub(super) struct Changed {
    ranges: Vec<Range<usize>>,
    len: usize,
}

impl Changed {
    /// Compares two strings of the same length.
    pub(super) fn find(current: &[u8], parent: &[u8]) -> Self {
        let mut changed = Self { ranges: Vec::new(), len: current.len() };
        let groups = current.chunks(GROUP).zip(parent.chunks(GROUP));
        for (group, (current, parent)) in groups.enumerate() {
            if current != parent {
                changed.push(group, 1);
            }
        }
        changed
    }

    /// Appends `count` groups from `first`, which is not before the last one.
    fn push(&mut self, first: usize, count: usize) {
        let (start, end) = (first * GROUP, ((first + count) * GROUP).min(self.len));
        match self.ranges.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => self.ranges.push(start..end),
        }
    }

    /// Gives the number of bytes in changed groups.
    pub(super) fn bytes(&self) -> usize {
        self.ranges.iter().map(Range::len).sum()
    }

    pub(super) fn is_all(&self) -> bool {
        self.bytes() == self.len
    }

    /// Gives the changed groups one after another.
    pub(super) fn gather(&self, block: &[u8]) -> Vec<u8> {
        let mut packed = Vec::with_capacity(self.bytes());
        for range in &self.ranges {
            packed.extend_from_slice(&block[range.clone()]);
        }
        packed
    }

    /// Puts what [`gather`](Self::gather) gave back to its places.
    pub(super) fn scatter(&self, mut packed: &[u8], block: &mut [u8]) {
        for range in &self.ranges {
            let (part, rest) = packed.split_at(range.len());
            block[range.clone()].copy_from_slice(part);
            packed = rest;
        }
    }

    /// Appends the shortest of the three forms.
    pub(super) fn append(&self, out: &mut Vec<u8>) {
        if self.is_all() {
            out.push(ALL);
            return;
        }
        let start = out.len();
        out.push(RUNS);
        let groups = self.len.div_ceil(GROUP);
        let mut at = 0;
        for range in &self.ranges {
            let (first, end) = (range.start / GROUP, range.end.div_ceil(GROUP));
            append_varint(out, first - at);
            append_varint(out, end - first);
            at = end;
        }
        if at < groups {
            append_varint(out, groups - at);
        }
        if out.len() - start > 1 + groups.div_ceil(8) {
            out.truncate(start);
            self.append_bitmap(out);
        }
    }

    fn append_bitmap(&self, out: &mut Vec<u8>) {
        out.push(BITMAP);
        let start = out.len();
        out.resize(start + self.len.div_ceil(GROUP).div_ceil(8), 0);
        for range in &self.ranges {
            for group in range.start / GROUP..range.end.div_ceil(GROUP) {
                out[start + group / 8] |= 1 << (group % 8);
            }
        }
    }

    /// Reads the changed groups of a block of `len` bytes.
    pub(super) fn read(input: &mut Input<'_>, len: usize) -> Result<Self, CodecError> {
        let mut changed = Self { ranges: Vec::new(), len };
        let groups = len.div_ceil(GROUP);
        match input.byte()? {
            ALL if groups == 0 => {}
            ALL => changed.push(0, groups),
            RUNS => changed.read_runs(input, groups)?,
            BITMAP => {
                let bitmap = input.take(groups.div_ceil(8))?;
                let unused = 8 * bitmap.len() - groups;
                if bitmap.last().is_some_and(|last| last.leading_zeros() < unused as u32) {
                    return Err(input.invalid("groups beyond its end"));
                }
                for group in 0..groups {
                    if bitmap[group / 8] >> (group % 8) & 1 == 1 {
                        changed.push(group, 1);
                    }
                }
            }
            _ => return Err(input.invalid("a form of groups")),
        }
        Ok(changed)
    }

    fn read_runs(&mut self, input: &mut Input<'_>, groups: usize) -> Result<(), CodecError> {
        let (mut at, mut differ) = (0, false);
        while at < groups {
            let run = input.varint()?;
            // Only the first may be empty, where the block starts with a change.
            if run > groups - at || (run == 0 && (differ || at > 0)) {
                return Err(input.invalid("a run of groups"));
            }
            if differ {
                self.push(at, run);
            }
            at += run;
            differ = !differ;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Encoding;

    fn round_trip(parent: &[u8], current: &[u8]) -> Vec<u8> {
        let found = Changed::find(current, parent);
        let mut bytes = Vec::new();
        found.append(&mut bytes);
        let mut input = Input::new(&bytes, Encoding::DeltaPlanes);
        let read = Changed::read(&mut input, current.len()).unwrap();
        input.finish().unwrap();
        assert_eq!(read.ranges, found.ranges);
        let mut block = parent.to_vec();
        read.scatter(&read.gather(current), &mut block);
        assert_eq!(block, current);
        bytes
    }

    #[test]
    fn each_form_comes_back() {
        let parent = vec![7; 40 * GROUP + 10];
        let mut current = parent.clone();
        assert_eq!(round_trip(&parent, &current), [RUNS, 41]);
        (current[3 * GROUP], current[5 * GROUP - 1]) = (0, 0);
        assert_eq!(round_trip(&parent, &current), [RUNS, 3, 2, 36]);
        current[40 * GROUP + 9] = 0;
        assert_eq!(round_trip(&parent, &current), [RUNS, 3, 2, 35, 1]);
        current.iter_mut().step_by(2 * GROUP).for_each(|byte| *byte = 0);
        let bitmap = [BITMAP, 0b0101_1101, 0x55, 0x55, 0x55, 0x55, 1];
        assert_eq!(round_trip(&parent, &current), bitmap);
        assert_eq!(round_trip(&parent, &vec![8; parent.len()]), [ALL]);
        assert_eq!(round_trip(&[], &[]), [ALL]);
    }

    #[test]
    fn damage_is_an_error() {
        let read = |bytes: &[u8]| {
            Changed::read(&mut Input::new(bytes, Encoding::DeltaPlanes), 9 * GROUP).map(|_| ())
        };
        assert_eq!(read(&[RUNS, 0, 9]), Ok(()));
        for bytes in [
            &[][..],
            &[3],
            &[RUNS, 1],
            &[RUNS, 10],
            &[RUNS, 0, 0, 9],
            &[RUNS, 1, 0, 8],
            &[RUNS, 0xff, 0xff, 0xff, 0xff, 1],
            &[BITMAP, 0],
            &[BITMAP, 0, 2],
        ] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }
}
