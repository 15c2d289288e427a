//! Differences to a parent: round trips, adversarial bytes, and what they take.

use ckpt_codec::{CodecError, Effort, Encoded, Encoding, Layout, MAX_BLOCK};
use ckpt_codec::{decode, decode_against, decode_against_into, encode_against};
use ckpt_tensor::Dtype;
use proptest::prelude::*;

use ckpt_testkit::sequences::{Sequence, Training, to_f64};

const EFFORTS: [Effort; 3] = [Effort::Fast, Effort::Default, Effort::Small];
const DELTAS: [Encoding; 3] = [Encoding::DeltaPlanes, Encoding::DeltaHuffman, Encoding::DeltaRange];

fn any_layout() -> impl Strategy<Value = Layout> {
    prop::sample::select(Dtype::ALL.to_vec()).prop_map(Layout::of)
}

/// Bit patterns of f32, or of two bf16, or of a half of an f64, that training and its accidents
/// make: zeros, infinities, subnormals and NaNs with payloads of both signs.
fn number() -> impl Strategy<Value = u32> {
    let special = prop::sample::select(vec![
        0u32,
        0x8000_0000,
        0x7f80_0000,
        0xff80_0000,
        1,
        0x8000_0001,
        0x7fff_ffff,
        u32::MAX,
    ]);
    prop_oneof![
        6 => (-1.0f32..1.0).prop_map(f32::to_bits),
        1 => special,
        1 => any::<u32>(),
    ]
}

/// How a block comes from its parent.
#[derive(Clone, Debug)]
enum Change {
    /// Words move by at most so much.
    Steps(u32),
    /// Some words become others.
    Some(Vec<(prop::sample::Index, u32)>),
    Nothing,
    Everything(u64),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (0u32..31).prop_map(|bits| Change::Steps(1 << bits)),
        2 => prop::collection::vec((any::<prop::sample::Index>(), number()), 1..40)
            .prop_map(Change::Some),
        1 => Just(Change::Nothing),
        2 => any::<u64>().prop_map(Change::Everything),
    ]
}

/// A block and its parent's, of any length.
fn pair() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let len = prop_oneof![1 => 0usize..40, 3 => 0usize..4000];
    let words = len.prop_flat_map(|len| prop::collection::vec(number(), len));
    (words, change(), 0usize..8).prop_map(|(parent, change, less)| {
        let mut state = 1u64;
        let mut random = |seed: u64| {
            state = state.wrapping_add(seed | 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (state >> 32) as u32
        };
        let mut block = parent.clone();
        match change {
            Change::Steps(most) => {
                block.iter_mut().for_each(|word| *word = word.wrapping_add(random(0) % most));
            }
            Change::Some(changes) if !block.is_empty() => {
                let len = block.len();
                changes.into_iter().for_each(|(index, word)| block[index.index(len)] = word);
            }
            Change::Everything(seed) => block.iter_mut().for_each(|word| *word = random(seed)),
            Change::Nothing | Change::Some(_) => {}
        }
        let bytes = |words: Vec<u32>| {
            let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
            bytes.truncate(bytes.len().saturating_sub(less));
            bytes
        };
        (bytes(block), bytes(parent))
    })
}

fn check_round_trip(block: &[u8], parent: &[u8], layout: Layout, effort: Effort) -> Encoding {
    let encoded = encode_against(block, parent, layout, effort).expect("equal lengths");
    assert!(encoded.bytes.len() <= block.len());
    let decoded = decode_against(encoded.encoding, &encoded.bytes, block.len(), layout, parent);
    assert!(decoded.as_deref() == Ok(block), "{:?} {effort:?} {layout:?}", encoded.encoding);
    encoded.encoding
}

proptest! {
    #[test]
    fn what_goes_in_comes_out((block, parent) in pair(), layout in any_layout()) {
        for effort in EFFORTS {
            check_round_trip(&block, &parent, layout, effort);
        }
    }

    #[test]
    fn a_byte_more_or_less_is_an_error(
        (block, parent) in pair(),
        layout in any_layout(),
        extra in any::<u8>(),
    ) {
        let Encoded { encoding, bytes } =
            encode_against(&block, &parent, layout, Effort::Default).unwrap();
        let decode = |bytes: &[u8]| decode_against(encoding, bytes, block.len(), layout, &parent);
        let mut bytes = bytes.into_owned();
        bytes.push(extra);
        prop_assert!(decode(&bytes).is_err());
        bytes.pop();
        if bytes.pop().is_some() {
            prop_assert!(decode(&bytes).is_err());
        }
    }

    #[test]
    fn flipped_bytes_and_other_parents_never_panic(
        (block, parent) in pair(),
        other in any::<u8>(),
        layout in any_layout(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..4),
    ) {
        let Encoded { encoding, bytes } =
            encode_against(&block, &parent, layout, Effort::Default).unwrap();
        let decode = |bytes: &[u8], parent: &[u8]| {
            let decoded = decode_against(encoding, bytes, block.len(), layout, parent);
            decoded.map_or(block.len(), |decoded| decoded.len())
        };
        let wrong: Vec<u8> = parent.iter().map(|byte| byte.rotate_left(3) ^ other).collect();
        prop_assert_eq!(decode(&bytes, &wrong), block.len());
        let mut bytes = bytes.into_owned();
        prop_assume!(!bytes.is_empty());
        for (index, flip) in flips {
            let at = index.index(bytes.len());
            bytes[at] ^= flip;
        }
        prop_assert_eq!(decode(&bytes, &parent), block.len());
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop::collection::vec(prop_oneof![Just(0u8), Just(1), any::<u8>()], 0..300),
        parent in prop::collection::vec(any::<u8>(), 0..600),
        layout in any_layout(),
    ) {
        for encoding in DELTAS {
            let mut out = vec![1; 3];
            let len = parent.len();
            let result = decode_against_into(encoding, &bytes, len, layout, &parent, &mut out);
            prop_assert_eq!(out.len(), if result.is_ok() { len } else { 0 });
            prop_assert!(out.capacity() <= len.max(8));
        }
    }
}

/// Two epochs of a training, a full block each.
fn epochs(training: Training) -> (Vec<u8>, Vec<u8>) {
    let elements = MAX_BLOCK / training.dtype().element_width().expect("whole bytes");
    let mut sequence = Sequence::new(training, elements, 7).skip(1);
    let mut next = || sequence.next().expect("training never ends");
    let parent = next();
    (next(), parent)
}

#[test]
fn full_blocks_of_training_round_trip_in_every_width() {
    let (block, parent) = epochs(Training::LateF32);
    for dtype in [Dtype::U8, Dtype::I16, Dtype::Bf16, Dtype::F16, Dtype::C64, Dtype::I64] {
        check_round_trip(&block, &parent, Layout::of(dtype), Effort::Default);
    }
    let (block, parent) = (to_f64(&block), to_f64(&parent));
    let encoding = check_round_trip(&block, &parent, Layout::of(Dtype::F64), Effort::Default);
    assert_eq!(encoding, Encoding::DeltaHuffman);
}

#[test]
fn training_takes_what_it_should() {
    use Encoding::{DeltaHuffman, DeltaPlanes, DeltaRange, Planes};
    for training in Training::ALL {
        let (most, encodings): (f64, &[Encoding]) = match training {
            Training::DenseF32 => (0.73, &[DeltaHuffman]),
            Training::LateF32 => (0.28, &[DeltaHuffman]),
            Training::FineTuneBf16 => (0.205, &[DeltaHuffman, DeltaRange]),
            Training::FrozenBf16 => (0.055, &[DeltaHuffman, DeltaRange]),
            Training::FirstMoment => (0.85, &[Planes]),
            Training::SecondMoment => (0.79, &[DeltaHuffman, DeltaPlanes]),
            Training::SparseRows => (0.012, &[DeltaHuffman]),
        };
        let (block, parent) = epochs(training);
        let layout = Layout::of(training.dtype());
        let encoded = encode_against(&block, &parent, layout, Effort::Default).unwrap();
        let stored = encoded.bytes.len() as f64 / block.len() as f64;
        assert!(stored < most, "{training:?} takes {stored}");
        assert!(encodings.contains(&encoded.encoding), "{training:?}: {}", encoded.encoding);
        check_round_trip(&block, &parent, layout, Effort::Default);
    }
}

#[test]
fn what_is_as_in_the_parent_takes_next_to_nothing() {
    let (block, mut parent) = epochs(Training::DenseF32);
    let layout = Layout::of(Dtype::F32);
    let same = encode_against(&block, &block, layout, Effort::Default).unwrap();
    // A run of 4,096 equal groups.
    assert_eq!((same.encoding, &*same.bytes), (Encoding::DeltaPlanes, &[1, 0x80, 0x20][..]));

    parent.copy_from_slice(&block);
    parent[1000] ^= 1;
    let one = encode_against(&block, &parent, layout, Effort::Default).unwrap();
    assert!(one.bytes.len() < 100, "{}", one.bytes.len());
    check_round_trip(&block, &parent, layout, Effort::Default);
}

#[test]
fn few_changes_of_bf16_take_less_than_a_bit_each() {
    let (block, mut parent) = epochs(Training::FineTuneBf16);
    parent.copy_from_slice(&block);
    parent.chunks_mut(2 * 50).for_each(|chunk| chunk[0] ^= 1);
    let encoded =
        encode_against(&block, &parent, Layout::of(Dtype::Bf16), Effort::Default).unwrap();
    assert_eq!(encoded.encoding, Encoding::DeltaRange);
    let bits = 8.0 * encoded.bytes.len() as f64 / (MAX_BLOCK / 2) as f64;
    assert!(bits < 0.2, "{bits} bits per element");
}

#[test]
fn a_parent_that_does_not_help_is_not_used() {
    let (block, _) = epochs(Training::DenseF32);
    let parent: Vec<u8> = block.iter().rev().copied().collect();
    let layout = Layout::of(Dtype::F32);
    for effort in [Effort::Fast, Effort::Default] {
        let encoded = encode_against(&block, &parent, layout, effort).unwrap();
        assert_eq!(encoded.encoding, Encoding::Planes);
    }
}

/// Every byte of parameters and tables, and some of what follows, as any of a few others.
#[test]
fn damaged_tables_never_panic() {
    let (late, before) = epochs(Training::LateF32);
    let (few, mut same) = epochs(Training::FineTuneBf16);
    same.copy_from_slice(&few);
    same.chunks_mut(2 * 50).for_each(|chunk| chunk[0] ^= 1);
    let cases = [
        (late, before, Dtype::F32, Encoding::DeltaHuffman),
        (few, same, Dtype::Bf16, Encoding::DeltaRange),
    ];
    for (block, parent, dtype, encoding) in cases {
        let (block, parent, layout) = (&block[..8192], &parent[..8192], Layout::of(dtype));
        let encoded = encode_against(block, parent, layout, Effort::Default).unwrap();
        assert_eq!(encoded.encoding, encoding);
        let mut bytes = encoded.bytes.into_owned();
        for at in 0..bytes.len().min(800) {
            let byte = bytes[at];
            for other in [0, 1, 0x7f, 0x80, 0xff, byte ^ 1, byte ^ 0x10] {
                bytes[at] = other;
                let decoded = decode_against(encoded.encoding, &bytes, block.len(), layout, parent);
                assert!(decoded.is_err() || decoded.is_ok_and(|decoded| decoded.len() == 8192));
            }
            bytes[at] = byte;
        }
    }
}

#[test]
fn parents_are_needed_and_have_the_length_of_the_block() {
    let layout = Layout::of(Dtype::F32);
    let error = CodecError::ParentLength { len: 8, parent: 4 };
    assert_eq!(encode_against(&[0; 8], &[0; 4], layout, Effort::Default), Err(error.clone()));
    for encoding in DELTAS {
        assert_eq!(decode_against(encoding, &[1, 1], 8, layout, &[0; 4]), Err(error.clone()));
        let alone = decode(encoding, &[1, 1], 8, layout);
        assert_eq!(alone, Err(CodecError::NeedsParent(encoding)));
        let long = decode_against(encoding, &[1, 1], MAX_BLOCK + 1, layout, &[0; 4]);
        assert_eq!(long, Err(CodecError::TooLong { len: MAX_BLOCK + 1, limit: MAX_BLOCK }));
        assert!(encoding.needs_parent());
    }
    // Other encodings are read as ever, and their parent is not looked at.
    assert_eq!(decode_against(Encoding::Raw, &[7; 8], 8, layout, &[]), Ok(vec![7; 8]));
    assert!(!Encoding::Raw.needs_parent());
}

#[test]
fn classes_are_of_floats() {
    for layout in [Layout::BYTES, Layout::of(Dtype::I32)] {
        for encoding in [Encoding::DeltaHuffman, Encoding::DeltaRange] {
            let result = decode_against(encoding, &[0, 0, 0], 8, layout, &[0; 8]);
            assert_eq!(result, Err(CodecError::NoFloats(encoding)));
        }
    }
}

#[test]
fn each_kind_of_damage_has_its_error() {
    let layout = Layout::of(Dtype::Bf16);
    let (block, parent) = epochs(Training::FineTuneBf16);
    for effort in [Effort::Default, Effort::Small] {
        let encoded = encode_against(&block, &parent, layout, effort).unwrap();
        let encoding = encoded.encoding;
        let decode = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = encoded.bytes.to_vec();
            change(&mut bytes);
            decode_against(encoding, &bytes, block.len(), layout, &parent).unwrap_err()
        };
        let invalid = |what| CodecError::Invalid { encoding, what };
        let truncated = CodecError::Truncated(encoding);
        assert_eq!(decode(&|bytes| bytes[0] = 3), invalid("a form of groups"));
        assert_eq!(decode(&|bytes| bytes[3] = 0xff), invalid("class parameters"));
        assert_eq!(decode(&|bytes| bytes[5] = 200), invalid("a class"));
        assert_eq!(decode(&|bytes| bytes.truncate(40)), truncated);
        assert_eq!(decode(&|bytes| bytes.truncate(bytes.len() - 1)), truncated);
        let trailing = CodecError::TrailingBytes { encoding, extra: 1 };
        assert_eq!(decode(&|bytes| bytes.push(0)), trailing);
    }
}
