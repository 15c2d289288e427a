//! The training loop, one epoch per call of `next`.

use std::fmt::{self, Debug};
use std::iter::FusedIterator;

use crate::closed_form::{Exact, solve, solve_raw};
use crate::config::{Checked, ConfigError, ModelKind};
use crate::error::{DataError, TrainError};
use crate::evaluate::{Metrics, TRAIN, Targets, VAL};
use crate::kernel::RowSums;
use crate::model::LinearModel;
use crate::objective::{Evaluation, LinearObjective};
use crate::optimizer::Rule;
use crate::rate::automatic;
use crate::real::Real;
use crate::split::Part;
use crate::state::{TrainState, Watch};

mod start;
mod steps;

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
    /// The exact solution is found.
    Exact,
    /// No step lowers the loss any further in the precision of the data.
    Precision,
    /// L-BFGS found all classes told apart beyond doubt: what is left of the loss only falls by
    /// weights that grow for ever, so there is no minimum. A penalty makes one.
    Separated,
    /// Validation has not improved for as long as early stopping bears.
    EarlyStopping,
    /// The number of epochs asked for is reached.
    EpochLimit,
}

impl StopReason {
    /// Whether the model is the minimum of the loss, as far as was asked or can be told.
    pub fn is_converged(self) -> bool {
        matches!(self, Self::Tolerance | Self::Exact | Self::Precision)
    }
}

/// One epoch's outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch<T> {
    /// Its number; the first is 1.
    pub number: u64,
    /// The model after this epoch, on raw inputs.
    pub model: LinearModel<T>,
    /// Metrics of exactly this epoch's parameters: `loss`; for linear regression `train_mse`,
    /// `train_rmse`, `train_mae` and `train_r2`, for classifiers `train_cross_entropy` (nats),
    /// `train_accuracy` and `train_macro_f1`; the same with `val_` if rows were held out;
    /// `grad_norm` (the 2-norm of the loss's full gradient) and `rate` (of this epoch; for L-BFGS
    /// the step's length as a multiple of its direction, none where it took no step; none for the
    /// exact solution). An `r2` is absent where the targets are all equal.
    ///
    /// They are evaluated before parameters are folded into the model and rounded to `T`, so that
    /// scoring the model's own predictions may differ in the last digits.
    pub metrics: Metrics,
    /// What a run needs to go on from here.
    pub state: TrainState,
    /// Why this is the last epoch, if it is.
    pub stop: Option<StopReason>,
}

/// Trains a linear model; an iterator over its epochs.
///
/// Each call of `next` does one epoch: a step on all rows, or a step per batch, and then the passes
/// for the metrics; [`advance`](Self::advance) does an epoch without them. Runs in the caller's
/// current rayon pool, which never changes a bit; under 2 MB of data it does not use the pool. Ends
/// with `None` after the last epoch or an error.
///
/// Training rows in memory are copied once, in the order of [`row_order`](crate::row_order): the
/// first are for validation, the rest for training, and the batches are consecutive runs of those.
/// Each epoch shuffles the order of batches, not their members.
pub struct LinearTrainer<T> {
    checked: Checked,
    classes: Vec<String>,
    training: Part<T>,
    targets: Targets,
    validation: Option<(Part<T>, Targets)>,
    objective: LinearObjective<T>,
    rate: f64,
    rule: Rule,
    params: Vec<f64>,
    epoch: u64,
    growing: u64,
    watch: Option<Watch>,
    /// The loss at zero parameters.
    start_loss: f64,
    /// At `params`, over all training rows, if `is_current`.
    current: Evaluation,
    is_current: bool,
    /// The gradient of a step.
    gradient: Vec<f64>,
    /// What the last epoch's steps were multiplied by.
    last_rate: Option<f64>,
    stop: Option<StopReason>,
    failed: bool,
}

impl<T: Real> LinearTrainer<T> {
    /// Returns the number of epochs done, those before a resumed state included.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns why the last epoch was the last, if it was.
    pub fn stop(&self) -> Option<StopReason> {
        self.stop
    }

    /// Returns the number of feature columns.
    pub fn columns(&self) -> usize {
        self.objective.columns()
    }

    /// Returns the number of training rows.
    pub fn training_rows(&self) -> usize {
        self.training.rows().len()
    }

    /// Returns the number of rows held out for validation.
    pub fn validation_rows(&self) -> usize {
        self.validation.as_ref().map_or(0, |(part, _)| part.rows().len())
    }

    /// Returns the step size that the schedule starts from; 1 for L-BFGS and the exact solution.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Solves the same loss on the same training rows exactly; see
    /// [`closed_form`](crate::closed_form) for its errors.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for classifiers, which have no closed form; else as
    /// [`closed_form`](crate::closed_form).
    pub fn closed_form(&self) -> Result<LinearModel<f64>, TrainError> {
        Ok(self.exact()?.model())
    }

    fn exact(&self) -> Result<Exact, TrainError> {
        let config = &self.checked.config;
        if config.model != ModelKind::Linear {
            return Err(ConfigError::NotExact { model: config.model }.into());
        }
        let (rows, total) = (self.training.rows(), self.targets.total);
        if config.standardize {
            solve(rows, total, Some(&self.objective.scaling), config.l2)
        } else {
            solve_raw(rows, total, config.l2)
        }
    }

    /// Scores any model of the same kind on this run's rows: the metrics of an [`Epoch`] but
    /// `grad_norm` and `rate`.
    ///
    /// # Errors
    ///
    /// [`DataError::Columns`] if the model has another number of features; [`TrainError::Read`].
    pub fn evaluate(&mut self, model: &LinearModel<f64>) -> Result<Metrics, TrainError> {
        let shape = (self.objective.outputs(), self.objective.columns());
        if model.weight.dim() != shape {
            let (model, data) = (model.weight.ncols(), shape.1);
            return Err(DataError::Columns { model, data }.into());
        }
        let weight: Vec<f64> = model.weight.iter().copied().collect();
        let params = self.objective.params(&weight, &model.bias.to_vec());
        let sums = self.objective.losses(self.training.rows(), &params)?;
        let loss = self.objective.loss(sums, self.targets.total, &params);
        self.metrics(&params, sums, loss)
    }

    fn metrics(&mut self, params: &[f64], sums: RowSums, loss: f64) -> Result<Metrics, TrainError> {
        let mut metrics = Metrics::default();
        metrics.push("loss", loss);
        let (objective, rows) = (&mut self.objective, self.training.rows());
        self.targets.score(objective, rows, params, sums, (&TRAIN, &mut metrics))?;
        if let Some((part, targets)) = &self.validation {
            let sums = objective.losses(part.rows(), params)?;
            targets.score(objective, part.rows(), params, sums, (&VAL, &mut metrics))?;
        }
        Ok(metrics)
    }

    /// Does one epoch without reporting on it; `None` after the last one.
    ///
    /// Metrics, model and state can be had afterwards by [`report`](Self::report). Passes that only
    /// they need are not taken, which makes epochs without a report cheaper.
    pub fn advance(&mut self) -> Option<Result<(), TrainError>> {
        if self.failed || self.stop.is_some() {
            return None;
        }
        let done = self.try_advance();
        self.failed = done.is_err();
        Some(done)
    }

    fn try_advance(&mut self) -> Result<(), TrainError> {
        self.epoch += 1;
        self.is_current = false;
        let stalled = self.train()?;
        if self.checked.config.tolerance > 0.0 {
            self.update()?;
        }
        if self.checked.config.early_stopping.is_some() {
            self.watch_validation()?;
        }
        self.stop = self.stop_reason(stalled);
        Ok(())
    }

    /// Evaluates loss and gradient at the parameters, unless they are known.
    fn update(&mut self) -> Result<(), TrainError> {
        if !self.is_current {
            let (rows, total) = (self.training.rows(), self.targets.total);
            self.objective.evaluate(rows, total, &self.params, &mut self.current)?;
            self.is_current = true;
        }
        Ok(())
    }

    /// Compares the validation metric with the best so far.
    fn watch_validation(&mut self) -> Result<(), TrainError> {
        let (Some(stopping), Some((part, targets))) =
            (self.checked.config.early_stopping, &self.validation)
        else {
            return Ok(());
        };
        let sums = self.objective.losses(part.rows(), &self.params)?;
        let mut metrics = Metrics::default();
        let rows = part.rows();
        targets.score(&mut self.objective, rows, &self.params, sums, (&VAL, &mut metrics))?;
        let value = metrics.get(stopping.monitor.name());
        let cost = value.map_or(f64::MAX, |value| stopping.monitor.cost(value));
        let watch = self.watch.get_or_insert(Watch { best: f64::MAX, stale: 0 });
        if cost < watch.best {
            *watch = Watch { best: cost, stale: 0 };
        } else {
            watch.stale += 1;
        }
        Ok(())
    }

    /// Reports on the epoch that was done last.
    ///
    /// # Errors
    ///
    /// [`TrainError::Diverged`] if the loss there is not finite; [`TrainError::Read`].
    ///
    /// # Panics
    ///
    /// If no epoch was done.
    pub fn report(&mut self) -> Result<Epoch<T>, TrainError> {
        assert!(self.epoch > 0, "no epoch was done");
        self.update()?;
        if !(self.current.loss.is_finite() && self.current.norm.is_finite()) {
            return Err(self.diverged()?);
        }
        let params = std::mem::take(&mut self.params);
        let metrics = self.metrics(&params, self.current.sums, self.current.loss);
        self.params = params;
        let mut metrics = metrics?;
        metrics.push("grad_norm", self.current.norm);
        metrics.extend(self.last_rate.map(|rate| ("rate", rate)));
        Ok(Epoch {
            number: self.epoch,
            model: LinearModel::of(&self.objective, &self.params, &self.classes),
            metrics,
            state: self.state(),
            stop: self.stop,
        })
    }

    /// Counts the loss that the epoch's steps saw, and finds divergence.
    fn check_growth(&mut self, seen: f64) -> Result<(), TrainError> {
        let finite = seen.is_finite() && self.params.iter().all(|w| w.is_finite());
        self.growing = if seen > GROWTH * self.start_loss { self.growing + 1 } else { 0 };
        if finite && self.growing < GROWTH_EPOCHS { Ok(()) } else { Err(self.diverged()?) }
    }

    fn diverged(&self) -> Result<TrainError, TrainError> {
        let rows = self.training.rows();
        let safe = automatic(&self.objective, rows, &self.targets, &self.checked)?;
        let suggestion = safe.filter(|&safe| safe < self.rate).unwrap_or(self.rate / 10.0);
        let suggestion = two_digits(suggestion);
        Ok(TrainError::Diverged { epoch: self.epoch, rate: self.rate, suggestion })
    }

    fn stop_reason(&self, stalled: Option<StopReason>) -> Option<StopReason> {
        let config = &self.checked.config;
        let patience = config.early_stopping.map(|stopping| stopping.patience);
        let stale = self.watch.map(|watch| watch.stale);
        if config.tolerance > 0.0 && self.current.norm <= config.tolerance {
            Some(StopReason::Tolerance)
        } else if stalled.is_some() {
            stalled
        } else if stale.zip(patience).is_some_and(|(stale, patience)| stale >= patience) {
            Some(StopReason::EarlyStopping)
        } else if self.epoch >= config.epochs {
            Some(StopReason::EpochLimit)
        } else {
            None
        }
    }

    fn state(&self) -> TrainState {
        TrainState {
            model: self.checked.config.model,
            outputs: self.objective.outputs(),
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
            watch: self.watch,
        }
    }
}

impl<T: Real> Iterator for LinearTrainer<T> {
    type Item = Result<Epoch<T>, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        let epoch = self.advance()?.and_then(|()| self.report());
        self.failed |= epoch.is_err();
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
            .field("stop", &self.stop)
            .finish_non_exhaustive()
    }
}

/// Rounds to two significant digits, for users to read.
fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().expect("a formatted number can be read")
}
