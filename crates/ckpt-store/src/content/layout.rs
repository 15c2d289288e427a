//! Lays tensors that no file holds out as safetensors files.

use std::collections::{BTreeMap, HashSet};

use ckpt_formats::{PlacedTensor, TensorMeta, safetensors_layout};
use ckpt_tensor::Shape;

use crate::{
    content::objects::Content,
    error::{Error, Result},
    record::{CheckpointRecord, FileRecord, Role, SegmentRecord, TensorRecord},
};

/// The name of the weights of a version made in memory, unless another is asked for.
pub const WEIGHTS_FILE: &str = "model.safetensors";

/// What ends the names of canonical files.
const EXTENSION: &str = "safetensors";

/// A file that tensors are laid out as: a header, then their contents.
pub(crate) struct CanonicalFile {
    pub(crate) path: String,
    /// Bytes of the file.
    pub(crate) len: u64,
    pub(crate) header: Vec<u8>,
    pub(crate) contents: Vec<Content>,
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

/// Lays the tensors that no file holds out as safetensors files.
pub(crate) fn canonical_files(
    checkpoint: &CheckpointRecord,
    name: Option<&str>,
    with_state: bool,
) -> Result<Vec<CanonicalFile>> {
    let loose = loose_tensors(checkpoint);
    let of_role = |role| -> Vec<&TensorRecord> {
        loose.iter().copied().filter(|tensor| tensor.role == role).collect()
    };
    let (weights, state) = (of_role(Role::Weights), of_role(Role::State));
    let is_in_memory = checkpoint.files.is_empty();
    let name = match name.filter(|_| is_in_memory) {
        Some(name) => name.to_owned(),
        None => free_name(&checkpoint.files),
    };
    let mut files = Vec::new();
    if is_in_memory || !weights.is_empty() {
        files.push(canonical_file(name.clone(), &weights)?);
    }
    if with_state && !state.is_empty() {
        files.push(canonical_file(state_name(&name, EXTENSION), &state)?);
    }
    Ok(files)
}

/// Names the file of weights that go with recorded files: `model.safetensors`, or the first of
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
    canonical_files(checkpoint, None, true).map(|_| ())
}

/// Lays tensors out as a safetensors file.
pub(crate) fn canonical_file(path: String, tensors: &[&TensorRecord]) -> Result<CanonicalFile> {
    let metas: Vec<TensorMeta> = tensors.iter().map(|tensor| meta(tensor)).collect();
    let layout = safetensors_layout(&metas, &BTreeMap::new())
        .map_err(|source| Error::Format { path: path.clone(), source })?;
    let content = |placed: &PlacedTensor| tensors[placed.index].content();
    let contents = layout.tensors.iter().map(content).collect();
    Ok(CanonicalFile { path, len: layout.file_len, header: layout.header, contents })
}

/// Returns what a header says of a tensor.
pub(crate) fn meta(tensor: &TensorRecord) -> TensorMeta {
    TensorMeta {
        name: tensor.name.clone(),
        dtype: tensor.dtype,
        shape: Shape::from(tensor.shape.clone()),
    }
}

/// Names the file of the state that goes with the file of the weights.
pub(crate) fn state_name(name: &str, extension: &str) -> String {
    let stem = name.strip_suffix(extension).and_then(|stem| stem.strip_suffix('.'));
    format!("{}.state.{extension}", stem.unwrap_or(name))
}
