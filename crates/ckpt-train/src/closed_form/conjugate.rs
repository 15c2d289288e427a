//! Conjugate gradients: least squares by passes over the rows, without a matrix.

use crate::error::TrainError;
use crate::kernel::Rows;
use crate::objective::{Evaluation, LinearObjective};
use crate::vector::{add, dot, norm};

/// Rounds of conjugate gradients, each from the true gradient: it corrects what the recurrence of the
/// round before has drifted off.
const ROUNDS: usize = 5;

/// What a round reduces the gradient to.
const REDUCTION: f64 = 1e-8;

/// A gradient this small relative to that at zero is at the level of its rounding.
const SETTLED: f64 = 1e-14;

/// A gradient this large relative to that at zero is no solution.
const UNSETTLED: f64 = 1e-8;

/// Steps of a round, per parameter. In exact arithmetic one each is enough; rounding takes more.
const STEPS: usize = 10;

/// Minimises the squared loss over `rows`, whose weights sum to `total`.
pub(super) fn minimise(
    objective: &mut LinearObjective<f64>,
    rows: Rows<'_, f64>,
    total: f64,
) -> Result<Vec<f64>, TrainError> {
    if rows.len() <= rows.width && objective.penalty.contains(&0.0) {
        return Err(TrainError::Underdetermined { rows: rows.len(), columns: rows.width });
    }
    let mut params = vec![0.0; objective.parameters()];
    let mut at = Evaluation::empty(params.len());
    objective.evaluate(rows, total, &params, &mut at)?;
    let (start, mut before) = (at.norm, f64::INFINITY);
    for _ in 0..ROUNDS {
        if at.norm <= SETTLED * start || at.norm > before / 2.0 {
            break;
        }
        before = at.norm;
        let step = newton_step(objective, rows, total, &at.gradient)?;
        for (w, step) in params.iter_mut().zip(&step) {
            *w += step;
        }
        objective.evaluate(rows, total, &params, &mut at)?;
    }
    if at.norm <= UNSETTLED * start {
        Ok(params)
    } else {
        Err(TrainError::NotConverged { method: "conjugate gradients" })
    }
}

/// Solves `H step = -gradient`, where `H` is the loss's second derivative.
fn newton_step(
    objective: &mut LinearObjective<f64>,
    rows: Rows<'_, f64>,
    total: f64,
    gradient: &[f64],
) -> Result<Vec<f64>, TrainError> {
    // With targets of zero the gradient at a vector is the second derivative times that vector.
    let zeros = vec![0.0; rows.len()];
    let rows = rows.with_targets(&zeros);
    let mut step = vec![0.0; gradient.len()];
    let mut image = vec![0.0; gradient.len()];
    let mut residual: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut direction = residual.clone();
    let target = REDUCTION * norm(gradient);
    let mut square = dot(&residual, &residual);
    for _ in 0..STEPS * gradient.len() {
        if square.sqrt() <= target {
            break;
        }
        objective.gradient(rows, total, &direction, &mut image)?;
        let length = square / dot(&direction, &image);
        add(&mut step, length, &direction);
        add(&mut residual, -length, &image);
        let next = dot(&residual, &residual);
        let momentum = next / square;
        for (d, r) in direction.iter_mut().zip(&residual) {
            *d = r + momentum * *d;
        }
        square = next;
    }
    Ok(step)
}
