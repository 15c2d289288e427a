//! The exact solution beside the iterative one.
//!
//! Columns are centred and scaled; their Gram matrix is factorised once, and Newton steps with the
//! true gradient, computed from the data and not from the Gram matrix, refine the solution. The
//! factorisation's error then only slows convergence, so the result is as good as that of an
//! orthogonal factorisation at a fraction of its time.

mod cholesky;

use crate::config::not_negative;
use crate::dataset::Dataset;
use crate::error::TrainError;
use crate::kernel::{Rows, sum_over_rows};
use crate::model::LinearModel;
use crate::objective::{Evaluation, Objective};
use crate::real::Real;
use crate::scaling::Scaling;

use cholesky::Cholesky;

/// Newton steps: one to solve, three to refine. Each gains about as many digits as the Gram
/// matrix leaves, so even an all but singular one is refined to the end.
const STEPS: usize = 4;

/// Solves ridge regression (ordinary least squares for `l2 = 0`) in f64.
///
/// Minimises the loss that the crate's documentation states, with features standardised over all
/// rows of `dataset`. A constant column gets the weight 0, as in training.
///
/// # Errors
///
/// [`TrainError::RankDeficient`] naming the first column that is a linear combination of those
/// before it, where `l2` is 0 or too small to matter; [`TrainError::Config`] for an `l2` that is
/// negative or not finite; [`TrainError::Data`] for a column whose deviation overflows.
pub fn closed_form<T: Real>(dataset: &Dataset<T>, l2: f64) -> Result<LinearModel<f64>, TrainError> {
    not_negative("l2", l2)?;
    let (x, y) = (dataset.x_slice(), dataset.y_slice());
    solve(Rows { x, y, width: dataset.columns() }, l2, None)
}

/// Solves over `rows`; weights are penalised in units of `scale`, or of their own deviation.
pub(crate) fn solve<T: Real>(
    rows: Rows<'_, T>,
    l2: f64,
    scale: Option<&[f64]>,
) -> Result<LinearModel<f64>, TrainError> {
    let (x, y) = (T::slice_to_f64(rows.x), T::slice_to_f64(rows.y));
    let rows = Rows { x: &x, y: &y, width: rows.width };
    let scaling = Scaling::measure(rows)?;
    let penalty = match scale {
        None => vec![l2; rows.width],
        Some(scale) => {
            let ratios = scale.iter().zip(&scaling.scale).map(|(unit, own)| unit / own);
            ratios.map(|ratio| l2 * ratio * ratio).collect()
        }
    };
    let mut objective = Objective::new(scaling, penalty);
    let factor = Cholesky::new(second_derivative(rows, &objective), objective.parameters())
        .map_err(|column| TrainError::RankDeficient { column })?;
    let mut params = vec![0.0; objective.parameters()];
    let mut at = Evaluation::empty(params.len());
    for _ in 0..STEPS {
        objective.evaluate(rows, &params, &mut at);
        factor.solve(&mut at.gradient);
        for (w, step) in params.iter_mut().zip(&at.gradient) {
            *w -= step;
        }
    }
    Ok(objective.model(&params))
}

/// The loss's second derivative, row-major: the Gram matrix of standardised columns and a column
/// of ones, divided by the rows, with the penalties on its diagonal.
fn second_derivative(rows: Rows<'_, f64>, objective: &Objective<f64>) -> Vec<f64> {
    let (width, size) = (rows.width, objective.parameters());
    let center = &objective.scaling.center[..width];
    let mut matrix = sum_over_rows(rows, size * size, |sums, row, _| {
        for (i, (&x, &c)) in row.iter().zip(center).enumerate() {
            let deviation = x - c;
            let line = &mut sums[i * size + i..(i + 1) * size];
            for ((sum, &x), &c) in line.iter_mut().zip(&row[i..]).zip(&center[i..]) {
                *sum += deviation * (x - c);
            }
            line[width - i] += deviation;
        }
    });
    let scale = |index: usize| objective.scaling.scale.get(index).copied().unwrap_or(1.0);
    let n = rows.len() as f64;
    for i in 0..size {
        for j in i..size {
            let entry = matrix[i * size + j] / n / scale(i) / scale(j);
            matrix[i * size + j] = entry;
            matrix[j * size + i] = entry;
        }
    }
    for (i, penalty) in objective.penalty.iter().enumerate() {
        let diagonal = &mut matrix[i * size + i];
        // A constant column is zero: any pivot gives it the weight 0.
        *diagonal = if *diagonal == 0.0 { 1.0 } else { *diagonal } + penalty;
    }
    matrix[size * size - 1] = 1.0;
    matrix
}
