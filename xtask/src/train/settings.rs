//! What the model is trained with: flags, the settings of a resumed version, defaults.

use std::{collections::BTreeMap, fmt};

use anyhow::bail;
use ckpt_store::record::ParamValue;
use ckpt_train::{Config, Optimizer, Rate};

use super::branch::Start;
use crate::UsageError;

/// The flags that decide what is learnt. Without a value, a flag keeps what a resumed version says,
/// or else its default.
#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// The column to predict [default: the last one]
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// The kind of model [default: linear]
    #[arg(long)]
    model: Option<ModelKind>,
    /// How gradients become steps [default: nesterov]
    #[arg(long)]
    optimizer: Option<OptimizerName>,
    /// The number of the last epoch [default: 100]
    #[arg(long, value_name = "N")]
    epochs: Option<u64>,
    /// The step size, or `auto` to derive it from the data [default: auto]
    #[arg(long, value_name = "auto|X", value_parser = parse_rate)]
    rate: Option<Rate>,
    /// Rows per step of sgd, momentum and adam [default: 32 for sgd, otherwise all]
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// The penalty on squared weights [default: 0]
    #[arg(long, value_name = "X")]
    l2: Option<f64>,
    /// Stop when the gradient's norm is at most X; 0 means never [default: 0]
    #[arg(long, value_name = "X")]
    tolerance: Option<f64>,
    /// The part of the rows set aside for validation [default: 0.2]
    #[arg(long, value_name = "X")]
    val_fraction: Option<f64>,
    /// Decides the split of the rows and the order of batches [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The float type of data and model [default: f64]
    #[arg(long)]
    dtype: Option<FloatWidth>,
}

/// The kinds of models that can be trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ModelKind {
    /// Linear regression
    Linear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OptimizerName {
    /// Gradient descent on all rows
    Gd,
    /// Nesterov's accelerated gradient with restarts, on all rows
    Nesterov,
    /// Gradient descent on batches
    Sgd,
    /// Heavy-ball momentum
    Momentum,
    /// Adam
    Adam,
}

/// The float type of data and model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FloatWidth {
    F32,
    F64,
}

impl fmt::Display for FloatWidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

/// All settings, resolved.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) target: Option<String>,
    pub(crate) width: FloatWidth,
    pub(crate) config: Config,
}

/// The names of the parameters on record, which `resume` reads back.
mod name {
    pub(super) const MODEL: &str = "model";
    pub(super) const OPTIMIZER: &str = "optimizer";
    pub(super) const EPOCH: &str = "epoch";
    pub(super) const RATE: &str = "rate";
    pub(super) const BATCH: &str = "batch";
    pub(super) const L2: &str = "l2";
    pub(super) const VAL_FRACTION: &str = "val_fraction";
    pub(super) const DTYPE: &str = "dtype";
    pub(super) const TARGET: &str = "target";
}

/// What `rate` holds where it was derived from the data.
const AUTO: &str = "auto";

impl Settings {
    /// Joins flags, the settings of the version to resume from, and defaults, in this order.
    pub(crate) fn resolve(flags: &Flags, start: Option<&Start>) -> anyhow::Result<Self> {
        let recorded = match start {
            Some(start) => Self::from_version(start)?,
            None => Self { target: None, width: FloatWidth::F64, config: Config::default() },
        };
        let before = recorded.config;
        let config = Config {
            optimizer: flags.optimizer.map_or(before.optimizer, OptimizerName::optimizer),
            batch: flags.batch.or(before.batch),
            rate: flags.rate.unwrap_or(before.rate),
            epochs: flags.epochs.unwrap_or(before.epochs),
            l2: flags.l2.unwrap_or(before.l2),
            tolerance: flags.tolerance.unwrap_or(before.tolerance),
            val_fraction: flags.val_fraction.unwrap_or(before.val_fraction),
            seed: flags.seed.unwrap_or(before.seed),
            standardize: before.standardize,
        };
        config.check().map_err(|error| UsageError(error.to_string()))?;
        let settings = Self {
            target: flags.target.clone().or_else(|| recorded.target.clone()),
            width: flags.dtype.unwrap_or(recorded.width),
            config,
        };
        if start.is_some() {
            settings.check_resumable(&recorded)?;
        }
        Ok(settings)
    }

    /// Refuses to resume with what would make the state mean something else.
    fn check_resumable(&self, recorded: &Self) -> anyhow::Result<()> {
        let (now, before) = (&self.config, &recorded.config);
        let fixed = [
            ("--target", self.target != recorded.target),
            ("--dtype", self.width != recorded.width),
            ("--optimizer", now.optimizer != before.optimizer),
            ("--batch", now.batch != before.batch),
            ("--val-fraction", now.val_fraction.to_bits() != before.val_fraction.to_bits()),
            ("--seed", now.seed != before.seed),
        ];
        match fixed.iter().find(|(_, changed)| *changed) {
            Some((flag, _)) => bail!(UsageError(format!(
                "{flag} cannot change when training goes on; leave it out, or start afresh without --resume"
            ))),
            None => Ok(()),
        }
    }

    /// Returns the parameters that go on record with an epoch.
    ///
    /// What does not change an epoch's weights is left out: threads, how many epochs were planned,
    /// when training would have stopped.
    pub(crate) fn params(&self, epoch: u64, target: &str) -> BTreeMap<String, ParamValue> {
        let config = &self.config;
        let text = |text: &str| ParamValue::Text(text.to_owned());
        let rate = match config.rate {
            Rate::Auto => text(AUTO),
            Rate::Fixed(rate) => ParamValue::Float(rate),
        };
        let mut params = BTreeMap::from([
            (name::MODEL, text("linear")),
            (name::OPTIMIZER, text(&config.optimizer.kind().to_string())),
            (name::EPOCH, ParamValue::Int(epoch.cast_signed())),
            (name::RATE, rate),
            (name::L2, ParamValue::Float(config.l2)),
            (name::VAL_FRACTION, ParamValue::Float(config.val_fraction)),
            (name::DTYPE, text(&self.width.to_string())),
            (name::TARGET, text(target)),
        ]);
        if let Some(batch) = config.batch {
            params.insert(name::BATCH, ParamValue::Int(batch as i64));
        }
        params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Reads the settings of the run that made a version.
    fn from_version(start: &Start) -> anyhow::Result<Self> {
        let mut settings = Self::from_params(start.params(), start.seed())?;
        let (epochs, tolerance) = start.plan();
        settings.config.epochs = epochs.unwrap_or(settings.config.epochs);
        settings.config.tolerance = tolerance.unwrap_or(settings.config.tolerance);
        Ok(settings)
    }

    /// Reads the settings that [`params`](Self::params) put on record.
    fn from_params(params: &BTreeMap<String, ParamValue>, seed: u64) -> anyhow::Result<Self> {
        let missing = |name: &str| {
            anyhow::anyhow!("the version to resume from has no parameter {name} that `train` wrote")
        };
        let text = |name: &str| match params.get(name) {
            Some(ParamValue::Text(text)) => Ok(text.as_str()),
            _ => Err(missing(name)),
        };
        let number = |name: &str| match params.get(name) {
            Some(ParamValue::Float(number)) => Ok(*number),
            _ => Err(missing(name)),
        };
        let choice = |name: &str| -> anyhow::Result<OptimizerName> {
            clap::ValueEnum::from_str(text(name)?, false).map_err(|_| missing(name))
        };
        let width = clap::ValueEnum::from_str(text(name::DTYPE)?, false);
        let rate = match params.get(name::RATE) {
            Some(ParamValue::Text(auto)) if auto == AUTO => Rate::Auto,
            _ => Rate::Fixed(number(name::RATE)?),
        };
        let batch = match params.get(name::BATCH) {
            Some(ParamValue::Int(batch)) => Some(usize::try_from(*batch)?),
            _ => None,
        };
        Ok(Self {
            target: Some(text(name::TARGET)?.to_owned()),
            width: width.map_err(|_| missing(name::DTYPE))?,
            config: Config {
                optimizer: choice(name::OPTIMIZER)?.optimizer(),
                batch,
                rate,
                l2: number(name::L2)?,
                val_fraction: number(name::VAL_FRACTION)?,
                seed,
                ..Config::default()
            },
        })
    }
}

impl OptimizerName {
    fn optimizer(self) -> Optimizer {
        match self {
            Self::Gd => Optimizer::Gd,
            Self::Nesterov => Optimizer::Nesterov,
            Self::Sgd => Optimizer::Sgd,
            Self::Momentum => Optimizer::MOMENTUM,
            Self::Adam => Optimizer::ADAM,
        }
    }
}

fn parse_rate(text: &str) -> Result<Rate, String> {
    if text == AUTO {
        return Ok(Rate::Auto);
    }
    text.parse().map(Rate::Fixed).map_err(|_| "give `auto` or a number".to_owned())
}
