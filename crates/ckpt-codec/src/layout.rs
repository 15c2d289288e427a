use std::fmt;

use ckpt_tensor::{Dtype, Kind};

use crate::CodecError;
use crate::frame::Search;

/// Longest block of elements: one leaf of the store's tree, 1 MiB.
///
/// Block size hardly matters to size between 64 KiB and 4 MiB, and below 512 KiB the entropy
/// coder's tables cost speed; a block and its planes at this size stay in a core's cache.
pub const MAX_BLOCK: usize = 1 << 20;

/// Longest string of plain bytes: 64 MiB.
///
/// Records (file lists, metadata) are coded whole. The largest is a safetensors header of a model
/// with several 100,000 tensors, around 50 MB; the bound is what a hostile index can make a
/// reader allocate.
pub const MAX_RECORD: usize = 64 << 20;

/// How a block's bytes are encoded.
///
/// The numbers are on disk: none is ever changed or reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Encoding {
    /// The bytes as they are.
    Raw = 0,
    /// Byte planes of the elements, each constant, as it is, or compressed.
    Planes = 1,
    /// One zstd frame over the plain bytes.
    Zstd = 2,
}

impl Encoding {
    /// Gives the number that stands for this encoding on disk.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Finds the encoding of a [`code`](Self::code).
    ///
    /// # Errors
    /// [`CodecError::UnknownEncoding`] if the code was never given out.
    pub const fn from_code(code: u8) -> Result<Self, CodecError> {
        match code {
            0 => Ok(Self::Raw),
            1 => Ok(Self::Planes),
            2 => Ok(Self::Zstd),
            _ => Err(CodecError::UnknownEncoding(code)),
        }
    }

    /// Gives the encoding's name in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Planes => "planes",
            Self::Zstd => "zstd",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How much time a smaller result may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Effort {
    /// The least time: planes are entropy-coded, plain bytes take zstd level 1.
    Fast,
    /// Planes are also searched for long repetitions; plain bytes take zstd level 3.
    #[default]
    Default,
    /// Every plane and the plain bytes are also tried with zstd level 12.
    Small,
}

impl Effort {
    /// Gives the ways to compress a plane, of which the smallest result counts.
    pub(crate) const fn plane_searches(self) -> &'static [Search] {
        match self {
            Self::Fast => &[Search::Nothing],
            Self::Default => &[Search::Nothing, Search::Long],
            Self::Small => &[Search::Nothing, Search::Level(12)],
        }
    }

    /// Gives the way to compress plain bytes.
    pub(crate) const fn plain_search(self) -> Search {
        Search::Level(match self {
            Self::Fast => 1,
            Self::Default => 3,
            Self::Small => 12,
        })
    }

    /// Whether planes that look random and plain bytes of elements are tried too.
    pub(crate) const fn tries_everything(self) -> bool {
        matches!(self, Self::Small)
    }
}

/// What the bytes of a block are: elements of a width, or plain bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    width: usize,
    signed_float: bool,
}

impl Layout {
    /// Plain bytes: records and opaque content.
    pub const BYTES: Self = Self { width: 1, signed_float: false };

    /// Gives the layout of a tensor's elements.
    ///
    /// Complex elements are laid out as their two floats. Elements of a byte or less have the
    /// layout of plain bytes.
    pub const fn of(dtype: Dtype) -> Self {
        let (bytes, signed_float) = match dtype.kind() {
            Kind::Complex => (dtype.bits() / 16, true),
            Kind::Float => (dtype.bits() / 8, true),
            Kind::Integer | Kind::Bool => (dtype.bits() / 8, false),
        };
        if bytes < 2 { Self::BYTES } else { Self { width: bytes as usize, signed_float } }
    }

    /// Gives the longest block of this layout: [`MAX_RECORD`] for plain bytes, otherwise
    /// [`MAX_BLOCK`].
    pub const fn max_len(self) -> usize {
        if self.has_planes() { MAX_BLOCK } else { MAX_RECORD }
    }

    pub(crate) const fn width(self) -> usize {
        self.width
    }

    /// Whether the highest bit of an element is a float's sign.
    pub(crate) const fn has_sign_bit(self) -> bool {
        self.signed_float
    }

    pub(crate) const fn has_planes(self) -> bool {
        self.width > 1
    }

    pub(crate) fn check_len(self, len: usize) -> Result<(), CodecError> {
        let limit = self.max_len();
        if len <= limit { Ok(()) } else { Err(CodecError::TooLong { len, limit }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_on_disk_never_change() {
        let codes = [(0, Encoding::Raw), (1, Encoding::Planes), (2, Encoding::Zstd)];
        for (code, encoding) in codes {
            assert_eq!(encoding.code(), code);
            assert_eq!(Encoding::from_code(code), Ok(encoding));
        }
        assert_eq!(Encoding::from_code(3), Err(CodecError::UnknownEncoding(3)));
    }

    #[test]
    fn layouts_follow_the_dtype() {
        let of = |dtype| (Layout::of(dtype).width(), Layout::of(dtype).has_sign_bit());
        assert_eq!(of(Dtype::F32), (4, true));
        assert_eq!(of(Dtype::Bf16), (2, true));
        assert_eq!(of(Dtype::C64), (4, true));
        assert_eq!(of(Dtype::I64), (8, false));
        assert_eq!(Layout::of(Dtype::F8E4M3), Layout::BYTES);
        assert_eq!(Layout::of(Dtype::F4), Layout::BYTES);
    }
}
