//! The gradient of the squared loss in twice the precision of f64.
//!
//! Where columns are nearly dependent, the rounding of residuals decides how many digits of a
//! solution are right. With residuals and sums in double-double arithmetic (Dekker, 1971; Shewchuk,
//! 1997) refinement ends within a few roundings of the exact solution.

use std::io;

use crate::kernel::Rows;
use crate::objective::LinearObjective;

/// The most numbers in a table that is refined this way; it takes about twenty times a plain pass.
pub(super) const MAX_VALUES: usize = 1 << 20;

/// Rows that are read at a time.
const ROWS: usize = 256;

/// An unevaluated sum of two numbers, the second at most half a unit in the last place of the first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Double(f64, f64);

/// The sum of two numbers and its rounding error.
fn two_sum(a: f64, b: f64) -> Double {
    let sum = a + b;
    let part = sum - a;
    Double(sum, (a - (sum - part)) + (b - part))
}

/// The same where `a` is not smaller than `b`.
fn quick_two_sum(a: f64, b: f64) -> Double {
    let sum = a + b;
    Double(sum, b - (sum - a))
}

/// The product of two numbers and its rounding error; their halves of 26 bits multiply exactly.
fn two_product(a: f64, b: f64) -> Double {
    let product = a * b;
    let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
    let error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
    Double(product, error)
}

fn halves(a: f64) -> (f64, f64) {
    let shifted = 134_217_729.0 * a; // 2^27 + 1
    let high = shifted - (shifted - a);
    (high, a - high)
}

impl Double {
    fn add(self, other: Self) -> Self {
        let high = two_sum(self.0, other.0);
        let low = two_sum(self.1, other.1);
        let sum = quick_two_sum(high.0, high.1 + low.0);
        quick_two_sum(sum.0, sum.1 + low.1)
    }

    fn times(self, factor: f64) -> Self {
        let product = two_product(self.0, factor);
        quick_two_sum(product.0, product.1 + self.1 * factor)
    }

    fn multiply(self, other: Self) -> Self {
        let product = two_product(self.0, other.0);
        quick_two_sum(product.0, product.1 + (self.0 * other.1 + self.1 * other.0))
    }
}

/// Writes the gradient of the squared loss, as [`LinearObjective::gradient`] does.
pub(super) fn gradient(
    objective: &LinearObjective<f64>,
    rows: Rows<'_, f64>,
    total: f64,
    params: &[f64],
    gradient: &mut [f64],
) -> io::Result<()> {
    let (scale, center) = (&objective.scaling.scale, &objective.scaling.center);
    let weight: Vec<f64> = params.iter().zip(scale).map(|(w, s)| w / s).collect();
    let bias = params[rows.width];
    let mut sums = vec![Double::default(); params.len()];
    let mut deviations = vec![Double::default(); rows.width];
    let mut buffer = Vec::new();
    for first in (0..rows.len()).step_by(ROWS) {
        let block = rows.block(first..rows.len().min(first + ROWS), &mut buffer)?;
        for (index, (row, y)) in block.rows().zip(block.y).enumerate() {
            let mut residual = two_sum(bias, -y);
            for (((d, x), c), w) in deviations.iter_mut().zip(row).zip(center).zip(&weight) {
                *d = two_sum(*x, -c);
                residual = residual.add(d.times(*w));
            }
            residual = residual.times(block.weight.map_or(1.0, |weight| weight[index]));
            for (sum, d) in sums.iter_mut().zip(&deviations) {
                *sum = sum.add(residual.multiply(*d));
            }
            sums[rows.width] = sums[rows.width].add(residual);
        }
    }
    for (j, (g, sum)) in gradient.iter_mut().zip(&sums).enumerate() {
        let scale = scale.get(j).copied().unwrap_or(1.0);
        let penalty = objective.penalty.get(j).copied().unwrap_or(0.0);
        *g = sum.0 / total / scale + penalty * params[j];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Loss;
    use crate::scaling::Scaling;

    #[test]
    fn what_f64_loses_is_kept() {
        // (1 + e) (1 - e) = 1 - e^2, of which f64 keeps 1.
        let e = 2.0_f64.powi(-40);
        assert_eq!(two_product(1.0 + e, 1.0 - e), Double(1.0, -e * e));
        assert_eq!(two_sum(1e16, 1.0), Double(1e16, 1.0));
        let sum = two_sum(1e16, 1.0).add(Double(-1e16, 0.0));
        assert_eq!(sum, Double(1.0, 0.0));
        assert_eq!(two_sum(1.0, e * e).multiply(Double(3.0, 0.0)), Double(3.0, 3.0 * e * e));
        assert_eq!(Double(1.0, e * e).times(3.0), Double(3.0, 3.0 * e * e));
    }

    #[test]
    fn agrees_with_the_kernels_where_they_are_exact() {
        // Small integers: every operation is exact either way.
        let x: Vec<f64> = (0..600).map(|i| f64::from(i * 7 % 11)).collect();
        let y: Vec<f64> = (0..300).map(|i| f64::from(i % 5)).collect();
        let weight: Vec<f64> = (0..300).map(|i| f64::from(i % 3)).collect();
        let rows = Rows::new(&x, &y, 2).weighted(Some(&weight));
        let scaling = Scaling::<f64>::identity(2);
        let mut objective = LinearObjective::new(scaling, Loss::Squared, vec![0.5; 2]);
        let params = [2.0, -1.0, 3.0];
        let (mut plain, mut double) = ([0.0; 3], [0.0; 3]);
        objective.gradient(rows, rows.total(), &params, &mut plain).unwrap();
        gradient(&objective, rows, rows.total(), &params, &mut double).unwrap();
        assert_eq!(plain, double);
    }
}
