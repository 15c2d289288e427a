//! Canonical Huffman codes of limited length, one for each context.

use super::classes::{CLASSES, CONTEXTS, Classes};
use crate::CodecError;
use crate::input::Input;

/// Longest code.
///
/// A decoding table of 16 contexts then takes 32 KiB, which fits a first-level cache. On synthetic
/// training a bit more saves 0.12 % at most, a bit less costs up to 0.3 %.
pub(super) const MAX_LEN: u32 = 10;

/// Code lengths by class, 0 for classes without a code.
pub(super) type Lengths = [u8; CLASSES];

/// Finds code lengths of at most [`MAX_LEN`] bits for one context.
///
/// A class that is alone has no code: it costs nothing.
pub(super) fn lengths(counts: &[u32; CLASSES]) -> Lengths {
    let mut used = [(0u32, 0u8); CLASSES];
    let mut len = 0;
    for (class, &count) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
        used[len] = (count, class as u8);
        len += 1;
    }
    let used = &mut used[..len];
    let mut lengths = [0; CLASSES];
    if used.len() > 1 {
        used.sort_unstable();
        let mut of_len = limit(&optimal_depths(used));
        // The rarest have the longest codes.
        let mut bits = MAX_LEN;
        for &(_, class) in used.iter() {
            while of_len[bits as usize] == 0 {
                bits -= 1;
            }
            of_len[bits as usize] -= 1;
            lengths[usize::from(class)] = bits as u8;
        }
    }
    lengths
}

/// Counts the leaves at each depth of a Huffman tree over ascending counts, at least 2 of them.
///
/// Of the sums of two nodes each next one is the largest, so that two queues suffice.
fn optimal_depths(used: &[(u32, u8)]) -> [u32; CLASSES] {
    let n = used.len();
    // Leaves, then inner nodes in the order of their making.
    let mut weights = [0u32; 2 * CLASSES];
    let mut parents = [0u8; 2 * CLASSES];
    for (weight, &(count, _)) in weights.iter_mut().zip(used) {
        *weight = count;
    }
    let (mut leaf, mut inner) = (0, n);
    for node in n..2 * n - 1 {
        for _ in 0..2 {
            let take_leaf = leaf < n && (inner >= node || weights[leaf] <= weights[inner]);
            let next = if take_leaf { &mut leaf } else { &mut inner };
            weights[node] += weights[*next];
            parents[*next] = (node - n) as u8;
            *next += 1;
        }
    }
    let mut depths = [0u8; 2 * CLASSES];
    let mut of_depth = [0; CLASSES];
    for node in (0..2 * n - 2).rev() {
        depths[node] = depths[n + usize::from(parents[node])] + 1;
        if node < n {
            of_depth[usize::from(depths[node])] += 1;
        }
    }
    of_depth
}

/// Moves leaves up to the longest length allowed, and others down to make room for them.
fn limit(of_depth: &[u32; CLASSES]) -> [u32; MAX_LEN as usize + 1] {
    let mut of_len = [0; MAX_LEN as usize + 1];
    for (depth, &leaves) in of_depth.iter().enumerate() {
        of_len[depth.min(MAX_LEN as usize)] += leaves;
    }
    let share = |len: usize| 1u32 << (MAX_LEN as usize - len);
    let mut taken: u32 = of_len.iter().enumerate().map(|(len, &n)| n * share(len)).sum();
    while taken > share(0) {
        // A leaf of the deepest level moves beside one from above it, which goes down a level.
        of_len[MAX_LEN as usize] -= 1;
        let above = (1..MAX_LEN as usize).rev().find(|&len| of_len[len] > 0);
        let above = above.expect("128 leaves on the deepest of 10 levels do not fill it");
        of_len[above] -= 1;
        of_len[above + 1] += 2;
        taken -= 1;
    }
    of_len
}

/// Gives each class its code: the bits, lowest first, above 4 bits that hold their number.
///
/// Codes ascend with length, then class, as numbers whose first bit is the highest.
pub(super) fn codes(lengths: &Lengths) -> [u16; CLASSES] {
    let mut codes = [0; CLASSES];
    let mut next = 0u16;
    for len in 1..=MAX_LEN as u8 {
        for class in (0..CLASSES).filter(|&class| lengths[class] == len) {
            codes[class] = (next.reverse_bits() >> (16 - len)) << 4 | u16::from(len);
            next += 1;
        }
        next <<= 1;
    }
    codes
}

/// Appends the lengths of a context: none, or a first class, how many follow, and nibbles.
pub(super) fn append_lengths(out: &mut Vec<u8>, counts: &[u32; CLASSES], lengths: &Lengths) {
    let first = counts.iter().position(|&count| count > 0).unwrap_or(0);
    let last = counts.iter().rposition(|&count| count > 0).unwrap_or(0);
    if last == 0 {
        out.push(0);
        return;
    }
    out.extend_from_slice(&[(last - first + 1) as u8, first as u8]);
    for pair in lengths[first..=last].chunks(2) {
        out.push(pair[0] | pair.get(1).unwrap_or(&0) << 4);
    }
}

/// Reads what [`append_lengths`] wrote, and the class of those that cost nothing.
fn read_lengths(input: &mut Input<'_>, classes: usize) -> Result<(Lengths, usize), CodecError> {
    let mut lengths = [0; CLASSES];
    let count = usize::from(input.byte()?);
    if count == 0 {
        return Ok((lengths, 0));
    }
    let first = usize::from(input.byte()?);
    if first + count > classes {
        return Err(input.invalid("a class"));
    }
    let nibbles = input.take(count.div_ceil(2))?;
    for (i, length) in lengths[first..first + count].iter_mut().enumerate() {
        *length = nibbles[i / 2] >> (4 * (i % 2)) & 15;
    }
    let share = |&len: &u8| if len > 0 { (1 << MAX_LEN) >> len } else { 0 };
    let taken: u32 = lengths.iter().map(share).sum();
    let fits = lengths.iter().all(|&len| u32::from(len) <= MAX_LEN);
    if !fits || taken != if count == 1 { 0 } else { 1 << MAX_LEN } {
        return Err(input.invalid("code lengths"));
    }
    Ok((lengths, first))
}

/// What the next [`MAX_LEN`] bits of a stream mean, for each context.
pub(super) struct Table {
    /// Length of the code (4 bits), number of extra bits (6), leading bits (4).
    entries: Vec<u16>,
}

impl Table {
    pub(super) fn read(
        input: &mut Input<'_>,
        classes: Classes,
        bits: u32,
    ) -> Result<Self, CodecError> {
        let mut entries = vec![0; CONTEXTS << MAX_LEN];
        for entries in entries.chunks_exact_mut(1 << MAX_LEN) {
            let (lengths, alone) = read_lengths(input, classes.count(bits))?;
            let entry = |class: usize, len: u16| {
                let class = class as u32;
                len | (classes.extra(class) << 4) as u16 | (classes.leading(class) << 10) as u16
            };
            entries.fill(entry(alone, 0));
            let codes = codes(&lengths);
            for (class, code) in codes.iter().enumerate().filter(|&(_, &code)| code > 0) {
                let len = code & 15;
                let same = entries.iter_mut().skip(usize::from(code >> 4)).step_by(1 << len);
                same.for_each(|slot| *slot = entry(class, len));
            }
        }
        Ok(Self { entries })
    }

    /// Finds a code at the start of `window`: its length, extra bits and leading bits.
    #[inline(always)]
    pub(super) fn find(&self, context: u8, window: u64) -> (u32, u32, u64) {
        let slot = window as usize & ((1 << MAX_LEN) - 1);
        let entries: &[u16; CONTEXTS << MAX_LEN] =
            self.entries.first_chunk().expect("tables are made with this length");
        let entry = entries[(usize::from(context) % CONTEXTS) << MAX_LEN | slot];
        (u32::from(entry & 15), u32::from(entry >> 4 & 63), u64::from(entry >> 10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Encoding;

    fn counts_of(values: &[u32]) -> [u32; CLASSES] {
        let mut counts = [0; CLASSES];
        counts[..values.len()].copy_from_slice(values);
        counts
    }

    fn kraft(lengths: &Lengths) -> f64 {
        lengths.iter().filter(|&&len| len > 0).map(|&len| 0.5f64.powi(len.into())).sum()
    }

    #[test]
    fn lengths_are_huffmans() {
        let found = lengths(&counts_of(&[1, 0, 1, 2, 4, 8]));
        assert_eq!(found[..6], [4, 0, 4, 3, 2, 1]);
        assert_eq!(lengths(&counts_of(&[5, 5, 5, 5]))[..4], [2; 4]);
        assert_eq!(lengths(&counts_of(&[0, 9])), [0; CLASSES]);
        assert_eq!(lengths(&counts_of(&[0, 9, 1]))[..3], [0, 1, 1]);
    }

    #[test]
    fn long_codes_are_limited_and_the_code_stays_full() {
        let fibonacci: Vec<u32> = (0..40)
            .scan((1u32, 1u32), |pair, _| {
                *pair = (pair.1, pair.0 + pair.1);
                Some(pair.0)
            })
            .collect();
        for counts in [&fibonacci[..], &[1; 128], &[[1; 127].as_slice(), &[1 << 20]].concat()] {
            let found = lengths(&counts_of(counts));
            assert!(found.iter().all(|&len| u32::from(len) <= MAX_LEN));
            assert_eq!(kraft(&found), 1.0);
            assert_eq!(found.iter().filter(|&&len| len > 0).count(), counts.len());
        }
    }

    #[test]
    fn codes_are_canonical_and_lowest_bit_first() {
        let mut lengths = [0; CLASSES];
        lengths[..4].copy_from_slice(&[2, 1, 3, 3]);
        // 10, 0, 110, 111 read from the left.
        let expected = [(0b01, 2), (0b0, 1), (0b011, 3), (0b111, 3)];
        assert_eq!(codes(&lengths)[..4], expected.map(|(code, len)| code << 4 | len));
    }

    #[test]
    fn damaged_lengths_are_errors() {
        let read = |bytes: &[u8]| {
            read_lengths(&mut Input::new(bytes, Encoding::DeltaHuffman), 63).map(|_| ())
        };
        assert_eq!(read(&[0]), Ok(()));
        assert_eq!(read(&[1, 62, 0]), Ok(()));
        assert_eq!(read(&[2, 61, 0x11]), Ok(()));
        let wrong: [&[u8]; 7] =
            [&[], &[2, 5], &[1, 63, 0], &[1, 3, 1], &[2, 3, 0x21], &[3, 3, 0x11, 1], &[2, 3, 0xb1]];
        for bytes in wrong {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }
}
