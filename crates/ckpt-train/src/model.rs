//! A linear model on raw inputs.

use std::borrow::Cow;

use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;

use crate::config::ModelKind;
use crate::error::DataError;
use crate::kernel::{Block, Loss, Placed, padded, probabilities};
use crate::objective::LinearObjective;
use crate::real::Real;

/// Rows per parallel task of a prediction; it cannot change a bit, since rows are independent.
const TASK_ROWS: usize = 4096;

/// A linear model on features as they come: margins `z = weight x + bias`, of which its kind makes
/// predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearModel<T> {
    /// What the margins mean.
    pub kind: ModelKind,
    /// A line per output, a column per feature. There is one output, but for softmax, which has one
    /// per class.
    pub weight: Array2<T>,
    /// The margin of each output at the origin.
    pub bias: Array1<T>,
    /// The labels of the classes; none for linear regression.
    pub classes: Vec<String>,
}

impl<T: Real> LinearModel<T> {
    /// Makes a model on raw inputs of standardised parameters.
    pub(crate) fn of(objective: &LinearObjective<T>, params: &[f64], classes: &[String]) -> Self {
        let (weight, bias) = objective.raw(params);
        let kind = match objective.kind() {
            Loss::Squared => ModelKind::Linear,
            Loss::Logistic => ModelKind::Logistic,
            Loss::Softmax(_) => ModelKind::Softmax,
        };
        let shape = (objective.outputs(), objective.columns());
        let weight = Array2::from_shape_vec(shape, weight).expect("there is one per column");
        Self { kind, weight, bias: Array1::from_vec(bias), classes: classes.to_vec() }
    }

    /// Computes the margins of each row of `x` (rows x features): rows x outputs, in `T`'s
    /// arithmetic and in the order of the kernels' sums, so that they have the same bits for any
    /// number of threads.
    ///
    /// # Errors
    ///
    /// [`DataError::Columns`] if `x` has another number of columns than the model.
    pub fn margins(&self, x: ArrayView2<'_, T>) -> Result<Array2<T>, DataError> {
        let (outputs, columns) = self.weight.dim();
        if x.ncols() != columns {
            return Err(DataError::Columns { model: columns, data: x.ncols() });
        }
        let mut margins =
            Array2::from_shape_fn((x.nrows(), outputs), |(_, output)| self.bias[output]);
        if columns == 0 {
            return Ok(margins);
        }
        let loss = if outputs == 1 { Loss::Squared } else { Loss::Softmax(outputs) };
        let mut placed = Placed::zeros(columns, loss);
        placed.place(|output, column| self.weight[(output, column)], |output| self.bias[output]);
        let center = padded((0..columns).map(|_| T::default()));
        let point = placed.point(&center);
        let rows: Cow<'_, [T]> = match x.to_slice() {
            Some(rows) => Cow::Borrowed(rows),
            None => Cow::Owned(x.iter().copied().collect()),
        };
        let into = margins.as_slice_mut().expect("it was made row-major");
        let tasks = rows.par_chunks(TASK_ROWS * columns);
        tasks.zip(into.par_chunks_mut(TASK_ROWS * outputs)).for_each(|(x, margins)| {
            T::margins(Block { x, y: &[], weight: None, width: columns }, point, margins);
        });
        Ok(margins)
    }

    /// Predicts one number per row of `x` (rows x features): the value for linear regression, for
    /// classifiers the number of the likeliest class, the first of them if several are.
    ///
    /// # Errors
    ///
    /// Those of [`LinearModel::margins`].
    pub fn predict(&self, x: ArrayView2<'_, T>) -> Result<Array1<T>, DataError> {
        let margins = self.margins(x)?;
        Ok(match self.kind {
            ModelKind::Linear => margins.into_iter().collect(),
            ModelKind::Logistic | ModelKind::Softmax => {
                lines(&margins).map(|line| T::from_f64(likeliest(line) as f64)).collect()
            }
        })
    }

    /// Computes the probability of each class for each row of `x` (rows x features): rows x classes;
    /// no columns for linear regression.
    ///
    /// # Errors
    ///
    /// Those of [`LinearModel::margins`].
    pub fn probabilities(&self, x: ArrayView2<'_, T>) -> Result<Array2<T>, DataError> {
        let margins = self.margins(x)?;
        let mut values = Vec::with_capacity(margins.nrows() * self.classes.len());
        for line in lines(&margins) {
            match self.kind {
                ModelKind::Linear => {}
                // Two classes, the first of which has the margin 0.
                ModelKind::Logistic => values.extend(probabilities(&[T::default(), line[0]])),
                ModelKind::Softmax => values.extend(probabilities(line)),
            }
        }
        let classes = values.len() / margins.nrows().max(1);
        Ok(Array2::from_shape_vec((margins.nrows(), classes), values).expect("lines are whole"))
    }
}

/// The margins of each row.
fn lines<T>(margins: &Array2<T>) -> std::slice::ChunksExact<'_, T> {
    let values = margins.as_slice().expect("it was made row-major");
    values.chunks_exact(margins.ncols().max(1))
}

/// The class that margins speak for: of one margin, class 1 if it is positive.
pub(crate) fn likeliest<T: Real>(margins: &[T]) -> usize {
    if let [margin] = margins {
        return usize::from(*margin > T::default());
    }
    let mut best = 0;
    for (class, margin) in margins.iter().enumerate() {
        if *margin > margins[best] {
            best = class;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn linear(weight: Array2<f32>, bias: f32) -> LinearModel<f32> {
        LinearModel { kind: ModelKind::Linear, weight, bias: array![bias], classes: Vec::new() }
    }

    #[test]
    fn predicts_by_hand_in_any_layout() {
        let model = linear(array![[2.0, -1.0]], 0.5);
        let x = array![[1.0, 1.0], [0.0, 3.0]];
        assert_eq!(model.predict(x.view()).unwrap(), array![1.5, -2.5]);
        assert_eq!(model.predict(x.t()).unwrap(), array![2.5, -0.5]);
        assert_eq!(model.predict(Array2::zeros((0, 2)).view()).unwrap().len(), 0);
    }

    #[test]
    fn the_columns_must_fit() {
        let model = linear(array![[1.0]], 0.0);
        let error = model.predict(Array2::zeros((3, 2)).view()).unwrap_err();
        assert_eq!(error.to_string(), "the model has 1 features but the data has 2");
    }

    #[test]
    fn classifiers_by_hand() {
        let classes = |n: usize| (0..n).map(|class| class.to_string()).collect();
        let logistic = LinearModel {
            kind: ModelKind::Logistic,
            weight: array![[3.0_f64.ln()]],
            bias: array![0.0],
            classes: classes(2),
        };
        let x = array![[1.0], [-1.0], [0.0], [1e4]];
        assert_eq!(logistic.predict(x.view()).unwrap(), array![1.0, 0.0, 0.0, 1.0]);
        let found = logistic.probabilities(x.view()).unwrap();
        let expected = array![[0.25, 0.75], [0.75, 0.25], [0.5, 0.5], [0.0, 1.0]];
        assert!((found - expected).iter().all(|d| d.abs() < 1e-15));

        let softmax = LinearModel {
            kind: ModelKind::Softmax,
            weight: array![[0.0], [2.0_f64.ln()], [5.0_f64.ln()]],
            bias: array![0.0, 0.0, 0.0],
            classes: classes(3),
        };
        let x = array![[1.0], [0.0], [-1e4]];
        assert_eq!(softmax.predict(x.view()).unwrap(), array![2.0, 0.0, 0.0]);
        let found = softmax.probabilities(x.view()).unwrap();
        let third = 1.0 / 3.0;
        let expected = array![[0.125, 0.25, 0.625], [third, third, third], [1.0, 0.0, 0.0]];
        assert!((found - expected).iter().all(|d| d.abs() < 1e-15));
    }
}
