//! Automatic step sizes; the rules are stated at `Rate::Auto`.

use std::io;

use crate::config::{Checked, Optimizer};
use crate::evaluate::Targets;
use crate::kernel::{Loss, Rows, max_over_rows};
use crate::objective::LinearObjective;
use crate::order::{POWER_STREAM, Words};
use crate::real::Real;
use crate::vector::norm;

/// Steps of the power method. The relative shortfall of its estimate is of the order of
/// `ln(parameters) / steps` at worst (Kuczynski and Wozniakowski, 1992).
const POWER_STEPS: usize = 20;

/// What the estimate is raised by: the usual shortfall on real data, not the worst.
const POWER_MARGIN: f64 = 1.05;

/// Adam's rate in its unit: a parameter crosses the range of the targets in 20 steps.
const ADAM_STEP: f64 = 0.05;

/// Adam's rate where the targets are all zero and give no scale: the usual default.
const ADAM_FALLBACK: f64 = 1e-3;

/// The unit of parameters: the targets' root mean square, or 1 where that is zero and for classifiers,
/// whose margins have none.
pub(crate) fn adam_unit<T: Real>(objective: &LinearObjective<T>, targets: &Targets) -> f64 {
    let size = targets.mean_square.sqrt();
    if objective.kind() == Loss::Squared && size > 0.0 { size } else { 1.0 }
}

/// Finds the automatic rate; `None` if it is not a positive number, since features overflow.
pub(crate) fn automatic<T: Real>(
    objective: &LinearObjective<T>,
    rows: Rows<'_, T>,
    targets: &Targets,
    checked: &Checked,
) -> io::Result<Option<f64>> {
    let batch = checked.batch.filter(|&batch| batch < rows.len());
    let smoothness = |batch| expected_smoothness(objective, rows, targets.total, batch);
    let rate = match (checked.config.optimizer, batch) {
        (Optimizer::Adam { .. } | Optimizer::AdamW { .. }, batch) => {
            let steps = rows.len().div_ceil(batch.unwrap_or(rows.len()));
            let is_zero = targets.mean_square == 0.0 && objective.kind() == Loss::Squared;
            let step = if is_zero { ADAM_FALLBACK } else { ADAM_STEP };
            step * adam_unit(objective, targets) / (steps as f64).sqrt()
        }
        (Optimizer::LBfgs { .. } | Optimizer::Exact, _) => 1.0,
        (Optimizer::Momentum { beta }, Some(batch)) => (1.0 - beta) / (2.0 * smoothness(batch)?),
        (_, Some(batch)) => 1.0 / (2.0 * smoothness(batch)?),
        (_, None) => 1.0 / curvature(objective, rows, targets.total)?,
    };
    Ok((rate.is_finite() && rate > 0.0).then_some(rate))
}

/// The largest second derivative of a row's loss by its margins, as a matrix's largest eigenvalue:
/// for softmax that of `diag(p) - p p^T`, at most 1/2 (Boehning, 1992).
fn steepness(loss: Loss) -> f64 {
    match loss {
        Loss::Squared => 1.0,
        Loss::Logistic => 0.25,
        Loss::Softmax(_) => 0.5,
    }
}

/// The largest eigenvalue of the loss's second derivative, or a bound on it.
///
/// It is that of the squared loss, times the [`steepness`]. With targets of zero the gradient of the
/// squared loss at `v` is the second derivative times `v`. The start is random, since a fixed pattern
/// may be orthogonal to the eigenvector looked for.
fn curvature<T: Real>(
    objective: &LinearObjective<T>,
    rows: Rows<'_, T>,
    total: f64,
) -> io::Result<f64> {
    let steepness = steepness(objective.kind());
    let penalty = objective.penalty.iter().map(|penalty| penalty / steepness).collect();
    let mut squared = LinearObjective::new(objective.scaling.clone(), Loss::Squared, penalty);
    let zeros = vec![T::default(); rows.len()];
    let rows = rows.with_targets(&zeros);
    let mut words = Words::new(0, POWER_STREAM);
    let mut vector: Vec<f64> = (0..squared.parameters()).map(|_| words.signed_unit()).collect();
    normalize(&mut vector);
    let mut image = vec![0.0; vector.len()];
    let mut largest = 0.0;
    for _ in 0..POWER_STEPS {
        squared.gradient(rows, total, &vector, &mut image)?;
        std::mem::swap(&mut vector, &mut image);
        largest = normalize(&mut vector);
    }
    Ok(largest * POWER_MARGIN * steepness)
}

/// Scales to length 1 and returns the length there was.
fn normalize(vector: &mut [f64]) -> f64 {
    let length = norm(vector);
    for v in vector {
        *v /= length;
    }
    length
}

fn expected_smoothness<T: Real>(
    objective: &LinearObjective<T>,
    rows: Rows<'_, T>,
    total: f64,
    batch: usize,
) -> io::Result<f64> {
    let (n, b) = (rows.len() as f64, batch as f64);
    let all = curvature(objective, rows, total)?;
    let scaling = &objective.scaling;
    let row = max_over_rows(rows, |row| {
        let columns = row.iter().zip(&scaling.center).zip(&scaling.scale);
        let features = columns.map(|((x, c), s)| (x.to_f64() - c.to_f64()) / s);
        features.map(|z| z * z).sum::<f64>() + 1.0
    })?;
    // The heaviest row counts this often relative to one of mean weight.
    let heaviest = rows.weight.map_or(1.0, |weight| {
        weight.iter().map(|weight| weight.to_f64()).fold(0.0, f64::max) * n / total
    });
    let penalty = objective.penalty.iter().copied().fold(0.0, f64::max);
    let row = steepness(objective.kind()) * heaviest * row + penalty;
    Ok((n * (b - 1.0) * all + (n - b) * row) / (b * (n - 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaling::Scaling;

    #[test]
    fn curvature_of_a_known_matrix() {
        // Columns (1, -1, 1, -1) and its negative: the second derivative has eigenvalues 2, 1, 0,
        // and the vector of ones lies in the kernel of the feature block.
        let x = [1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0];
        let rows = Rows::new(&x, &[5.0; 4], 2);
        let of = |loss, penalty| {
            LinearObjective::new(Scaling::<f64>::identity(2), loss, vec![penalty; 2])
        };
        let plain = of(Loss::Squared, 0.0);
        assert!((curvature(&plain, rows, 4.0).unwrap() / POWER_MARGIN - 2.0).abs() < 1e-6);
        let penalised = of(Loss::Squared, 3.0);
        assert!((curvature(&penalised, rows, 4.0).unwrap() / POWER_MARGIN - 5.0).abs() < 1e-6);
        let logistic = of(Loss::Logistic, 3.0);
        assert!((curvature(&logistic, rows, 4.0).unwrap() / POWER_MARGIN - 3.5).abs() < 1e-2);
        // Every row has |z|^2 + 1 = 3: S = (4 * 1 * 2.1 + 2 * 3) / (2 * 3).
        let smoothness = expected_smoothness(&plain, rows, 4.0, 2).unwrap();
        assert!((smoothness - (4.0 * 2.0 * POWER_MARGIN + 2.0 * 3.0) / 6.0).abs() < 1e-6);
    }
}
