//! The ids of models and states: over meaning, not over storage.

use ckpt_hash::{FieldHasher, ModelId, StateId};

use crate::record::{CheckpointRecord, Role, SegmentRecord, TensorRecord};

/// Computes the id of the weights: over the sorted (name, dtype, shape, content) of the tensors
/// with the role [`Role::Weights`].
///
/// A checkpoint without any tensor is known by its files instead: their paths and contents.
pub(crate) fn model_id(checkpoint: &CheckpointRecord) -> ModelId {
    let mut hasher = ModelId::fields();
    hash_content(&mut hasher, checkpoint, |tensor| tensor.role == Role::Weights);
    ModelId::from_fields(hasher)
}

/// Computes the id of weights and state, in the manner of [`model_id`] with each tensor's role.
pub(crate) fn state_id(checkpoint: &CheckpointRecord) -> StateId {
    let mut hasher = StateId::fields();
    hash_content(&mut hasher, checkpoint, |_| true);
    StateId::from_fields(hasher)
}

fn hash_content(
    hasher: &mut FieldHasher,
    checkpoint: &CheckpointRecord,
    counts: impl Fn(&TensorRecord) -> bool,
) {
    if checkpoint.tensors.is_empty() {
        hash_files(hasher, checkpoint);
        return;
    }
    let mut tensors: Vec<_> = checkpoint.tensors.iter().filter(|tensor| counts(tensor)).collect();
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    hasher.text("tensors").number(tensors.len() as u64);
    for tensor in tensors {
        hasher.text(&tensor.name).text(tensor.dtype.name());
        hasher.number(u64::from(tensor.role == Role::State)).number(tensor.shape.len() as u64);
        for extent in &tensor.shape {
            hasher.number(*extent);
        }
        hasher.digest(tensor.root.digest());
    }
}

fn hash_files(hasher: &mut FieldHasher, checkpoint: &CheckpointRecord) {
    hasher.text("files").number(checkpoint.files.len() as u64);
    for file in &checkpoint.files {
        hasher.text(&file.path).number(file.segments.len() as u64);
        for segment in &file.segments {
            if let SegmentRecord::Opaque { len, root } = segment {
                hasher.number(*len).digest(root.digest());
            }
        }
    }
}
