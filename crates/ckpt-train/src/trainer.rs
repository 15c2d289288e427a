//! The training loop, one epoch per call of `next`.

use std::fmt::{self, Debug};
use std::iter::FusedIterator;

use ndarray::{ArrayView1, ArrayView2};

use crate::closed_form::solve;
use crate::config::Checked;
use crate::error::{DataError, TrainError};
use crate::evaluate::{Metrics, TRAIN, Targets, VAL};
use crate::kernel::RowSums;
use crate::model::LinearModel;
use crate::objective::{Evaluation, Objective};
use crate::optimizer::Rule;
use crate::order::Words;
use crate::rate::automatic;
use crate::real::Real;
use crate::split::Part;
use crate::state::TrainState;

mod start;

/// A loss this many times that of all-zero parameters is too large. Momentum and Adam may overshoot
/// the start by a small factor; no converging run comes near a hundredfold.
const GROWTH: f64 = 100.0;

/// This many epochs in a row with too large a loss are divergence; a single one may be chance.
const GROWTH_EPOCHS: u64 = 3;

/// Says why an epoch was the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// The gradient's norm is within the tolerance.
    Tolerance,
    /// The number of epochs asked for is reached.
    EpochLimit,
}

/// One epoch's outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch<T> {
    /// Its number; the first is 1.
    pub number: u64,
    /// The model after this epoch, on raw inputs.
    pub model: LinearModel<T>,
    /// Metrics of exactly this epoch's parameters: `loss`, `train_mse`, `train_rmse`, `train_mae`,
    /// `train_r2`, the same four with `val_` if rows were set aside, `grad_norm` (the 2-norm of the
    /// loss's full gradient) and `rate`. An `r2` is absent where the targets are all equal.
    ///
    /// They are evaluated before parameters are folded into the model and rounded to `T`, so that
    /// scoring the model's own predictions may differ in the last digits.
    pub metrics: Metrics,
    /// What a run needs to go on from here.
    pub state: TrainState,
    /// Why this is the last epoch, if it is.
    pub stop: Option<StopReason>,
}

/// Trains a linear regression; an iterator over its epochs.
///
/// Each call of `next` does one epoch: a step on all rows, or a step per batch, and then one pass
/// for the metrics (which full-batch methods other than Nesterov use as their next gradient). Runs
/// in the caller's current rayon pool, which never changes a bit; under 2 MB of data it does not
/// use the pool. Ends with `None` after the last epoch or an error.
///
/// Training rows are copied once, in the order of the seed's permutation: of the permuted rows, the
/// first are for validation, the rest for training, and the batches are consecutive runs of those.
/// Each epoch shuffles the order of batches, not their members.
pub struct LinearTrainer<T> {
    checked: Checked,
    training: Part<T>,
    targets: Targets,
    validation: Option<(Part<T>, Targets)>,
    objective: Objective<T>,
    rate: f64,
    rule: Rule,
    params: Vec<f64>,
    epoch: u64,
    growing: u64,
    /// The loss at zero parameters.
    start_loss: f64,
    /// At `params`, over all training rows.
    current: Evaluation,
    /// The gradient of a step.
    gradient: Vec<f64>,
    done: bool,
}

impl<T: Real> LinearTrainer<T> {
    /// Returns the features and targets of the training rows, in training order.
    pub fn training(&self) -> (ArrayView2<'_, T>, ArrayView1<'_, T>) {
        self.training.views()
    }

    /// Returns the features and targets of the validation rows, if there are any.
    pub fn validation(&self) -> Option<(ArrayView2<'_, T>, ArrayView1<'_, T>)> {
        self.validation.as_ref().map(|(part, _)| part.views())
    }

    /// Returns the step size in use.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Solves the same loss on the same training rows exactly; see
    /// [`closed_form`](crate::closed_form) for its errors.
    ///
    /// # Errors
    ///
    /// [`TrainError::RankDeficient`] where the solution is not unique.
    pub fn closed_form(&self) -> Result<LinearModel<f64>, TrainError> {
        let scale = Some(&self.objective.scaling.scale[..]);
        solve(self.training.rows(), self.checked.config.l2, scale)
    }

    /// Scores any model on this run's rows: the metrics of an [`Epoch`] but `grad_norm` and `rate`.
    ///
    /// # Errors
    ///
    /// [`DataError::Columns`] if the model has another number of features.
    pub fn evaluate(&mut self, model: &LinearModel<f64>) -> Result<Metrics, DataError> {
        let columns = self.objective.parameters() - 1;
        if model.weight.len() != columns {
            return Err(DataError::Columns { model: model.weight.len(), data: columns });
        }
        let params = self.objective.params(model);
        let rows = self.training.rows();
        let sums = self.objective.residuals(rows, &params);
        let loss = self.objective.loss(sums, rows.len(), &params);
        Ok(self.metrics(&params, sums, loss))
    }

    fn metrics(&mut self, params: &[f64], sums: RowSums, loss: f64) -> Metrics {
        let mut metrics = Metrics::default();
        metrics.push("loss", loss);
        self.targets.score(sums, &TRAIN, &mut metrics);
        if let Some((part, targets)) = &self.validation {
            let sums = self.objective.residuals(part.rows(), params);
            targets.score(sums, &VAL, &mut metrics);
        }
        metrics
    }

    /// Does one epoch's steps.
    fn train(&mut self) {
        let rows = self.training.rows();
        let Some(batch) = self.checked.batch.filter(|&batch| batch < rows.len()) else {
            let gradient = match self.rule.lookahead() {
                Some(point) => {
                    self.objective.gradient(rows, point, &mut self.gradient);
                    &self.gradient
                }
                None => &self.current.gradient,
            };
            self.rule.step(&mut self.params, gradient, self.rate);
            return;
        };
        let batches = rows.len().div_ceil(batch);
        for index in Words::new(self.checked.config.seed, self.epoch).permutation(batches) {
            let range = index * batch..rows.len().min((index + 1) * batch);
            let point = self.rule.lookahead().unwrap_or(&self.params);
            self.objective.gradient(rows.slice(range), point, &mut self.gradient);
            self.rule.step(&mut self.params, &self.gradient, self.rate);
        }
    }

    fn advance(&mut self) -> Result<Epoch<T>, TrainError> {
        self.epoch += 1;
        self.train();
        self.objective.evaluate(self.training.rows(), &self.params, &mut self.current);
        self.check_growth()?;
        let params = std::mem::take(&mut self.params);
        let mut metrics = self.metrics(&params, self.current.sums, self.current.loss);
        self.params = params;
        metrics.push("grad_norm", self.current.norm);
        metrics.push("rate", self.rate);
        Ok(Epoch {
            number: self.epoch,
            model: self.objective.model(&self.params),
            metrics,
            state: self.state(),
            stop: self.stop_reason(),
        })
    }

    fn check_growth(&mut self) -> Result<(), TrainError> {
        let loss = self.current.loss;
        let finite = loss.is_finite() && self.current.norm.is_finite();
        self.growing = if loss > GROWTH * self.start_loss { self.growing + 1 } else { 0 };
        if finite && self.growing < GROWTH_EPOCHS {
            return Ok(());
        }
        let rows = self.training.rows();
        let safe = automatic(&mut self.objective, rows, &self.targets, &self.checked);
        let suggestion = safe.filter(|&safe| safe < self.rate).unwrap_or(self.rate / 10.0);
        let suggestion = two_digits(suggestion);
        Err(TrainError::Diverged { epoch: self.epoch, rate: self.rate, suggestion })
    }

    fn stop_reason(&self) -> Option<StopReason> {
        let config = &self.checked.config;
        if config.tolerance > 0.0 && self.current.norm <= config.tolerance {
            Some(StopReason::Tolerance)
        } else if self.epoch >= config.epochs {
            Some(StopReason::EpochLimit)
        } else {
            None
        }
    }

    fn state(&self) -> TrainState {
        TrainState {
            kind: self.checked.config.optimizer.kind(),
            epoch: self.epoch,
            seed: self.checked.config.seed,
            rate: self.rate,
            growing: self.growing,
            float: T::TYPE,
            center: self.objective.scaling.centers(),
            scale: self.objective.scaling.scale.clone(),
            params: self.params.clone(),
            memory: self.rule.memory(),
        }
    }
}

impl<T: Real> Iterator for LinearTrainer<T> {
    type Item = Result<Epoch<T>, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let epoch = self.advance();
        self.done = epoch.as_ref().map_or(true, |epoch| epoch.stop.is_some());
        Some(epoch)
    }
}

impl<T: Real> FusedIterator for LinearTrainer<T> {}

impl<T> Debug for LinearTrainer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinearTrainer")
            .field("config", &self.checked.config)
            .field("rate", &self.rate)
            .field("epoch", &self.epoch)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// Rounds to two significant digits, for a person to read.
fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().expect("a formatted number can be read")
}
