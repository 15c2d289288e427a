//! Fingerprints of data sets: of the values, not of the file that held them.

use crate::{DataId, Digest, FieldHasher};

/// Values converted before each call of the hash function, to save calls.
const BATCH: usize = 512;

/// Fingerprints a table column by column.
///
/// A column is numbers (as `f64`) or text (as UTF-8); the id covers the values and the order of
/// rows and columns, but no names, so the same numbers read from CSV, from an array file or held in
/// memory have one id. A matrix of `f64` counts as its columns. Arrays of other dtypes or ranks
/// enter whole, with dtype and shape.
///
/// ```
/// use ckpt_hash::TableHasher;
///
/// let by_value = TableHasher::new().f64_column([1.0, 2.0]).finish();
/// let by_text = TableHasher::new().utf8_column(["1.0", "2.0"]).finish();
/// assert_ne!(by_value, by_text);
/// ```
#[derive(Debug, Clone, Default)]
pub struct TableHasher {
    parts: Vec<Digest>,
}

impl TableHasher {
    /// Starts with no columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column of numbers. Bits count: `-0.0` and `0.0` differ, and so do two NaN payloads.
    #[must_use]
    pub fn f64_column(mut self, values: impl IntoIterator<Item = f64>) -> Self {
        let mut hasher = FieldHasher::new("ckpt column f64\n");
        let mut batch = Vec::with_capacity(8 * BATCH);
        let mut rows = 0;
        for value in values {
            batch.extend_from_slice(&value.to_le_bytes());
            rows += 1;
            if batch.len() == 8 * BATCH {
                hasher.raw(&batch);
                batch.clear();
            }
        }
        // The count comes last, so that the values can come from any iterator.
        hasher.raw(&batch).number(rows);
        self.parts.push(hasher.finish());
        self
    }

    /// Adds a column of text.
    #[must_use]
    pub fn utf8_column<S: AsRef<str>>(mut self, values: impl IntoIterator<Item = S>) -> Self {
        let mut hasher = FieldHasher::new("ckpt column utf8\n");
        for value in values {
            hasher.text(value.as_ref());
        }
        self.parts.push(hasher.finish());
        self
    }

    /// Adds a whole array: `dtype` by its lower-case NumPy name (`float32`), `shape` outermost
    /// first, `bytes` row-major and little-endian.
    #[must_use]
    pub fn array(mut self, dtype: &str, shape: &[u64], bytes: &[u8]) -> Self {
        let mut hasher = FieldHasher::new("ckpt array\n");
        hasher.text(dtype).number(shape.len() as u64);
        for extent in shape {
            hasher.number(*extent);
        }
        hasher.bytes(bytes);
        self.parts.push(hasher.finish());
        self
    }

    /// Adds a file that no reader opens, by the SHA-256 of its bytes.
    #[must_use]
    pub fn file(mut self, digest: &Digest) -> Self {
        let mut hasher = FieldHasher::new("ckpt file\n");
        hasher.digest(digest);
        self.parts.push(hasher.finish());
        self
    }

    /// Adds each column of a matrix (rows x columns) as numbers.
    #[cfg(feature = "ndarray")]
    #[must_use]
    pub fn matrix(self, matrix: ndarray::ArrayView2<'_, f64>) -> Self {
        let add = |hasher: Self, column: ndarray::ArrayView1<'_, f64>| {
            hasher.f64_column(column.iter().copied())
        };
        matrix.columns().into_iter().fold(self, add)
    }

    /// Ends the table.
    pub fn finish(self) -> DataId {
        let mut hasher = DataId::fields();
        hasher.number(self.parts.len() as u64);
        for part in &self.parts {
            hasher.digest(part);
        }
        DataId::from_fields(hasher)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn order_and_boundaries_count() {
        let ab = TableHasher::new().f64_column([1.0, 2.0]).f64_column([3.0]).finish();
        let ba = TableHasher::new().f64_column([3.0]).f64_column([1.0, 2.0]).finish();
        let one = TableHasher::new().f64_column([1.0, 2.0, 3.0]).finish();
        assert!(ab != ba && ab != one && ba != one);
    }

    #[test]
    fn signed_zero_counts() {
        let plus = TableHasher::new().f64_column([0.0]).finish();
        assert_ne!(plus, TableHasher::new().f64_column([-0.0]).finish());
    }

    #[test]
    fn shape_and_dtype_count() {
        let hash = |dtype, shape: &[u64]| TableHasher::new().array(dtype, shape, &[0; 24]).finish();
        assert_ne!(hash("float32", &[2, 3]), hash("float32", &[3, 2]));
        assert_ne!(hash("float32", &[6]), hash("int32", &[6]));
    }

    #[cfg(feature = "ndarray")]
    #[test]
    fn a_matrix_is_its_columns() {
        let matrix = ndarray::array![[1.0, 2.0], [3.0, 4.0]];
        let columns = TableHasher::new().f64_column([1.0, 3.0]).f64_column([2.0, 4.0]).finish();
        assert_eq!(TableHasher::new().matrix(matrix.view()).finish(), columns);
        let transposed = TableHasher::new().matrix(matrix.t()).finish();
        assert_ne!(transposed, columns);
    }

    proptest! {
        #[test]
        fn one_changed_bit_changes_the_id(
            values in prop::collection::vec(any::<f64>(), 1..1500), at: prop::sample::Index, bit in 0..64u32,
        ) {
            let before = TableHasher::new().f64_column(values.iter().copied()).finish();
            let mut changed = values;
            let at = at.index(changed.len());
            changed[at] = f64::from_bits(changed[at].to_bits() ^ (1 << bit));
            prop_assert_ne!(TableHasher::new().f64_column(changed).finish(), before);
        }
    }
}
