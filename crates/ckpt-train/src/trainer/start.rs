//! How a run starts: at zero, or where a state left off.

use super::LinearTrainer;
use crate::config::{Checked, Config, Rate};
use crate::dataset::Dataset;
use crate::error::{DataError, StateError, TrainError};
use crate::evaluate::Targets;
use crate::objective::{Evaluation, LinearObjective};
use crate::optimizer::Rule;
use crate::rate::{adam_unit, automatic};
use crate::real::Real;
use crate::scaling::Scaling;
use crate::split::{Part, split};
use crate::state::{TrainState, Watch};

impl<T: Real> LinearTrainer<T> {
    /// Starts a run with all parameters at zero.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for a setting out of range, or a model that does not fit the targets;
    /// [`TrainError::Data`] if a column spreads too widely, the targets are too large, no training row
    /// has a weight, or early stopping no validation row; [`TrainError::NoRate`] if no automatic rate exists; [`TrainError::Read`].
    pub fn new(dataset: &Dataset<T>, config: Config) -> Result<Self, TrainError> {
        let checked = config.checked()?;
        config.model.check_targets(dataset.classes().len())?;
        let (training, validation) = split(dataset, config.val_fraction, config.seed);
        if training.total() == 0.0 {
            return Err(DataError::NoWeight.into());
        }
        let scaling = if config.standardize {
            Scaling::measure(training.rows(), training.total())?
        } else {
            Scaling::identity(dataset.columns())
        };
        let objective = objective(dataset, &config, scaling);
        let parameters = objective.parameters();
        let weights = parameters - objective.outputs();
        let rule = Rule::start(config.optimizer, parameters, weights);
        let params = vec![0.0; parameters];
        let start = Start { params, rule, epoch: 0, growing: 0, rate: None, watch: None };
        Self::build(dataset, checked, (training, validation), objective, start)
    }

    /// Goes on from a state, as if the run had never stopped.
    ///
    /// `config` and `dataset` are those of the run that made the state; then every further epoch
    /// equals that of the run, bit for bit. `epochs`, `tolerance` and `early_stopping` may differ:
    /// they only say when to stop, and a state that already meets them, or is one of a run that ended
    /// by itself, yields no further epoch.
    /// Centre and scale come from the state; so does the rate, unless `config` fixes one.
    ///
    /// # Errors
    ///
    /// As [`LinearTrainer::new`]; and [`TrainError::State`] for the state of another model,
    /// optimizer, seed, number of columns or classes, or element type.
    pub fn resume(
        dataset: &Dataset<T>,
        config: Config,
        state: &TrainState,
    ) -> Result<Self, TrainError> {
        let checked = config.checked()?;
        config.model.check_targets(dataset.classes().len())?;
        let scaling = Scaling::from_parts(&state.center, state.scale.clone());
        let outputs = config.model.loss(dataset.classes().len()).outputs();
        state.check::<T>(&config, dataset.columns(), outputs)?;
        let weights = state.params.len() - outputs;
        let rule = Rule::new(config.optimizer, state.memory.clone(), weights).ok_or_else(|| {
            StateError::Optimizer { state: state.kind, run: config.optimizer.kind() }
        })?;
        let parts = split(dataset, config.val_fraction, config.seed);
        if parts.0.total() == 0.0 {
            return Err(DataError::NoWeight.into());
        }
        let start = Start {
            params: state.params.clone(),
            rule,
            epoch: state.epoch,
            growing: state.growing,
            rate: Some(state.rate),
            // What was watched before a stretch without early stopping is no record for a later one.
            watch: state.watch.filter(|_| config.early_stopping.is_some()),
        };
        let objective = objective(dataset, &config, scaling);
        let mut trainer = Self::build(dataset, checked, parts, objective, start)?;
        if state.epoch > 0 {
            let settled = trainer.settled()?;
            trainer.stop = trainer.stop_reason(settled);
        }
        Ok(trainer)
    }

    fn build(
        dataset: &Dataset<T>,
        checked: Checked,
        (training, validation): (Part<T>, Option<Part<T>>),
        mut objective: LinearObjective<T>,
        start: Start,
    ) -> Result<Self, TrainError> {
        let rows = training.rows();
        let targets = Targets::measure(rows)?;
        let mut current = Evaluation::empty(objective.parameters());
        let gradient = vec![0.0; objective.parameters()];
        objective.evaluate(rows, targets.total, &gradient, &mut current)?;
        let start_loss = current.loss;
        if !start_loss.is_finite() {
            return Err(DataError::TargetTooLarge.into());
        }
        let rate = match (checked.config.rate, start.rate) {
            (Rate::Fixed(rate), _) | (Rate::Auto, Some(rate)) => rate,
            (Rate::Auto, None) => {
                automatic(&objective, rows, &targets, &checked)?.ok_or(TrainError::NoRate)?
            }
        };
        let mut rule = start.rule;
        if checked.config.rate == Rate::Auto {
            rule.measure_decay_by(adam_unit(&objective, &targets));
        }
        // A fresh run starts at zero, where that was.
        if start.params.iter().any(|w| *w != 0.0) {
            objective.evaluate(rows, targets.total, &start.params, &mut current)?;
        }
        // Rows that all weigh nothing have nothing to say.
        let validation = validation.filter(|part| part.total() > 0.0);
        if validation.is_none() && checked.config.early_stopping.is_some() {
            return Err(DataError::NothingToWatch.into());
        }
        let validation = validation.map(|part| {
            let targets = Targets::measure(part.rows())?;
            Ok::<_, TrainError>((part, targets))
        });
        Ok(Self {
            targets,
            validation: validation.transpose()?,
            classes: dataset.classes().to_vec(),
            training,
            checked,
            objective,
            rate,
            rule,
            params: start.params,
            epoch: start.epoch,
            growing: start.growing,
            watch: start.watch,
            start_loss,
            current,
            is_current: true,
            gradient,
            last_rate: None,
            stop: None,
            failed: false,
        })
    }
}

fn objective<T: Real>(
    dataset: &Dataset<T>,
    config: &Config,
    scaling: Scaling<T>,
) -> LinearObjective<T> {
    let loss = config.model.loss(dataset.classes().len());
    LinearObjective::new(scaling, loss, vec![config.l2; dataset.columns()])
}

/// Where a run starts.
struct Start {
    params: Vec<f64>,
    rule: Rule,
    epoch: u64,
    growing: u64,
    /// The rate of the state, if there is one.
    rate: Option<f64>,
    watch: Option<Watch>,
}

#[cfg(test)]
mod tests {
    use ndarray::Array;

    use super::*;
    use crate::config::{EarlyStopping, Monitor};

    #[test]
    fn early_stopping_needs_a_row_that_counts() {
        let x = Array::from_iter((0..6).map(f64::from)).into_shape_with_order((6, 1)).unwrap();
        let dataset = Dataset::new(x, Array::zeros(6)).unwrap();
        let early_stopping = Some(EarlyStopping { monitor: Monitor::Mse, patience: 2 });
        let config = Config { early_stopping, ..Config::default() };
        assert!(LinearTrainer::new(&dataset, config).is_ok());
        let start = |dataset: &Dataset<f64>, config| LinearTrainer::new(dataset, config).err();
        let nothing = Some(TrainError::from(DataError::NothingToWatch));
        // A twentieth of six rows is none.
        assert_eq!(start(&dataset, Config { val_fraction: 0.05, ..config }), nothing);
        // One is held out: it weighs nothing.
        let mut weights = Array::ones(6);
        weights[crate::row_order(6, 0)[0]] = 0.0;
        assert_eq!(start(&dataset.weighted(weights).unwrap(), config), nothing);
    }

    #[test]
    fn what_was_watched_is_forgotten_where_nothing_is() {
        let y = Array::from_iter((0..20).map(f64::from));
        let x = y.mapv(|y| (y * y) % 7.0).into_shape_with_order((20, 1)).unwrap();
        let dataset = Dataset::new(x, y).unwrap();
        let early_stopping = Some(EarlyStopping { monitor: Monitor::R2, patience: 9 });
        let watching = Config { early_stopping, epochs: 3, ..Config::default() };
        let last = LinearTrainer::new(&dataset, watching).unwrap().last().unwrap().unwrap();
        assert!(last.state.watch.is_some());
        let plain = Config { early_stopping: None, epochs: 4, ..watching };
        let next = LinearTrainer::resume(&dataset, plain, &last.state).unwrap().last();
        assert_eq!(next.unwrap().unwrap().state.watch, None);
    }
}
