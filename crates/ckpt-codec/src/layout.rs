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
/// with several 100,000 tensors, around 50 MB; the bound is what an adversarial index can make a
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
    /// Byte planes of the deltas to the parent.
    DeltaPlanes = 3,
    /// Huffman-coded classes of the deltas to the parent.
    DeltaHuffman = 4,
    /// Range-coded classes of the deltas to the parent.
    DeltaRange = 5,
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
            3 => Ok(Self::DeltaPlanes),
            4 => Ok(Self::DeltaHuffman),
            5 => Ok(Self::DeltaRange),
            _ => Err(CodecError::UnknownEncoding(code)),
        }
    }

    /// Gives the encoding's name in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Planes => "planes",
            Self::Zstd => "zstd",
            Self::DeltaPlanes => "delta planes",
            Self::DeltaHuffman => "delta huffman",
            Self::DeltaRange => "delta range",
        }
    }

    /// Whether decoding needs the same block of the parent version.
    pub const fn needs_parent(self) -> bool {
        matches!(self, Self::DeltaPlanes | Self::DeltaHuffman | Self::DeltaRange)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How much time a smaller result may take.
///
/// On synthetic training, with [`Default`](Self::Default) as 1: [`Fast`](Self::Fast) takes 0.7 to 1
/// of the time and stores the same, but for second moments of Adam, 1.11, whose differences save
/// too little for what they cost to read. [`Small`](Self::Small) takes 2 to 11 times as long and
/// stores 0.98 of bf16 and of frozen weights, and the same of f32; reading that bf16 takes 2 to 3
/// times as long. Weights that repeat themselves, and what is no tensor, may gain more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Effort {
    /// The least time: planes are entropy-coded, plain bytes take zstd level 1.
    Fast,
    /// Planes are also searched for long repetitions where a sample has some; plain bytes take zstd
    /// level 3.
    #[default]
    Default,
    /// Planes and the plain bytes are also tried with zstd level 6, where a sample gains by it;
    /// differences are range-coded where that saves half a per cent.
    Small,
}

/// zstd's level where size counts.
///
/// Against level 3, level 6 saves 6 to 8 % of source code and vocabularies in 3 times the time.
/// Level 12 saves 3 to 4 % more in 10 times that, and planes of floats gain from neither.
const SMALL: i32 = 6;

impl Effort {
    /// Gives the ways to compress a plane of a layout, of which the smallest result counts.
    ///
    /// All but the first are for planes of which a part says that they help.
    pub(crate) const fn searches(self, layout: Layout) -> &'static [Search] {
        match (self, layout.has_planes()) {
            (Self::Fast, true) => &[Search::Nothing],
            (Self::Default, true) => &[Search::Nothing, Search::Long],
            (Self::Small, true) => &[Search::Nothing, Search::Level(SMALL)],
            // A lone plane is plain bytes, and nothing is known of them.
            (Self::Fast, false) => &[Search::Level(1)],
            (Self::Default, false) => &[Search::Level(3)],
            (Self::Small, false) => &[Search::Level(SMALL)],
        }
    }

    /// Gives the way to compress plain bytes.
    pub(crate) const fn plain_search(self) -> Search {
        Search::Level(match self {
            Self::Fast => 1,
            Self::Default => 3,
            Self::Small => SMALL,
        })
    }

    /// Gives the part of a plain encoding's bytes that a difference to the parent may take.
    ///
    /// Whoever reads a difference decodes its parent first, and that may be one too: what saves
    /// next to nothing is not worth it.
    pub(crate) const fn delta_limit(self) -> f64 {
        match self {
            Self::Fast => 0.9,
            Self::Default => 0.97,
            Self::Small => 1.0,
        }
    }

    /// Gives the part of the Huffman coder's bytes that the range coder, at half its speed, may
    /// take.
    pub(crate) const fn range_limit(self) -> f64 {
        match self {
            Self::Fast => 0.8,
            Self::Default => 0.97,
            // On synthetic dense f32 it saves 0.1 %, which is not worth the time of every reader.
            Self::Small => 0.995,
        }
    }

    /// Gives the factor that a guess may need to be as small as the smallest, and still be tried.
    ///
    /// Guesses from samples are a few per cent off.
    pub(crate) const fn near(self) -> f64 {
        match self {
            Self::Fast | Self::Default => 1.0,
            Self::Small => 0.9,
        }
    }

    /// Whether planes that look random, plain bytes of elements and near guesses are tried too.
    pub(crate) const fn tries_everything(self) -> bool {
        matches!(self, Self::Small)
    }
}

/// What the bytes of a block are: elements of a width, or plain bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    width: usize,
    /// Bits of a float's mantissa; 0 for what is no float.
    mantissa: u32,
}

impl Layout {
    /// Plain bytes: records and opaque content.
    pub const BYTES: Self = Self { width: 1, mantissa: 0 };

    /// Gives the layout of a tensor's elements.
    ///
    /// Complex elements are laid out as their two floats. Elements of a byte or less have the
    /// layout of plain bytes.
    pub const fn of(dtype: Dtype) -> Self {
        let bits = match dtype.kind() {
            Kind::Complex => dtype.bits() / 2,
            Kind::Float | Kind::Integer | Kind::Bool => dtype.bits(),
        };
        if bits < 16 {
            return Self::BYTES;
        }
        let mantissa = match (dtype, bits) {
            _ if matches!(dtype.kind(), Kind::Integer | Kind::Bool) => 0,
            (Dtype::Bf16, _) => 7,
            (_, 16) => 10,
            (_, 32) => 23,
            _ => 52,
        };
        Self { width: bits as usize / 8, mantissa }
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
        self.mantissa > 0
    }

    /// Gives the bits of the mantissa if the elements are floats.
    pub(crate) const fn mantissa(self) -> Option<u32> {
        if self.has_sign_bit() { Some(self.mantissa) } else { None }
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
        let codes = [
            (0, Encoding::Raw),
            (1, Encoding::Planes),
            (2, Encoding::Zstd),
            (3, Encoding::DeltaPlanes),
            (4, Encoding::DeltaHuffman),
            (5, Encoding::DeltaRange),
        ];
        for (code, encoding) in codes {
            assert_eq!(encoding.code(), code);
            assert_eq!(Encoding::from_code(code), Ok(encoding));
        }
        assert_eq!(Encoding::from_code(6), Err(CodecError::UnknownEncoding(6)));
    }

    #[test]
    fn layouts_follow_the_dtype() {
        let of = |dtype| (Layout::of(dtype).width(), Layout::of(dtype).has_sign_bit());
        assert_eq!(of(Dtype::F32), (4, true));
        assert_eq!(of(Dtype::Bf16), (2, true));
        assert_eq!(of(Dtype::C64), (4, true));
        assert_eq!(of(Dtype::I64), (8, false));
        let mantissa = |dtype| Layout::of(dtype).mantissa();
        let floats = [Dtype::F16, Dtype::Bf16, Dtype::F32, Dtype::F64, Dtype::C64];
        assert_eq!(floats.map(mantissa), [10, 7, 23, 52, 23].map(Some));
        assert_eq!([Dtype::U16, Dtype::I64, Dtype::Bool].map(mantissa), [None; 3]);
        assert_eq!(Layout::of(Dtype::F8E4M3), Layout::BYTES);
        assert_eq!(Layout::of(Dtype::F4), Layout::BYTES);
    }
}
