//! Lays the files of a version out: which bytes make up each of them.

use std::collections::{BTreeMap, HashSet};

use ckpt_formats::{TensorMeta, safetensors_layout};
use ckpt_tensor::Shape;

use super::{Part, PlannedFile, RestoreAction, RestoreOptions, WEIGHTS_FILE};
use crate::{
    error::{Error, Result},
    fit::check_fit,
    record::{CheckpointRecord, FileRecord, Role, SegmentRecord, TensorRecord},
};

/// What ends the names of canonical files.
const EXTENSION: &str = "safetensors";

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
    let canonical = canonical_files(checkpoint, options)?;
    if let (Some(name), [file], []) = (&options.name, &mut planned[..], &canonical[..]) {
        file.path.clone_from(name);
    }
    planned.extend(canonical);
    planned.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(planned)
}

/// Returns the tensors that no file holds: those of a version made in memory, and those that a merge
/// computed.
pub(crate) fn loose_tensors(checkpoint: &CheckpointRecord) -> Vec<&TensorRecord> {
    let CheckpointRecord { tensors, files } = checkpoint;
    let segments = files.iter().flat_map(|file| &file.segments);
    let held: HashSet<u32> = segments.filter_map(SegmentRecord::tensor).collect();
    let is_loose = |(place, _): &(u32, &TensorRecord)| !held.contains(place);
    (0..).zip(tensors).filter(is_loose).map(|(_, tensor)| tensor).collect()
}

/// Lays a recorded file out, of a checkpoint that fits together.
fn recorded_file(file: &FileRecord, tensors: &[TensorRecord]) -> PlannedFile {
    let content = |segment: &SegmentRecord| segment.content(tensors).map(Part::Content);
    let parts = file.segments.iter().filter_map(content).collect();
    let (path, len) = (file.path.clone(), file.len(tensors));
    PlannedFile { path, len, action: RestoreAction::Create, parts }
}

/// Lays the tensors that no file holds out as safetensors files.
fn canonical_files(
    checkpoint: &CheckpointRecord,
    options: &RestoreOptions,
) -> Result<Vec<PlannedFile>> {
    let loose = loose_tensors(checkpoint);
    let of_role = |role| -> Vec<&TensorRecord> {
        loose.iter().copied().filter(|tensor| tensor.role == role).collect()
    };
    let (weights, state) = (of_role(Role::Weights), of_role(Role::State));
    let is_in_memory = checkpoint.files.is_empty();
    let name = match options.name.as_deref().filter(|_| is_in_memory) {
        Some(name) => name.to_owned(),
        None => free_name(&checkpoint.files),
    };
    let mut files = Vec::new();
    if is_in_memory || !weights.is_empty() {
        files.push(canonical_file(name.clone(), weights)?);
    }
    if options.with_state && !state.is_empty() {
        files.push(canonical_file(state_name(&name, EXTENSION), state)?);
    }
    Ok(files)
}

/// Names the file of weights that stand beside recorded files: `model.safetensors`, or the first of
/// `model-2.safetensors` and so on that leaves its path and that of the state to itself.
fn free_name(files: &[FileRecord]) -> String {
    // Some disks do not tell cases apart.
    let is_at = |path: &str, name: &str| {
        let first = path.split('/').next().unwrap_or_default();
        first.eq_ignore_ascii_case(name)
    };
    let is_free = |name: &String| {
        let state = state_name(name, EXTENSION);
        !files.iter().any(|file| is_at(&file.path, name) || is_at(&file.path, &state))
    };
    let further = (2..).map(|number| format!("model-{number}.safetensors"));
    let mut names = [WEIGHTS_FILE.to_owned()].into_iter().chain(further);
    names.find(is_free).expect("there are more names than files")
}

/// Checks that the tensors that no file holds can be restored as safetensors files.
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
