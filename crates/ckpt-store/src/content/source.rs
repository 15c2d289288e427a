//! Where content comes from on its way into a pack.

use std::{fmt, sync::Arc};

use ckpt_pack::disk::ReadFile;
use ckpt_tensor::Dtype;

use crate::error::Result;

/// A run of bytes to be stored as one content.
pub(crate) struct Span<'a> {
    /// What holds the bytes, and its name for messages.
    pub(crate) source: Source<'a>,
    pub(crate) name: &'a str,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// `None` for opaque bytes.
    pub(crate) dtype: Option<Dtype>,
    /// The tensor's name, which the parent version may have too.
    pub(crate) tensor: Option<&'a str>,
}

/// What holds the bytes of a span.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    File(&'a dyn ReadFile),
    Memory(&'a Memory),
    Computed(&'a dyn Compute),
}

/// Makes the bytes of a tensor, a leaf at a time, in any order.
pub(crate) trait Compute: Sync {
    /// Fills a place with the leaf of that number.
    fn leaf(&self, index: usize, place: &mut [u8]) -> Result<()>;
}

/// Bytes that some owner keeps, shared.
#[derive(Clone)]
pub(crate) struct Memory(Arc<dyn AsRef<[u8]> + Send + Sync>);

impl Memory {
    pub(crate) fn new(owner: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self(Arc::new(owner))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes().len())
    }
}
