//! The two element types.

use std::fmt::{self, Debug, Display};

use crate::kernel::{Kernel, Rows};

/// Names a floating-point type in states and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatType {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

impl Display for FloatType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

/// An element type of data and models: `f32` or `f64`.
///
/// Sealed, because the order of every sum depends on the type's number of lanes.
pub trait Real: Kernel + Debug + Display + PartialOrd + 'static {
    /// Which of the two it is.
    const TYPE: FloatType;

    /// The number of lanes in a logical vector of 64 bytes: 16 for `f32`, 8 for `f64`.
    const LANES: usize = Self::L;

    /// Rounds to the nearest value of this type; beyond its range to an infinity.
    fn from_f64(value: f64) -> Self {
        Self::of(value)
    }

    /// Converts exactly.
    fn to_f64(self) -> f64 {
        self.into()
    }

    /// Gives rows of `f64` as they are, and nothing of other types.
    fn as_f64<'a>(rows: Rows<'a, Self>) -> Option<Rows<'a, f64>>;
}

impl Real for f32 {
    const TYPE: FloatType = FloatType::F32;

    fn as_f64<'a>(_: Rows<'a, Self>) -> Option<Rows<'a, f64>> {
        None
    }
}

impl Real for f64 {
    const TYPE: FloatType = FloatType::F64;

    fn as_f64<'a>(rows: Rows<'a, Self>) -> Option<Rows<'a, f64>> {
        Some(rows)
    }
}
