//! What a checkpoint must be, whatever its bytes say.

use ckpt_tensor::Shape;

use crate::{
    objects::Content,
    paths::check_paths,
    record::{CheckpointRecord, FileRecord, SegmentRecord, TensorRecord},
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
    tensors.iter().try_for_each(check_tensor)?;
    check_paths(files.iter().map(|file| file.path.as_str()))?;
    let mut found: Vec<Content> = tensors.iter().map(TensorRecord::content).collect();
    for file in files {
        found.extend(opaque(file, tensors)?);
    }
    Ok(found)
}

fn check_tensor(tensor: &TensorRecord) -> Result<(), String> {
    let TensorRecord { name, dtype, shape, len, .. } = tensor;
    match Shape::from(shape.clone()).byte_len(*dtype) {
        Ok(expected) if expected == *len => Ok(()),
        Ok(expected) => {
            Err(format!("its tensor {name} has {len} bytes where its shape needs {expected}"))
        }
        Err(error) => Err(format!("its tensor {name}: {error}")),
    }
}

/// Returns the contents of a file that are no tensors.
fn opaque(file: &FileRecord, tensors: &[TensorRecord]) -> Result<Vec<Content>, String> {
    let mut found = Vec::new();
    let mut end = 0_u64;
    for segment in &file.segments {
        let content = segment.content(tensors);
        let content = content
            .ok_or_else(|| format!("its file {} has a segment that is no tensor", file.path))?;
        end = end
            .checked_add(content.len)
            .ok_or_else(|| format!("its file {} has no end", file.path))?;
        if let SegmentRecord::Opaque { .. } = segment {
            found.push(content);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use ckpt_hash::{TreeHash, tree_hash};
    use ckpt_tensor::Dtype;

    use super::*;
    use crate::record::Role;

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
    fn tensors_are_as_long_as_their_shape_says() {
        let found = refusal(vec![tensor("w", &[10, 10], 3)], Vec::new());
        assert_eq!(found, "its tensor w has 3 bytes where its shape needs 100");
        refusal(vec![tensor("w", &[u64::MAX, 16], 3)], Vec::new());
    }

    #[test]
    fn names_and_paths_are_in_order_and_occur_once() {
        let empty = |name| tensor(name, &[0], 0);
        refusal(vec![empty("b"), empty("a")], Vec::new());
        refusal(vec![empty("a"), empty("a")], Vec::new());
        let paths = |paths: &[&str]| paths.iter().map(|path| file(path, Vec::new())).collect();
        refusal(Vec::new(), paths(&["b", "a"]));
        refusal(Vec::new(), paths(&["a", "a"]));
        refusal(Vec::new(), paths(&["../a"]));
        let found = refusal(Vec::new(), paths(&["a", "a-", "a/b/c"]));
        assert_eq!(found, "a is a file and the folder of a/b/c");
    }

    #[test]
    fn files_consist_of_tensors_that_there_are_and_end() {
        let missing = vec![SegmentRecord::Tensor { index: 1 }];
        let found = refusal(vec![tensor("w", &[3], 3)], vec![file("a", missing)]);
        assert_eq!(found, "its file a has a segment that is no tensor");
        let endless = vec![SegmentRecord::Opaque { len: u64::MAX, root: root() }; 2];
        assert_eq!(refusal(Vec::new(), vec![file("a", endless)]), "its file a has no end");
    }
}
