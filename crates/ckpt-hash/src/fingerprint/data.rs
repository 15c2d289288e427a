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
    pub fn f64_column(self, values: impl IntoIterator<Item = f64>) -> Self {
        let mut column = ColumnHasher::new();
        let mut batch = Vec::with_capacity(BATCH);
        for value in values {
            batch.push(value);
            if batch.len() == BATCH {
                column.push(&batch);
                batch.clear();
            }
        }
        column.push(&batch);
        self.column(column)
    }

    /// Adds a column of numbers that came in pieces: the same as [`f64_column`](Self::f64_column)
    /// of all of them.
    #[must_use]
    pub fn column(mut self, column: ColumnHasher) -> Self {
        self.parts.push(column.finish());
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
    pub fn array(self, dtype: &str, shape: &[u64], bytes: &[u8]) -> Self {
        let mut array = ArrayHasher::new(dtype, shape, bytes.len() as u64);
        array.push(bytes);
        self.whole_array(array)
    }

    /// Adds a whole array that came in pieces: the same as [`array`](Self::array) of all of them.
    ///
    /// # Panics
    /// If the pieces have not the length that the array was started with.
    #[must_use]
    pub fn whole_array(mut self, array: ArrayHasher) -> Self {
        self.parts.push(array.finish());
        self
    }

    /// Adds the columns and arrays of another table behind those of this one.
    #[must_use]
    pub fn table(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
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

/// Fingerprints a column of numbers that comes in pieces.
#[derive(Debug, Clone)]
pub struct ColumnHasher {
    hasher: FieldHasher,
    rows: u64,
}

impl ColumnHasher {
    /// Starts without numbers.
    pub fn new() -> Self {
        Self { hasher: FieldHasher::new("ckpt column f64\n"), rows: 0 }
    }

    /// Adds numbers behind those before.
    pub fn push(&mut self, values: &[f64]) {
        let mut bytes = [0; 8 * BATCH];
        for batch in values.chunks(BATCH) {
            let bytes = &mut bytes[..8 * batch.len()];
            for (bytes, value) in bytes.chunks_exact_mut(8).zip(batch) {
                bytes.copy_from_slice(&value.to_le_bytes());
            }
            self.hasher.raw(bytes);
        }
        self.rows += values.len() as u64;
    }

    fn finish(mut self) -> Digest {
        // The count comes last, so that nobody needs to know it first.
        self.hasher.number(self.rows);
        self.hasher.finish()
    }
}

impl Default for ColumnHasher {
    fn default() -> Self {
        Self::new()
    }
}

/// Fingerprints an array that comes in pieces.
#[derive(Debug, Clone)]
pub struct ArrayHasher {
    hasher: FieldHasher,
    /// Bytes that are still to come.
    rest: u64,
}

impl ArrayHasher {
    /// Starts an array of `len` bytes; `dtype` and `shape` as in [`TableHasher::array`].
    pub fn new(dtype: &str, shape: &[u64], len: u64) -> Self {
        let mut hasher = FieldHasher::new("ckpt array\n");
        hasher.text(dtype).number(shape.len() as u64);
        for extent in shape {
            hasher.number(*extent);
        }
        hasher.number(len);
        Self { hasher, rest: len }
    }

    /// Adds the next bytes, row-major and little-endian.
    ///
    /// # Panics
    /// If they are more than the array has.
    pub fn push(&mut self, bytes: &[u8]) {
        let rest = self.rest.checked_sub(bytes.len() as u64);
        self.rest = rest.expect("no more bytes than the array has");
        self.hasher.raw(bytes);
    }

    fn finish(self) -> Digest {
        assert_eq!(self.rest, 0, "bytes of an array are missing");
        self.hasher.finish()
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

    #[test]
    #[should_panic(expected = "bytes of an array are missing")]
    fn an_array_is_whole() {
        let mut array = ArrayHasher::new("uint8", &[3], 3);
        array.push(&[1, 2]);
        let _ = TableHasher::new().whole_array(array);
    }

    proptest! {
        #[test]
        fn pieces_give_the_id_of_the_whole(
            values in prop::collection::vec(any::<f64>(), 0..1500), at: prop::sample::Index,
        ) {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let shape = [values.len() as u64];
            let at = at.index(values.len() + 1);
            let mut column = ColumnHasher::new();
            let mut array = ArrayHasher::new("float64", &shape, bytes.len() as u64);
            column.push(&values[..at]);
            column.push(&values[at..]);
            array.push(&bytes[..8 * at]);
            array.push(&bytes[8 * at..]);
            let whole = TableHasher::new().array("float64", &shape, &bytes);
            let pieces = TableHasher::new().column(column).table(TableHasher::new().whole_array(array));
            prop_assert_eq!(pieces.finish(), TableHasher::new().f64_column(values).table(whole).finish());
        }

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
