//! Lays the files of a version out: which bytes make up each of them.

use crate::{
    content::{
        layout::{CanonicalFile, canonical_files},
        validate::check_fit,
    },
    error::{Error, Result},
    record::{CheckpointRecord, FileRecord, SegmentRecord, TensorRecord},
    restore::{Part, PlannedFile, RestoreAction, RestoreOptions},
};

/// Lists the files that a checkpoint restores to, as if none of them were there. `place` names the
/// checkpoint for messages.
pub(super) fn planned_files(
    place: &str,
    checkpoint: &CheckpointRecord,
    options: &RestoreOptions,
) -> Result<Vec<PlannedFile>> {
    check_fit(checkpoint).map_err(|what| Error::damaged(place, what))?;
    if checkpoint.files.is_empty() && checkpoint.tensors.is_empty() {
        return Err(Error::NothingToRestore);
    }
    let CheckpointRecord { tensors, files } = checkpoint;
    let mut planned: Vec<_> = files.iter().map(|file| recorded_file(file, tensors)).collect();
    let canonical = canonical_files(checkpoint, options.name.as_deref(), options.with_state)?;
    let canonical: Vec<_> = canonical.into_iter().map(PlannedFile::from).collect();
    if let (Some(name), [file], []) = (&options.name, &mut planned[..], &canonical[..]) {
        file.path.clone_from(name);
    }
    planned.extend(canonical);
    planned.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(planned)
}

/// Lays a recorded file out, of a checkpoint that fits together.
fn recorded_file(file: &FileRecord, tensors: &[TensorRecord]) -> PlannedFile {
    let content = |segment: &SegmentRecord| segment.content(tensors).map(Part::Content);
    let parts = file.segments.iter().filter_map(content).collect();
    let (path, len) = (file.path.clone(), file.len(tensors));
    PlannedFile { path, len, action: RestoreAction::Create, parts }
}

impl From<CanonicalFile> for PlannedFile {
    fn from(CanonicalFile { path, len, header, contents }: CanonicalFile) -> Self {
        let contents = contents.into_iter().map(Part::Content);
        let parts = [Part::Bytes(header)].into_iter().chain(contents).collect();
        Self { path, len, action: RestoreAction::Create, parts }
    }
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

    fn plan(tensors: Vec<TensorRecord>, files: Vec<FileRecord>) -> Result<Vec<PlannedFile>> {
        let checkpoint = CheckpointRecord { tensors, files };
        planned_files("it", &checkpoint, &RestoreOptions::default())
    }

    #[test]
    fn what_does_not_fit_together_is_damaged() {
        let error = plan(vec![tensor(&[100], 3)], vec![]).unwrap_err();
        let what = "its tensor w has 3 bytes where its shape needs 100";
        assert_eq!(error.to_string(), format!("it is damaged: {what}"));
    }

    #[test]
    fn lengths_are_those_of_all_segments() {
        let segments = vec![opaque(4), SegmentRecord::Tensor { index: 0 }, opaque(5)];
        let files = plan(vec![tensor(&[2, 3], 6)], vec![file("a", segments)]).unwrap();
        assert_eq!((files[0].len, files[0].parts.len()), (15, 3));
    }
}
