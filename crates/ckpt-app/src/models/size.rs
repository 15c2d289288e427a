//! How large a checkpoint is.

use std::collections::HashSet;

use ckpt_store::{Checkpoint, FileInfo, Role, Segment, TensorInfo};

/// The size of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Bytes of its files, and of tensors that are in none.
    pub bytes: u64,
    /// Elements of its weights; those that have several names count once.
    pub parameters: u64,
}

impl Size {
    /// Adds up what a record tells, up to `u64::MAX`.
    pub fn of(checkpoint: &Checkpoint) -> Self {
        let Checkpoint { tensors, files } = checkpoint;
        // Of each tensor in files, whether it is more than another name.
        let (mut held, mut tied) = (HashSet::new(), HashSet::new());
        for segment in files.iter().flat_map(|file| &file.segments) {
            match segment {
                Segment::Tensor { index } => held.insert(*index as usize),
                Segment::Tied { index } => tied.insert(*index as usize),
                Segment::Opaque { .. } => false,
            };
        }
        let is_loose = |place: &usize| !held.contains(place) && !tied.contains(place);
        let is_own = |place: &usize| held.contains(place) || !tied.contains(place);
        let file = |file: &FileInfo| file.len(tensors);
        let numbered = tensors.iter().enumerate();
        let loose = numbered.filter(|(place, _)| is_loose(place)).map(|(_, tensor)| tensor.len);
        let distinct = checkpoint.distinct_tensors();
        let weights = distinct
            .iter()
            .filter(|(place, tensor)| tensor.role == Role::Weights && is_own(place))
            .map(|(_, tensor)| elements(tensor));
        Self {
            bytes: files.iter().map(file).chain(loose).fold(0, u64::saturating_add),
            parameters: weights.fold(0, u64::saturating_add),
        }
    }
}

fn elements(tensor: &TensorInfo) -> u64 {
    tensor.shape.iter().fold(1, |product, extent| product.saturating_mul(*extent))
}

#[cfg(test)]
mod tests {
    use ckpt_hash::tree_hash;

    use super::*;

    fn tensor(name: &str, role: Role, shape: &[u64]) -> TensorInfo {
        let tensor = TensorInfo {
            name: name.to_owned(),
            dtype: ckpt_tensor::Dtype::F32,
            shape: shape.to_vec(),
            role,
            len: 0,
            root: tree_hash(b""),
        };
        TensorInfo { len: elements(&tensor).saturating_mul(4), ..tensor }
    }

    #[test]
    fn state_and_second_names_are_no_parameters() {
        let root = tree_hash(b"");
        let checkpoint = Checkpoint {
            tensors: vec![
                tensor("a", Role::Weights, &[2, 3]),
                tensor("m", Role::State, &[100]),
                tensor("s", Role::Weights, &[]),
                tensor("tied", Role::Weights, &[2, 3]),
            ],
            files: vec![FileInfo {
                path: "x".to_owned(),
                reader: "pt".to_owned(),
                reader_version: 1,
                note: None,
                segments: vec![
                    Segment::Opaque { len: 10, root },
                    Segment::Tensor { index: 0 },
                    Segment::Tensor { index: 1 },
                    Segment::Tied { index: 3 },
                ],
            }],
        };
        // The scalar s is in no file.
        assert_eq!(Size::of(&checkpoint), Size { bytes: 10 + 24 + 400 + 4, parameters: 7 });
    }

    #[test]
    fn what_overflows_ends_at_the_greatest_number() {
        let tensors =
            vec![tensor("a", Role::Weights, &[u64::MAX, 2]), tensor("b", Role::Weights, &[1])];
        let checkpoint = Checkpoint { tensors, files: Vec::new() };
        assert_eq!(Size::of(&checkpoint).parameters, u64::MAX);
    }
}
