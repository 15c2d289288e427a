use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use ckpt_tensor::{Dtype, Shape};

use crate::{FormatError, ReadAt, safetensors};

/// A container format that has a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// safetensors: a JSON header, then the tensors without gaps.
    Safetensors,
}

impl Format {
    /// Finds the format that a file's name claims by its extension, in any letter case.
    pub fn from_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        extension.eq_ignore_ascii_case("safetensors").then_some(Self::Safetensors)
    }

    /// Gives the name of the format's reader.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safetensors => safetensors::READER,
        }
    }
}

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

/// A file as a list of segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segmentation {
    /// The reader that found the segments: `safetensors` or `opaque`.
    pub reader: &'static str,
    /// The version of that reader; it rises when the reader finds other segments than before.
    pub reader_version: u16,
    /// Why the file is opaque.
    pub note: Option<String>,
    /// The file's own free-form text: `__metadata__` of safetensors.
    pub metadata: BTreeMap<String, String>,
    /// The segments in file order; each begins where the one before ends, and they cover the file.
    pub segments: Vec<Segment>,
}

impl Segmentation {
    /// Takes a file of `len` bytes as it is, for the reason in `note`.
    pub fn opaque(len: u64, note: Option<String>) -> Self {
        let segments = if len == 0 { vec![] } else { vec![Segment::Opaque { offset: 0, len }] };
        Self { reader: "opaque", reader_version: 1, note, metadata: BTreeMap::new(), segments }
    }
}

/// Finds the segments of any file.
///
/// A file that begins like a known format but contradicts it is opaque, and the note says what
/// contradicts it.
///
/// # Errors
/// Only those of reading.
pub fn segment(source: &dyn ReadAt) -> io::Result<Segmentation> {
    let Some(format) = sniff(source)? else {
        let note = "no known checkpoint format".to_owned();
        return Ok(Segmentation::opaque(source.len()?, Some(note)));
    };
    match segment_as(format, source) {
        Ok(segmentation) => Ok(segmentation),
        Err(FormatError::Read(error)) => Err(error),
        Err(contradiction) => {
            let note = format!("not {}: {contradiction}", format.name());
            Ok(Segmentation::opaque(source.len()?, Some(note)))
        }
    }
}

/// Finds the segments of a file that claims a format.
///
/// # Errors
/// What contradicts the claim, or [`FormatError::Read`].
pub fn segment_as(format: Format, source: &dyn ReadAt) -> Result<Segmentation, FormatError> {
    match format {
        Format::Safetensors => safetensors::segment(source),
    }
}

/// Guesses a format from a file's first bytes.
fn sniff(source: &dyn ReadAt) -> io::Result<Option<Format>> {
    Ok(safetensors::begins_like(source)?.then_some(Format::Safetensors))
}
