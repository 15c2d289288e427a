//! The types of elements that are read.

use crate::Values;

/// A type of elements that are read.
pub(crate) trait Element: Copy {
    /// NumPy's name of it.
    const DTYPE: &'static str;

    /// What a column holds of it.
    type Stored: Copy;

    /// Reads elements from their bytes, little-endian.
    fn from_le(bytes: &[u8]) -> impl Iterator<Item = Self>;

    /// Reads every `step`-th element from the one at `first` on: a column of rows.
    fn every_from_le(bytes: &[u8], first: usize, step: usize) -> impl Iterator<Item = Self>;

    /// Writes an element to its bytes.
    fn write_le(self, bytes: &mut [u8]);

    /// Tells whether bytes are elements.
    fn are_valid(_bytes: &[u8]) -> bool {
        true
    }

    /// Converts to what columns hold.
    fn stored(self) -> Self::Stored;

    /// Makes the cells of a column.
    fn values(stored: Vec<Self::Stored>) -> Values;
}

macro_rules! element {
    ($($type:ty => $dtype:literal, $stored:ty, $values:path;)*) => {$(
        impl Element for $type {
            const DTYPE: &'static str = $dtype;

            type Stored = $stored;

            fn from_le(bytes: &[u8]) -> impl Iterator<Item = Self> {
                let (elements, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
                elements.iter().map(|bytes| Self::from_le_bytes(*bytes))
            }

            fn every_from_le(
                bytes: &[u8],
                first: usize,
                step: usize,
            ) -> impl Iterator<Item = Self> {
                let (elements, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
                let every = elements.iter().skip(first).step_by(step);
                every.map(|bytes| Self::from_le_bytes(*bytes))
            }

            fn write_le(self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }

            fn stored(self) -> $stored {
                self as $stored
            }

            fn values(stored: Vec<$stored>) -> Values {
                $values(stored)
            }
        }
    )*};
}

element!(
    i8 => "int8", f64, Values::Number;
    i16 => "int16", f64, Values::Number;
    i32 => "int32", f64, Values::Number;
    i64 => "int64", f64, Values::Number;
    u8 => "uint8", f64, Values::Number;
    u16 => "uint16", f64, Values::Number;
    u32 => "uint32", f64, Values::Number;
    u64 => "uint64", f64, Values::Number;
    f32 => "float32", f32, Values::Single;
    f64 => "float64", f64, Values::Number;
);

impl Element for bool {
    const DTYPE: &'static str = "bool";

    type Stored = f64;

    fn from_le(bytes: &[u8]) -> impl Iterator<Item = Self> {
        bytes.iter().map(|byte| *byte != 0)
    }

    fn every_from_le(bytes: &[u8], first: usize, step: usize) -> impl Iterator<Item = Self> {
        bytes.iter().skip(first).step_by(step).map(|byte| *byte != 0)
    }

    fn write_le(self, bytes: &mut [u8]) {
        bytes[0] = u8::from(self);
    }

    fn are_valid(bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| *byte < 2)
    }

    fn stored(self) -> f64 {
        f64::from(self)
    }

    fn values(stored: Vec<f64>) -> Values {
        Values::Number(stored)
    }
}
