//! The ids of models and states: over meaning, not over storage.

use std::collections::BTreeMap;

use ckpt_hash::{FieldHasher, ModelId, StateId, TreeHash};

use super::naming::plain_names;
use crate::record::{CheckpointRecord, FileRecord, Role, SegmentRecord, TensorRecord};

/// The reader of files of no known format.
pub(crate) const OPAQUE: &str = "opaque";

/// Computes the id of the weights: over the sorted (name, dtype, shape, content) of the tensors
/// with the role [`Role::Weights`], and over what could not be read of files that may hold more.
///
/// A name that several files have counts once, without their paths, if their tensors are equal:
/// another copy of a model makes no other model.
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
    let tensors = distinct(checkpoint, counts);
    if tensors.is_empty() && (checkpoint.tensors.is_empty() || !checkpoint.files.is_empty()) {
        hash_files(hasher, checkpoint);
        return;
    }
    hasher.text("tensors").number(tensors.len() as u64);
    for (name, (tensor, role)) in tensors {
        hasher.text(name).text(tensor.dtype.name());
        hasher.number(u64::from(role == Role::State)).number(tensor.shape.len() as u64);
        for extent in &tensor.shape {
            hasher.number(*extent);
        }
        hasher.digest(tensor.root.digest());
    }
    hash_unread(hasher, &checkpoint.files);
}

/// Lists the tensors that count by the names and with the roles that they count under: equal copies
/// in several files as one, which is weights if any of them is.
fn distinct(
    checkpoint: &CheckpointRecord,
    counts: impl Fn(&TensorRecord) -> bool,
) -> BTreeMap<&str, (&TensorRecord, Role)> {
    let mut copies: BTreeMap<&str, Vec<&TensorRecord>> = BTreeMap::new();
    let mut tensors = BTreeMap::new();
    for (tensor, plain) in checkpoint.tensors.iter().zip(plain_names(checkpoint)) {
        match plain {
            _ if !counts(tensor) => {}
            Some(plain) => copies.entry(plain).or_default().push(tensor),
            None => drop(tensors.insert(tensor.name.as_str(), (tensor, tensor.role))),
        }
    }
    for (plain, copies) in copies {
        if copies.iter().all(|copy| copy.has_elements_of(copies[0])) {
            let is_weights = copies.iter().any(|copy| copy.role == Role::Weights);
            let role = if is_weights { Role::Weights } else { Role::State };
            tensors.insert(plain, (copies[0], role));
        } else {
            tensors.extend(copies.iter().map(|copy| (copy.name.as_str(), (*copy, copy.role))));
        }
    }
    tensors
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

    /// Files that each have the tensor `w`, with these contents and roles.
    fn copies(contents: &[(&[u8], Role)]) -> CheckpointRecord {
        let files = contents.iter().enumerate().map(|(place, _)| {
            let index = place as u32;
            let segments = vec![SegmentRecord::Tensor { index }];
            FileRecord { segments, ..file(&format!("{place}.pt"), None, b"") }
        });
        let tensors = contents.iter().enumerate().map(|(place, (content, role))| TensorRecord {
            name: format!("{place}.pt::w"),
            root: tree_hash(content),
            ..tensor("w", *role)
        });
        CheckpointRecord { tensors: tensors.collect(), files: files.collect() }
    }

    #[test]
    fn copies_of_a_model_are_that_model() {
        let alone = ids(Role::Weights, vec![file("a.pt", None, b"header")]);
        let w = (&b"w"[..], Role::Weights);
        let two = copies(&[w, w]);
        assert_eq!((model_id(&two), state_id(&two)), alone);
        // What is weights in one file is weights; state of that name is another thing.
        let state = copies(&[w, (b"w", Role::State)]);
        assert_eq!((model_id(&state), state_id(&state)), alone);
        let other = copies(&[w, (b"moments", Role::State)]);
        assert_eq!(model_id(&other), alone.0);
        assert_ne!(state_id(&other), alone.1);
    }

    #[test]
    fn files_that_differ_in_a_name_are_told_apart() {
        let (one, two) = ((&b"w"[..], Role::Weights), (&b"v"[..], Role::Weights));
        assert_ne!(model_id(&copies(&[one, two])), model_id(&copies(&[one, one])));
        assert_ne!(model_id(&copies(&[one, two])), model_id(&copies(&[two, one])));
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
