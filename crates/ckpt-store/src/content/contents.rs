//! What a caller hands over to be versioned.

use std::{fmt, sync::Arc};

use ckpt_formats::Format;
use ckpt_hash::TreeHash;
use ckpt_pack::disk::ReadFile;
use ckpt_tensor::{Dtype, Shape};

use crate::{
    content::{
        ingest::Ingest,
        paths::check_path,
        source::{Memory, Source, Span},
    },
    error::{Error, Result},
    record::{CheckpointRecord, Role, TensorRecord},
};

/// The key in the header of a safetensors file that names no tensor.
const METADATA: &str = "__metadata__";

/// The content of a version: tensors in memory, or files, or nothing but what describes it.
#[derive(Debug, Default)]
pub enum Contents {
    /// No content: a version of metrics and parameters alone.
    #[default]
    Nothing,
    /// Tensors from memory. Restored, they become a safetensors file.
    Tensors(Vec<Tensor>),
    /// Files, which are restored byte for byte.
    Files(Vec<InputFile>),
    /// What a merge makes of two versions; see
    /// [`Repository::plan_merge`](crate::Repository::plan_merge).
    Merge(MergeContents),
}

impl Contents {
    /// Returns how many bytes of memory it holds on to, but for what describes it.
    pub(crate) fn memory(&self) -> u64 {
        match self {
            Self::Tensors(tensors) => tensors.iter().map(Tensor::len).sum(),
            Self::Nothing | Self::Files(_) | Self::Merge(_) => 0,
        }
    }
}

/// What a merge makes of the content of two versions.
#[derive(Debug, Clone)]
pub struct MergeContents(pub(crate) Arc<dyn WriteContents>);

/// Content that whoever made it stores.
pub(crate) trait WriteContents: fmt::Debug + Send + Sync {
    /// Stores it and returns its record, and its length in bytes.
    fn write(&self, ingest: &mut Ingest<'_>) -> Result<(CheckpointRecord, u64)>;
}

/// A tensor in memory.
#[derive(Debug, Clone)]
pub struct Tensor {
    name: String,
    dtype: Dtype,
    shape: Vec<u64>,
    role: Role,
    memory: Memory,
}

impl Tensor {
    /// Takes a tensor's bytes, row-major and little-endian, with their owner: a `Vec<u8>`, an
    /// `Arc<[u8]>` or another buffer. They are not copied, and must not change as long as it lives.
    ///
    /// # Errors
    /// Bytes whose length is not that of the shape in this dtype; a name that is empty, is
    /// `__metadata__` or has control characters.
    pub fn new(
        name: impl Into<String>,
        dtype: Dtype,
        shape: impl Into<Vec<u64>>,
        role: Role,
        bytes: impl AsRef<[u8]> + Send + Sync + 'static,
    ) -> Result<Self> {
        let (name, shape) = (name.into(), shape.into());
        let memory = Memory::new(bytes);
        let len = memory.bytes().len();
        let expected = Shape::from(shape.clone())
            .byte_len(dtype)
            .map_err(|error| Error::Contents(format!("tensor {name}: {error}")))?;
        if expected != len as u64 {
            let what = format!("has {len} bytes where its shape needs {expected}");
            return Err(Error::Contents(format!("tensor {name} {what}")));
        }
        check_tensor_name(&name).map_err(Error::Contents)?;
        Ok(Self { name, dtype, shape, role, memory })
    }

    /// Takes a one-dimensional tensor of 64-bit floats. Its name is checked when it is committed.
    pub fn from_f64(name: impl Into<String>, role: Role, values: &[f64]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let shape = vec![values.len() as u64];
        Self { name: name.into(), dtype: Dtype::F64, shape, role, memory: Memory::new(bytes) }
    }

    /// Returns its element type.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Returns its extents, outermost first; none of a single number.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Returns its content: row-major, little-endian.
    pub fn bytes(&self) -> &[u8] {
        self.memory.bytes()
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.memory.bytes().len() as u64
    }

    pub(crate) fn span(&self) -> Span<'_> {
        Span {
            source: Source::Memory(&self.memory),
            name: &self.name,
            offset: 0,
            len: self.len(),
            dtype: Some(self.dtype),
            tensor: Some(&self.name),
        }
    }

    pub(crate) fn describe(&self, root: TreeHash) -> TensorRecord {
        TensorRecord {
            name: self.name.clone(),
            dtype: self.dtype,
            shape: self.shape.clone(),
            role: self.role,
            len: self.len(),
            root,
        }
    }
}

/// A file to be versioned.
#[derive(Debug)]
pub struct InputFile {
    pub(crate) path: String,
    pub(crate) source: Box<dyn ReadFile>,
    pub(crate) format: Option<Format>,
}

impl InputFile {
    /// Takes a file under the relative path that a restore gives it.
    ///
    /// `format` is the format that the file must have; without one, what no reader knows is kept
    /// as it is.
    ///
    /// # Errors
    /// A path that is empty, absolute, has `.` or `..` in it, leads into `.ckpt`, or could not be a
    /// path on every platform.
    pub fn new(
        path: impl Into<String>,
        source: Box<dyn ReadFile>,
        format: Option<Format>,
    ) -> Result<Self> {
        let path = path.into();
        check_path(&path).map_err(Error::Contents)?;
        Ok(Self { path, source, format })
    }
}

/// Checks that a safetensors file can hold a tensor of that name.
pub(crate) fn check_tensor_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        Err("a tensor has an empty name".to_owned())
    } else if name == METADATA {
        Err(format!("a tensor is named {METADATA}, which safetensors files keep for metadata"))
    } else if name.contains(char::is_control) {
        Err(format!("the tensor name {name:?} has control characters"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_that_contradicts_the_shape_is_refused() {
        let error = Tensor::new("w", Dtype::F32, [2, 3], Role::Weights, vec![0; 23]).unwrap_err();
        assert_eq!(error.to_string(), "tensor w has 23 bytes where its shape needs 24");
    }
}
