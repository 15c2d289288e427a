//! The loss and its gradient, in standardised coordinates.

use std::io;

use crate::kernel::{Loss, Placed, Point, RowSums, Rows, Workspace};
use crate::real::Real;
use crate::scaling::Scaling;
use crate::vector::norm;

/// The penalised mean loss of a linear model.
///
/// `J(w, b) = 1/S sum_i s_i loss(z_i, y_i) + 1/2 sum_c sum_j penalty_j w_cj^2`, with
/// `z_ic = sum_j w_cj (x_ij - center_j) / scale_j + b_c`, row weights `s_i` and their sum `S`.
///
/// Parameters are the weights `w`, one line of columns per output, then the biases `b`. No
/// standardised copy of the data exists: the kernels centre, and `1 / scale` is folded into the
/// weights and into the gradient.
#[derive(Clone)]
pub(crate) struct Objective<T> {
    pub(crate) scaling: Scaling<T>,
    pub(crate) penalty: Vec<f64>,
    loss: Loss,
    workspace: Workspace<T>,
    /// The parameters as the kernels take them.
    placed: Placed<T>,
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
    pub(crate) fn new(scaling: Scaling<T>, loss: Loss, penalty: Vec<f64>) -> Self {
        let width = scaling.scale.len();
        Self {
            workspace: Workspace::new(width, loss),
            placed: Placed::zeros(width, loss),
            scaling,
            penalty,
            loss,
        }
    }

    pub(crate) fn kind(&self) -> Loss {
        self.loss
    }

    pub(crate) fn columns(&self) -> usize {
        self.scaling.scale.len()
    }

    pub(crate) fn outputs(&self) -> usize {
        self.loss.outputs()
    }

    /// The number of parameters: one per column and output, and a bias per output.
    pub(crate) fn parameters(&self) -> usize {
        (self.columns() + 1) * self.outputs()
    }

    /// Writes the gradient of `J` over `rows`, whose weights sum to `total`, and returns the row
    /// sums: `dJ/dw_cj = G_cj / S / scale_j + penalty_j w_cj`, where `G_cj` is the kernel's
    /// `sum_i r_ic (x_ij - center_j)`, and `dJ/db_c = sum_i r_ic / S`.
    pub(crate) fn gradient(
        &mut self,
        rows: Rows<'_, T>,
        total: f64,
        params: &[f64],
        gradient: &mut [f64],
    ) -> io::Result<RowSums> {
        self.place(params);
        let (width, outputs) = (self.columns(), self.outputs());
        let point = self.placed.point(&self.scaling.center);
        let (raw, sums) = self.workspace.gradient(rows, point)?;
        let (weights, biases) = gradient.split_at_mut(width * outputs);
        let stride = self.placed.stride();
        for (output, line) in weights.chunks_exact_mut(width).enumerate() {
            let params = &params[output * width..];
            for (j, g) in line.iter_mut().enumerate() {
                *g = raw[j * stride + output] / total / self.scaling.scale[j]
                    + self.penalty[j] * params[j];
            }
        }
        for (output, g) in biases.iter_mut().enumerate() {
            let residual = raw.get(width * stride + output).copied().unwrap_or(sums.residual);
            *g = residual / total;
        }
        Ok(sums)
    }

    /// Evaluates loss, row sums and gradient in one pass, reusing `into`'s buffer.
    pub(crate) fn evaluate(
        &mut self,
        rows: Rows<'_, T>,
        total: f64,
        params: &[f64],
        into: &mut Evaluation,
    ) -> io::Result<()> {
        into.sums = self.gradient(rows, total, params, &mut into.gradient)?;
        into.norm = norm(&into.gradient);
        into.loss = self.loss(into.sums, total, params);
        Ok(())
    }

    /// The row sums alone, as validation needs them.
    pub(crate) fn losses(&mut self, rows: Rows<'_, T>, params: &[f64]) -> io::Result<RowSums> {
        self.place(params);
        let point = self.placed.point(&self.scaling.center);
        self.workspace.losses(rows, point)
    }

    /// `J` from the row sums of rows whose weights sum to `total`.
    pub(crate) fn loss(&self, sums: RowSums, total: f64, params: &[f64]) -> f64 {
        let lines = params.chunks_exact(self.columns()).take(self.outputs());
        let squares = lines
            .map(|line| -> f64 { self.penalty.iter().zip(line).map(|(p, w)| p * w * w).sum() });
        let penalty: f64 = squares.sum();
        let mean = sums.loss / total;
        let data = if self.loss == Loss::Squared { mean / 2.0 } else { mean };
        data + penalty / 2.0
    }

    /// Takes a pass at `params`.
    pub(crate) fn at<R>(&mut self, params: &[f64], pass: impl FnOnce(Point<'_, T>) -> R) -> R {
        self.place(params);
        pass(self.placed.point(&self.scaling.center))
    }

    /// The weights, outputs x columns, and biases on raw inputs: weights `w / scale`, biases
    /// `b - sum(w / scale * center)`.
    pub(crate) fn raw(&self, params: &[f64]) -> (Vec<T>, Vec<T>) {
        let (width, outputs) = (self.columns(), self.outputs());
        let (weights, biases) = params.split_at(width * outputs);
        let mut weight = Vec::with_capacity(weights.len());
        let mut bias = Vec::with_capacity(outputs);
        for (line, b) in weights.chunks_exact(width).zip(biases) {
            let start = weight.len();
            weight.extend(line.iter().zip(&self.scaling.scale).map(|(w, s)| T::from_f64(w / s)));
            let centers = weight[start..].iter().zip(&self.scaling.center);
            let shift: f64 = centers.map(|(w, c)| w.to_f64() * c.to_f64()).sum();
            bias.push(T::from_f64(b - shift));
        }
        (weight, bias)
    }

    /// The parameters of weights and biases on raw inputs.
    pub(crate) fn params(&self, weight: &[f64], bias: &[f64]) -> Vec<f64> {
        let width = self.columns();
        let mut params = Vec::with_capacity(self.parameters());
        for line in weight.chunks_exact(width) {
            params.extend(line.iter().zip(&self.scaling.scale).map(|(w, s)| w * s));
        }
        for (line, b) in weight.chunks_exact(width).zip(bias) {
            let centers = line.iter().zip(&self.scaling.center);
            let shift: f64 = centers.map(|(w, c)| w * c.to_f64()).sum();
            params.push(b + shift);
        }
        params
    }

    /// Lays parameters out for the kernels, `1 / scale` folded into the weights, rounding to the
    /// data's type.
    fn place(&mut self, params: &[f64]) {
        let (scale, width) = (&self.scaling.scale, self.columns());
        let (weights, biases) = params.split_at(width * self.outputs());
        let weight = |output, j| T::from_f64(weights[output * width + j] / scale[j]);
        self.placed.place(weight, |output| T::from_f64(biases[output]));
    }
}

impl Evaluation {
    pub(crate) fn empty(parameters: usize) -> Self {
        let gradient = vec![0.0; parameters];
        Self { loss: 0.0, sums: RowSums::default(), gradient, norm: 0.0 }
    }
}

#[cfg(test)]
mod tests;
