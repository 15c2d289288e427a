use std::io;
use std::path::Path;

use crate::stop::{Stop, settle, shortened};
use crate::zip::{self, Archive};
use crate::{FormatError, ReadAt, Segmentation, gguf, npy, npz, pytorch, safetensors};

/// A container format that has a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// safetensors: a JSON header, then the tensors without gaps.
    Safetensors,
    /// NPY: one array of NumPy. Its tensor is named `array`, whatever the file is called.
    Npy,
    /// NPZ: a zip archive of NPY members. The member `NAME.npy` is the tensor `NAME`.
    Npz,
    /// The zip archive that `torch.save` writes: a pickle, and storages that it refers to.
    ///
    /// A tensor's name is the keys that lead to it, joined by dots: texts as they are, integers
    /// and places in lists and tuples in decimal, as in `optimizer.state.0.exp_avg`. A tensor
    /// that was saved by itself is `tensor`.
    ///
    /// One key is left out, so that the same weights have the same names in a training checkpoint
    /// and in a bare state dict: of the outermost keys `model`, `model_state_dict`, `state_dict`,
    /// `net`, `network`, `module` and `weights`, the one that leads to a dictionary with tensors,
    /// if it alone does, and if no two tensors get the same name thereby.
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
/// contradicts it. So is a zip archive that is cut off or otherwise broken, which counts as
/// [`Format::Pytorch`]: whether it was [`Format::Npz`] only its lost directory could tell.
///
/// # Errors
/// Only those of reading.
pub fn segment(source: &dyn ReadAt) -> io::Result<Segmentation> {
    let opaque = |note: String| Ok(Segmentation::opaque(source.len()?, Some(note)));
    let (format, found) = match sniff(source)? {
        Some(Start::Zip) => match Archive::open(source) {
            Ok(archive) if pytorch::has_pickle(&archive) => {
                (Format::Pytorch, pytorch::segment(source, &archive))
            }
            Ok(archive) if npz::has_arrays(&archive) => {
                (Format::Npz, npz::segment(source, &archive))
            }
            Ok(_) => return opaque(UNKNOWN.to_owned()),
            Err(Stop::Broken(FormatError::Read(error))) => return Err(error),
            Err(Stop::Broken(error)) => {
                // Archives cut off are mostly weights, and PyTorch's are the most common.
                let note = format!("a zip archive that is broken: {}", shortened(&error));
                (Format::Pytorch, Err(Stop::Beyond(note)))
            }
            Err(beyond) => (Format::Pytorch, Err(beyond)),
        },
        Some(Start::Of(format)) => (format, read(format, source)),
        None => return opaque(UNKNOWN.to_owned()),
    };
    match settle(format, source, found) {
        Ok(segmentation) => Ok(segmentation),
        Err(FormatError::Read(error)) => Err(error),
        Err(contradiction) => {
            let note = format!("not {}: {}", format.name(), shortened(&contradiction));
            Ok(Segmentation::whole(format, source.len()?, note))
        }
    }
}

/// The note on a file without a known beginning.
const UNKNOWN: &str = "no known checkpoint format";

/// Finds the segments of a file that claims a format.
///
/// What is valid but beyond the reader is kept whole or in part, and the note says why. Files
/// must begin like the format that they claim. Only PyTorch's may not: what `torch.save` wrote before
/// version 1.6 is kept whole.
///
/// # Errors
/// What contradicts the claim, or [`FormatError::Read`].
pub fn segment_as(format: Format, source: &dyn ReadAt) -> Result<Segmentation, FormatError> {
    settle(format, source, read(format, source))
}

fn read(format: Format, source: &dyn ReadAt) -> Result<Segmentation, Stop> {
    let is_theirs = match format {
        Format::Npy => begins_with(source, npy::MAGIC)?,
        Format::Npz => begins_with(source, zip::MAGIC)? || begins_with(source, zip::EMPTY)?,
        // Before version 1.6 files began otherwise, and torch.load reads them still.
        Format::Pytorch => !source.is_empty()?,
        // These readers say more of what is wrong.
        Format::Safetensors | Format::Gguf => true,
    };
    if !is_theirs {
        return Err(FormatError::Unlike { format: format.name(), len: source.len()? }.into());
    }
    match format {
        Format::Safetensors => Ok(safetensors::segment(source)?),
        Format::Npy => npy::segment(source),
        Format::Npz | Format::Pytorch => read_zip(format, source),
        Format::Gguf => gguf::segment(source),
    }
}

fn read_zip(format: Format, source: &dyn ReadAt) -> Result<Segmentation, Stop> {
    if !begins_with(source, zip::MAGIC)? {
        return Err(Stop::Beyond(match format {
            Format::Npz => "an archive without arrays".to_owned(),
            _ => "not pytorch: no zip archive (a legacy or other file)".to_owned(),
        }));
    }
    let archive = Archive::open(source)?;
    match format {
        Format::Npz if npz::has_arrays(&archive) => npz::segment(source, &archive),
        Format::Npz => Err(Stop::beyond("not npz: no array in the zip archive")),
        _ if pytorch::has_pickle(&archive) => pytorch::segment(source, &archive),
        _ => Err(Stop::beyond("not pytorch: no data.pkl in the zip archive")),
    }
}

/// What a file's first bytes tell.
enum Start {
    Of(Format),
    /// One of the formats that are zip archives, or another.
    Zip,
}

/// Guesses a format from a file's first bytes.
fn sniff(source: &dyn ReadAt) -> io::Result<Option<Start>> {
    let start = if begins_with(source, zip::MAGIC)? {
        Start::Zip
    } else if begins_with(source, npy::MAGIC)? {
        Start::Of(Format::Npy)
    } else if begins_with(source, gguf::MAGIC)? {
        Start::Of(Format::Gguf)
    } else if begins_with(source, pytorch::LEGACY)? {
        Start::Of(Format::Pytorch)
    } else if safetensors::begins_like(source)? {
        Start::Of(Format::Safetensors)
    } else {
        return Ok(None);
    };
    Ok(Some(start))
}

/// Bytes of the longest beginning that a format has.
const LONGEST_MAGIC: usize = pytorch::LEGACY.len();

fn begins_with(source: &dyn ReadAt, magic: &[u8]) -> io::Result<bool> {
    let mut first = [0; LONGEST_MAGIC];
    let first = &mut first[..magic.len()];
    if source.len()? < first.len() as u64 {
        return Ok(false);
    }
    source.read_at(0, first)?;
    Ok(first == magic)
}
