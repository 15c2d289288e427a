//! Losses and their gradients: what one is, and that of the linear models, in standardised
//! coordinates.

use std::io;
use std::ops::Range;

use crate::error::TrainError;
use crate::kernel::{Layout, Loss, Placed, Point, RowSums, Rows, Workspace, add_slices};
use crate::real::Real;
use crate::scaling::Scaling;
use crate::vector::norm;

/// A loss of parameters, as a mean over rows, that is to be made small: a model of one's own.
///
/// ```
/// use std::ops::Range;
/// use ckpt_train::{Objective, Optimizer, TrainError, Trainer, TrainerSettings, mean_over};
///
/// /// The mean of `(w - y)^2 / 2`, which is smallest at the mean of `y`.
/// struct Mean(Vec<f64>);
///
/// impl Objective for Mean {
///     fn parameters(&self) -> usize {
///         1
///     }
///
///     fn rows(&self) -> usize {
///         self.0.len()
///     }
///
///     fn evaluate(
///         &mut self,
///         rows: Range<usize>,
///         params: &[f64],
///         gradient: &mut [f64],
///     ) -> Result<f64, TrainError> {
///         Ok(mean_over(rows, gradient, |row, gradient| {
///             let residual = params[0] - self.0[row];
///             gradient[0] += residual;
///             residual * residual / 2.0
///         }))
///     }
/// }
///
/// let rule = Optimizer::LBFGS.rule(1)?;
/// let settings = TrainerSettings { tolerance: 1e-12, ..TrainerSettings::default() };
/// let trainer = Trainer::new(Mean(vec![1.0, 2.0, 6.0]), rule, settings)?;
/// let last = trainer.last().expect("one epoch at least")?;
/// assert!((last.params[0] - 3.0).abs() < 1e-9);
/// # Ok::<(), TrainError>(())
/// ```
pub trait Objective {
    /// Returns the number of parameters.
    fn parameters(&self) -> usize;

    /// Returns the number of rows; batches are runs of them, in this order.
    fn rows(&self) -> usize;

    /// Writes the gradient of the mean loss over some rows, at least one, and returns that loss,
    /// penalties included. `params` and `gradient` are as long as there are parameters; what
    /// `gradient` holds before is of no meaning.
    ///
    /// A run can be reproduced if the same arguments always give the same bits; [`mean_over`] sees
    /// to it on any number of threads.
    ///
    /// # Errors
    ///
    /// Whatever makes an end of training.
    fn evaluate(
        &mut self,
        rows: Range<usize>,
        params: &[f64],
        gradient: &mut [f64],
    ) -> Result<f64, TrainError>;
}

/// Sums a loss and its gradient over rows, and divides both by their number.
///
/// `add_row` is given each row's index once; it adds the row's gradient to what it is given, and
/// returns the row's loss. Rows are shared out among the threads of the current rayon pool, and added
/// in an order that depends on the number of rows and parameters alone: the bits are the same on any
/// number of threads. What it returns for no rows is NaN.
pub fn mean_over(
    rows: Range<usize>,
    gradient: &mut [f64],
    add_row: impl Fn(usize, &mut [f64]) -> f64 + Sync,
) -> f64 {
    let width = gradient.len();
    let layout = Layout::new(rows.len(), size_of_val(gradient), width);
    let mut sums = vec![(0.0, vec![0.0; width]); layout.super_blocks()];
    let add_block = |sum: &mut (f64, Vec<f64>), (): &mut (), block: Range<usize>| {
        for row in block {
            sum.0 += add_row(rows.start + row, &mut sum.1);
        }
        Ok(())
    };
    let added = layout.each_block(
        &mut sums,
        || (),
        add_block,
        |a, b| {
            a.0 += b.0;
            add_slices(&mut a.1, &b.1);
        },
    );
    added.expect("nothing is read");
    let (loss, sum) = sums.swap_remove(0);
    let total = rows.len() as f64;
    for (g, sum) in gradient.iter_mut().zip(sum) {
        *g = sum / total;
    }
    loss / total
}

/// The penalised mean loss of a linear model.
///
/// `J(w, b) = 1/S sum_i s_i loss(z_i, y_i) + 1/2 sum_c sum_j penalty_j w_cj^2`, with
/// `z_ic = sum_j w_cj (x_ij - center_j) / scale_j + b_c`, row weights `s_i` and their sum `S`.
///
/// Parameters are the weights `w`, one line of columns per output, then the biases `b`. No
/// standardised copy of the data exists: the kernels centre, and `1 / scale` is folded into the
/// weights and into the gradient.
#[derive(Clone)]
pub(crate) struct LinearObjective<T> {
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

impl<T: Real> LinearObjective<T> {
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

/// The loss of a linear model over some rows, whose weights sum to `total`.
pub(crate) struct OverRows<'a, T> {
    pub(crate) objective: &'a mut LinearObjective<T>,
    pub(crate) rows: Rows<'a, T>,
    pub(crate) total: f64,
}

impl<T: Real> Objective for OverRows<'_, T> {
    fn parameters(&self) -> usize {
        self.objective.parameters()
    }

    fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Rows are taken to weigh what as many do on average, so that the mean over batches is that
    /// over all rows.
    fn evaluate(
        &mut self,
        rows: Range<usize>,
        params: &[f64],
        gradient: &mut [f64],
    ) -> Result<f64, TrainError> {
        let all = self.rows.len();
        let total = match rows.len() {
            some if some < all => self.total * some as f64 / all as f64,
            _ => self.total,
        };
        let sums = self.objective.gradient(self.rows.slice(rows), total, params, gradient)?;
        Ok(self.objective.loss(sums, total, params))
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
