//! Round trips and adversarial bytes.

use ckpt_codec::{CodecError, Effort, Encoding, Layout, MAX_BLOCK, MAX_RECORD};
use ckpt_codec::{decode, decode_into, encode};
use ckpt_tensor::Dtype;
use proptest::prelude::*;

const EFFORTS: [Effort; 3] = [Effort::Fast, Effort::Default, Effort::Small];
const ENCODINGS: [Encoding; 3] = [Encoding::Raw, Encoding::Planes, Encoding::Zstd];

fn any_layout() -> impl Strategy<Value = Layout> {
    prop::sample::select(Dtype::ALL.to_vec()).prop_map(Layout::of)
}

/// Bytes of f32 numbers as training and its accidents make them.
fn floats() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![
        4 => (-1.0f32..1.0).prop_map(f32::to_bits),
        1 => prop_oneof![Just(0.0f32), Just(-0.0), Just(f32::INFINITY), Just(f32::NEG_INFINITY)]
            .prop_map(f32::to_bits),
        1 => (1u32..0x80_0000).prop_map(|subnormal| subnormal | 0x8000_0000),
        1 => (1u32..0x80_0000).prop_map(|payload| payload | 0x7f80_0000),
    ];
    prop::collection::vec(number, 0..2000)
        .prop_map(|bits| bits.into_iter().flat_map(u32::to_le_bytes).collect())
}

/// Blocks of every texture: noise, floats, runs, few values; of any length.
fn any_block() -> impl Strategy<Value = Vec<u8>> {
    let run = (any::<u8>(), 0usize..600).prop_map(|(byte, len)| vec![byte; len]);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..6000),
        (floats(), 0usize..8).prop_map(|(mut bytes, less)| {
            bytes.truncate(bytes.len().saturating_sub(less));
            bytes
        }),
        prop::collection::vec(run, 0..6).prop_map(|runs| runs.concat()),
        prop::collection::vec(0u8..4, 0..6000),
    ]
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(block in any_block(), layout in any_layout()) {
        for effort in EFFORTS {
            let encoded = encode(&block, layout, effort).unwrap();
            prop_assert!(encoded.bytes.len() <= block.len());
            let decoded = decode(encoded.encoding, &encoded.bytes, block.len(), layout);
            prop_assert_eq!(decoded.as_ref(), Ok(&block));
        }
    }

    #[test]
    fn another_length_is_an_error(
        block in any_block(),
        layout in any_layout(),
        other in 0usize..8000,
    ) {
        prop_assume!(other != block.len());
        let encoded = encode(&block, layout, Effort::Default).unwrap();
        match decode(encoded.encoding, &encoded.bytes, other, layout) {
            Err(_) => {}
            // Planes that are all constant do for any number of elements.
            Ok(decoded) => {
                prop_assert_eq!(encoded.encoding, Encoding::Planes);
                prop_assert_eq!(decoded.len(), other);
            }
        }
    }

    #[test]
    fn a_byte_more_or_less_is_an_error(
        block in any_block(),
        layout in any_layout(),
        extra in any::<u8>(),
    ) {
        let encoded = encode(&block, layout, Effort::Default).unwrap();
        let mut bytes = encoded.bytes.into_owned();
        bytes.push(extra);
        prop_assert!(decode(encoded.encoding, &bytes, block.len(), layout).is_err());
        bytes.pop();
        if bytes.pop().is_some() {
            prop_assert!(decode(encoded.encoding, &bytes, block.len(), layout).is_err());
        }
    }

    #[test]
    fn flipped_bytes_never_panic(
        block in any_block(),
        layout in any_layout(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..4),
    ) {
        let encoded = encode(&block, layout, Effort::Default).unwrap();
        let mut bytes = encoded.bytes.into_owned();
        prop_assume!(!bytes.is_empty());
        for (index, flip) in flips {
            let at = index.index(bytes.len());
            bytes[at] ^= flip;
        }
        if let Ok(decoded) = decode(encoded.encoding, &bytes, block.len(), layout) {
            prop_assert_eq!(decoded.len(), block.len());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        raw_len in 0usize..300,
        layout in any_layout(),
    ) {
        for encoding in ENCODINGS {
            let mut out = vec![1; 3];
            let result = decode_into(encoding, &bytes, raw_len, layout, &mut out);
            prop_assert_eq!(out.len(), if result.is_ok() { raw_len } else { 0 });
            prop_assert!(out.capacity() <= raw_len.max(8));
        }
    }
}

#[test]
fn full_blocks_round_trip_in_every_width() {
    // A walk of small steps: the upper planes compress, the lower are close to noise.
    let mut state = 1u32;
    let walk = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 8) as f32 / 8_388_608.0 - 1.0) * 0.02
    });
    let block: Vec<u8> = walk.flat_map(f32::to_le_bytes).take(MAX_BLOCK).collect();
    for dtype in [Dtype::U8, Dtype::Bf16, Dtype::F32, Dtype::F64] {
        for effort in EFFORTS {
            let layout = Layout::of(dtype);
            let encoded = encode(&block, layout, effort).unwrap();
            let decoded = decode(encoded.encoding, &encoded.bytes, block.len(), layout).unwrap();
            assert!(decoded == block, "{dtype} {effort:?}");
        }
    }
    let encoded = encode(&block, Layout::of(Dtype::F32), Effort::Default).unwrap();
    assert_eq!(encoded.encoding, Encoding::Planes);
    assert!(encoded.bytes.len() < block.len() * 9 / 10);
}

#[test]
fn equal_elements_take_two_bytes_per_plane() {
    let block = 0.25f32.to_le_bytes().repeat(1000);
    let encoded = encode(&block, Layout::of(Dtype::F32), Effort::Fast).unwrap();
    assert_eq!(encoded.encoding, Encoding::Planes);
    // 0.25 is 0x3E800000, rotated 0x7D000000: the exponent alone in the last plane.
    assert_eq!(*encoded.bytes, [0, 0, 0, 0, 0, 0, 0, 0x7d]);
}

/// The bytes of docs: planes of two u16, the second compressible only as it is, and a tail.
#[test]
fn planes_have_the_documented_bytes() {
    let planes = [1, 0x11, 0x22, 0, 0x44, 0x99];
    let block = decode(Encoding::Planes, &planes, 5, Layout::of(Dtype::U16)).unwrap();
    assert_eq!(block, [0x11, 0x44, 0x22, 0x44, 0x99]);
}

#[test]
fn plain_bytes_take_zstd_and_small_effort_prefers_what_is_smaller() {
    let text = b"the same words again and again, ".repeat(100);
    let plain = encode(&text, Layout::BYTES, Effort::Default).unwrap();
    assert_eq!(plain.encoding, Encoding::Zstd);

    let row: Vec<u8> =
        (0..4096u32).flat_map(|i| i.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect();
    let rows = row.repeat(8);
    let layout = Layout::of(Dtype::F32);
    let default = encode(&rows, layout, Effort::Default).unwrap();
    let small = encode(&rows, layout, Effort::Small).unwrap();
    assert!(small.bytes.len() < default.bytes.len());
}

#[test]
fn default_effort_finds_equal_rows_that_entropy_coding_cannot() {
    // Exponents of 16 values in no order, and nothing else.
    let exponent = |i: u32| (i.wrapping_mul(0x9e37_79b9) >> 28) + 120;
    let row: Vec<u8> = (0..768).flat_map(|i| (exponent(i * i) << 23).to_le_bytes()).collect();
    let rows = row.repeat(200);
    let layout = Layout::of(Dtype::F32);
    let fast = encode(&rows, layout, Effort::Fast).unwrap().bytes.len();
    let default = encode(&rows, layout, Effort::Default).unwrap().bytes.len();
    assert!(default < rows.len() / 100, "{default} of {}", rows.len());
    assert!(default < fast / 4, "{default} against {fast}");
}

#[test]
fn nothing_stays_nothing() {
    for layout in [Layout::BYTES, Layout::of(Dtype::F32)] {
        let encoded = encode(&[], layout, Effort::Small).unwrap();
        assert_eq!((encoded.encoding, encoded.bytes.len()), (Encoding::Raw, 0));
        assert_eq!(decode(Encoding::Raw, &[], 0, layout), Ok(vec![]));
    }
}

#[test]
fn lengths_beyond_the_limit_are_refused() {
    let layout = Layout::of(Dtype::F32);
    let block = vec![0; MAX_BLOCK + 1];
    let error = CodecError::TooLong { len: MAX_BLOCK + 1, limit: MAX_BLOCK };
    assert_eq!(encode(&block, layout, Effort::Fast), Err(error.clone()));
    assert!(encode(&block, Layout::BYTES, Effort::Fast).is_ok());
    for encoding in ENCODINGS {
        assert_eq!(decode(encoding, &block, MAX_BLOCK + 1, layout), Err(error.clone()));
        let error = CodecError::TooLong { len: usize::MAX, limit: MAX_RECORD };
        assert_eq!(decode(encoding, &[], usize::MAX, Layout::BYTES), Err(error));
    }
}

#[test]
fn each_kind_of_damage_has_its_error() {
    let u16s = Layout::of(Dtype::U16);
    let planes = |bytes: &[u8], len| decode(Encoding::Planes, bytes, len, u16s).unwrap_err();
    let truncated = CodecError::Truncated(Encoding::Planes);
    assert_eq!(planes(&[], 2), truncated);
    assert_eq!(planes(&[1, 5, 1], 2), truncated);
    assert_eq!(planes(&[0, 5, 0, 5], 3), truncated);
    assert_eq!(planes(&[2, 255, 255, 255, 255, 0], 2), truncated);
    assert_eq!(planes(&[9, 5, 0, 5], 2), CodecError::UnknownPlaneMode(9));
    assert_eq!(planes(&[2, 1, 0, 0, 0, 7, 0, 5], 2), CodecError::Frame { expected: 1 });
    let extra = CodecError::TrailingBytes { encoding: Encoding::Planes, extra: 2 };
    assert_eq!(planes(&[0, 5, 0, 5, 1, 1], 2), extra);

    let no_planes = decode(Encoding::Planes, &[0, 5], 1, Layout::BYTES);
    assert_eq!(no_planes, Err(CodecError::NoPlanes));
    let raw = |bytes: &[u8]| decode(Encoding::Raw, bytes, 2, u16s).unwrap_err();
    assert_eq!(raw(&[1]), CodecError::Truncated(Encoding::Raw));
    let extra = CodecError::TrailingBytes { encoding: Encoding::Raw, extra: 1 };
    assert_eq!(raw(&[1, 2, 3]), extra);
}

/// zstd itself would decode frames one after another and skip what is marked as skippable.
#[test]
fn only_one_plain_frame_is_a_block() {
    let text = b"again and again and again and again and again and again".repeat(4);
    let frame = encode(&text, Layout::BYTES, Effort::Default).unwrap();
    assert_eq!(frame.encoding, Encoding::Zstd);
    let skippable = [0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7];
    let empty = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0];
    let wrong = [
        ([&*frame.bytes, &*frame.bytes].concat(), 2 * text.len()),
        ([&*frame.bytes, &skippable].concat(), text.len()),
        ([&skippable, &*frame.bytes].concat(), text.len()),
        ([&*frame.bytes, &empty].concat(), text.len()),
    ];
    assert_eq!(decode(Encoding::Zstd, &empty, 0, Layout::BYTES), Ok(vec![]));
    for (bytes, len) in wrong {
        let error = CodecError::Frame { expected: len };
        assert_eq!(decode(Encoding::Zstd, &bytes, len, Layout::BYTES), Err(error));
    }
}
