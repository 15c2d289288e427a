//! What the model is trained with: flags, the settings of a resumed version, defaults.

mod names;
mod record;

pub(crate) use self::{names::FloatWidth, record::epoch as recorded_epoch};

use anyhow::bail;
use ckpt_data::{Roles, Target};
use ckpt_train::{
    Config, Decay, EarlyStopping, ModelKind, Monitor, Optimizer, OptimizerKind, Rate, Schedule,
};

use self::names::{ModelName, OptimizerName};
use super::branch::Start;
use crate::UsageError;

/// The largest count that can be recorded: parameters are signed.
const LARGEST: u64 = i64::MAX.cast_unsigned();

/// The flags that decide what is learnt. Without a value, a flag keeps what a resumed version says,
/// or else its default.
#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// The column to predict [default: the last one]
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// A column of numbers that says how much each row counts
    #[arg(long, value_name = "COLUMN")]
    weights: Option<String>,
    /// A column that is not used; may be given several times
    #[arg(long, value_name = "COLUMN")]
    drop: Vec<String>,
    /// The kind of model [default: linear for numbers, for text logistic or softmax by the number
    /// of classes]
    #[arg(long)]
    model: Option<ModelName>,
    /// How gradients become steps [default: nesterov]
    #[arg(long)]
    optimizer: Option<OptimizerName>,
    /// The number of the last epoch [default: 100]
    #[arg(long, value_name = "N")]
    epochs: Option<u64>,
    /// The step size, or `auto` to derive it from the data [default: auto]
    #[arg(long, value_name = "auto|X", value_parser = parse_rate)]
    rate: Option<Rate>,
    /// How the step size falls: `constant`, `step:EVERY:FACTOR`, or `cosine[:EPOCHS[:FLOOR]]`, whose
    /// EPOCHS are those after the warm-up if not given [default: constant]
    #[arg(long, value_name = "SHAPE")]
    schedule: Option<String>,
    /// Epochs through which the step size rises to its value [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=LARGEST))]
    warmup: Option<u64>,
    /// Rows per step of sgd, momentum, adam and adamw [default: 32 for sgd, otherwise all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=LARGEST))]
    batch: Option<u64>,
    /// The penalty on squared weights [default: 0]
    #[arg(long, value_name = "X")]
    l2: Option<f64>,
    /// How much adamw shrinks weights, per unit of rate [default: 0.01]
    #[arg(long, value_name = "X")]
    decay: Option<f64>,
    /// Stop when the gradient's norm is at most X; 0 means never [default: 0]
    #[arg(long, value_name = "X")]
    tolerance: Option<f64>,
    /// Stop after N epochs in a row without a better validation metric; 0 means never [default: 0]
    #[arg(long, value_name = "N")]
    patience: Option<u64>,
    /// The metric that --patience watches [default: val_mse, or val_cross_entropy of classes]
    #[arg(long, value_name = "METRIC")]
    monitor: Option<String>,
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

/// All settings, but that the kind of model may depend on the data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub(crate) roles: Roles,
    pub(crate) width: FloatWidth,
    /// The kind of model, if it was said.
    model: Option<ModelKind>,
    /// What early stopping watches, if it was said, and for how long; 0 for no early stopping.
    monitor: Option<Monitor>,
    patience: u64,
    pub(crate) config: Config,
}

impl Settings {
    /// Joins flags, the settings of the version to resume from, and defaults, in this order.
    pub(crate) fn resolve(flags: &Flags, start: Option<&Start>) -> anyhow::Result<Self> {
        let recorded = match start {
            Some(start) => start.settings()?,
            None => Self::default(),
        };
        let settings = recorded.with(flags)?;
        settings.config.check().map_err(|error| UsageError(error.to_string()))?;
        if start.is_some() {
            settings.check_resumable(&recorded)?;
        }
        Ok(settings)
    }

    fn with(&self, flags: &Flags) -> anyhow::Result<Self> {
        let before = &self.config;
        let epochs = flags.epochs.unwrap_or(before.epochs);
        let warmup = flags.warmup.unwrap_or(before.schedule.warmup);
        let decay = match flags.schedule.as_deref() {
            // The usual length, which is then on record as a number.
            Some("cosine") => {
                Decay::Cosine { epochs: epochs.saturating_sub(warmup).max(1), floor: 0.0 }
            }
            Some(text) => text.parse().map_err(usage)?,
            None => before.schedule.decay,
        };
        let config = Config {
            optimizer: optimizer(flags, before)?,
            batch: flags.batch.map(rows).or(before.batch),
            rate: flags.rate.unwrap_or(before.rate),
            schedule: Schedule { warmup, decay },
            epochs,
            l2: flags.l2.unwrap_or(before.l2),
            tolerance: flags.tolerance.unwrap_or(before.tolerance),
            val_fraction: flags.val_fraction.unwrap_or(before.val_fraction),
            seed: flags.seed.unwrap_or(before.seed),
            ..*before
        };
        let monitor = flags.monitor.as_deref().map(str::parse).transpose().map_err(usage)?;
        if monitor.is_some() && flags.patience.unwrap_or(self.patience) == 0 {
            bail!(UsageError("--monitor needs --patience, which says how long to wait".to_owned()));
        }
        let patience = flags.patience.unwrap_or(self.patience);
        if flags.monitor.is_some() && patience == 0 {
            bail!(UsageError("--monitor is what --patience watches; give that, too".to_owned()));
        }
        let model = flags.model.map(ModelName::kind).or(self.model);
        let mut drop = flags.drop.clone();
        drop.sort();
        drop.dedup();
        if drop.is_empty() {
            drop.clone_from(&self.roles.drop);
        }
        Ok(Self {
            roles: Roles {
                target: flags.target.clone().or_else(|| self.roles.target.clone()),
                kind: target_of(model),
                weights: flags.weights.clone().or_else(|| self.roles.weights.clone()),
                drop,
            },
            width: flags.dtype.unwrap_or(self.width),
            model,
            monitor: monitor.or(self.monitor),
            patience,
            config,
        })
    }

    /// Settles what depends on the data: the model, and what early stopping watches.
    pub(crate) fn settle(&mut self, classes: Option<usize>) -> anyhow::Result<()> {
        let model = match (self.model, classes) {
            (Some(model), _) => model,
            (None, None) => ModelKind::Linear,
            (None, Some(2)) => ModelKind::Logistic,
            (None, Some(_)) => ModelKind::Softmax,
        };
        let monitor = self.monitor.unwrap_or(Monitor::usual(model));
        let early_stopping = match self.patience {
            0 => None,
            patience => Some(EarlyStopping { monitor, patience }),
        };
        self.config = Config { model, early_stopping, ..self.config };
        self.config.check().map_err(usage)
    }

    /// Whether an epoch comes out the same by these settings: when training stops plays no part,
    /// but what early stopping watches is in the state.
    pub(crate) fn decides_as(&self, other: &Self) -> bool {
        let plan = |settings: &Self| {
            let mut settings = settings.clone();
            settings.config.epochs = 0;
            settings.config.tolerance = 0.0;
            settings.patience = settings.patience.min(1);
            settings
        };
        plan(self) == plan(other)
    }

    /// The same, but that nothing ends training before its last epoch. What early stopping watches is
    /// kept, since it is in the state.
    pub(crate) fn never_stopping(self) -> Self {
        let patience = if self.patience == 0 { 0 } else { u64::MAX };
        Self { patience, config: Config { tolerance: 0.0, ..self.config }, ..self }
    }

    /// Refuses to resume with what would make the state mean something else.
    fn check_resumable(&self, recorded: &Self) -> anyhow::Result<()> {
        let (now, before) = (&self.config, &recorded.config);
        let fixed = [
            ("--target", self.roles.target != recorded.roles.target),
            ("--weights", self.roles.weights != recorded.roles.weights),
            ("--drop", self.roles.drop != recorded.roles.drop),
            ("--model", self.model != recorded.model),
            ("--dtype", self.width != recorded.width),
            ("--optimizer", now.optimizer.kind() != before.optimizer.kind()),
            ("--batch", now.batch != before.batch),
            ("--val-fraction", now.val_fraction.to_bits() != before.val_fraction.to_bits()),
            ("--seed", now.seed != before.seed),
            // An automatic rate is found before the first epoch; later, the state's is kept.
            ("--rate auto", now.rate == Rate::Auto && before.rate != Rate::Auto),
            ("--monitor", recorded.patience > 0 && self.monitor != recorded.monitor),
        ];
        match fixed.iter().find(|(_, changed)| *changed) {
            Some((flag, _)) => bail!(UsageError(format!(
                "{flag} cannot change when training goes on; leave it out, or start afresh without --resume"
            ))),
            None => Ok(()),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            roles: Roles::default(),
            width: FloatWidth::F64,
            model: None,
            monitor: None,
            patience: 0,
            config: Config::default(),
        }
    }
}

/// The optimizer that flags name, with the settings that they name.
fn optimizer(flags: &Flags, before: &Config) -> anyhow::Result<Optimizer> {
    let named = flags.optimizer.map_or(before.optimizer, |name| {
        let optimizer = name.optimizer();
        // Named again on resuming, it keeps its settings.
        if optimizer.kind() == before.optimizer.kind() { before.optimizer } else { optimizer }
    });
    match (named, flags.decay) {
        (optimizer, None) => Ok(optimizer),
        (Optimizer::AdamW { beta1, beta2, eps, .. }, Some(decay)) => {
            Ok(Optimizer::AdamW { beta1, beta2, eps, decay })
        }
        (_, Some(_)) => bail!(UsageError(format!(
            "--decay is a setting of {}; use --optimizer adamw, or --l2",
            OptimizerKind::AdamW
        ))),
    }
}

fn target_of(model: Option<ModelKind>) -> Target {
    match model {
        None => Target::Auto,
        Some(model) if model.is_classifier() => Target::Classes,
        Some(_) => Target::Number,
    }
}

/// As many rows, or all that there can be.
fn rows(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn usage(error: impl std::fmt::Display) -> anyhow::Error {
    UsageError(error.to_string()).into()
}

/// What `rate` holds where it was derived from the data.
const AUTO: &str = "auto";

fn parse_rate(text: &str) -> Result<Rate, String> {
    if text == AUTO {
        return Ok(Rate::Auto);
    }
    text.parse().map(Rate::Fixed).map_err(|_| "give `auto` or a number".to_owned())
}
