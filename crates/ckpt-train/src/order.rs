//! Random orders: ChaCha words, mapped to indices and numbers in stated ways.
//!
//! The generator is ChaCha20 (64-bit counter from 0, 64-bit nonce). Its key is the seed's eight
//! bytes, little-endian, then 24 zero bytes; its nonce is the stream number. A 64-bit word is two
//! consecutive 32-bit words of the key stream, the first one low.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The stream that permutes rows. Epoch `e`, counted from 1, takes its batch order from stream `e`.
pub(crate) const ROWS_STREAM: u64 = 0;

/// The stream that starts the power method; no run reaches an epoch of this number.
pub(crate) const POWER_STREAM: u64 = u64::MAX;

/// One stream of random words.
pub(crate) struct Words(ChaCha20Rng);

impl Words {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha20Rng::from_seed(key);
        generator.set_stream(stream);
        Self(generator)
    }

    fn word(&mut self) -> u64 {
        let low = u64::from(self.0.next_u32());
        low | u64::from(self.0.next_u32()) << 32
    }

    /// An index below `bound`, each equally likely: words from the last, incomplete multiple of
    /// `bound` under 2^64 are thrown away, and the first other word is taken modulo `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        let incomplete = (u64::MAX % bound + 1) % bound;
        loop {
            let word = self.word();
            if word <= u64::MAX - incomplete {
                return word % bound;
            }
        }
    }

    /// A number in -1 to 1: the top 53 bits of a word, times 2^-52, minus 1.
    pub(crate) fn signed_unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 * f64::EPSILON - 1.0
    }

    /// A permutation of `0..count` by Fisher and Yates: for `i = count - 1` down to 1, places `i`
    /// and `below(i + 1)` are swapped.
    pub(crate) fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for i in (1..count).rev() {
            order.swap(i, self.below(i as u64 + 1) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_published_key_stream() {
        // Zero key and nonce: the first test vector of draft-strombergson-chacha-test-vectors,
        // 20 rounds, bytes 76 b8 e0 ad a0 f1 3d 90 40 5d 6a e5 53 86 bd 28.
        let mut words = Words::new(0, 0);
        assert_eq!(words.word(), 0x903d_f1a0_ade0_b876);
        assert_eq!(words.word(), 0x28bd_8653_e56a_5d40);
    }

    #[test]
    fn orders_are_pinned() {
        assert_eq!(Words::new(3, 5).permutation(10), PINNED_ORDER);
        assert_ne!(Words::new(3, 6).permutation(10), PINNED_ORDER);
        assert_ne!(Words::new(4, 5).permutation(10), PINNED_ORDER);
    }

    // Computed apart from this code, by a ChaCha20 written out in Python.
    const PINNED_ORDER: [usize; 10] = [3, 0, 8, 2, 6, 5, 9, 7, 4, 1];

    #[test]
    fn orders_are_permutations() {
        for count in [0, 1, 2, 1000] {
            let mut order = Words::new(7, 3).permutation(count);
            order.sort_unstable();
            assert!(order.into_iter().eq(0..count));
        }
    }

    #[test]
    fn every_index_is_drawn_about_equally_often() {
        let mut words = Words::new(1, 0);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[words.below(7) as usize] += 1;
        }
        // Five standard deviations of a binomial count.
        assert!(counts.iter().all(|&count| count.abs_diff(10_000) < 500), "{counts:?}");
    }

    #[test]
    fn numbers_fill_the_signed_unit_interval() {
        let mut words = Words::new(2, 0);
        let numbers: Vec<f64> = (0..1000).map(|_| words.signed_unit()).collect();
        assert!(numbers.iter().all(|number| (-1.0..1.0).contains(number)));
        assert!(numbers.iter().any(|&number| number < -0.9));
        assert!(numbers.iter().any(|&number| number > 0.9));
    }
}
