use crate::Encoding;

/// Why bytes cannot be encoded or decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// A block longer than [`Layout::max_len`](crate::Layout::max_len).
    #[error("block of {len} bytes exceeds the limit of {limit}")]
    TooLong {
        /// Bytes of the block, real or claimed.
        len: usize,
        /// The most that the layout allows.
        limit: usize,
    },
    /// An encoding code that was never given out.
    #[error("unknown block encoding {0}")]
    UnknownEncoding(u8),
    /// Byte planes of a layout whose elements are single bytes.
    #[error("byte planes need elements of several bytes")]
    NoPlanes,
    /// A plane mode that was never given out.
    #[error("unknown byte plane mode {0}")]
    UnknownPlaneMode(u8),
    /// Encoded bytes that end too early.
    #[error("{0} block is truncated")]
    Truncated(Encoding),
    /// Encoded bytes that go on after the block is complete.
    #[error("{encoding} block has {extra} bytes too many")]
    TrailingBytes {
        /// The encoding of the block.
        encoding: Encoding,
        /// Bytes after its end.
        extra: usize,
    },
    /// A zstd frame that does not decode to the length expected of it.
    #[error("zstd frame is damaged or not of {expected} bytes")]
    Frame {
        /// Bytes that the frame should decode to.
        expected: usize,
    },
    /// A block that is stored as differences, read without its parent.
    #[error("{0} block needs its parent's block")]
    NeedsParent(Encoding),
    /// A parent's block of another length.
    #[error("block of {len} bytes cannot have a parent's block of {parent} bytes")]
    ParentLength {
        /// Bytes of the block.
        len: usize,
        /// Bytes of the parent's block.
        parent: usize,
    },
    /// Classes of a layout whose elements are no floats of several bytes.
    #[error("{0} block needs floats of several bytes")]
    NoFloats(Encoding),
    /// Encoded bytes that contradict themselves.
    #[error("{encoding} block has {what} that cannot be")]
    Invalid {
        /// The encoding of the block.
        encoding: Encoding,
        /// What is wrong.
        what: &'static str,
    },
}
