//! The table of formats, and how a file finds its reader in it.

use std::io;
use std::path::Path;

use crate::message::shortened;
use crate::reader::{Reader, Source};
use crate::stop::Stop;
use crate::tile::Tiling;
use crate::{FormatError, ReadAt, Segmentation, gguf, npy, npz, pytorch, safetensors};

/// Makes [`Format`] and `READERS` of one table, so that a new format is a module and a row.
macro_rules! formats {
    ($($(#[$doc:meta])* $format:ident => $reader:expr,)*) => {
        /// A container format that has a reader.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Format { $($(#[$doc])* $format,)* }

        impl Format {
            /// Every format, in the order in which they are tried on a file without a telling
            /// name.
            pub const ALL: &[Self] = &[$(Self::$format,)*];
        }

        /// The reader of each format, in the order of [`Format::ALL`].
        static READERS: &[Reader] = &[$($reader,)*];
    };
}

formats! {
    /// safetensors: a JSON header, then the tensors without gaps.
    Safetensors => safetensors::READER,
    /// NPY: one array of NumPy. Its tensor is named `array`, whatever the file is called.
    Npy => npy::READER,
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
    Pytorch => pytorch::READER,
    /// NPZ: a zip archive of NPY members. The member `NAME.npy` is the tensor `NAME`.
    Npz => npz::READER,
    /// GGUF: metadata and tensors, many of them quantized.
    Gguf => gguf::READER,
}

impl Format {
    /// Finds the format that a file's name claims by its extension, in any letter case.
    pub fn from_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        let claimed = |format: &&Self| format.extensions().contains(&extension.as_str());
        Self::ALL.iter().find(claimed).copied()
    }

    /// Gives the name of the format's reader.
    pub fn name(self) -> &'static str {
        self.reader().name
    }

    /// Gives what the names of such files end in, in lower case and without the dot.
    pub fn extensions(self) -> &'static [&'static str] {
        self.reader().extensions
    }

    fn reader(self) -> &'static Reader {
        &READERS[self as usize]
    }

    /// Names the reader of what was found; a file that is beyond the reader is kept whole.
    fn settle(
        self,
        source: &Source<'_>,
        found: Result<Tiling, Stop>,
    ) -> Result<Segmentation, FormatError> {
        let (reader, len) = (self.reader(), source.len);
        let tiling = match found {
            Ok(tiling) => tiling,
            Err(Stop::Beyond(why)) => return Ok(self.whole(len, why)),
            Err(Stop::Broken(error)) => return Err(error),
            Err(Stop::Unlike) => return Err(FormatError::Unlike { format: reader.name, len }),
        };
        let Tiling { note, metadata, segments, tied } = tiling;
        let (reader, reader_version) = (reader.name, reader.version);
        Ok(Segmentation { reader, reader_version, note, metadata, segments, tied })
    }

    /// Takes a file as it is although it begins like the format or claims it.
    fn whole(self, len: u64, note: String) -> Segmentation {
        let (reader, reader_version) = (self.reader().name, self.reader().version);
        Segmentation { reader, reader_version, ..Segmentation::opaque(len, Some(note)) }
    }
}

/// The note on a file without a known beginning.
const UNKNOWN: &str = "no known checkpoint format";

/// What a zip archive counts as that cannot be opened. Archives cut off are mostly weights, and
/// PyTorch's are the most common.
const BROKEN_ARCHIVE: Format = Format::Pytorch;

/// Finds the segments of any file.
///
/// A file that begins like a known format but contradicts it is kept whole, and the note says what
/// contradicts it. So is a zip archive that is cut off or otherwise broken, which counts as
/// [`Format::Pytorch`]: whether it was [`Format::Npz`] only its lost directory could tell.
///
/// # Errors
/// Only those of reading.
pub fn segment(source: &dyn ReadAt) -> io::Result<Segmentation> {
    let source = Source::new(source)?;
    let (format, found) = match sniff(&source) {
        Ok(Some(format)) => (format, (format.reader().segment)(&source)),
        Ok(None) => return Ok(Segmentation::opaque(source.len, Some(UNKNOWN.to_owned()))),
        Err(Stop::Broken(FormatError::Read(error))) => return Err(error),
        Err(Stop::Broken(error)) => {
            let note = format!("a zip archive that is broken: {}", shortened(&error));
            (BROKEN_ARCHIVE, Err(Stop::Beyond(note)))
        }
        Err(stop) => (BROKEN_ARCHIVE, Err(stop)),
    };
    match format.settle(&source, found) {
        Ok(segmentation) => Ok(segmentation),
        Err(FormatError::Read(error)) => Err(error),
        Err(contradiction) => {
            let note = format!("not {}: {}", format.name(), shortened(&contradiction));
            Ok(format.whole(source.len, note))
        }
    }
}

/// Finds the segments of a file that claims a format.
///
/// What is valid but beyond the reader is kept whole or in part, and the note says why. Files
/// must begin like the format that they claim. Only PyTorch's may not: what `torch.save` wrote before
/// version 1.6 is kept whole.
///
/// # Errors
/// What contradicts the claim, or [`FormatError::Read`].
pub fn segment_as(format: Format, source: &dyn ReadAt) -> Result<Segmentation, FormatError> {
    let source = Source::new(source)?;
    format.settle(&source, (format.reader().segment)(&source))
}

/// Guesses a format from what a file begins with and, in a zip archive, from its members.
fn sniff(source: &Source<'_>) -> Result<Option<Format>, Stop> {
    for &format in Format::ALL {
        if (format.reader().sniff)(source)? {
            return Ok(Some(format));
        }
    }
    Ok(None)
}
