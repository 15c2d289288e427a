//! Cuts opaque content where its own bytes say so, so that an insertion moves no later cut.
//!
//! A gear hash over a sliding window: at each byte the hash is doubled and the byte's table value
//! added; a cut follows where its top bits are zero. Cuts are private to storage: no id depends on
//! them, so this may change without a change of format.

/// Fewest bytes of a chunk: below this, an entry in the index would weigh as much as it saves.
const MIN: usize = 16 << 10;
/// Most bytes of a chunk; a chunk has to fit a block.
pub const MAX: usize = 256 << 10;
/// Zero bits that make a cut: one position in 2^16, so chunks have 80 KiB in the mean.
const MASK: u64 = 0xffff << 48;

/// The table of the gear hash: 256 outputs of SplitMix64 from seed 0 (Steele et al. 2014).
const GEAR: [u64; 256] = gear();

const fn gear() -> [u64; 256] {
    let mut table = [0; 256];
    let mut state = 0_u64;
    let mut i = 0;
    while i < table.len() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        table[i] = z ^ (z >> 31);
        i += 1;
    }
    table
}

/// Returns the length of the first chunk of `window`: [`MAX`] bytes, or all that is left if less.
pub fn first_chunk(window: &[u8]) -> usize {
    let window = &window[..window.len().min(MAX)];
    let mut hash = 0_u64;
    for (at, byte) in window.iter().enumerate().skip(MIN) {
        hash = (hash << 1).wrapping_add(GEAR[usize::from(*byte)]);
        if hash & MASK == 0 {
            return at + 1;
        }
    }
    window.len()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn noise(len: usize, mut seed: u64) -> Vec<u8> {
        let mut step = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed as u8
        };
        (0..len).map(|_| step()).collect()
    }

    fn chunks(bytes: &[u8]) -> Vec<&[u8]> {
        let mut rest = bytes;
        let mut chunks = Vec::new();
        while !rest.is_empty() {
            let (chunk, later) = rest.split_at(first_chunk(rest));
            chunks.push(chunk);
            rest = later;
        }
        chunks
    }

    #[test]
    fn an_insertion_leaves_most_chunks_alone() {
        let before = noise(4 << 20, 1);
        let mut after = before.clone();
        after.splice(1_000_000..1_000_000, *b"inserted");
        let known: HashSet<_> = chunks(&before).into_iter().collect();
        let after = chunks(&after);
        let new = after.iter().filter(|chunk| !known.contains(**chunk)).count();
        assert!(new <= 3 && after.len() > 20, "{new} of {} chunks are new", after.len());
    }

    #[test]
    fn constant_content_is_cut_at_the_maximum() {
        let lens: Vec<usize> = chunks(&vec![7; MAX * 2 + 1]).iter().map(|c| c.len()).collect();
        assert_eq!(lens, [MAX, MAX, 1]);
    }

    proptest! {
        #[test]
        fn a_cut_does_not_depend_on_what_follows(seed in 1u64.., len in 0..600_000usize) {
            let bytes = noise(600_000, seed);
            let (whole, part) = (first_chunk(&bytes), first_chunk(&bytes[..len]));
            prop_assert!(part == whole || (part == len && len < whole));
        }
    }
}
