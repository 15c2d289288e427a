//! Weights of rows.

use ndarray::ArrayView1;

use crate::input::Real;
use crate::{Error, Result};

/// What a row weighs: a number, or [`One`].
pub(crate) trait Weight: Copy + Send + Sync {
    /// Whether every row weighs 1, so that weights need no sum and no check.
    const UNIT: bool;

    /// Converts exactly.
    fn get(self) -> f64;
}

impl<W: Real> Weight for W {
    const UNIT: bool = false;

    fn get(self) -> f64 {
        self.to_f64()
    }
}

/// The weight of a row without one.
///
/// It takes no memory, so a column of them costs nothing, and one implementation serves both
/// kinds of rows: a product with 1 is exact, and compiles to nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct One;

impl Weight for One {
    const UNIT: bool = true;

    fn get(self) -> f64 {
        1.0
    }
}

/// Gives every row the weight 1.
pub(crate) fn ones(rows: usize) -> Vec<One> {
    vec![One; rows]
}

/// Checks the weight of one row and converts it.
pub(crate) fn check<W: Weight>(value: W, row: usize) -> Result<f64> {
    let value = value.get();
    // A NaN lies in no range.
    if (0.0..f64::INFINITY).contains(&value) {
        Ok(value)
    } else {
        Err(Error::NotAWeight { row, value })
    }
}

/// Says whether all of these are weights.
pub(crate) fn are_weights<W: Weight>(weights: &[W]) -> bool {
    W::UNIT || weights.iter().fold(true, |fine, w| fine & (0.0..f64::INFINITY).contains(&w.get()))
}

/// Checks that there is one weight for each row.
pub(crate) fn one_each<W>(weights: ArrayView1<'_, W>, rows: usize) -> Result<()> {
    if weights.len() == rows {
        Ok(())
    } else {
        Err(Error::WeightMismatch { rows, weights: weights.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_finite_and_not_negative() {
        assert_eq!(check(0.0_f32, 3), Ok(0.0));
        assert_eq!(check(f64::MAX, 3), Ok(f64::MAX));
        assert_eq!(check(One, 3), Ok(1.0));
        for bad in [-f64::MIN_POSITIVE, f64::INFINITY, f64::NAN] {
            assert!(matches!(check(bad, 3), Err(Error::NotAWeight { row: 3, .. })));
            assert!(!are_weights(&[1.0, bad]));
        }
        assert!(are_weights(&[1.0, 0.0]) && are_weights(&ones(2)));
    }
}
