//! What a checkpoint must be, whatever its bytes say.

use crate::{
    content::{objects::Content, validate::check_fit},
    record::{CheckpointRecord, SegmentRecord, TensorRecord},
};

/// Returns every content of a checkpoint; fails where it does not fit together.
pub(super) fn contents(checkpoint: &CheckpointRecord) -> Result<Vec<Content>, String> {
    let CheckpointRecord { tensors, files } = checkpoint;
    if !tensors.is_sorted_by(|a, b| a.name < b.name) {
        return Err("its tensors are not in the order of their names".to_owned());
    }
    if !files.is_sorted_by(|a, b| a.path < b.path) {
        return Err("its files are not in the order of their paths".to_owned());
    }
    check_fit(checkpoint)?;
    let segments = files.iter().flat_map(|file| &file.segments);
    let opaque = segments.filter(|segment| matches!(segment, SegmentRecord::Opaque { .. }));
    let opaque = opaque.filter_map(|segment| segment.content(tensors));
    Ok(tensors.iter().map(TensorRecord::content).chain(opaque).collect())
}

#[cfg(test)]
mod tests {
    use ckpt_hash::{TreeHash, tree_hash};
    use ckpt_tensor::Dtype;

    use super::*;
    use crate::record::{FileRecord, Role};

    fn root() -> TreeHash {
        tree_hash(b"abc")
    }

    fn tensor(name: &str, shape: &[u64], len: u64) -> TensorRecord {
        let (name, shape) = (name.to_owned(), shape.to_vec());
        TensorRecord { name, dtype: Dtype::U8, shape, role: Role::Weights, len, root: root() }
    }

    fn file(path: &str, segments: Vec<SegmentRecord>) -> FileRecord {
        let (path, reader) = (path.to_owned(), "opaque".to_owned());
        FileRecord { path, reader, reader_version: 1, note: None, segments }
    }

    fn refusal(tensors: Vec<TensorRecord>, files: Vec<FileRecord>) -> String {
        contents(&CheckpointRecord { tensors, files }).unwrap_err()
    }

    #[test]
    fn content_is_named_once() {
        let segments = vec![
            SegmentRecord::Opaque { len: 3, root: root() },
            SegmentRecord::Tensor { index: 0 },
        ];
        let files = vec![file("a", segments.clone()), file("b/a", segments)];
        let found = contents(&CheckpointRecord { tensors: vec![tensor("w", &[3], 3)], files });
        assert_eq!(found.unwrap().len(), 3);
    }

    #[test]
    fn names_and_paths_are_in_order_and_occur_once() {
        let empty = |name| tensor(name, &[0], 0);
        refusal(vec![empty("b"), empty("a")], Vec::new());
        refusal(vec![empty("a"), empty("a")], Vec::new());
        let paths = |paths: &[&str]| paths.iter().map(|path| file(path, Vec::new())).collect();
        refusal(Vec::new(), paths(&["b", "a"]));
        refusal(Vec::new(), paths(&["a", "a"]));
        let found = refusal(Vec::new(), paths(&["a", "a-", "a/b/c"]));
        assert_eq!(found, "a is a file and the folder of a/b/c");
    }
}
