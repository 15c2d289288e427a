//! The loss and its gradient, in standardised coordinates.

use crate::kernel::{Point, RowSums, Rows, Workspace, padded};
use crate::model::LinearModel;
use crate::real::Real;
use crate::scaling::Scaling;

/// The penalised mean squared error of a linear model.
///
/// `J(w, b) = 1/(2n) sum_i r_i^2 + 1/2 sum_j penalty_j w_j^2`,
/// `r_i = sum_j w_j (x_ij - center_j) / scale_j + b - y_i`.
///
/// Parameters are the weights `w`, then the bias `b`. No standardised copy of the data exists:
/// the kernels centre, and `1 / scale` is folded into the weights and into the gradient.
#[derive(Clone)]
pub(crate) struct Objective<T> {
    pub(crate) scaling: Scaling<T>,
    pub(crate) penalty: Vec<f64>,
    workspace: Workspace<T>,
    weight: Vec<T>,
}

/// What is known at one parameter vector.
#[derive(Clone, Debug)]
pub(crate) struct Evaluation {
    pub(crate) loss: f64,
    pub(crate) sums: RowSums,
    pub(crate) gradient: Vec<f64>,
    /// The gradient's 2-norm.
    pub(crate) norm: f64,
}

impl<T: Real> Objective<T> {
    pub(crate) fn new(scaling: Scaling<T>, penalty: Vec<f64>) -> Self {
        let width = scaling.scale.len();
        let weight = padded((0..width).map(|_| T::default()));
        Self { scaling, penalty, workspace: Workspace::new(width), weight }
    }

    /// The number of parameters: one per column, and the bias.
    pub(crate) fn parameters(&self) -> usize {
        self.scaling.scale.len() + 1
    }

    /// Writes the gradient of `J` over `rows` and returns the residual sums:
    /// `dJ/dw_j = G_j / n / scale_j + penalty_j w_j`, where `G_j` is the kernel's
    /// `sum_i r_i (x_ij - center_j)`, and `dJ/db = sum_i r_i / n`.
    pub(crate) fn gradient(
        &mut self,
        rows: Rows<'_, T>,
        params: &[f64],
        gradient: &mut [f64],
    ) -> RowSums {
        let n = rows.len() as f64;
        let point = fold(&mut self.weight, &self.scaling, params);
        let (raw, sums) = self.workspace.gradient(rows, point);
        for (j, g) in gradient[..raw.len()].iter_mut().enumerate() {
            *g = raw[j] / n / self.scaling.scale[j] + self.penalty[j] * params[j];
        }
        gradient[raw.len()] = sums.residual / n;
        sums
    }

    /// Evaluates loss, residual sums and gradient in one pass, reusing `into`'s buffer.
    pub(crate) fn evaluate(&mut self, rows: Rows<'_, T>, params: &[f64], into: &mut Evaluation) {
        into.sums = self.gradient(rows, params, &mut into.gradient);
        into.norm = into.gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        into.loss = self.loss(into.sums, rows.len(), params);
    }

    /// The residual sums alone, as validation needs them.
    pub(crate) fn residuals(&mut self, rows: Rows<'_, T>, params: &[f64]) -> RowSums {
        let point = fold(&mut self.weight, &self.scaling, params);
        self.workspace.residuals(rows, point)
    }

    /// `J` from the residual sums of `rows` rows.
    pub(crate) fn loss(&self, sums: RowSums, rows: usize, params: &[f64]) -> f64 {
        let penalty: f64 = self.penalty.iter().zip(params).map(|(p, w)| p * w * w).sum();
        sums.squared / (2.0 * rows as f64) + penalty / 2.0
    }

    /// The model on raw inputs: weights `w / scale`, bias `b - sum(w / scale * center)`.
    pub(crate) fn model(&self, params: &[f64]) -> LinearModel<T> {
        let (weights, bias) = params.split_at(self.scaling.scale.len());
        let weight: Vec<T> =
            weights.iter().zip(&self.scaling.scale).map(|(w, s)| T::from_f64(w / s)).collect();
        let shift: f64 =
            weight.iter().zip(&self.scaling.center).map(|(w, c)| w.to_f64() * c.to_f64()).sum();
        LinearModel { weight, bias: T::from_f64(bias[0] - shift) }
    }

    /// The parameters of a model on raw inputs.
    pub(crate) fn params(&self, model: &LinearModel<f64>) -> Vec<f64> {
        let mut params: Vec<f64> =
            model.weight.iter().zip(&self.scaling.scale).map(|(w, s)| w * s).collect();
        let centers = self.scaling.center.iter();
        let shift: f64 = model.weight.iter().zip(centers).map(|(w, c)| w * c.to_f64()).sum();
        params.push(model.bias + shift);
        params
    }
}

impl Evaluation {
    pub(crate) fn empty(parameters: usize) -> Self {
        let gradient = vec![0.0; parameters];
        Self { loss: 0.0, sums: RowSums::default(), gradient, norm: 0.0 }
    }
}

/// Folds `1 / scale` into the weights, rounding to the data's type.
fn fold<'a, T: Real>(weight: &'a mut [T], scaling: &'a Scaling<T>, params: &[f64]) -> Point<'a, T> {
    let width = scaling.scale.len();
    for ((u, &w), &scale) in weight.iter_mut().zip(&params[..width]).zip(&scaling.scale) {
        *u = T::from_f64(w / scale);
    }
    Point { center: &scaling.center, weight, bias: T::from_f64(params[width]) }
}

#[cfg(test)]
mod tests;
