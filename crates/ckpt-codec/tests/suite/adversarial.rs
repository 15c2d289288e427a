//! Damaged and arbitrary bytes: decoders say what is wrong, and take no more memory than they said.

use std::collections::BTreeSet;

use ckpt_codec::{Effort, Encoding, MAX_BLOCK, decode_against_into};
use ckpt_tensor::Dtype;

use ckpt_testkit::{peak::peak, sequences::Random};

use crate::common::{
    adversarial,
    corpus::{Case, corpus, damage},
};

const EFFORTS: [Effort; 2] = [Effort::Default, Effort::Small];

/// Decodes a case, whatever comes of it.
fn decode(case: &Case, block: &mut Vec<u8>) -> bool {
    let Case { encoding, bytes, parent, .. } = case;
    let result = decode_against_into(*encoding, bytes, case.len(), case.layout(), parent, block);
    assert_eq!(block.len(), if result.is_ok() { case.len() } else { 0 });
    result.is_ok()
}

/// The documented bound.
fn bound(encoding: Encoding, dtype: Dtype, len: usize) -> usize {
    // A plane, where it cannot be decoded to its place.
    let plane = match dtype.element_width() {
        Some(width) if width > 1 => len / width,
        _ => 0,
    };
    match encoding {
        Encoding::Raw | Encoding::Zstd => len,
        Encoding::Planes => len + plane,
        Encoding::DeltaPlanes => len + plane + len / 32 + 64,
        _ => len + len / 32 + (80 << 10),
    }
}

#[test]
fn the_corpus_has_every_encoding_in_every_width() {
    let cases = corpus(20_000, &EFFORTS);
    let found: BTreeSet<(&str, usize)> = cases
        .iter()
        .map(|case| (case.encoding.name(), case.dtype.element_width().unwrap_or(0)))
        .collect();
    let has = |encoding: Encoding, widths: &[usize]| {
        widths.iter().all(|&width| found.contains(&(encoding.name(), width)))
    };
    assert!(has(Encoding::Zstd, &[1]), "{found:?}");
    assert!(has(Encoding::Planes, &[2, 4, 8]), "{found:?}");
    assert!(has(Encoding::DeltaPlanes, &[1, 2, 4, 8]), "{found:?}");
    assert!(has(Encoding::DeltaHuffman, &[2, 4, 8]), "{found:?}");
    assert!(has(Encoding::DeltaRange, &[2, 4, 8]), "{found:?}");
}

#[test]
fn memory_is_bounded() {
    for case in corpus(MAX_BLOCK / 2, &[Effort::Default]) {
        let bound = bound(case.encoding, case.dtype, case.len());
        let name = format!("{} of {}", case.encoding, case.dtype);
        // A thread of its own has kept no buffer yet.
        let most = std::thread::spawn(move || {
            let mut block = Vec::new();
            peak(|| assert!(decode(&case, &mut block)))
        });
        let most = most.join().unwrap();
        assert!(most <= bound, "{name} takes {most} bytes, more than {bound}");
    }
}

#[test]
fn damaged_blocks_are_errors_or_other_blocks() {
    let cases = corpus(5000, &EFFORTS);
    let mut random = Random::new(1);
    let mut errors = 0;
    for round in 0..100 {
        for (i, case) in cases.iter().enumerate() {
            let mut damaged = case.clone();
            damage(&mut damaged.bytes, &cases[(i + round) % cases.len()].bytes, &mut random);
            if random.word().is_multiple_of(8) {
                damaged.encoding = adversarial::ENCODINGS[random.word() as usize % 6];
            }
            let bound = bound(damaged.encoding, damaged.dtype, damaged.len());
            let (mut block, mut good) = (Vec::new(), false);
            let most = peak(|| good = decode(&damaged, &mut block));
            // Planes that frames are decoded to are kept from one block to the next.
            assert!(most <= bound, "{}: {most} bytes, not {bound}", damaged.encoding);
            errors += usize::from(!good);
        }
    }
    // Most damage is noticed: if all or none were, this would test little.
    let all = 100 * cases.len();
    assert!(errors > all / 2 && errors < all, "{errors} errors of {all}");
}

/// The bodies of the fuzzers, on inputs that they might come up with.
#[test]
fn fuzzed_inputs_break_nothing() {
    let cases = corpus(600, &EFFORTS);
    let mut random = Random::new(2);
    for round in 0..60 {
        for (i, case) in cases.iter().enumerate() {
            let encoding = adversarial::ENCODINGS.iter().position(|&e| e == case.encoding).unwrap();
            let dtype = Dtype::ALL.iter().position(|&dtype| dtype == case.dtype).unwrap();
            let len = case.len().to_le_bytes();
            let alone = [&[encoding as u8, dtype as u8, len[0], len[1], len[2]], &*case.bytes];
            let head = [encoding as u8, dtype as u8, len[0], len[1]];
            let against = [&head[..], &case.parent, &case.bytes];
            let (mut alone, mut against) = (alone.concat(), against.concat());
            if round > 0 {
                let other = &cases[(i + round) % cases.len()].bytes;
                damage(&mut alone, other, &mut random);
                damage(&mut against, other, &mut random);
            }
            adversarial::decode(&alone);
            adversarial::decode_against(&against);
        }
    }
}

#[test]
fn noise_of_every_length_breaks_nothing() {
    let mut random = Random::new(3);
    for len in 0..3000 {
        let mut input: Vec<u8> = (0..len).map(|_| random.word() as u8).collect();
        adversarial::decode(&input);
        adversarial::decode_against(&input);
        // Mostly small numbers: modes, lengths and classes that may be.
        input.iter_mut().for_each(|byte| *byte &= (random.word() & 7) as u8);
        adversarial::decode(&input);
        adversarial::decode_against(&input);
    }
}
