//! Lays the files of a version out: which bytes make up each of them.

use std::collections::BTreeMap;

use ckpt_formats::{TensorMeta, safetensors_layout};
use ckpt_tensor::Shape;

use super::{Part, PlannedFile, RestoreAction, RestoreOptions, WEIGHTS_FILE};
use crate::{
    error::{Error, Result},
    fit::check_fit,
    record::{CheckpointRecord, FileRecord, Role, SegmentRecord, TensorRecord},
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
    if checkpoint.files.is_empty() {
        return canonical_files(checkpoint, options);
    }
    let CheckpointRecord { tensors, files } = checkpoint;
    let mut files: Vec<_> = files.iter().map(|file| recorded_file(file, tensors)).collect();
    if let (Some(name), [file]) = (&options.name, &mut files[..]) {
        file.path.clone_from(name);
    }
    Ok(files)
}

/// Lays a recorded file out, of a checkpoint that fits together.
fn recorded_file(file: &FileRecord, tensors: &[TensorRecord]) -> PlannedFile {
    let content = |segment: &SegmentRecord| segment.content(tensors).map(Part::Content);
    let parts = file.segments.iter().filter_map(content).collect();
    let (path, len) = (file.path.clone(), file.len(tensors));
    PlannedFile { path, len, action: RestoreAction::Create, parts }
}

/// Lays the tensors of a version made in memory out as safetensors files.
fn canonical_files(
    checkpoint: &CheckpointRecord,
    options: &RestoreOptions,
) -> Result<Vec<PlannedFile>> {
    let of_role = |role| checkpoint.tensors.iter().filter(move |tensor| tensor.role == role);
    let name = options.name.as_deref().unwrap_or(WEIGHTS_FILE);
    let mut files = vec![canonical_file(name.to_owned(), of_role(Role::Weights).collect())?];
    if options.with_state && of_role(Role::State).next().is_some() {
        files
            .push(canonical_file(state_name(name, "safetensors"), of_role(Role::State).collect())?);
    }
    Ok(files)
}

/// Checks that a checkpoint made in memory can be restored as safetensors files.
pub(crate) fn check_layout(checkpoint: &CheckpointRecord) -> Result<()> {
    let options = RestoreOptions { with_state: true, ..RestoreOptions::default() };
    canonical_files(checkpoint, &options).map(|_| ())
}

pub(super) fn canonical_file(path: String, tensors: Vec<&TensorRecord>) -> Result<PlannedFile> {
    let metas: Vec<TensorMeta> = tensors.iter().map(|tensor| meta(tensor)).collect();
    let layout = safetensors_layout(&metas, &BTreeMap::new())
        .map_err(|source| Error::Format { path: path.clone(), source })?;
    let content = |index: usize| Part::Content(tensors[index].content());
    let parts = [Part::Bytes(layout.header)]
        .into_iter()
        .chain(layout.tensors.iter().map(|placed| content(placed.index)));
    Ok(PlannedFile {
        path,
        len: layout.file_len,
        action: RestoreAction::Create,
        parts: parts.collect(),
    })
}

pub(super) fn meta(tensor: &TensorRecord) -> TensorMeta {
    TensorMeta {
        name: tensor.name.clone(),
        dtype: tensor.dtype,
        shape: Shape::from(tensor.shape.clone()),
    }
}

/// Names the file of the state beside the file of the weights.
pub(super) fn state_name(name: &str, extension: &str) -> String {
    let stem = name.strip_suffix(extension).and_then(|stem| stem.strip_suffix('.'));
    format!("{}.state.{extension}", stem.unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use ckpt_hash::tree_hash;
    use ckpt_tensor::Dtype;

    use super::*;

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
