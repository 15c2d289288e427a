//! Checkpoints as training makes them: every epoch near the one before it.
//!
//! Made, not recorded, so that they take no space and have any size. The parameters are chosen so
//! that what coders make of them is close to what they make of real training of that kind.

use ckpt_tensor::Dtype;

/// A kind of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Training {
    /// A transformer from scratch in f32: every weight moves by some per cent of their deviation.
    DenseF32,
    /// Late training of a small network in f32: tiny steps, some inputs never seen.
    LateF32,
    /// Fine-tuning in bf16, of weights kept in f32 and rounded.
    FineTuneBf16,
    /// The same where three quarters of the tensors are frozen.
    FrozenBf16,
    /// Adam's first moment: forgotten between two epochs.
    FirstMoment,
    /// Adam's second moment: remembered in part.
    SecondMoment,
    /// An embedding table in f32 of which 1 % of the rows are touched.
    SparseRows,
}

impl Training {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::DenseF32,
        Self::LateF32,
        Self::FineTuneBf16,
        Self::FrozenBf16,
        Self::FirstMoment,
        Self::SecondMoment,
        Self::SparseRows,
    ];

    /// Gives the type of the elements.
    pub fn dtype(self) -> Dtype {
        match self {
            Self::FineTuneBf16 | Self::FrozenBf16 => Dtype::Bf16,
            _ => Dtype::F32,
        }
    }
}

/// The epochs of a training: an endless iterator over the bytes of all elements.
pub struct Sequence {
    training: Training,
    random: Random,
    /// Steps that were made.
    epoch: i32,
    weights: Vec<f32>,
    /// The direction of each weight's last step.
    direction: Vec<f32>,
}

/// Elements of a row: what belongs to one input, token or neuron.
const ROW: usize = 512;

/// Tensors that the elements are divided into.
const TENSORS: usize = 8;

impl Sequence {
    /// Starts a training of so many elements.
    pub fn new(training: Training, elements: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut weights = Vec::with_capacity(elements);
        while weights.len() < elements {
            let scale = 0.02 * (0.3 * random.normal()).exp();
            let row = (elements - weights.len()).min(ROW);
            weights.extend((0..row).map(|_| match training {
                Training::FirstMoment => 1e-3 * scale * random.normal(),
                Training::SecondMoment => (1e-3 * scale * random.normal()).powi(2),
                _ => scale * random.normal(),
            }));
        }
        let direction = (0..elements).map(|_| random.normal()).collect();
        Self { training, random, epoch: 0, weights, direction }
    }

    fn step(&mut self) {
        self.epoch += 1;
        match self.training {
            Training::DenseF32 => self.descend(1.5e-3, 1.0),
            // The rate falls from epoch to epoch.
            Training::LateF32 => self.descend(6e-7 * 0.5f32.powi(self.epoch), 0.85),
            Training::FineTuneBf16 | Training::FrozenBf16 => self.descend(1.0e-4, 1.0),
            Training::SparseRows => self.descend(1.5e-3, 0.01),
            Training::FirstMoment => self.forget(1.0, |weight, noise| weight.abs() * noise),
            Training::SecondMoment => {
                self.forget(0.7, |weight, noise| weight * (0.5 + 0.5 * noise * noise));
            }
        }
    }

    /// Moves a part of the rows by steps of a size, in directions that change slowly.
    fn descend(&mut self, size: f32, part: f32) {
        let rows = self.weights.chunks_mut(ROW).zip(self.direction.chunks_mut(ROW));
        let per_tensor = rows.len() / TENSORS;
        for (i, (weights, directions)) in rows.enumerate() {
            let trained = (i / per_tensor.max(1)).is_multiple_of(4);
            if self.training == Training::FrozenBf16 && !trained {
                continue;
            }
            if self.random.unit() as f32 > part {
                continue;
            }
            let size = size * (0.3 * self.random.normal()).exp();
            for (weight, direction) in weights.iter_mut().zip(directions) {
                *direction = 0.5 * *direction + 0.87 * self.random.normal();
                *weight -= size * *direction;
            }
        }
    }

    /// Replaces a part of each moment by something new of its size.
    fn forget(&mut self, part: f32, new: impl Fn(f32, f32) -> f32) {
        for weights in self.weights.chunks_mut(ROW) {
            let size = weights.iter().map(|w| w.abs()).sum::<f32>() / weights.len() as f32;
            for weight in weights {
                let noise = self.random.normal();
                let fresh = match self.training {
                    Training::FirstMoment => size * 1.25 * noise,
                    _ => new(*weight, noise),
                };
                *weight = (1.0 - part) * *weight + part * fresh;
            }
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self.training.dtype() {
            Dtype::Bf16 => self.weights.iter().flat_map(|&w| round(w).to_le_bytes()).collect(),
            _ => self.weights.iter().flat_map(|w| w.to_le_bytes()).collect(),
        }
    }
}

impl Iterator for Sequence {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let bytes = self.bytes();
        self.step();
        Some(bytes)
    }
}

/// Rounds to the nearest bf16, ties to even.
fn round(weight: f32) -> u16 {
    let bits = weight.to_bits();
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// Floats of 8 bytes from pairs of f32, with noise in all bits.
pub fn to_f64(bytes: &[u8]) -> Vec<u8> {
    let numbers: Vec<f32> = bytes.as_chunks().0.iter().map(|&x| f32::from_le_bytes(x)).collect();
    let pairs = numbers.chunks_exact(2).map(|pair| f64::from(pair[0]) * (1.0 + f64::from(pair[1])));
    pairs.flat_map(f64::to_le_bytes).collect()
}

/// SplitMix64.
pub struct Random(u64);

impl Random {
    /// Starts at a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Draws any word.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Draws from 0 to below 1.
    fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 * (f64::EPSILON / 2.0)
    }

    /// Draws from a normal distribution (Box and Muller).
    fn normal(&mut self) -> f32 {
        let (a, b) = (1.0 - self.unit(), self.unit());
        ((-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()) as f32
    }
}
