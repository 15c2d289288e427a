//! Automatic step sizes; the rules are stated at `Rate::Auto`.

use crate::config::{Checked, Optimizer};
use crate::evaluate::Targets;
use crate::kernel::{Rows, max_over_rows};
use crate::objective::Objective;
use crate::order::{POWER_STREAM, Words};
use crate::real::Real;

/// Steps of the power method. The relative shortfall of its estimate is of the order of
/// `ln(parameters) / steps` at worst (Kuczynski and Wozniakowski, 1992).
const POWER_STEPS: usize = 20;

/// What the estimate is raised by: the usual shortfall on real data, not the worst.
const POWER_MARGIN: f64 = 1.05;

/// Adam's rate as a part of the targets' root mean square: a parameter crosses the range of the
/// targets in 20 steps.
const ADAM_STEP: f64 = 0.05;

/// Adam's rate where the targets are all zero and give no scale: the usual default.
const ADAM_FALLBACK: f64 = 1e-3;

/// Finds the automatic rate; `None` if it is not a positive number, since features overflow.
pub(crate) fn automatic<T: Real>(
    objective: &mut Objective<T>,
    rows: Rows<'_, T>,
    targets: &Targets,
    checked: &Checked,
) -> Option<f64> {
    let batch = checked.batch.filter(|&batch| batch < rows.len());
    let rate = match (checked.config.optimizer, batch) {
        (Optimizer::Adam { .. }, batch) => {
            let steps = rows.len().div_ceil(batch.unwrap_or(rows.len()));
            let size = targets.mean_square.sqrt();
            let full = if size > 0.0 { ADAM_STEP * size } else { ADAM_FALLBACK };
            full / (steps as f64).sqrt()
        }
        (Optimizer::Momentum { beta }, Some(batch)) => {
            (1.0 - beta) / (2.0 * expected_smoothness(objective, rows, batch))
        }
        (_, Some(batch)) => 1.0 / (2.0 * expected_smoothness(objective, rows, batch)),
        (_, None) => 1.0 / curvature(objective, rows),
    };
    (rate.is_finite() && rate > 0.0).then_some(rate)
}

/// The largest eigenvalue of the loss's second derivative.
///
/// With targets of zero the gradient at `v` is the second derivative times `v`. The start is
/// random, since a fixed pattern may be orthogonal to the eigenvector looked for.
fn curvature<T: Real>(objective: &mut Objective<T>, rows: Rows<'_, T>) -> f64 {
    let zeros = vec![T::default(); rows.len()];
    let rows = Rows { y: &zeros, ..rows };
    let mut words = Words::new(0, POWER_STREAM);
    let mut vector: Vec<f64> = (0..objective.parameters()).map(|_| words.signed_unit()).collect();
    normalize(&mut vector);
    let mut image = vec![0.0; vector.len()];
    let mut largest = 0.0;
    for _ in 0..POWER_STEPS {
        objective.gradient(rows, &vector, &mut image);
        std::mem::swap(&mut vector, &mut image);
        largest = normalize(&mut vector);
    }
    largest * POWER_MARGIN
}

/// Scales to length 1 and returns the length there was.
fn normalize(vector: &mut [f64]) -> f64 {
    let length = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
    for v in vector {
        *v /= length;
    }
    length
}

fn expected_smoothness<T: Real>(
    objective: &mut Objective<T>,
    rows: Rows<'_, T>,
    batch: usize,
) -> f64 {
    let (n, b) = (rows.len() as f64, batch as f64);
    let all = curvature(objective, rows);
    let scaling = &objective.scaling;
    let row = max_over_rows(rows, |row| {
        let columns = row.iter().zip(&scaling.center).zip(&scaling.scale);
        let features = columns.map(|((x, c), s)| (x.to_f64() - c.to_f64()) / s);
        features.map(|z| z * z).sum::<f64>() + 1.0
    });
    let row = row + objective.penalty.iter().copied().fold(0.0, f64::max);
    (n * (b - 1.0) * all + (n - b) * row) / (b * (n - 1.0))
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
        let rows = Rows { x: &x, y: &[5.0; 4], width: 2 };
        let mut plain = Objective::new(Scaling::<f64>::identity(2), vec![0.0; 2]);
        assert!((curvature(&mut plain, rows) / POWER_MARGIN - 2.0).abs() < 1e-6);
        let mut penalised = Objective::new(Scaling::<f64>::identity(2), vec![3.0; 2]);
        assert!((curvature(&mut penalised, rows) / POWER_MARGIN - 5.0).abs() < 1e-6);
        // Every row has |z|^2 + 1 = 3: S = (4 * 1 * 2.1 + 2 * 3) / (2 * 3).
        let smoothness = expected_smoothness(&mut plain, rows, 2);
        assert!((smoothness - (4.0 * 2.0 * POWER_MARGIN + 2.0 * 3.0) / 6.0).abs() < 1e-6);
    }
}
