//! Guesses, from a sample, at what the encodings of a block take.

use super::classes::Classes;
use super::counts::Counts;
use super::planes::Differences;
use crate::integers::Word;
use crate::layout::Layout;
use crate::transpose::{self, Elements};

/// Elements of a sample: 0.8 % of a full block of f32.
///
/// On synthetic training, guesses at full blocks were on average 0.4 to 0.8 % too low, those at the
/// classes of bf16 4 %; the worst of all was 9 % off.
const SAMPLE: usize = 2048;

/// Neighbouring elements that are sampled together.
const RUN: usize = 32;

/// One in so many sampled elements may have an exponent above that of context 0.
///
/// A few outliers, infinities and NaNs among them, must not leave all other elements to the last
/// context.
const ABOVE_TOP: usize = 512;

/// Bits by which the entropy of n samples of k values falls short of the truth: (k - 1) / 2n nats
/// for each sample (Miller and Madow, 1955); here for all samples, per value but one.
const BIAS: f64 = 0.5 * std::f64::consts::LOG2_E;

/// Picks runs of elements, evenly spread; all of them if they are few.
pub(super) fn sample<const N: usize>(elements: &[[u8; N]]) -> Vec<[u8; N]> {
    if elements.len() <= SAMPLE {
        return elements.to_vec();
    }
    let runs = elements.chunks(elements.len() / (SAMPLE / RUN)).take(SAMPLE / RUN);
    runs.flat_map(|run| &run[..RUN]).copied().collect()
}

/// Estimates the bits per element in byte planes, each entropy-coded.
pub(super) fn plain_bits<T: Word<N>, const N: usize>(sample: &[[u8; N]], layout: Layout) -> f64 {
    plane_bits(N * sample.len(), sample.len(), |planes| {
        let source = Elements { elements: sample, rotate: layout.has_sign_bit() };
        transpose::split::<T, N>(&source, planes);
    })
}

/// Estimates the bits per element of differences in byte planes, each entropy-coded.
pub(super) fn difference_bits<T: Word<N>, const N: usize>(
    current: &[[u8; N]],
    parent: &[[u8; N]],
    layout: Layout,
) -> f64 {
    plane_bits(N * current.len(), current.len(), |planes| {
        transpose::split::<T, N>(&Differences { current, parent, layout }, planes);
    })
}

/// Estimates the bits per element of classes and rests.
pub(super) fn class_bits<T: Word<N>, const N: usize>(
    classes: Classes,
    current: &[[u8; N]],
    parent: &[[u8; N]],
) -> f64 {
    let counts = Counts::of::<T, N>(classes, current, parent);
    let (bits, keys) = counts.entropy();
    let rests = counts.rest_bits(classes) as f64;
    (bits + BIAS * keys as f64 + rests) / current.len().max(1) as f64
}

/// Chooses contexts and classes for floats with a mantissa of so many bits.
///
/// `len` is the number of elements that the sample stands for.
pub(super) fn classes<T: Word<N>, const N: usize>(
    parent: &[[u8; N]],
    mantissa: u32,
    len: usize,
) -> Classes {
    // On synthetic training the first fine bit saves f32 0.3 to 0.9 % and a second changes less than
    // 0.3 % either way; all three together save bf16 5 %.
    let fine = if T::BITS == 16 { 3 } else { 1 };
    // Fewer elements cannot pay for the tables of all contexts: on synthetic weights each of these
    // was within 0.5 % of the best at the lengths that it is for.
    let merge = [(1 << 14, 0), (1 << 12, 1)].into_iter().find(|&(enough, _)| len >= enough);
    let merge = merge.map_or(2, |(_, merge)| merge);
    let mut classes = Classes { top: 0, fine, merge, mantissa };
    let mut exponents: Vec<u16> =
        parent.iter().map(|&element| classes.exponent::<T, N>(element) as u16).collect();
    exponents.sort_unstable_by(|a, b| b.cmp(a));
    classes.top = exponents.get(exponents.len() / ABOVE_TOP).copied().unwrap_or(0);
    classes
}

/// Adds up the entropies of planes of a length, made by `split`.
fn plane_bits(bytes: usize, len: usize, split: impl FnOnce(&mut [u8])) -> f64 {
    let mut planes = vec![0; bytes];
    split(&mut planes);
    planes.chunks_exact(len.max(1)).map(byte_bits).sum()
}

/// Bits that an exception among equal bytes takes where zstd must find the equal ones as a
/// repetition: roughly a literal and the codes of a length and a distance; not measured.
const EXCEPTION_BITS: f64 = 24.0;

/// Estimates the bits per byte of what a sample stands for.
///
/// That is the entropy, but below one bit, which is the shortest Huffman code, repetitions are
/// what remains.
fn byte_bits(bytes: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    let total = bytes.len() as f64;
    let used = counts.iter().filter(|&&count| count > 0);
    let bits = |&count: &u32| f64::from(count) * (total / f64::from(count)).log2() + BIAS;
    let entropy = ((used.map(bits).sum::<f64>() - BIAS) / total).min(8.0);
    let exceptions = total - f64::from(*counts.iter().max().expect("256 counts"));
    entropy.max((exceptions * EXCEPTION_BITS / total).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_spread_over_the_block() {
        let elements: Vec<[u8; 2]> = (0..50_000u16).map(u16::to_le_bytes).collect();
        let sample = sample(&elements);
        assert_eq!(sample.len(), SAMPLE);
        let last = u16::from_le_bytes(sample[SAMPLE - 1]);
        assert!(last > 49_000, "{last}");
        assert_eq!(super::sample(&elements[..100]), elements[..100]);
    }

    #[test]
    fn noise_takes_8_bits_and_a_constant_none() {
        let mut state = 1u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(SAMPLE)
        .collect();
        assert!(byte_bits(&noise) > 7.98);
        assert_eq!(byte_bits(&[3; 100]), 0.0);
        let mut few = vec![3; 1000];
        few[10] = 4;
        assert_eq!(byte_bits(&few), EXCEPTION_BITS / 1000.0);
        few[..100].fill(4);
        assert_eq!(byte_bits(&few), 1.0);
    }

    #[test]
    fn outliers_do_not_move_the_contexts() {
        let mut parent = vec![0.5f32.to_le_bytes(); 2048];
        parent[7] = f32::INFINITY.to_le_bytes();
        parent[8] = f32::NAN.to_le_bytes();
        let classes = classes::<u32, 4>(&parent, 23, 2048);
        assert_eq!((classes.top, classes.fine, classes.merge), (126, 1, 2));
        assert_eq!(super::classes::<u32, 4>(&[], 23, 1 << 20).top, 0);
    }
}
