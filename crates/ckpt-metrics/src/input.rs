//! The kinds of numbers and labels that metrics accept.

use std::borrow::Cow;

use ndarray::ArrayView1;

use crate::{Error, Input, Result};

mod sealed {
    pub trait Sealed {}

    pub trait Indexed {
        /// The class as an index; one beyond [`MAX_CLASSES`](crate::MAX_CLASSES) if there is none.
        fn index(self) -> u64;
    }
}

/// A floating-point number: `f32` or `f64`.
pub trait Real: Copy + Send + Sync + sealed::Sealed {
    /// The distance from 1 to the next larger number of this type.
    const EPSILON: f64;

    /// Converts exactly.
    fn to_f64(self) -> f64;
}

/// A class label: an integer, or a boolean with `true` as class 1.
///
/// Floating-point labels are not accepted, so that labels and probabilities cannot be confused.
pub trait Label: Copy + Send + Sync + sealed::Sealed + sealed::Indexed {
    /// The label as an integer wide enough for every type.
    fn to_i128(self) -> i128;

    /// The class that the label names, if it can be one.
    fn to_class(self) -> Option<usize>;
}

macro_rules! real {
    ($($type:ty)*) => {$(
        impl sealed::Sealed for $type {}

        impl Real for $type {
            const EPSILON: f64 = <$type>::EPSILON as f64;

            fn to_f64(self) -> f64 {
                f64::from(self)
            }
        }
    )*};
}

real!(f32 f64);

macro_rules! label {
    ($($type:ty)*) => {$(
        impl sealed::Sealed for $type {}

        impl sealed::Indexed for $type {
            fn index(self) -> u64 {
                // Extends the sign, so that a negative label is beyond every class.
                self as u64
            }
        }

        impl Label for $type {
            fn to_i128(self) -> i128 {
                // Lossless for all of these; `From` does not exist for usize and isize.
                self as i128
            }

            fn to_class(self) -> Option<usize> {
                usize::try_from(self).ok()
            }
        }
    )*};
}

label!(bool u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

/// Checks that there is one prediction for each target, and says how many.
pub(crate) fn paired(targets: usize, predictions: usize) -> Result<usize> {
    if targets == predictions {
        Ok(targets)
    } else {
        Err(Error::LengthMismatch { targets, predictions })
    }
}

/// Checks that two things have the same classes.
pub(crate) fn same_classes(expected: usize, found: usize) -> Result<()> {
    if expected == found { Ok(()) } else { Err(Error::ClassMismatch { expected, found }) }
}

/// Gives some rows of a column as a slice, copied only if they do not lie next to each other.
pub(crate) fn contiguous<T: Copy>(rows: ArrayView1<'_, T>) -> Cow<'_, [T]> {
    rows.to_slice().map_or_else(|| Cow::Owned(rows.to_vec()), Cow::Borrowed)
}

/// Checks that a number of row `row` is finite, and converts it.
pub(crate) fn finite<T: Real>(value: T, input: Input, row: usize) -> Result<f64> {
    let value = value.to_f64();
    if value.is_finite() { Ok(value) } else { Err(Error::NotFinite { input, row, value }) }
}

/// Checks one probability of row `row` and converts it.
pub(crate) fn probability<P: Real>(value: P, row: usize) -> Result<f64> {
    let value = value.to_f64();
    // A NaN lies in no range.
    if (0.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        Err(Error::NotAProbability { row, value })
    }
}

/// Checks that the probabilities of row `row` are a distribution.
///
/// Their sum may be off 1 by √ε of their type, which is where scikit-learn warns.
pub(crate) fn distribution<P: Real>(probabilities: &[P], row: usize) -> Result<()> {
    let (mut sum, mut fine) = (0.0, true);
    for probability in probabilities {
        let probability = probability.to_f64();
        fine &= (0.0..=1.0).contains(&probability);
        sum += probability;
    }
    if !fine {
        probabilities.iter().try_for_each(|&value| probability(value, row).map(drop))?;
    }
    if (sum - 1.0).abs() > P::EPSILON.sqrt() {
        return Err(Error::NotNormalized { row, sum });
    }
    Ok(())
}

/// Gives the class that a label of row `row` names, one of `classes`.
pub(crate) fn class<L: Label>(label: L, classes: usize, input: Input, row: usize) -> Result<usize> {
    match label.to_class() {
        Some(class) if class < classes => Ok(class),
        _ => Err(Error::LabelOutOfRange { input, row, label: label.to_i128(), classes }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_their_value() {
        assert_eq!(true.to_class(), Some(1));
        assert_eq!((-1_i8).to_class(), None);
        assert_eq!((-1_i8).to_i128(), -1);
        assert_eq!(u64::MAX.to_i128(), i128::from(u64::MAX));
        assert_eq!(class(3_i64, 4, Input::Target, 0), Ok(3));
    }

    #[test]
    fn probabilities_include_both_ends() {
        assert_eq!(probability(0.0_f32, 0), Ok(0.0));
        assert_eq!(probability(1.0_f64, 0), Ok(1.0));
        for bad in [-f64::MIN_POSITIVE, 1.0 + f64::EPSILON, f64::NAN] {
            assert!(matches!(probability(bad, 7), Err(Error::NotAProbability { row: 7, .. })));
        }
    }
}
