//! The exact solution of linear regression.
//!
//! Columns are centred and scaled; their Gram matrix is factorised once, and Newton steps with the
//! true gradient, computed from the data and not from the Gram matrix, refine the solution. The
//! factorisation's error then only slows convergence, so the result is as good as that of an
//! orthogonal factorisation at a fraction of its time; small tables are refined in twice the
//! precision. Wide tables are solved by conjugate gradients, which need no matrix.

mod cholesky;
mod compensated;
mod conjugate;
mod widened;

use crate::config::not_negative;
use crate::dataset::Dataset;
use crate::error::TrainError;
use crate::kernel::{Loss, Rows, gram};
use crate::model::LinearModel;
use crate::objective::LinearObjective;
use crate::real::Real;
use crate::scaling::Scaling;
use crate::split::whole;
use crate::vector::norm;

use cholesky::Cholesky;
use widened::in_f64;

/// The most columns whose Gram matrix is made: beyond, its time grows past that of conjugate
/// gradients, and its 2 MiB past the caches.
const MAX_GRAM_COLUMNS: usize = 512;

/// The most Newton steps: one to solve, the others to refine. Each gains about as many digits as the
/// Gram matrix leaves, so even an all but singular one is refined to the end.
const STEPS: usize = 12;

/// A step this small relative to the parameters changes few of their last digits; a small table is refined
/// until nothing changes.
const LAST_STEP: f64 = 4.0 * f64::EPSILON;

/// A last step this large relative to the parameters leaves them without a digit to rely on.
const UNSETTLED_STEP: f64 = 1e-2;

/// Solves ridge regression (ordinary least squares for `l2 = 0`) in f64.
///
/// Minimises the loss that the crate's documentation states, with features standardised over all
/// rows of `dataset`. A constant column gets the weight 0, as in training. Up to 512 columns are
/// solved by a Cholesky factorisation of their Gram matrix and refinement, more by conjugate
/// gradients (Hestenes and Stiefel, 1952).
///
/// # Errors
///
/// [`TrainError::RankDeficient`] naming the first column that is a linear combination of those
/// before it, where `l2` is 0 or too small to matter; [`TrainError::Underdetermined`] for more than
/// 512 columns and no more rows than columns, without `l2`; [`TrainError::NotConverged`] if
/// refinement or conjugate gradients do not settle; [`TrainError::Config`] for an `l2` that is
/// negative or not finite, or targets that are classes; [`TrainError::Data`] for a column whose
/// deviation overflows.
pub fn closed_form<T: Real>(dataset: &Dataset<T>, l2: f64) -> Result<LinearModel<f64>, TrainError> {
    not_negative("l2", l2)?;
    crate::config::ModelKind::Linear.check_targets(dataset.classes().len())?;
    let part;
    let rows = if dataset.weights().is_some() {
        part = whole(dataset);
        part.rows()
    } else {
        dataset.as_rows()
    };
    Ok(solve(rows, rows.total(), None, l2)?.model())
}

/// The solution, and the loss that it minimises.
pub(crate) struct Exact {
    pub(crate) params: Vec<f64>,
    pub(crate) objective: LinearObjective<f64>,
}

impl Exact {
    pub(crate) fn model(&self) -> LinearModel<f64> {
        LinearModel::of(&self.objective, &self.params, &[])
    }
}

/// Solves over `rows`, whose weights sum to `total`.
///
/// Parameters and penalty are in the coordinates of `scaling`, or, without one, of the rows' own.
pub(crate) fn solve<T: Real>(
    rows: Rows<'_, T>,
    total: f64,
    scaling: Option<&Scaling<T>>,
    l2: f64,
) -> Result<Exact, TrainError> {
    in_f64(rows, |rows| {
        let scaling = match scaling {
            Some(scaling) => Scaling::from_parts(&scaling.centers(), scaling.scale.clone()),
            None => Scaling::measure(rows, total)?,
        };
        minimise(rows, total, scaling, vec![l2; rows.width])
    })
}

/// As [`solve`], with the penalty on the weights of the raw inputs.
pub(crate) fn solve_raw<T: Real>(
    rows: Rows<'_, T>,
    total: f64,
    l2: f64,
) -> Result<Exact, TrainError> {
    in_f64(rows, |rows| {
        let scaling = Scaling::measure(rows, total)?;
        let penalty = scaling.scale.iter().map(|scale| l2 / (scale * scale)).collect();
        minimise(rows, total, scaling, penalty)
    })
}

fn minimise(
    rows: Rows<'_, f64>,
    total: f64,
    scaling: Scaling<f64>,
    penalty: Vec<f64>,
) -> Result<Exact, TrainError> {
    let mut objective = LinearObjective::new(scaling, Loss::Squared, penalty);
    let params = if rows.width > MAX_GRAM_COLUMNS {
        conjugate::minimise(&mut objective, rows, total)?
    } else {
        let matrix = second_derivative(rows, total, &objective)?;
        let factor = Cholesky::new(matrix, objective.parameters())
            .map_err(|column| TrainError::RankDeficient { column })?;
        refine(&mut objective, rows, total, &factor)?
    };
    Ok(Exact { params, objective })
}

/// Newton steps with the true gradient, until they change nothing or shrink no more.
fn refine(
    objective: &mut LinearObjective<f64>,
    rows: Rows<'_, f64>,
    total: f64,
    factor: &Cholesky,
) -> Result<Vec<f64>, TrainError> {
    let mut params = vec![0.0; objective.parameters()];
    let mut step = params.clone();
    let is_small = rows.len() * rows.width <= compensated::MAX_VALUES;
    let last_step = if is_small { 0.0 } else { LAST_STEP };
    let mut before = f64::INFINITY;
    for _ in 0..STEPS {
        if is_small {
            compensated::gradient(objective, rows, total, &params, &mut step)?;
        } else {
            objective.gradient(rows, total, &params, &mut step)?;
        }
        factor.solve(&mut step);
        let length = norm(&step);
        // Rounding keeps the steps from shrinking any further; what they still change is noise.
        if length > before / 2.0 {
            break;
        }
        for (w, step) in params.iter_mut().zip(&step) {
            *w -= step;
        }
        before = length;
        if length <= last_step * norm(&params) {
            break;
        }
    }
    let size = norm(&params);
    if before.is_finite() && before <= UNSETTLED_STEP * size.max(f64::MIN_POSITIVE) || size == 0.0 {
        Ok(params)
    } else {
        Err(TrainError::NotConverged { method: "the closed form's refinement" })
    }
}

/// The loss's second derivative, row-major: the Gram matrix of standardised columns and a column
/// of ones, divided by the rows' weight, with the penalties on its diagonal.
fn second_derivative(
    rows: Rows<'_, f64>,
    total: f64,
    objective: &LinearObjective<f64>,
) -> Result<Vec<f64>, TrainError> {
    let size = objective.parameters();
    let mut matrix = gram(rows, &objective.scaling.center[..rows.width])?;
    let scale = |index: usize| objective.scaling.scale.get(index).copied().unwrap_or(1.0);
    for i in 0..size {
        for j in i..size {
            let entry = matrix[i * size + j] / total / scale(i) / scale(j);
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
    Ok(matrix)
}
