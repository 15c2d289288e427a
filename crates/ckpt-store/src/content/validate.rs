//! How the parts of a checkpoint must fit together, whatever its bytes say.

use ckpt_tensor::Shape;

use crate::{
    content::paths::check_paths,
    record::{CheckpointRecord, FileRecord, SegmentRecord, TensorRecord},
};

/// Checks that tensors are as long as their shapes say, that files have names that can stand beside
/// each other, and that they consist of tensors that there are and have an end.
pub(crate) fn check_fit(checkpoint: &CheckpointRecord) -> Result<(), String> {
    let CheckpointRecord { tensors, files } = checkpoint;
    tensors.iter().try_for_each(check_tensor)?;
    check_paths(files.iter().map(|file| file.path.as_str()))?;
    files.iter().try_for_each(|file| check_segments(file, tensors))
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

fn check_segments(file: &FileRecord, tensors: &[TensorRecord]) -> Result<(), String> {
    let is_missing = |index: u32| tensors.len() <= index as usize;
    if file.segments.iter().filter_map(SegmentRecord::tensor).any(is_missing) {
        return Err(format!("its file {} has a segment that is no tensor", file.path));
    }
    let lens = file.segments.iter().filter_map(|segment| Some(segment.content(tensors)?.len));
    let end = lens.into_iter().try_fold(0_u64, u64::checked_add);
    end.map(|_| ()).ok_or_else(|| format!("its file {} has no end", file.path))
}

#[cfg(test)]
mod tests {
    use ckpt_hash::tree_hash;
    use ckpt_tensor::Dtype;

    use super::*;
    use crate::record::Role;

    fn opaque(len: u64) -> SegmentRecord {
        SegmentRecord::Opaque { len, root: tree_hash(b"x") }
    }

    fn file(path: &str, segments: Vec<SegmentRecord>) -> FileRecord {
        let (path, reader) = (path.to_owned(), "opaque".to_owned());
        FileRecord { path, reader, reader_version: 1, note: None, segments }
    }

    fn tensor(shape: &[u64], len: u64) -> TensorRecord {
        let (name, shape, root) = ("w".to_owned(), shape.to_vec(), tree_hash(b"x"));
        TensorRecord { name, dtype: Dtype::U8, shape, role: Role::Weights, len, root }
    }

    fn refusal(tensors: Vec<TensorRecord>, files: Vec<FileRecord>) -> String {
        check_fit(&CheckpointRecord { tensors, files }).unwrap_err()
    }

    #[test]
    fn tensors_are_as_long_as_their_shape_says() {
        assert_eq!(
            check_fit(&CheckpointRecord { tensors: vec![tensor(&[2, 3], 6)], files: vec![] }),
            Ok(())
        );
        let found = refusal(vec![tensor(&[10, 10], 3)], Vec::new());
        assert_eq!(found, "its tensor w has 3 bytes where its shape needs 100");
        let found = refusal(vec![tensor(&[1 << 63, 2], 0)], Vec::new());
        assert!(found.starts_with("its tensor w: "), "{found}");
    }

    #[test]
    fn files_consist_of_tensors_that_there_are_and_end() {
        for missing in [SegmentRecord::Tensor { index: 1 }, SegmentRecord::Tied { index: 1 }] {
            let found = refusal(vec![tensor(&[3], 3)], vec![file("a", vec![opaque(4), missing])]);
            assert_eq!(found, "its file a has a segment that is no tensor");
        }
        let endless = vec![opaque(u64::MAX), opaque(1)];
        assert_eq!(refusal(Vec::new(), vec![file("a", endless)]), "its file a has no end");
    }

    #[test]
    fn paths_can_stand_beside_each_other_and_lead_nowhere_else() {
        for (paths, what) in [
            (&["a", "a"][..], "two files are named a"),
            (&["a/b", "a"], "a is a file and the folder of a/b"),
            (&[".Ckpt/HEAD"], "\".Ckpt/HEAD\" could replace a part of a repository"),
            (&["../a"], "\"../a\" is not a relative path without special parts"),
        ] {
            let files = paths.iter().map(|path| file(path, Vec::new())).collect();
            assert_eq!(refusal(Vec::new(), files), what);
        }
    }
}
