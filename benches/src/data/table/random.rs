//! Random numbers that are the same on every machine.
//!
//! The generator is ChaCha8 (64-bit counter from 0, 64-bit nonce). Its key is the seed's eight
//! bytes, little-endian, then 24 zero bytes; its nonce is the stream number. A 64-bit word is two
//! consecutive 32-bit words of the key stream, the first one low. Logarithms, sines and cosines are
//! libm's.

use std::f64::consts::TAU;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// One stream of random numbers.
pub(super) struct Draws {
    generator: ChaCha8Rng,
    /// The second number of the last pair.
    spare: Option<f64>,
}

impl Draws {
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(stream);
        Self { generator, spare: None }
    }

    /// Draws a number within 0 to 1, never 0 or 1: the top 52 bits of a word, plus a half, times
    /// 2^-52.
    fn unit(&mut self) -> f64 {
        let low = u64::from(self.generator.next_u32());
        let word = low | u64::from(self.generator.next_u32()) << 32;
        ((word >> 12) as f64 + 0.5) * f64::EPSILON
    }

    /// Draws a standard normal number, by Box and Muller's transform of two uniform ones: the one
    /// with the cosine first, the one with the sine next.
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * libm::log(self.unit())).sqrt();
        let (sine, cosine) = libm::sincos(TAU * self.unit());
        self.spare = Some(radius * sine);
        radius * cosine
    }

    /// Draws a number of the standard Gumbel distribution.
    pub(super) fn gumbel(&mut self) -> f64 {
        -libm::log(-libm::log(self.unit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_published_key_stream() {
        // Zero key and nonce: the test vector of draft-strombergson-chacha-test-vectors with 8
        // rounds starts with the bytes 3e 00 ef 2f 89 5f 40 d6.
        let word = 0xd640_5f89_2fef_003e_u64;
        assert_eq!(Draws::new(0, 0).unit(), ((word >> 12) as f64 + 0.5) / (1_u64 << 52) as f64);
        assert_ne!(Draws::new(0, 1).unit(), Draws::new(0, 0).unit());
    }

    /// Checks mean and variance of many draws, each to five standard errors or so.
    fn assert_moments(mut draw: impl FnMut() -> f64, mean: f64, variance: f64) {
        let draws: Vec<f64> = (0..100_000).map(|_| draw()).collect();
        let found = draws.iter().sum::<f64>() / 1e5;
        assert!((found - mean).abs() < 0.02, "mean {found}");
        let found = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 1e5;
        assert!((found / variance - 1.0).abs() < 0.04, "variance {found}");
    }

    #[test]
    fn distributions_have_their_moments() {
        let mut draws = Draws::new(7, 3);
        assert_moments(|| draws.normal(), 0.0, 1.0);
        let euler_mascheroni = 0.577_215_664_901_532_9;
        let variance = std::f64::consts::PI.powi(2) / 6.0;
        assert_moments(|| draws.gumbel(), euler_mascheroni, variance);
    }
}
