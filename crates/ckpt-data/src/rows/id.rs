//! The fingerprint of a matrix that stays on the disk.

use ckpt_hash::{ArrayHasher, ColumnHasher, DataId, TableHasher};

use super::{NpyRows, Width};
use crate::{DataError, array::element::Element};

impl NpyRows {
    /// Fingerprints the matrix by reading it through; equal to [`Table::id`](crate::Table::id).
    ///
    /// # Errors
    /// What cannot be read, a file that is shorter by now.
    pub fn id(&self) -> Result<DataId, DataError> {
        let hasher = TableHasher::new();
        if self.width == Width::F64 {
            let columns = self.hash_columns()?;
            return Ok(columns.into_iter().fold(hasher, TableHasher::column).finish());
        }
        let len = self.rows as u64 * self.row_bytes() as u64;
        let mut array = ArrayHasher::new(self.dtype(), &self.shape, len);
        self.pieces(0..self.rows, |_, bytes| {
            array.push(bytes);
            Ok(())
        })?;
        Ok(hasher.whole_array(array).finish())
    }

    fn hash_columns(&self) -> Result<Vec<ColumnHasher>, DataError> {
        let mut hashers = vec![ColumnHasher::new(); self.columns];
        let mut values = Vec::new();
        self.pieces(0..self.rows, |_, bytes| {
            for (index, hasher) in hashers.iter_mut().enumerate() {
                values.clear();
                values.extend(f64::every_from_le(bytes, index, self.columns));
                hasher.push(&values);
            }
            Ok(())
        })?;
        Ok(hashers)
    }
}
