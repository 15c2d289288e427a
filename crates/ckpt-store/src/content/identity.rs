//! The ids of models and states: over meaning, not over storage.

use ckpt_hash::{FieldHasher, ModelId, StateId, TreeHash};

use crate::record::{CheckpointRecord, FileRecord, Role, SegmentRecord, TensorRecord};

/// The reader of files of no known format.
pub(crate) const OPAQUE: &str = "opaque";

/// Computes the id of the weights: over the sorted (name, dtype, shape, content) of the tensors
/// with the role [`Role::Weights`], and over what could not be read of files that may hold more.
///
/// A checkpoint without weights is known by its files instead: their paths and contents.
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
    let mut tensors: Vec<_> = checkpoint.tensors.iter().filter(|tensor| counts(tensor)).collect();
    if tensors.is_empty() && (checkpoint.tensors.is_empty() || !checkpoint.files.is_empty()) {
        hash_files(hasher, checkpoint);
        return;
    }
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
    hash_unread(hasher, &checkpoint.files);
}

/// Tells whether there may be tensors in a file that were not found: it is of a known format, and a
/// note says what could not be read.
pub(crate) fn is_unread(file: &FileRecord) -> bool {
    file.note.is_some() && file.reader != OPAQUE
}

/// Counts the opaque bytes of files of a known format that could not be read whole, whatever the
/// files are called: tensors may be in there. Where all was read, nothing is added.
fn hash_unread(hasher: &mut FieldHasher, files: &[FileRecord]) {
    let unread = files.iter().filter(|file| is_unread(file));
    let opaque = |file: &FileRecord| -> Vec<(u64, TreeHash)> {
        let runs = file.segments.iter().filter_map(|segment| match segment {
            SegmentRecord::Opaque { len, root } => Some((*len, *root)),
            _ => None,
        });
        runs.collect()
    };
    let mut unread: Vec<Vec<(u64, TreeHash)>> = unread.map(opaque).collect();
    unread.sort();
    for runs in unread {
        hasher.text("unread").number(runs.len() as u64);
        for (len, root) in runs {
            hasher.number(len).digest(root.digest());
        }
    }
}

fn hash_files(hasher: &mut FieldHasher, checkpoint: &CheckpointRecord) {
    hasher.text("files").number(checkpoint.files.len() as u64);
    for file in &checkpoint.files {
        let contents = file.segments.iter().filter_map(|s| s.content(&checkpoint.tensors));
        let contents: Vec<_> = contents.collect();
        hasher.text(&file.path).number(contents.len() as u64);
        for content in contents {
            hasher.number(content.len).digest(content.root.digest());
        }
    }
}

#[cfg(test)]
mod tests {
    use ckpt_hash::tree_hash;
    use ckpt_tensor::Dtype;

    use super::*;

    fn tensor(name: &str, role: Role) -> TensorRecord {
        let (name, root) = (name.to_owned(), tree_hash(name.as_bytes()));
        TensorRecord { name, dtype: Dtype::U8, shape: vec![1], role, len: 1, root }
    }

    fn file(path: &str, note: Option<&str>, opaque: &[u8]) -> FileRecord {
        let segments = vec![
            SegmentRecord::Opaque { len: opaque.len() as u64, root: tree_hash(opaque) },
            SegmentRecord::Tensor { index: 0 },
        ];
        let (path, reader, note) = (path.to_owned(), "pytorch".to_owned(), note.map(str::to_owned));
        FileRecord { path, reader, reader_version: 1, note, segments }
    }

    fn ids(role: Role, files: Vec<FileRecord>) -> (ModelId, StateId) {
        let checkpoint = CheckpointRecord { tensors: vec![tensor("w", role)], files };
        (model_id(&checkpoint), state_id(&checkpoint))
    }

    #[test]
    fn what_was_read_whole_counts_by_its_tensors_alone() {
        let known = ids(Role::Weights, vec![file("a.pt", None, b"header")]);
        assert_eq!(known, ids(Role::Weights, vec![file("b.pt", None, b"another header")]));
        assert_eq!(known, ids(Role::Weights, vec![]));
    }

    #[test]
    fn what_could_not_be_read_counts_by_its_bytes() {
        let note = Some("conv.weight is not row-major");
        let one = ids(Role::Weights, vec![file("a.pt", note, b"one")]);
        assert_ne!(one.0, ids(Role::Weights, vec![file("a.pt", note, b"two")]).0);
        assert_eq!(one, ids(Role::Weights, vec![file("b.pt", note, b"one")]));
    }

    #[test]
    fn without_weights_the_files_count() {
        let one = ids(Role::State, vec![file("a.pt", None, b"one")]);
        let two = ids(Role::State, vec![file("a.pt", None, b"two")]);
        assert_ne!(one.0, two.0);
        assert_eq!(one.1, two.1);
    }
}
