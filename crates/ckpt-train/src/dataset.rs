//! Data to train on, checked once.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use crate::error::DataError;
use crate::real::Real;

/// A table of features with one target per row: finite, not empty, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset<T> {
    x: Array2<T>,
    y: Array1<T>,
}

impl<T: Real> Dataset<T> {
    /// Checks `x` (rows x features) and `y` (one target per row).
    ///
    /// An `x` in another memory layout is copied into row-major order.
    ///
    /// # Errors
    ///
    /// [`DataError`] if the lengths differ, there is no row or no column, or a value is NaN or
    /// infinite; the first such value is named.
    pub fn new(x: Array2<T>, y: Array1<T>) -> Result<Self, DataError> {
        let x = if x.is_standard_layout() { x } else { x.as_standard_layout().into_owned() };
        let y = if y.is_standard_layout() { y } else { y.as_standard_layout().into_owned() };
        if x.nrows() != y.len() {
            return Err(DataError::Rows { x: x.nrows(), y: y.len() });
        }
        if x.nrows() == 0 {
            return Err(DataError::NoRows);
        }
        if x.ncols() == 0 {
            return Err(DataError::NoColumns);
        }
        let dataset = Self { x, y };
        if let Some(index) = first_not_finite(dataset.x_slice()) {
            let (row, column) = (index / dataset.columns(), index % dataset.columns());
            let value = dataset.x[(row, column)].to_f64();
            return Err(DataError::NotFinite { row, column, value });
        }
        if let Some(row) = first_not_finite(dataset.y_slice()) {
            let value = dataset.y[row].to_f64();
            return Err(DataError::TargetNotFinite { row, value });
        }
        Ok(dataset)
    }

    /// Returns the features, rows x columns.
    pub fn x(&self) -> ArrayView2<'_, T> {
        self.x.view()
    }

    /// Returns the targets.
    pub fn y(&self) -> ArrayView1<'_, T> {
        self.y.view()
    }

    /// Returns the number of rows, at least 1.
    pub fn rows(&self) -> usize {
        self.x.nrows()
    }

    /// Returns the number of feature columns, at least 1.
    pub fn columns(&self) -> usize {
        self.x.ncols()
    }

    pub(crate) fn x_slice(&self) -> &[T] {
        self.x.as_slice().expect("the constructor made it row-major")
    }

    pub(crate) fn y_slice(&self) -> &[T] {
        self.y.as_slice().expect("the constructor made it contiguous")
    }
}

fn first_not_finite<T: Real>(values: &[T]) -> Option<usize> {
    values.iter().position(|value| !value.to_f64().is_finite())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn lengths_must_agree_and_not_be_zero() {
        let error = Dataset::new(array![[1.0], [2.0]], array![1.0]).unwrap_err();
        assert_eq!(error, DataError::Rows { x: 2, y: 1 });
        let error = Dataset::<f32>::new(Array2::zeros((0, 2)), array![]).unwrap_err();
        assert_eq!(error, DataError::NoRows);
        let error = Dataset::<f32>::new(Array2::zeros((1, 0)), array![1.0]).unwrap_err();
        assert_eq!(error, DataError::NoColumns);
    }

    #[test]
    fn a_value_that_is_not_finite_is_named() {
        let x = array![[1.0, 2.0], [3.0, f64::NAN]];
        let error = Dataset::new(x, array![1.0, 2.0]).unwrap_err();
        assert_eq!(error.to_string(), "row 1, column 1 of x is NaN");
        let error = Dataset::new(array![[1.0_f32]], array![f32::NEG_INFINITY]).unwrap_err();
        assert_eq!(error.to_string(), "value 0 of y is -inf");
    }

    #[test]
    fn other_layouts_become_row_major() {
        let x = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].reversed_axes();
        let dataset = Dataset::new(x, array![1.0, 2.0, 3.0]).unwrap();
        assert_eq!(dataset.x_slice(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}
