//! What is not an ordinary number comes back bit by bit, in every type of every width.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ckpt_codec::{Effort, Encoding, Layout, decode, decode_against, encode, encode_against};
use ckpt_tensor::{Dtype, Kind};

const EFFORTS: [Effort; 3] = [Effort::Fast, Effort::Default, Effort::Small];

/// Bits of exponent and mantissa of a float, or of a complex number's parts.
fn shape(dtype: Dtype) -> Option<(u32, u32)> {
    Some(match dtype {
        Dtype::Bf16 => (8, 7),
        Dtype::F16 => (5, 10),
        Dtype::F32 | Dtype::C64 => (8, 23),
        Dtype::F64 => (11, 52),
        _ => return None,
    })
}

/// Both zeros, infinities, subnormals, the largest and smallest normal numbers, one, and quiet and
/// signalling NaNs with payloads, of both signs; of other types the ends and the middle.
fn specials(dtype: Dtype) -> Vec<u64> {
    let Some((exponent, mantissa)) = shape(dtype) else {
        let bits = dtype.bits().min(64);
        let most = u64::MAX >> (64 - bits);
        return vec![0, 1, most, most - 1, most / 2, most / 2 + 1];
    };
    let infinity = ((1 << exponent) - 1) << mantissa;
    let quiet = 1 << (mantissa - 1);
    let positive = [
        0,
        1,
        (1 << mantissa) - 1,
        1 << mantissa,
        infinity - 1,
        infinity / 2,
        infinity,
        infinity | 1,
        infinity | quiet,
        infinity | quiet | 0x5,
        infinity | ((1 << mantissa) - 1),
    ];
    let sign = 1 << (exponent + mantissa);
    positive.iter().flat_map(|&bits| [bits, bits | sign]).collect()
}

/// Every special bit pattern after every one, as a block and its parent's, `times` times.
fn pairs(dtype: Dtype, times: usize) -> (Vec<u8>, Vec<u8>) {
    let specials = specials(dtype);
    let width = match dtype.kind() {
        Kind::Complex => dtype.bits() / 16,
        _ => dtype.bits().div_ceil(8),
    };
    let (mut block, mut parent) = (Vec::new(), Vec::new());
    for _ in 0..times {
        for after in &specials {
            for before in &specials {
                block.extend_from_slice(&after.to_le_bytes()[..width as usize]);
                parent.extend_from_slice(&before.to_le_bytes()[..width as usize]);
            }
        }
    }
    (block, parent)
}

/// Gives the encoding of the default effort.
fn check(block: &[u8], parent: &[u8], layout: Layout) -> Encoding {
    let [_, chosen, _] = EFFORTS.map(|effort| {
        let alone = encode(block, layout, effort).unwrap();
        assert!(alone.bytes.len() <= block.len());
        let back = decode(alone.encoding, &alone.bytes, block.len(), layout);
        assert!(back.as_deref() == Ok(block), "{} {effort:?}", alone.encoding);
        let against = encode_against(block, parent, layout, effort).unwrap();
        assert!(against.bytes.len() <= block.len());
        let (encoding, bytes) = (against.encoding, against.bytes);
        let back = decode_against(encoding, &bytes, block.len(), layout, parent);
        assert!(back.as_deref() == Ok(block), "{encoding} {effort:?}");
        encoding
    });
    chosen
}

#[test]
fn special_values_of_every_type_come_back() {
    for &dtype in Dtype::ALL {
        for times in [1, 20] {
            let (block, parent) = pairs(dtype, times);
            check(&block, &parent, Layout::of(dtype));
        }
    }
}

#[test]
fn special_values_among_ordinary_ones_come_back() {
    for dtype in [Dtype::Bf16, Dtype::F16, Dtype::F32, Dtype::F64, Dtype::C64] {
        let (block, parent) = among_ordinary(dtype);
        let encoding = check(&block, &parent, Layout::of(dtype));
        assert_eq!(encoding, Encoding::DeltaHuffman, "{dtype}");
    }
}

/// Numbers that take small steps, one in 16 of them being special before and after.
fn among_ordinary(dtype: Dtype) -> (Vec<u8>, Vec<u8>) {
    let (mut block, mut parent) = pairs(dtype, 40);
    let (exponent, mantissa) = shape(dtype).unwrap();
    let width = (1 + exponent + mantissa) as usize / 8;
    let mut state = 1u64;
    let elements = block.chunks_mut(width).zip(parent.chunks_mut(width));
    for (block, parent) in elements.enumerate().filter(|(i, _)| i % 16 > 0).map(|(_, pair)| pair) {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Around 1: half the largest exponent, and noise.
        let before = ((((1u64 << exponent) - 1) / 2) << mantissa) + (state >> (64 - mantissa));
        let after = before.wrapping_add(state >> 8 & 7);
        parent.copy_from_slice(&before.to_le_bytes()[..width]);
        block.copy_from_slice(&after.to_le_bytes()[..width]);
    }
    (block, parent)
}

/// Few bytes cannot take fewer, and never take more: up to a whole element of every type and over.
#[test]
fn blocks_of_every_short_length_take_no_more_than_themselves() {
    for &dtype in Dtype::ALL {
        let (block, parent) = pairs(dtype, 1);
        for len in 0..block.len().min(40) {
            check(&block[..len], &parent[..len], Layout::of(dtype));
            check(&vec![0; len], &vec![0; len], Layout::of(dtype));
        }
    }
}
