//! The kinds of training, as users name them.

use ckpt_tensor::Dtype;

use ckpt_testkit::sequences::{self, Sequence};

/// A kind of training whose checkpoints can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// A transformer from scratch in f32: every weight moves
    DenseF32,
    /// Late training of a small network in f32: tiny steps
    MlpF32,
    /// Fine-tuning in bf16
    Bf16,
    /// The same with three quarters of the tensors frozen
    Frozen,
    /// The first, with Adam's two moments and the weights
    Adam,
    /// An embedding table in f32 of which 1 % of the rows are touched
    Sparse,
}

/// Elements of a row of a tensor.
const ROW: usize = 512;

/// Tensors of each part of a checkpoint.
const TENSORS: usize = 8;

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 6] =
        [Self::DenseF32, Self::MlpF32, Self::Bf16, Self::Frozen, Self::Adam, Self::Sparse];

    /// Returns the name that users type.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DenseF32 => "dense-f32",
            Self::MlpF32 => "mlp-f32",
            Self::Bf16 => "bf16",
            Self::Frozen => "frozen",
            Self::Adam => "adam",
            Self::Sparse => "sparse",
        }
    }

    /// Returns what a checkpoint consists of: the last word of its tensors' names, and how they
    /// change.
    const fn parts(self) -> &'static [(&'static str, sequences::Training)] {
        use sequences::Training as T;
        match self {
            Self::DenseF32 => &[("weight", T::DenseF32)],
            Self::MlpF32 => &[("weight", T::LateF32)],
            Self::Bf16 => &[("weight", T::FineTuneBf16)],
            Self::Frozen => &[("weight", T::FrozenBf16)],
            Self::Adam => &[
                ("weight", T::DenseF32),
                ("exp_avg", T::FirstMoment),
                ("exp_avg_sq", T::SecondMoment),
            ],
            Self::Sparse => &[("weight", T::SparseRows)],
        }
    }
}

/// A tensor of one checkpoint.
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: [usize; 2],
    pub(super) bytes: Vec<u8>,
}

/// A training that goes on for ever: one checkpoint after another.
pub(super) struct Training {
    parts: Vec<(&'static str, Dtype, Sequence)>,
}

impl Training {
    /// Starts a training whose checkpoints have about so many bytes: whole rows of 512.
    pub(super) fn new(kind: Kind, bytes: usize, seed: u64) -> Self {
        let parts = kind.parts();
        let start = |(part, &(name, training)): (usize, &(_, sequences::Training))| {
            let width = match training.dtype() {
                Dtype::Bf16 => 2,
                _ => 4,
            };
            let rows = (bytes / parts.len() / width / ROW).max(TENSORS);
            // Parts of one checkpoint must not repeat each other's numbers.
            let seed = seed.wrapping_mul(1_000_003).wrapping_add(part as u64);
            (name, training.dtype(), Sequence::new(training, rows * ROW, seed))
        };
        Self { parts: parts.iter().enumerate().map(start).collect() }
    }

    /// Makes the next checkpoint.
    pub(super) fn next(&mut self) -> Vec<Tensor> {
        let mut tensors = Vec::new();
        for (name, dtype, sequence) in &mut self.parts {
            let bytes = sequence.next().unwrap_or_default();
            tensors.extend(divide(name, *dtype, &bytes));
        }
        tensors
    }
}

/// Divides the elements into tensors of equally many rows; the last has what is left over.
fn divide(name: &str, dtype: Dtype, bytes: &[u8]) -> impl Iterator<Item = Tensor> {
    let row_len = ROW * dtype.element_width().unwrap_or(1);
    let rows = bytes.len() / row_len;
    let per_tensor = rows / TENSORS;
    (0..TENSORS).map(move |index| {
        let end = if index + 1 == TENSORS { rows } else { (index + 1) * per_tensor };
        let start = index * per_tensor;
        Tensor {
            name: format!("blocks.{index}.{name}"),
            dtype,
            shape: [end - start, ROW],
            bytes: bytes[start * row_len..end * row_len].to_vec(),
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn names_are_what_the_command_line_takes() {
        for kind in Kind::ALL {
            let value = kind.to_possible_value().unwrap();
            assert_eq!(value.get_name(), kind.name());
        }
        assert_eq!(Kind::value_variants(), Kind::ALL);
    }

    #[test]
    fn tensors_hold_every_byte_once() {
        let bytes: Vec<u8> = (0..19 * ROW * 2).map(|byte| byte as u8).collect();
        let tensors: Vec<Tensor> = divide("weight", Dtype::Bf16, &bytes).collect();
        assert_eq!(
            tensors.iter().map(|t| t.shape[0]).collect::<Vec<_>>(),
            [2, 2, 2, 2, 2, 2, 2, 5]
        );
        assert_eq!(tensors.iter().flat_map(|t| t.bytes.clone()).collect::<Vec<_>>(), bytes);
    }

    #[test]
    fn adam_keeps_two_moments_beside_the_weights() {
        let tensors = Training::new(Kind::Adam, 1 << 18, 1).next();
        let names: Vec<&str> = tensors.iter().map(|tensor| tensor.name.as_str()).collect();
        assert_eq!(names.len(), 24);
        assert_eq!(
            [names[0], names[8], names[16]],
            ["blocks.0.weight", "blocks.0.exp_avg", "blocks.0.exp_avg_sq"]
        );
    }
}
