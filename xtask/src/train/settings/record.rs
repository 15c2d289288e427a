//! Settings as the parameters of a version, and back.

use std::collections::BTreeMap;

use anyhow::Context;
use ckpt_data::{Roles, Target};
use ckpt_store::record::ParamValue;
use ckpt_train::{Config, Optimizer, Rate, Schedule};

use super::names::{ModelName, OptimizerName};
use super::{AUTO, Settings, target_of};

/// The names of the parameters on record.
mod name {
    pub(super) const MODEL: &str = "model";
    pub(super) const OPTIMIZER: &str = "optimizer";
    pub(super) const EPOCH: &str = "epoch";
    pub(super) const RATE: &str = "rate";
    pub(super) const SCHEDULE: &str = "schedule";
    pub(super) const WARMUP: &str = "warmup";
    pub(super) const BATCH: &str = "batch";
    pub(super) const L2: &str = "l2";
    pub(super) const DECAY: &str = "decay";
    pub(super) const VAL_FRACTION: &str = "val_fraction";
    pub(super) const DTYPE: &str = "dtype";
    pub(super) const TARGET: &str = "target";
    pub(super) const WEIGHTS: &str = "weights";
    /// What the name of each column that is left out is put behind.
    pub(super) const DROP: &str = "drop.";
}

/// What a version's environment calls the number of epochs that were planned, and when training
/// would have stopped before.
const EPOCHS: &str = "train.epochs";
const TOLERANCE: &str = "train.tolerance";
const PATIENCE: &str = "train.patience";
const MONITOR: &str = "train.monitor";

type Params = BTreeMap<String, ParamValue>;
type Facts = BTreeMap<String, String>;

/// Returns the number of the epoch that a version of `train` holds.
pub(crate) fn epoch(params: &Params) -> Option<u64> {
    match params.get(name::EPOCH) {
        Some(ParamValue::Int(epoch)) => u64::try_from(*epoch).ok(),
        _ => None,
    }
}

impl Settings {
    /// Returns the parameters that go on record with an epoch.
    ///
    /// What does not change an epoch's weights is left out: threads, how many epochs were planned,
    /// when training would have stopped.
    pub(crate) fn params(&self, epoch: u64, target: &str) -> Params {
        let config = &self.config;
        let text = |text: &str| ParamValue::Text(text.to_owned());
        let rate = match config.rate {
            Rate::Auto => text(AUTO),
            Rate::Fixed(rate) => ParamValue::Float(rate),
        };
        let mut params = BTreeMap::from([
            (name::MODEL, text(&config.model.to_string())),
            (name::OPTIMIZER, text(&config.optimizer.kind().to_string())),
            (name::EPOCH, ParamValue::Int(epoch.cast_signed())),
            (name::L2, ParamValue::Float(config.l2)),
            (name::VAL_FRACTION, ParamValue::Float(config.val_fraction)),
            (name::DTYPE, text(&self.width.to_string())),
            (name::TARGET, text(target)),
        ]);
        if config.optimizer.kind().has_rate() {
            params.insert(name::RATE, rate);
        }
        if config.schedule.decay != Schedule::default().decay {
            params.insert(name::SCHEDULE, text(&config.schedule.decay.to_string()));
        }
        if config.schedule.warmup > 0 {
            params.insert(name::WARMUP, ParamValue::Int(config.schedule.warmup.cast_signed()));
        }
        if let Some(batch) = config.batch {
            params.insert(name::BATCH, ParamValue::Int(batch as i64));
        }
        if let Optimizer::AdamW { decay, .. } = config.optimizer {
            params.insert(name::DECAY, ParamValue::Float(decay));
        }
        if let Some(weights) = &self.roles.weights {
            params.insert(name::WEIGHTS, text(weights));
        }
        let dropped = self.roles.drop.iter().map(|column| format!("{}{column}", name::DROP));
        let params = params.into_iter().map(|(name, value)| (name.to_owned(), value));
        params.chain(dropped.map(|name| (name, ParamValue::Bool(true)))).collect()
    }

    /// Adds to the facts of a version when training was to stop.
    pub(crate) fn put_plan(&self, facts: &mut Facts) {
        let config = &self.config;
        facts.insert(EPOCHS.to_owned(), config.epochs.to_string());
        facts.insert(TOLERANCE.to_owned(), config.tolerance.to_string());
        if let Some(stopping) = config.early_stopping {
            facts.insert(PATIENCE.to_owned(), stopping.patience.to_string());
            facts.insert(MONITOR.to_owned(), stopping.monitor.to_string());
        }
    }

    /// Reads the settings of the run that made a version.
    pub(crate) fn of_version(params: &Params, seed: u64, facts: &Facts) -> anyhow::Result<Self> {
        let mut settings = Recorded(params).settings(seed)?;
        let fact = |name: &str| facts.get(name);
        let number = |name: &str| fact(name).and_then(|text| text.parse().ok());
        settings.config.epochs = number(EPOCHS).unwrap_or(settings.config.epochs);
        settings.patience = number(PATIENCE).unwrap_or_default();
        settings.monitor = fact(MONITOR).and_then(|name| name.parse().ok());
        let tolerance = fact(TOLERANCE).and_then(|text| text.parse().ok());
        settings.config.tolerance = tolerance.unwrap_or(settings.config.tolerance);
        Ok(settings)
    }
}

/// Parameters that [`Settings::params`] put on record.
struct Recorded<'a>(&'a Params);

impl Recorded<'_> {
    fn settings(&self, seed: u64) -> anyhow::Result<Settings> {
        let model: ModelName = self.choice(name::MODEL)?;
        let optimizer: OptimizerName = self.choice(name::OPTIMIZER)?;
        let optimizer = match optimizer.optimizer() {
            Optimizer::AdamW { beta1, beta2, eps, .. } => {
                Optimizer::AdamW { beta1, beta2, eps, decay: self.number(name::DECAY)? }
            }
            optimizer => optimizer,
        };
        let decay = match self.0.get(name::SCHEDULE) {
            Some(_) => self.text(name::SCHEDULE)?.parse()?,
            None => Schedule::default().decay,
        };
        let config = Config {
            model: model.kind(),
            optimizer,
            batch: self.count(name::BATCH)?.map(usize::try_from).transpose()?,
            rate: self.rate()?,
            schedule: Schedule { warmup: self.count(name::WARMUP)?.unwrap_or_default(), decay },
            l2: self.number(name::L2)?,
            val_fraction: self.number(name::VAL_FRACTION)?,
            seed,
            ..Config::default()
        };
        Ok(Settings {
            roles: self.roles(target_of(Some(model.kind())))?,
            width: self.choice(name::DTYPE)?,
            model: Some(model.kind()),
            config,
            ..Settings::default()
        })
    }

    fn roles(&self, kind: Target) -> anyhow::Result<Roles> {
        let weights = self.0.contains_key(name::WEIGHTS).then(|| self.text(name::WEIGHTS));
        let dropped = self.0.keys().filter_map(|name| name.strip_prefix(name::DROP));
        Ok(Roles {
            target: Some(self.text(name::TARGET)?.to_owned()),
            kind,
            weights: weights.transpose()?.map(str::to_owned),
            drop: dropped.map(str::to_owned).collect(),
        })
    }

    fn rate(&self) -> anyhow::Result<Rate> {
        match self.0.get(name::RATE) {
            None => Ok(Rate::Auto),
            Some(ParamValue::Text(auto)) if auto == AUTO => Ok(Rate::Auto),
            Some(_) => Ok(Rate::Fixed(self.number(name::RATE)?)),
        }
    }

    fn text(&self, name: &str) -> anyhow::Result<&str> {
        match self.0.get(name) {
            Some(ParamValue::Text(text)) => Ok(text),
            _ => Err(missing(name)),
        }
    }

    fn number(&self, name: &str) -> anyhow::Result<f64> {
        match self.0.get(name) {
            Some(ParamValue::Float(number)) => Ok(*number),
            _ => Err(missing(name)),
        }
    }

    fn count(&self, name: &str) -> anyhow::Result<Option<u64>> {
        match self.0.get(name) {
            None => Ok(None),
            Some(ParamValue::Int(count)) => {
                Ok(Some(u64::try_from(*count).with_context(|| format!("parameter {name}"))?))
            }
            Some(_) => Err(missing(name)),
        }
    }

    fn choice<C: clap::ValueEnum>(&self, name: &str) -> anyhow::Result<C> {
        C::from_str(self.text(name)?, false).map_err(|_| missing(name))
    }
}

fn missing(name: &str) -> anyhow::Error {
    anyhow::anyhow!("the version has no parameter {name} that `train` wrote")
}
