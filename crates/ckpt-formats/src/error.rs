use std::io;
use std::str::Utf8Error;

use ckpt_tensor::{Dtype, TensorError};

use crate::message::{described, quoted, shortened};

/// Why a file is not of the format that it claims, or tensors cannot be laid out in one.
///
/// Each message is complete in one line and does not name the file, which only the caller knows;
/// what lies beneath it is part of the message and not chained as a further cause. Names and
/// shapes are whole in the fields, and cut in the message if they are long.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file could not be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The file does not begin like its format.
    #[error("{}", unlike(format, *len))]
    Unlike {
        /// The name of the format.
        format: &'static str,
        /// Bytes of the file.
        len: u64,
    },
    /// The file ends within the eight bytes of the header length.
    #[error(
        "{len} bytes are too few for a header length; the file is truncated or not safetensors"
    )]
    TooShort {
        /// Bytes of the file.
        len: u64,
    },
    /// The header ends after the file.
    #[error(
        "header length {header} exceeds the file size {file}; the file is truncated or not \
         safetensors"
    )]
    HeaderBeyondEnd {
        /// Stated length of the header.
        header: u64,
        /// Bytes of the file.
        file: u64,
    },
    /// The header is longer than readers take.
    #[error("header length {header} exceeds the limit of {limit}")]
    HeaderTooLarge {
        /// Length of the header.
        header: u64,
        /// The most that is allowed.
        limit: u64,
    },
    /// The header is no text.
    #[error("header is not UTF-8: {0}")]
    HeaderNotUtf8(Utf8Error),
    /// The header is no JSON, or not of the expected structure.
    #[error("header is not valid: {}", shortened(.0))]
    HeaderInvalid(serde_json::Error),
    /// Two tensors have one name.
    #[error("tensor `{}` appears twice", cut(.0))]
    DuplicateTensor(String),
    /// The free-form metadata has one key twice.
    #[error("metadata key `{}` appears twice", cut(.0))]
    DuplicateMetadata(String),
    /// A tensor has a name that the format keeps for itself.
    #[error("tensor name `{0}` is reserved")]
    ReservedName(String),
    /// A tensor's dtype is unknown or its size impossible.
    #[error("tensor `{}`: {}", cut(name), described(problem))]
    Tensor {
        /// The tensor.
        name: String,
        /// What is wrong with it.
        problem: TensorError,
    },
    /// A tensor ends before it begins.
    #[error("tensor `{}` ends at {end}, before its begin {begin}", cut(name))]
    ReversedOffsets {
        /// The tensor.
        name: String,
        /// Its first byte, counted from the header's end.
        begin: u64,
        /// The byte after its last.
        end: u64,
    },
    /// A tensor's bytes are not as many as its dtype and shape take.
    #[error("tensor `{}` has {found} bytes where its dtype and shape take {expected}", cut(name))]
    LengthMismatch {
        /// The tensor.
        name: String,
        /// Bytes between its offsets.
        found: u64,
        /// Bytes by dtype and shape.
        expected: u64,
    },
    /// A tensor begins inside the one before it.
    #[error("tensor `{}` begins at {begin}, inside another that ends at {end}", cut(name))]
    Overlap {
        /// The tensor.
        name: String,
        /// Its first byte, counted from the header's end.
        begin: u64,
        /// Where the tensor before it ends.
        end: u64,
    },
    /// Bytes before a tensor belong to none.
    #[error("tensor `{}` begins at {begin}, leaving a gap from {end}", cut(name))]
    Gap {
        /// The tensor.
        name: String,
        /// Its first byte, counted from the header's end.
        begin: u64,
        /// Where the tensor before it ends.
        end: u64,
    },
    /// The tensors end after the file.
    #[error(
        "tensors need {expected} bytes after the header, the file has {found}; it is truncated"
    )]
    DataTruncated {
        /// Bytes that the header's offsets cover.
        expected: u64,
        /// Bytes after the header.
        found: u64,
    },
    /// The file goes on after the last tensor.
    #[error("{extra} bytes after the last tensor belong to none")]
    TrailingBytes {
        /// Bytes after the last tensor.
        extra: u64,
    },
    /// All tensors together are too large for 64-bit offsets.
    #[error("tensors overflow the file at `{}`", cut(.0))]
    FileOverflow(String),
    /// The header of an array is not what NumPy writes.
    #[error("NPY header {0}")]
    NpyHeader(&'static str),
    /// An array's size is impossible.
    #[error("array: {}", described(.0))]
    Array(TensorError),
    /// The file ends before an array does.
    #[error(
        "the array needs {expected} bytes after its header, there are {found}; it is truncated"
    )]
    ArrayTruncated {
        /// Bytes by dtype and shape.
        expected: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// A zip archive contradicts itself as a whole.
    #[error("the zip archive {0}")]
    Zip(&'static str),
    /// A member of a zip archive contradicts the archive, or what the others say of it.
    #[error("member `{name}` {problem}")]
    Member {
        /// The member's name in the archive.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A pickle is none, or contradicts the rest of its archive.
    #[error("data.pkl, byte {at}: {problem}")]
    Pickle {
        /// The place that was reached, counted from 0.
        at: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A view on a storage does not fit it.
    #[error("tensor `{name}` does not fit its storage: {problem}")]
    View {
        /// The tensor.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A GGUF file contradicts itself.
    #[error("GGUF header, byte {at}: {problem}")]
    GgufHeader {
        /// The place in the file that was reached, counted from 0.
        at: u64,
        /// What is wrong there.
        problem: String,
    },
    /// Rows of quantized numbers do not consist of whole blocks.
    #[error("tensor `{}`: {problem}", cut(name))]
    Blocks {
        /// The tensor.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A tensor ends after the file.
    #[error("tensor `{}` ends at {end}, the file at {file}; it is truncated", cut(name))]
    BeyondEnd {
        /// The tensor.
        name: String,
        /// The byte after its last.
        end: u64,
        /// Bytes of the file.
        file: u64,
    },
    /// The index of a sharded checkpoint is not one.
    #[error("shard index: {0}")]
    ShardIndex(String),
    /// NumPy lacks a tensor's dtype.
    #[error("tensor `{}` is {dtype}, which NumPy lacks", cut(name))]
    NumpyDtype {
        /// The tensor.
        name: String,
        /// Its dtype.
        dtype: Dtype,
    },
    /// A tensor's name cannot be that of a member of an archive.
    #[error("tensor name {name:?} {problem}")]
    MemberName {
        /// The name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl FormatError {
    /// Tells whether it says nothing about the file, which could not be read.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self, Self::Read(_))
    }
}

fn cut(name: &str) -> String {
    quoted(name.as_bytes())
}

fn unlike(format: &str, len: u64) -> String {
    match len {
        0 => format!("not {format}: the file is empty"),
        _ => format!("not {format}: the file begins otherwise"),
    }
}
