//! Data to train on, checked once.

use std::fmt::{self, Debug};
use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use crate::error::DataError;
use crate::kernel::{RowSource, Rows};
use crate::real::Real;

/// A table of features with one target, and perhaps a weight, per row: finite and not empty.
///
/// ```
/// use ckpt_train::Dataset;
/// use ndarray::array;
///
/// let x = array![[5.1_f64, 3.5], [7.0, 3.2], [5.0, 3.6]];
/// let species = vec!["setosa".to_owned(), "versicolor".to_owned()];
/// let flowers = Dataset::new(x, array![0.0, 1.0, 0.0])?.with_classes(species)?;
/// assert_eq!((flowers.rows(), flowers.columns()), (3, 2));
/// # Ok::<(), ckpt_train::DataError>(())
/// ```
#[derive(Clone)]
pub struct Dataset<T> {
    features: Features<T>,
    y: Array1<T>,
    weights: Option<Array1<T>>,
    classes: Vec<String>,
}

/// Where the features are.
#[derive(Clone)]
pub(crate) enum Features<T> {
    /// Rows x columns, row-major.
    Memory(Array2<T>),
    /// Rows of this many columns, in the order in which training sees them.
    Stored(Arc<dyn RowSource<T>>, usize),
}

impl<T: Real> Dataset<T> {
    /// Checks `x` (rows x features) and `y` (one number to predict per row).
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
        if x.nrows() > 0 && x.ncols() > 0 {
            let values = x.as_slice().expect("it was made row-major");
            if let Some(index) = first_not_finite(values) {
                let (row, column) = (index / x.ncols(), index % x.ncols());
                return Err(DataError::NotFinite { row, column, value: values[index].to_f64() });
            }
        }
        Self::checked(Features::Memory(x), y)
    }

    /// Says that the targets are numbers of classes: places in `classes`, their labels.
    ///
    /// # Errors
    ///
    /// [`DataError`] if there are fewer than two classes, or a target is not the number of one.
    pub fn with_classes(self, classes: Vec<String>) -> Result<Self, DataError> {
        if classes.len() < 2 {
            return Err(DataError::OneClass { classes: classes.len() });
        }
        let is_class = |y: &T| {
            (0..classes.len()).contains(&(y.to_f64() as usize))
                && y.to_f64() == (y.to_f64() as usize) as f64
        };
        if let Some(row) = self.y.iter().position(|y| !is_class(y)) {
            let value = self.y[row].to_f64();
            return Err(DataError::Class { row, value, classes: classes.len() });
        }
        Ok(Self { classes, ..self })
    }

    /// Takes rows that are read when they are needed, such as those of a file larger than memory,
    /// with one number to predict per row.
    ///
    /// They must be in the order in which training sees them: row `i` is that which
    /// [`row_order`](crate::row_order) names in place `i`; so must `y`, and weights. Training then gives the bits
    /// that it gives for the same rows in memory. That the features are finite is up to the source.
    ///
    /// # Errors
    ///
    /// [`DataError`] if there is no row or no column, or a target is NaN or infinite.
    pub fn stored(
        source: Arc<dyn RowSource<T>>,
        columns: usize,
        y: Array1<T>,
    ) -> Result<Self, DataError> {
        Self::checked(Features::Stored(source, columns), y)
    }

    /// Gives each row a weight: what it counts in the loss, in metrics, in means and deviations. A
    /// row of weight 2 counts like two rows, one of weight 0 not at all.
    ///
    /// # Errors
    ///
    /// [`DataError`] if there is not one weight per row, or one is negative, NaN or infinite.
    pub fn weighted(self, weights: Array1<T>) -> Result<Self, DataError> {
        if weights.len() != self.rows() {
            return Err(DataError::Weights { rows: self.rows(), weights: weights.len() });
        }
        let is_weight = |weight: &T| weight.to_f64().is_finite() && weight.to_f64() >= 0.0;
        if let Some(row) = weights.iter().position(|weight| !is_weight(weight)) {
            return Err(DataError::Weight { row, value: weights[row].to_f64() });
        }
        Ok(Self { weights: Some(weights.as_standard_layout().into_owned()), ..self })
    }

    fn checked(features: Features<T>, y: Array1<T>) -> Result<Self, DataError> {
        let dataset = Self { features, y, weights: None, classes: Vec::new() };
        if dataset.rows() == 0 {
            return Err(DataError::NoRows);
        }
        if dataset.columns() == 0 {
            return Err(DataError::NoColumns);
        }
        if let Some(row) = dataset.y.iter().position(|value| !value.to_f64().is_finite()) {
            let value = dataset.y[row].to_f64();
            return Err(DataError::TargetNotFinite { row, value });
        }
        Ok(dataset)
    }

    /// Returns the features, rows x columns, if they are in memory.
    pub fn x(&self) -> Option<ArrayView2<'_, T>> {
        match &self.features {
            Features::Memory(x) => Some(x.view()),
            Features::Stored(..) => None,
        }
    }

    /// Returns the targets: numbers to predict, or numbers of classes.
    pub fn y(&self) -> ArrayView1<'_, T> {
        self.y.view()
    }

    /// Returns the weights of the rows, if they have any.
    pub fn weights(&self) -> Option<ArrayView1<'_, T>> {
        self.weights.as_ref().map(|weights| weights.view())
    }

    /// Returns the labels of the classes; none if numbers are to be predicted.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Returns the number of rows, at least 1.
    pub fn rows(&self) -> usize {
        self.y.len()
    }

    /// Returns the number of feature columns, at least 1.
    pub fn columns(&self) -> usize {
        match &self.features {
            Features::Memory(x) => x.ncols(),
            Features::Stored(_, columns) => *columns,
        }
    }

    /// All rows, in the data's own order, each counting one.
    pub(crate) fn as_rows(&self) -> Rows<'_, T> {
        let y = self.y.as_slice().expect("the constructor made it contiguous");
        match &self.features {
            Features::Memory(x) => {
                let x = x.as_slice().expect("the constructor made it row-major");
                Rows::new(x, y, self.columns())
            }
            Features::Stored(source, columns) => Rows::stored(source.as_ref(), 0, y, *columns),
        }
    }

    pub(crate) fn features(&self) -> &Features<T> {
        &self.features
    }
}

impl<T: Real> Debug for Dataset<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("rows", &self.rows())
            .field("columns", &self.columns())
            .field("classes", &self.classes)
            .finish_non_exhaustive()
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
        assert_eq!(dataset.x().unwrap().as_slice().unwrap(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}
