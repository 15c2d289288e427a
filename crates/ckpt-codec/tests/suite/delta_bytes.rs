//! The bytes of differences: as documented, and as written today.

use ckpt_codec::{Effort, Encoding, Layout, decode_against, encode_against};
use ckpt_tensor::Dtype;

/// The documented bytes: 3 groups of which the middle one differs, of u16, and a tail.
#[test]
fn delta_planes_have_the_documented_bytes() {
    let parent: Vec<u8> = 1000u16.to_le_bytes().repeat(3 * 128).into_iter().chain([9]).collect();
    // Runs of 1, 1, 1 groups; the tail; -1 is 1, zigzagged, in the lower plane; 0 in the upper.
    let runs = [1, 1, 1, 1, 7, 0, 1, 0, 0];
    let layout = Layout::of(Dtype::U16);
    let decoded = decode_against(Encoding::DeltaPlanes, &runs, 769, layout, &parent).unwrap();
    let expected = [
        1000u16.to_le_bytes().repeat(128),
        999u16.to_le_bytes().repeat(128),
        1000u16.to_le_bytes().repeat(128),
        vec![7],
    ];
    assert_eq!(decoded, expected.concat());
    let encoded = encode_against(&decoded, &parent, layout, Effort::Default).unwrap();
    let bitmap = [2, 0b010, 7, 0, 1, 0, 0];
    assert_eq!((encoded.encoding, &*encoded.bytes), (Encoding::DeltaPlanes, &bitmap[..]));
}

/// Five bf16 against five parents of exponents 127, 127, 126, 0 and 127.
const PARENT: [u16; 5] = [0x3f80, 0xbf80, 0x3f00, 0x0000, 0x3f81];
/// Differences 0, -1 (z = 1), +1 (z = 2), 0, +3 (z = 6).
const BLOCK: [u16; 5] = [0x3f80, 0xbf81, 0x3f01, 0x0000, 0x3f84];

fn bytes(words: [u16; 5]) -> Vec<u8> {
    words.into_iter().flat_map(u16::to_le_bytes).collect()
}

/// The documented bytes, worked out by hand.
#[test]
fn delta_huffman_has_the_documented_bytes() {
    // With f = 0, z + 1 = 1, 2, 3, 1, 7: classes 0, 1, 1, 0, 2 with rests -, 0, 1, -, 3 in
    // contexts 0, 0, 1, 15, 0.
    let head = [0, 127, 0, 0];
    // Context 0 has lengths 1, 2, 2 of classes 0, 1, 2: codes 0, 10, 11. Context 1 has only class
    // 1, without a code; 2 to 15 are left out.
    let lengths = [&[3, 0, 0x21, 0x02, 1, 1, 0x00][..], &[0; 14]].concat();
    // Stream 0: element 0 is "0", element 4 "11" and its rest 11; stream 1: "10" and a rest of 0;
    // stream 2: a rest of 1; stream 3: nothing.
    let streams = [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0b11110, 0b001, 0b1];
    let stored = [&head[..], &lengths, &streams].concat();
    let layout = Layout::of(Dtype::Bf16);
    let decoded = decode_against(Encoding::DeltaHuffman, &stored, 10, layout, &bytes(PARENT));
    assert_eq!(decoded, Ok(bytes(BLOCK)));
}

/// The documented bytes, with states worked out by hand.
#[test]
fn delta_range_has_the_documented_bytes() {
    let head = [0, 127, 0, 0];
    // Context 0: classes 0, 1, 2 with 2,048, 1,024, 1,024 slots of 4,096; context 1: class 1.
    let frequencies =
        [&[3, 0, 0x80, 0x10, 0x80, 0x08, 0x80, 0x08, 1, 1, 0x80, 0x20][..], &[0; 14]].concat();
    let put = |state: u32, frequency: u32, start: u32| {
        ((state / frequency) << 12) + state % frequency + start
    };
    let low = 1 << 16;
    // The last element first. 2^16 grows by a factor of 4, 2 and 4: no words.
    let states = [put(put(low, 1024, 3072), 2048, 0), put(low, 1024, 2048), low, low];
    let mut stored = [&head[..], &frequencies, &[0; 4]].concat();
    stored.extend(states.iter().flat_map(|state| state.to_le_bytes()));
    // Rests 0 and 1 of elements 1 and 2, then 3 of element 4.
    stored.push(0b1110);
    let layout = Layout::of(Dtype::Bf16);
    let decoded = decode_against(Encoding::DeltaRange, &stored, 10, layout, &bytes(PARENT));
    assert_eq!(decoded, Ok(bytes(BLOCK)));
}

/// The upper halves of a linear congruential generator's words.
fn noise() -> impl Iterator<Item = u16> {
    let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    std::iter::successors(Some(1u32), next).map(|state| (state >> 16) as u16)
}

/// What encoders write today; changes here are allowed, unlike in the documented bytes.
#[test]
fn encoded_bytes_of_training_are_pinned() {
    let hash = |bytes: &[u8]| {
        bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    let parent: Vec<u16> = noise().map(|word| 0x3c00 + (word & 0x3ff)).take(8192).collect();
    // Steps of an absolute size, up to 16 units of the last place where that is smallest.
    let step = |(&parent, word): (&u16, u16)| parent + word % (16 << (7 - (parent >> 7 & 7)));
    let steps = parent.iter().zip(noise().skip(9000));
    let huffman: Vec<u16> = steps.map(step).collect();
    let few = parent.iter().zip(noise().skip(20_000));
    let range: Vec<u16> = few.map(|(&parent, word)| parent + u16::from(word % 16 == 0)).collect();
    let to_bytes = |words: &[u16]| words.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let encode = |block: &[u16]| {
        let (block, parent) = (to_bytes(block), to_bytes(&parent));
        let layout = Layout::of(Dtype::Bf16);
        let encoded = encode_against(&block, &parent, layout, Effort::Default).unwrap();
        (encoded.encoding, encoded.bytes.len(), hash(&encoded.bytes))
    };
    assert_eq!(encode(&huffman), (Encoding::DeltaHuffman, 9156, 4_857_242_568_287_052_371));
    assert_eq!(encode(&range), (Encoding::DeltaRange, 406, 4_485_122_662_441_318_058));
}
