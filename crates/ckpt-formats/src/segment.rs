use std::collections::BTreeMap;

use ckpt_tensor::{Dtype, Shape};

/// A stretch of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Bytes that are no tensor: headers, padding, files of no known format.
    Opaque {
        /// First byte, from the file's start.
        offset: u64,
        /// Number of bytes, at least 1.
        len: u64,
    },
    /// A tensor: row-major, little-endian.
    Tensor {
        /// The name in the file.
        name: String,
        /// The type of its elements.
        dtype: Dtype,
        /// Its extents.
        shape: Shape,
        /// First byte, from the file's start.
        offset: u64,
        /// Number of bytes, as dtype and shape have it; 0 for tensors without elements.
        len: u64,
    },
}

impl Segment {
    /// Gives the position of the first byte.
    pub fn offset(&self) -> u64 {
        match self {
            Self::Opaque { offset, .. } | Self::Tensor { offset, .. } => *offset,
        }
    }

    /// Gives the number of bytes.
    pub fn byte_len(&self) -> u64 {
        match self {
            Self::Opaque { len, .. } | Self::Tensor { len, .. } => *len,
        }
    }
}

/// A further name of a tensor segment's bytes, as tied weights have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TiedTensor {
    /// The name in the file.
    pub name: String,
    /// The type of its elements.
    pub dtype: Dtype,
    /// Its extents; they may differ from the segment's while the bytes are the same.
    pub shape: Shape,
    /// The index of the tensor segment that holds exactly its bytes.
    pub segment: usize,
}

/// A file as a list of segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segmentation {
    /// The reader that found the segments: the name of a [`Format`](crate::Format), also if the file is kept
    /// whole, or `opaque` for files of no known format.
    pub reader: &'static str,
    /// The version of that reader; it rises when the reader finds other segments than before.
    pub reader_version: u16,
    /// Why the file, or a tensor in it, is opaque: one line. Headers and padding need no reason.
    pub note: Option<String>,
    /// The file's own free-form text: `__metadata__` of safetensors.
    pub metadata: BTreeMap<String, String>,
    /// The segments in file order; each begins where the one before ends, and they cover the file.
    pub segments: Vec<Segment>,
    /// Tensors that share their bytes with a segment, sorted by name.
    pub tied: Vec<TiedTensor>,
}

impl Segmentation {
    /// Takes a file of `len` bytes and of no known format as it is, for the reason in `note`.
    pub fn opaque(len: u64, note: Option<String>) -> Self {
        Self {
            reader: "opaque",
            reader_version: 1,
            note,
            metadata: BTreeMap::new(),
            segments: if len == 0 { vec![] } else { vec![Segment::Opaque { offset: 0, len }] },
            tied: Vec::new(),
        }
    }
}
