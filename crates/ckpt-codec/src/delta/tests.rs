//! Both class coders on every width and all parameters, whatever the choice would have been.

use proptest::prelude::*;

use super::classes::Classes;
use super::counts::Counts;
use super::groups::Changed;
use super::{range, streams};
use crate::input::Input;
use crate::integers::Word;
use crate::simd::tests::both;
use crate::{CodecError, Encoding};

/// Elements and their parents: as words of 64 bits, from which narrower ones are cut.
fn pairs() -> impl Strategy<Value = Vec<(u64, u64)>> {
    // Steps of every size, none being the most frequent.
    let step = prop_oneof![
        3 => Just(0u64),
        3 => (0u32..64, any::<u64>()).prop_map(|(bits, word)| word >> bits),
        1 => (0u32..64, any::<u64>()).prop_map(|(bits, word)| (word >> bits).wrapping_neg()),
    ];
    let parent = prop_oneof![4 => any::<u64>(), 1 => Just(0), 1 => Just(u64::MAX)];
    let pair = (parent, step).prop_map(|(parent, step)| (parent.wrapping_add(step), parent));
    // More than a chunk now and then.
    prop_oneof![9 => prop::collection::vec(pair.clone(), 0..300), 1 => prop::collection::vec(pair, 1000..2500)]
}

fn parameters(mantissa: u32, bits: u32) -> impl Strategy<Value = Classes> {
    let fine = match bits {
        16 => 0..=3,
        32 => 0..=2,
        _ => 1..=1u32,
    };
    let highest = 1u16 << (bits - 1 - mantissa);
    (0..highest, fine, 0u32..=3).prop_map(move |(top, fine, merge)| Classes {
        top,
        fine,
        merge,
        mantissa,
    })
}

fn apply<T: Word<N>, const N: usize>(
    encoding: Encoding,
    bytes: &[u8],
    mantissa: u32,
    elements: &mut [[u8; N]],
) -> Result<(), CodecError> {
    let mut input = Input::new(bytes, encoding);
    let block = elements.as_flattened_mut();
    let changed = Changed::read(&mut Input::new(&[0], encoding), block.len())?;
    match encoding {
        Encoding::DeltaHuffman => streams::apply::<T, N>(&mut input, mantissa, &changed, block)?,
        _ => range::apply::<T, N>(&mut input, mantissa, &changed, block)?,
    }
    input.finish()
}

/// Encodes and decodes with both coders; then damages what was encoded.
fn check<T: Word<N>, const N: usize>(
    pairs: &[(u64, u64)],
    classes: Classes,
    flips: &[(prop::sample::Index, u8)],
) {
    let cut = |word: u64| T::truncate(word).to_bytes();
    let (current, parent): (Vec<_>, Vec<_>) = pairs.iter().map(|&(c, p)| (cut(c), cut(p))).unzip();
    let counts = Counts::of::<T, N>(classes, &current, &parent);
    let (huffman, range) =
        (streams::Plan::new(classes, &counts), range::Plan::new(classes, &counts));
    let (mut by_huffman, mut by_range) = (Vec::new(), Vec::new());
    huffman.append::<T, N>(&current, &parent, &mut by_huffman);
    range.append::<T, N>(&current, &parent, &mut by_range);
    assert_eq!(by_huffman.len(), huffman.len());
    // Each of the four states holds up to 16 bits that the estimate counts as words.
    assert!(by_range.len().abs_diff(range.len()) <= 10, "{} not {}", by_range.len(), range.len());
    let coded = [(Encoding::DeltaHuffman, by_huffman), (Encoding::DeltaRange, by_range)];
    for (encoding, mut bytes) in coded {
        let mut elements = parent.clone();
        assert_eq!(apply::<T, N>(encoding, &bytes, classes.mantissa, &mut elements), Ok(()));
        assert!(elements == current, "{encoding}");
        // Another parent: other elements or an error.
        let mut elements: Vec<_> = parent.iter().map(|&bytes| bytes.map(|byte| !byte)).collect();
        let _ = apply::<T, N>(encoding, &bytes, classes.mantissa, &mut elements);
        for (index, flip) in flips {
            let at = index.index(bytes.len());
            bytes[at] ^= flip;
            let _ = apply::<T, N>(encoding, &bytes, classes.mantissa, &mut parent.clone());
        }
    }
}

fn flips() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..6)
}

proptest! {
    #[test]
    fn f16(pairs in pairs(), classes in parameters(10, 16), flips in flips()) {
        both(|| check::<u16, 2>(&pairs, classes, &flips));
    }

    #[test]
    fn bf16(pairs in pairs(), classes in parameters(7, 16), flips in flips()) {
        both(|| check::<u16, 2>(&pairs, classes, &flips));
    }

    #[test]
    fn f32(pairs in pairs(), classes in parameters(23, 32), flips in flips()) {
        both(|| check::<u32, 4>(&pairs, classes, &flips));
    }

    #[test]
    fn f64(pairs in pairs(), classes in parameters(52, 64), flips in flips()) {
        both(|| check::<u64, 8>(&pairs, classes, &flips));
    }
}
