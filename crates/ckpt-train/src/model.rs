//! A linear model on raw inputs.

use std::borrow::Cow;

use ndarray::{Array1, ArrayView2};
use rayon::prelude::*;

use crate::error::DataError;
use crate::kernel::padded;
use crate::real::Real;

/// Rows per parallel task of a prediction; it cannot change a bit, since rows are independent.
const TASK_ROWS: usize = 4096;

/// A linear model: `y = sum(weight * x) + bias`, on features as they come.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearModel<T> {
    /// One weight per feature column.
    pub weight: Vec<T>,
    /// The value at the origin.
    pub bias: T,
}

impl<T: Real> LinearModel<T> {
    /// Predicts one value per row of `x` (rows x features), in `T`'s arithmetic and in the order of
    /// the kernels' row sums: the same bits for any number of threads.
    ///
    /// # Errors
    ///
    /// [`DataError::Columns`] if `x` has another number of columns than the model.
    pub fn predict(&self, x: ArrayView2<'_, T>) -> Result<Array1<T>, DataError> {
        if x.ncols() != self.weight.len() {
            return Err(DataError::Columns { model: self.weight.len(), data: x.ncols() });
        }
        if x.ncols() == 0 {
            return Ok(Array1::from_elem(x.nrows(), self.bias));
        }
        let weight = padded(self.weight.iter().copied());
        let center = vec![T::default(); weight.len()];
        let rows: Cow<'_, [T]> = match x.to_slice() {
            Some(rows) => Cow::Borrowed(rows),
            None => Cow::Owned(x.iter().copied().collect()),
        };
        let predictions: Vec<T> = rows
            .par_chunks_exact(x.ncols())
            .with_min_len(TASK_ROWS)
            .map(|row| T::dot(row, &center, &weight) + self.bias)
            .collect();
        Ok(Array1::from_vec(predictions))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn predicts_by_hand_in_any_layout() {
        let model = LinearModel { weight: vec![2.0_f32, -1.0], bias: 0.5 };
        let x = array![[1.0, 1.0], [0.0, 3.0]];
        assert_eq!(model.predict(x.view()).unwrap(), array![1.5, -2.5]);
        assert_eq!(model.predict(x.t()).unwrap(), array![2.5, -0.5]);
        assert_eq!(model.predict(Array2::zeros((0, 2)).view()).unwrap().len(), 0);
    }

    #[test]
    fn the_columns_must_fit() {
        let model = LinearModel { weight: vec![1.0], bias: 0.0 };
        let error = model.predict(Array2::zeros((3, 2)).view()).unwrap_err();
        assert_eq!(error.to_string(), "the model has 1 features but the data has 2");
    }
}
