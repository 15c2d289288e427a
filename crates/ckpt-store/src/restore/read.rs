//! Reads content of versions without restoring them.

use crate::{error::Result, record::TensorRecord, repo::Repository};

impl Repository {
    /// Reads the bytes of a tensor: row-major, little-endian. Its blocks are decoded in parallel on
    /// the current rayon pool.
    ///
    /// # Errors
    /// [`Error::Removed`], [`Error::Missing`], [`Error::Damaged`].
    pub fn tensor_bytes(&self, tensor: &TensorRecord) -> Result<Vec<u8>> {
        let bytes = self.objects.content_bytes(tensor.content());
        bytes.map_err(|error| self.explain_missing(tensor.content(), error))
    }
}
