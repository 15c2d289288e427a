//! How a run starts: at zero, or where a state left off.

use super::LinearTrainer;
use crate::config::{Checked, Config, Rate};
use crate::dataset::Dataset;
use crate::error::{DataError, StateError, TrainError};
use crate::evaluate::Targets;
use crate::objective::{Evaluation, Objective};
use crate::optimizer::Rule;
use crate::rate::automatic;
use crate::real::Real;
use crate::scaling::Scaling;
use crate::split::{Part, split};
use crate::state::TrainState;

impl<T: Real> LinearTrainer<T> {
    /// Starts a run with all parameters at zero.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for a setting out of range; [`TrainError::Data`] if a column spreads
    /// too widely or the targets are too large; [`TrainError::NoRate`] if no automatic rate exists.
    pub fn new(dataset: &Dataset<T>, config: Config) -> Result<Self, TrainError> {
        let checked = config.checked()?;
        let (training, validation) = split(dataset, config.val_fraction, config.seed);
        let scaling = if config.standardize {
            Scaling::measure(training.rows())?
        } else {
            Scaling::identity(dataset.columns())
        };
        let objective = Objective::new(scaling, vec![config.l2; dataset.columns()]);
        let parameters = objective.parameters();
        let rule = Rule::start(config.optimizer, parameters);
        let start = Start { params: vec![0.0; parameters], rule, epoch: 0, growing: 0, rate: None };
        Self::build(checked, (training, validation), objective, start)
    }

    /// Goes on from a state, as if the run had never stopped.
    ///
    /// `config` and `dataset` are those of the run that made the state; then every further epoch
    /// equals that of the run, bit for bit. `epochs` and `tolerance` may differ: they only say when
    /// to stop, and a state that already meets them yields no further epoch. Centre and scale come
    /// from the state; so does the rate, unless `config` fixes one.
    ///
    /// # Errors
    ///
    /// As [`LinearTrainer::new`]; and [`TrainError::State`] for the state of another optimizer,
    /// seed, number of columns or element type.
    pub fn resume(
        dataset: &Dataset<T>,
        config: Config,
        state: &TrainState,
    ) -> Result<Self, TrainError> {
        let checked = config.checked()?;
        state.check::<T>(config.optimizer, config.seed, dataset.columns())?;
        let rule = Rule::new(config.optimizer, state.memory.clone()).ok_or_else(|| {
            StateError::Optimizer { state: state.kind, run: config.optimizer.kind() }
        })?;
        let parts = split(dataset, config.val_fraction, config.seed);
        let scaling = Scaling::from_parts(&state.center, state.scale.clone());
        let objective = Objective::new(scaling, vec![config.l2; dataset.columns()]);
        let start = Start {
            params: state.params.clone(),
            rule,
            epoch: state.epoch,
            growing: state.growing,
            rate: Some(state.rate),
        };
        let mut trainer = Self::build(checked, parts, objective, start)?;
        trainer.done = state.epoch > 0 && trainer.stop_reason().is_some();
        Ok(trainer)
    }

    fn build(
        checked: Checked,
        (training, validation): (Part<T>, Option<Part<T>>),
        mut objective: Objective<T>,
        start: Start,
    ) -> Result<Self, TrainError> {
        let rows = training.rows();
        let targets = Targets::measure(rows);
        let mut current = Evaluation::empty(objective.parameters());
        let gradient = vec![0.0; objective.parameters()];
        objective.evaluate(rows, &gradient, &mut current);
        let start_loss = current.loss;
        if !start_loss.is_finite() {
            return Err(DataError::TargetTooLarge.into());
        }
        let rate = match (checked.config.rate, start.rate) {
            (Rate::Fixed(rate), _) | (Rate::Auto, Some(rate)) => rate,
            (Rate::Auto, None) => {
                automatic(&mut objective, rows, &targets, &checked).ok_or(TrainError::NoRate)?
            }
        };
        objective.evaluate(rows, &start.params, &mut current);
        Ok(Self {
            targets,
            validation: validation.map(|part| {
                let targets = Targets::measure(part.rows());
                (part, targets)
            }),
            training,
            checked,
            objective,
            rate,
            rule: start.rule,
            params: start.params,
            epoch: start.epoch,
            growing: start.growing,
            start_loss,
            current,
            gradient,
            done: false,
        })
    }
}

/// Where a run starts.
struct Start {
    params: Vec<f64>,
    rule: Rule,
    epoch: u64,
    growing: u64,
    /// The rate of the state, if there is one.
    rate: Option<f64>,
}
