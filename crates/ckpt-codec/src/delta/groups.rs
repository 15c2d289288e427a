//! Groups of bytes that are as in the parent, and so need not be stored.

use std::ops::Range;

use crate::CodecError;
use crate::input::{Input, append_varint};

use super::counts::CHUNK;

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

    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.ranges.iter().cloned()
    }

    /// Moves the changed groups from the start of a block, where they lie one after another, to
    /// their places, and fills in the others from the parent.
    pub(super) fn unpack(&self, block: &mut [u8], parent: &[u8]) {
        let (mut packed, mut done) = (self.bytes(), self.len);
        // From the last to the first: none lies before its place in the packed order.
        for range in self.ranges.iter().rev() {
            block[range.end..done].copy_from_slice(&parent[range.end..done]);
            block.copy_within(packed - range.len()..packed, range.start);
            (packed, done) = (packed - range.len(), range.start);
        }
        block[..done].copy_from_slice(&parent[..done]);
    }

    /// Starts to hand out the changed elements of a block.
    pub(super) fn chunks<const N: usize>(&self) -> Chunks<'_, N> {
        let parts = Parts { ranges: self.ranges.iter(), rest: 0..0 };
        Chunks { start: parts.clone(), end: parts, buffer: [[0; N]; CHUNK], in_place: true }
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
        let groups = len.div_ceil(GROUP);
        // Ranges do not touch: at most every other group starts one.
        let mut changed = Self { ranges: Vec::with_capacity(groups.div_ceil(2)), len };
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

/// The changed elements of a block in chunks of [`CHUNK`], the last of which may be smaller, as if
/// they lay one after another.
pub(super) struct Chunks<'a, const N: usize> {
    /// Where the last chunk starts.
    start: Parts<'a>,
    /// Where it ends.
    end: Parts<'a>,
    /// What does not lie together, until it is put back.
    buffer: [[u8; N]; CHUNK],
    in_place: bool,
}

impl<const N: usize> Chunks<'_, N> {
    /// Puts the last chunk back and gives the next one, which is empty at the end.
    #[inline(always)]
    pub(super) fn next<'b>(&'b mut self, block: &'b mut [u8]) -> &'b mut [[u8; N]] {
        self.put_back(block);
        self.start = self.end.clone();
        let first = self.end.next(N * CHUNK);
        self.in_place = first.len() == N * CHUNK;
        if self.in_place {
            return block[first].as_chunks_mut().0;
        }
        self.end = self.start.clone();
        let bytes = self.buffer.as_flattened_mut();
        let len = self.end.each(N * CHUNK, |at, part| bytes[at].copy_from_slice(&block[part]));
        &mut self.buffer[..len / N]
    }

    fn put_back(&mut self, block: &mut [u8]) {
        if !self.in_place {
            let bytes = self.buffer.as_flattened();
            self.start.each(N * CHUNK, |at, part| block[part].copy_from_slice(&bytes[at]));
        }
    }
}

/// A position among changed bytes.
#[derive(Clone)]
struct Parts<'a> {
    ranges: std::slice::Iter<'a, Range<usize>>,
    rest: Range<usize>,
}

impl Parts<'_> {
    /// Moves on by at most `most` bytes that lie together; the range is empty at the end.
    fn next(&mut self, most: usize) -> Range<usize> {
        if self.rest.is_empty() {
            self.rest = self.ranges.next().cloned().unwrap_or_default();
        }
        let end = self.rest.end.min(self.rest.start + most);
        let part = self.rest.start..end;
        self.rest.start = end;
        part
    }

    /// Moves on by at most `most` bytes; gives each part's place among them and in the block, and
    /// how many bytes there are.
    fn each(&mut self, most: usize, mut each: impl FnMut(Range<usize>, Range<usize>)) -> usize {
        let mut at = 0;
        loop {
            let part = self.next(most - at);
            if part.is_empty() {
                return at;
            }
            let end = at + part.len();
            each(at..end, part);
            at = end;
        }
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
        let packed = read.gather(current);
        let mut block = vec![9; parent.len()];
        block[..packed.len()].copy_from_slice(&packed);
        read.unpack(&mut block, parent);
        assert_eq!(block, current);
        check_chunks(&read, parent, &packed, current);
        bytes
    }

    fn check_chunks(changed: &Changed, parent: &[u8], packed: &[u8], current: &[u8]) {
        let (mut block, mut at) = (parent.to_vec(), 0);
        let mut chunks = changed.chunks::<2>();
        loop {
            let chunk = chunks.next(&mut block);
            if chunk.is_empty() {
                break;
            }
            let end = at + 2 * chunk.len();
            assert!(chunk.len() == CHUNK || end == packed.len());
            chunk.as_flattened_mut().copy_from_slice(&packed[at..end]);
            at = end;
        }
        assert_eq!(at, packed.len());
        assert_eq!(block, current);
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
