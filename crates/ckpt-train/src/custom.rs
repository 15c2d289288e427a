//! Training of a model or by an optimizer of one's own.

use std::fmt::{self, Debug};
use std::iter::FusedIterator;

use crate::config::{ConfigError, Optimizer, Schedule, not_negative, positive};
use crate::error::{StateError, TrainError};
use crate::objective::{Evaluation, Objective};
use crate::optimizer::{History, Rule, Search, lbfgs_step};
use crate::order::Words;
use crate::state::{NamedArray, Reader, count, memory_arrays, read_memory, vector};
use crate::trainer::StopReason;
use crate::vector::norm;

/// Gives loss and gradient of a step's rows at any parameters: writes the gradient, returns the loss.
pub type Evaluate<'a> = dyn FnMut(&[f64], &mut [f64]) -> Result<f64, TrainError> + 'a;

/// How parameters move: an optimizer of one's own. [`Optimizer::rule`] gives those that there are.
pub trait UpdateRule {
    /// Moves the parameters by one step of size `rate`, and returns the loss that it saw; `None` if
    /// no step lowers the loss any further, which ends training.
    ///
    /// # Errors
    ///
    /// Those of `evaluate`.
    fn step(
        &mut self,
        params: &mut Vec<f64>,
        rate: f64,
        evaluate: &mut Evaluate<'_>,
    ) -> Result<Option<f64>, TrainError>;

    /// Checks that steps can be taken on batches, as they can by default.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if they cannot.
    fn check_batches(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Returns what it remembers from step to step; nothing by default. The names `epoch`, `seed`
    /// and `params` are taken.
    fn memory(&self) -> Vec<NamedArray> {
        Vec::new()
    }

    /// Takes up what [`memory`](Self::memory) gave, for so many parameters.
    ///
    /// # Errors
    ///
    /// [`StateError`] if that is not its own: by default, if there is anything.
    fn restore(&mut self, memory: Vec<NamedArray>, parameters: usize) -> Result<(), StateError> {
        let _ = parameters;
        match memory.into_iter().next() {
            Some(array) => Err(StateError::Unexpected { name: array.name }),
            None => Ok(()),
        }
    }
}

/// The settings of a [`Trainer`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainerSettings {
    /// The step size that the schedule starts from: positive and finite. L-BFGS finds its own.
    pub learning_rate: f64,
    /// How the step size changes from epoch to epoch.
    pub schedule: Schedule,
    /// The number of the last epoch, at least 1; a resumed run counts on from its state.
    pub epochs: u64,
    /// Rows per step, at least 1; all without one.
    pub batch: Option<usize>,
    /// Training stops after an epoch whose gradient over all rows has at most this 2-norm. 0 means
    /// never.
    pub tolerance: f64,
    /// The seed of the order of batches.
    pub seed: u64,
}

impl Default for TrainerSettings {
    /// 100 epochs of steps on all rows, of size 0.01; no tolerance, seed 0.
    fn default() -> Self {
        let schedule = Schedule::default();
        Self { learning_rate: 0.01, schedule, epochs: 100, batch: None, tolerance: 0.0, seed: 0 }
    }
}

/// One epoch's outcome.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TrainerEpoch {
    /// Its number; the first is 1.
    pub number: u64,
    /// The parameters after this epoch.
    pub params: Vec<f64>,
    /// The loss over all rows there.
    pub loss: f64,
    /// The 2-norm of its gradient.
    pub grad_norm: f64,
    /// What a run needs to go on from here: `epoch`, `seed`, `params` and the rule's memory.
    pub state: Vec<NamedArray>,
    /// Why this is the last epoch, if it is.
    pub stop: Option<StopReason>,
}

/// Trains an [`Objective`] by an [`UpdateRule`]; an iterator over its epochs.
///
/// An epoch is a step on all rows, or a step per batch, in an order that the seed and the epoch's
/// number decide. Parameters start at zero. It ends with `None` after the last epoch or an error;
/// [`TrainError::Diverged`] is one: a loss that is not finite.
pub struct Trainer<O, U> {
    objective: O,
    rule: U,
    settings: TrainerSettings,
    epoch: u64,
    params: Vec<f64>,
    /// Over all rows, and the parameters where it was taken last.
    whole: Option<(Vec<f64>, Evaluation)>,
    stop: Option<StopReason>,
    failed: bool,
}

impl<O: Objective, U: UpdateRule> Trainer<O, U> {
    /// Starts a run with all parameters at zero.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for a setting out of range.
    pub fn new(objective: O, rule: U, settings: TrainerSettings) -> Result<Self, TrainError> {
        positive("learning_rate", settings.learning_rate)?;
        not_negative("tolerance", settings.tolerance)?;
        settings.schedule.check()?;
        for (name, value) in
            [("epochs", settings.epochs), ("batch", settings.batch.map_or(1, |b| b as u64))]
        {
            if value == 0 {
                return Err(ConfigError::Range { name, value: 0.0, range: "at least 1" }.into());
            }
        }
        if settings.batch.is_some() {
            rule.check_batches()?;
        }
        let params = vec![0.0; objective.parameters()];
        Ok(Self {
            objective,
            rule,
            settings,
            epoch: 0,
            params,
            whole: None,
            stop: None,
            failed: false,
        })
    }

    /// Goes on from an epoch's state, with the settings of its run, as if that had never stopped:
    /// every further epoch has the same bits. `epochs` and `tolerance` may differ.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); [`TrainError::State`] for a state of another seed, number of parameters
    /// or rule.
    pub fn resume(
        objective: O,
        rule: U,
        settings: TrainerSettings,
        state: impl IntoIterator<Item = NamedArray>,
    ) -> Result<Self, TrainError> {
        let mut trainer = Self::new(objective, rule, settings)?;
        let mut state = Reader::new(state)?;
        trainer.epoch = state.count("epoch")?;
        let seed = state.count("seed")?;
        if seed != settings.seed {
            return Err(StateError::Seed { state: seed, run: settings.seed }.into());
        }
        let parameters = trainer.params.len();
        trainer.params = state.vector("params", parameters, f64::MIN)?;
        trainer.rule.restore(state.rest(), parameters)?;
        if trainer.epoch > 0 {
            let norm = trainer.whole()?.norm;
            trainer.stop = trainer.stop_reason(norm, false);
        }
        Ok(trainer)
    }

    /// Returns the objective.
    pub fn objective(&self) -> &O {
        &self.objective
    }

    fn advance(&mut self) -> Result<TrainerEpoch, TrainError> {
        self.epoch += 1;
        let rate = self.settings.learning_rate * self.settings.schedule.factor(self.epoch);
        let rows = self.objective.rows();
        let is_stuck = match self.settings.batch.filter(|&batch| batch < rows) {
            Some(batch) => self.batches(batch, rate)?,
            None => self.step_on_all(rate)?,
        };
        let Evaluation { loss, norm, .. } = *self.whole()?;
        if !(loss.is_finite() && norm.is_finite()) {
            return Err(TrainError::Diverged { epoch: self.epoch, rate, suggestion: rate / 10.0 });
        }
        self.stop = self.stop_reason(norm, is_stuck);
        let (number, params, stop) = (self.epoch, self.params.clone(), self.stop);
        let mut state = vec![
            count("epoch", number),
            count("seed", self.settings.seed),
            vector("params", &params),
        ];
        state.extend(self.rule.memory());
        Ok(TrainerEpoch { number, params, loss, grad_norm: norm, state, stop })
    }

    /// Takes one step on all rows, and tells whether there was none to take.
    fn step_on_all(&mut self, rate: f64) -> Result<bool, TrainError> {
        let Self { objective, whole, rule, params, .. } = self;
        let mut evaluate = |at: &[f64], gradient: &mut [f64]| {
            let known = evaluate_all(objective, whole, at)?;
            gradient.copy_from_slice(&known.gradient);
            Ok(known.loss)
        };
        Ok(rule.step(params, rate, &mut evaluate)?.is_none())
    }

    /// Takes a step per batch, and tells whether there was none to take on the last.
    fn batches(&mut self, batch: usize, rate: f64) -> Result<bool, TrainError> {
        let rows = self.objective.rows();
        let mut is_stuck = false;
        for index in Words::new(self.settings.seed, self.epoch).permutation(rows.div_ceil(batch)) {
            let range = index * batch..rows.min((index + 1) * batch);
            // A short last batch counts as much as it has rows.
            let part = range.len() as f64 / batch as f64;
            let objective = &mut self.objective;
            let mut evaluate = |at: &[f64], gradient: &mut [f64]| {
                let loss = objective.evaluate(range.clone(), at, gradient)?;
                gradient.iter_mut().for_each(|g| *g *= part);
                Ok(loss)
            };
            is_stuck = self.rule.step(&mut self.params, rate, &mut evaluate)?.is_none();
        }
        Ok(is_stuck)
    }

    /// Loss and gradient over all rows at the parameters.
    fn whole(&mut self) -> Result<&Evaluation, TrainError> {
        evaluate_all(&mut self.objective, &mut self.whole, &self.params)
    }

    fn stop_reason(&self, norm: f64, is_stuck: bool) -> Option<StopReason> {
        if self.settings.tolerance > 0.0 && norm <= self.settings.tolerance {
            Some(StopReason::Tolerance)
        } else if is_stuck {
            Some(StopReason::Precision)
        } else {
            (self.epoch >= self.settings.epochs).then_some(StopReason::EpochLimit)
        }
    }
}

/// Evaluates over all rows, unless that was done at the same point just now.
fn evaluate_all<'a>(
    objective: &mut impl Objective,
    known: &'a mut Option<(Vec<f64>, Evaluation)>,
    at: &[f64],
) -> Result<&'a Evaluation, TrainError> {
    if known.as_ref().is_none_or(|(point, _)| point != at) {
        let mut found = Evaluation::empty(at.len());
        found.loss = objective.evaluate(0..objective.rows(), at, &mut found.gradient)?;
        found.norm = norm(&found.gradient);
        *known = Some((at.to_vec(), found));
    }
    Ok(&known.as_ref().expect("it was just evaluated").1)
}

impl<O: Objective, U: UpdateRule> Iterator for Trainer<O, U> {
    type Item = Result<TrainerEpoch, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.stop.is_some() {
            return None;
        }
        let epoch = self.advance();
        self.failed = epoch.is_err();
        Some(epoch)
    }
}

impl<O: Objective, U: UpdateRule> FusedIterator for Trainer<O, U> {}

impl<O, U> Debug for Trainer<O, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { settings, epoch, stop, .. } = self;
        let mut text = f.debug_struct("Trainer");
        text.field("settings", settings).field("epoch", epoch).field("stop", stop);
        text.finish_non_exhaustive()
    }
}

/// The rule of an [`Optimizer`], for any objective. L-BFGS's line search expects a convex one.
#[derive(Clone, Debug)]
pub struct BuiltInRule {
    optimizer: Optimizer,
    rule: Rule,
    gradient: Vec<f64>,
}

impl Optimizer {
    /// Gives the rule for an objective of so many parameters. Weight decay shrinks all of them.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a setting out of range, and for [`Exact`](Self::Exact), which solves linear
    /// regression alone.
    pub fn rule(self, parameters: usize) -> Result<BuiltInRule, ConfigError> {
        self.check()?;
        if self == Self::Exact {
            return Err(ConfigError::ExactRule);
        }
        let rule = Rule::start(self, parameters, parameters);
        Ok(BuiltInRule { optimizer: self, rule, gradient: vec![0.0; parameters] })
    }
}

impl UpdateRule for BuiltInRule {
    fn step(
        &mut self,
        params: &mut Vec<f64>,
        rate: f64,
        evaluate: &mut Evaluate<'_>,
    ) -> Result<Option<f64>, TrainError> {
        let gradient = &mut self.gradient;
        if let Rule::LBfgs { limit, history } = &mut self.rule {
            return search(*limit, history, params, evaluate);
        }
        let loss = evaluate(self.rule.lookahead().unwrap_or(params), gradient)?;
        self.rule.step(params, gradient, rate);
        Ok(Some(loss))
    }

    fn check_batches(&self) -> Result<(), ConfigError> {
        let optimizer = self.optimizer.kind();
        if optimizer.has_batches() { Ok(()) } else { Err(ConfigError::BatchNotUsed { optimizer }) }
    }

    fn memory(&self) -> Vec<NamedArray> {
        memory_arrays(&self.rule.memory(), self.gradient.len())
    }

    fn restore(&mut self, memory: Vec<NamedArray>, parameters: usize) -> Result<(), StateError> {
        let mut reader = Reader::new(memory)?;
        let memory = read_memory(&mut reader, self.optimizer.kind(), parameters)?;
        reader.finish()?;
        self.rule = Rule::new(self.optimizer, memory, parameters)
            .expect("the memory was read for this optimizer");
        Ok(())
    }
}

/// Takes a step of L-BFGS.
fn search(
    limit: usize,
    history: &mut History,
    params: &mut Vec<f64>,
    evaluate: &mut Evaluate<'_>,
) -> Result<Option<f64>, TrainError> {
    let mut fill = |at: &[f64], into: &mut Evaluation| {
        into.loss = evaluate(at, &mut into.gradient)?;
        into.norm = norm(&into.gradient);
        Ok::<_, TrainError>(())
    };
    let mut current = Evaluation::empty(params.len());
    fill(params, &mut current)?;
    let search = Search::new(limit, f64::EPSILON, current.loss.abs());
    let step = lbfgs_step(history, &search, params, &mut current, fill)?;
    Ok(step.map(|_| current.loss))
}
