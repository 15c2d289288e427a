use std::io;
use std::path::Path;

use crate::{FormatError, ReadAt, Segmentation, safetensors};

/// A container format that has a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// safetensors: a JSON header, then the tensors without gaps.
    Safetensors,
    /// NPY: one array of NumPy.
    Npy,
    /// NPZ: a zip archive of NPY members.
    Npz,
    /// The zip archive that `torch.save` writes: a pickle, and storages that it refers to.
    Pytorch,
    /// GGUF: metadata and tensors, many of them quantized.
    Gguf,
}

impl Format {
    /// Every format, in the order of its introduction.
    pub const ALL: &[Self] = &[Self::Safetensors, Self::Npy, Self::Npz, Self::Pytorch, Self::Gguf];

    /// Finds the format that a file's name claims by its extension, in any letter case:
    /// `safetensors`, `npy`, `npz`, `pt`, `pth` or `gguf`.
    pub fn from_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        let claimed = match extension.to_ascii_lowercase().as_str() {
            "safetensors" => Self::Safetensors,
            "npy" => Self::Npy,
            "npz" => Self::Npz,
            "pt" | "pth" => Self::Pytorch,
            "gguf" => Self::Gguf,
            _ => return None,
        };
        Some(claimed)
    }

    /// Gives the name of the format's reader.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Npy => "npy",
            Self::Npz => "npz",
            Self::Pytorch => "pytorch",
            Self::Gguf => "gguf",
        }
    }

    /// Gives the version of the format's reader, as records have it.
    pub(crate) const fn reader_version(self) -> u16 {
        1
    }
}

/// Finds the segments of any file.
///
/// A file that begins like a known format but contradicts it is kept whole, and the note says what
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
            Ok(Segmentation::whole(format, source.len()?, note))
        }
    }
}

/// Finds the segments of a file that claims a format.
///
/// What is valid but beyond the reader is kept whole or in part, and the note says why. safetensors
/// and GGUF files must be what they claim. Under the names of the other formats real tools also
/// write other files: those that do not even begin like the format are kept whole.
///
/// # Errors
/// What contradicts the claim, or [`FormatError::Read`].
pub fn segment_as(format: Format, source: &dyn ReadAt) -> Result<Segmentation, FormatError> {
    match format {
        Format::Safetensors => safetensors::segment(source),
        Format::Npy | Format::Npz | Format::Pytorch | Format::Gguf => {
            let note = format!("{} files are kept whole", format.name());
            Ok(Segmentation::whole(format, source.len()?, note))
        }
    }
}

/// Guesses a format from a file's first bytes.
fn sniff(source: &dyn ReadAt) -> io::Result<Option<Format>> {
    Ok(safetensors::begins_like(source)?.then_some(Format::Safetensors))
}
