//! What a model is trained with: settings, what is to change of them, and how versions record them.

use std::collections::BTreeMap;

use ckpt_data::{Roles, Target};
use ckpt_store::ParamValue;
use ckpt_train::{
    Config, Decay, EarlyStopping, FloatType, ModelKind, Monitor, Optimizer, OptimizerKind, Rate,
    Schedule,
};

use crate::error::{Error, Result, SettingsError};

/// What a model is trained with.
///
/// The kind of model, and what early stopping watches, may be left to the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub(crate) roles: Roles,
    pub(crate) float: FloatType,
    /// The kind of model, if it was said.
    model: Option<ModelKind>,
    /// What early stopping watches, if it was said, and for how long; 0 for no early stopping.
    monitor: Option<Monitor>,
    patience: u64,
    pub(crate) config: Config,
}

/// What is to be different from given settings; `None` keeps what they say.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Overrides {
    /// The column to predict.
    pub target: Option<String>,
    /// The column that says how much each row counts.
    pub weights: Option<String>,
    /// The columns that are not used; none keeps.
    pub drop: Vec<String>,
    /// The kind of model.
    pub model: Option<ModelKind>,
    /// How gradients become steps; named again, it keeps its settings.
    pub optimizer: Option<OptimizerKind>,
    /// The number of the last epoch.
    pub epochs: Option<u64>,
    /// The step size.
    pub rate: Option<Rate>,
    /// How the step size falls.
    pub decline: Option<Decline>,
    /// Epochs through which the step size rises to its value.
    pub warmup: Option<u64>,
    /// Rows per step.
    pub batch: Option<usize>,
    /// The penalty on squared weights.
    pub l2: Option<f64>,
    /// How much AdamW shrinks weights, per unit of rate.
    pub weight_decay: Option<f64>,
    /// The norm of the gradient at which training stops; 0 for never.
    pub tolerance: Option<f64>,
    /// Epochs in a row without a better validation metric after which training stops; 0 for never.
    pub patience: Option<u64>,
    /// The metric that patience is for.
    pub monitor: Option<Monitor>,
    /// The part of the rows held out for validation.
    pub val_fraction: Option<f64>,
    /// Decides the split of the rows and the order of batches.
    pub seed: Option<u64>,
    /// The float type of data and model.
    pub float: Option<FloatType>,
}

/// How the step size falls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decline {
    /// As said.
    Decay(Decay),
    /// By a cosine to zero over all epochs after the warm-up, however many there are.
    CosineToEnd,
}

impl Settings {
    /// Returns these settings with some of them changed.
    ///
    /// # Errors
    /// Settings that are out of range or contradict each other.
    pub fn with(&self, overrides: &Overrides) -> Result<Self> {
        let before = &self.config;
        let epochs = overrides.epochs.unwrap_or(before.epochs);
        let warmup = overrides.warmup.unwrap_or(before.schedule.warmup);
        let decay = match overrides.decline {
            // The length is then on record as a number.
            Some(Decline::CosineToEnd) => {
                Decay::Cosine { epochs: epochs.saturating_sub(warmup).max(1), floor: 0.0 }
            }
            Some(Decline::Decay(decay)) => decay,
            None => before.schedule.decay,
        };
        let config = Config {
            optimizer: optimizer(overrides, before)?,
            batch: overrides.batch.or(before.batch),
            rate: overrides.rate.unwrap_or(before.rate),
            schedule: Schedule { warmup, decay },
            epochs,
            l2: overrides.l2.unwrap_or(before.l2),
            tolerance: overrides.tolerance.unwrap_or(before.tolerance),
            val_fraction: overrides.val_fraction.unwrap_or(before.val_fraction),
            seed: overrides.seed.unwrap_or(before.seed),
            ..*before
        };
        let patience = overrides.patience.unwrap_or(self.patience);
        if overrides.monitor.is_some() && patience == 0 {
            return Err(SettingsError::MonitorWithoutPatience.into());
        }
        config.check().map_err(SettingsError::from)?;
        let model = overrides.model.or(self.model);
        let mut drop = overrides.drop.clone();
        drop.sort();
        drop.dedup();
        if drop.is_empty() {
            drop.clone_from(&self.roles.drop);
        }
        Ok(Self {
            roles: Roles {
                target: overrides.target.clone().or_else(|| self.roles.target.clone()),
                kind: target_of(model),
                weights: overrides.weights.clone().or_else(|| self.roles.weights.clone()),
                drop,
            },
            float: overrides.float.unwrap_or(self.float),
            model,
            monitor: overrides.monitor.or(self.monitor),
            patience,
            config,
        })
    }

    /// Returns what the trainer is told.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns what the columns of the data are for.
    pub const fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Returns the float type of data and model.
    pub const fn float(&self) -> FloatType {
        self.float
    }

    /// Settles what depends on the data: the model, and what early stopping watches.
    pub(crate) fn settle(&mut self, classes: Option<usize>) -> Result<()> {
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
        Ok(self.config.check().map_err(SettingsError::from)?)
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
    pub(crate) fn check_resumable(&self, recorded: &Self) -> Result<()> {
        let (now, before) = (&self.config, &recorded.config);
        let fixed = [
            ("target", self.roles.target != recorded.roles.target),
            ("weights", self.roles.weights != recorded.roles.weights),
            ("drop", self.roles.drop != recorded.roles.drop),
            ("model", self.model != recorded.model),
            ("dtype", self.float != recorded.float),
            ("optimizer", now.optimizer.kind() != before.optimizer.kind()),
            ("batch", now.batch != before.batch),
            ("val_fraction", now.val_fraction.to_bits() != before.val_fraction.to_bits()),
            ("seed", now.seed != before.seed),
            // An automatic rate is found before the first epoch; later, the state's is kept.
            ("rate auto", now.rate == Rate::Auto && before.rate != Rate::Auto),
            ("monitor", recorded.patience > 0 && self.monitor != recorded.monitor),
        ];
        match fixed.into_iter().find(|(_, has_changed)| *has_changed) {
            Some((setting, _)) => Err(SettingsError::Fixed(setting).into()),
            None => Ok(()),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            roles: Roles::default(),
            float: FloatType::F64,
            model: None,
            monitor: None,
            patience: 0,
            config: Config::default(),
        }
    }
}

/// The optimizer that is named, with the settings that are named.
fn optimizer(overrides: &Overrides, before: &Config) -> Result<Optimizer> {
    let optimizer = match overrides.optimizer {
        Some(kind) if kind != before.optimizer.kind() => usual(kind)?,
        _ => before.optimizer,
    };
    match (optimizer, overrides.weight_decay) {
        (optimizer, None) => Ok(optimizer),
        (Optimizer::AdamW { beta1, beta2, eps, .. }, Some(decay)) => {
            Ok(Optimizer::AdamW { beta1, beta2, eps, decay })
        }
        (other, Some(_)) => Err(SettingsError::Decay(other.kind()).into()),
    }
}

/// The optimizers with their usual settings.
const USUAL: [Optimizer; 8] = [
    Optimizer::Gd,
    Optimizer::Nesterov,
    Optimizer::Sgd,
    Optimizer::MOMENTUM,
    Optimizer::ADAM,
    Optimizer::ADAMW,
    Optimizer::LBFGS,
    Optimizer::Exact,
];

fn usual(kind: OptimizerKind) -> Result<Optimizer> {
    let known = USUAL.into_iter().find(|optimizer| optimizer.kind() == kind);
    known.ok_or(Error::Parameter(name::OPTIMIZER))
}

fn target_of(model: Option<ModelKind>) -> Target {
    match model {
        None => Target::Auto,
        Some(model) if model.is_classifier() => Target::Classes,
        Some(_) => Target::Number,
    }
}

// How versions record settings, and how they are read back.

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

/// What the parameter of the rate holds where it was derived from the data.
const AUTO: &str = "auto";

/// What a version's environment calls the number of epochs that were planned, and when training
/// would have stopped before.
const EPOCHS: &str = "train.epochs";
const TOLERANCE: &str = "train.tolerance";
const PATIENCE: &str = "train.patience";
const MONITOR: &str = "train.monitor";

type Params = BTreeMap<String, ParamValue>;
type Facts = BTreeMap<String, String>;

/// Returns the number of the epoch that a version of a run holds.
pub(crate) fn recorded_epoch(params: &Params) -> Option<u64> {
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
            (name::DTYPE, text(&self.float.to_string())),
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
    pub(crate) fn of_version(params: &Params, seed: u64, facts: &Facts) -> Result<Self> {
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
    fn settings(&self, seed: u64) -> Result<Settings> {
        let model = self.choice(name::MODEL, &ModelKind::ALL)?;
        let optimizer = match usual(self.choice(name::OPTIMIZER, &OptimizerKind::ALL)?)? {
            Optimizer::AdamW { beta1, beta2, eps, .. } => {
                Optimizer::AdamW { beta1, beta2, eps, decay: self.number(name::DECAY)? }
            }
            optimizer => optimizer,
        };
        let decay = match self.0.get(name::SCHEDULE) {
            Some(_) => {
                let schedule = self.text(name::SCHEDULE)?.parse();
                schedule.map_err(|_| Error::Parameter(name::SCHEDULE))?
            }
            None => Schedule::default().decay,
        };
        let config = Config {
            model,
            optimizer,
            batch: self.count(name::BATCH)?.map(rows),
            rate: self.rate()?,
            schedule: Schedule { warmup: self.count(name::WARMUP)?.unwrap_or_default(), decay },
            l2: self.number(name::L2)?,
            val_fraction: self.number(name::VAL_FRACTION)?,
            seed,
            ..Config::default()
        };
        Ok(Settings {
            roles: self.roles(target_of(Some(model)))?,
            float: self.choice(name::DTYPE, &[FloatType::F32, FloatType::F64])?,
            model: Some(model),
            config,
            ..Settings::default()
        })
    }

    fn roles(&self, kind: Target) -> Result<Roles> {
        let weights = self.0.contains_key(name::WEIGHTS).then(|| self.text(name::WEIGHTS));
        let dropped = self.0.keys().filter_map(|name| name.strip_prefix(name::DROP));
        Ok(Roles {
            target: Some(self.text(name::TARGET)?.to_owned()),
            kind,
            weights: weights.transpose()?.map(str::to_owned),
            drop: dropped.map(str::to_owned).collect(),
        })
    }

    fn rate(&self) -> Result<Rate> {
        match self.0.get(name::RATE) {
            None => Ok(Rate::Auto),
            Some(ParamValue::Text(auto)) if auto == AUTO => Ok(Rate::Auto),
            Some(_) => Ok(Rate::Fixed(self.number(name::RATE)?)),
        }
    }

    fn text(&self, name: &'static str) -> Result<&str> {
        match self.0.get(name) {
            Some(ParamValue::Text(text)) => Ok(text),
            _ => Err(Error::Parameter(name)),
        }
    }

    fn number(&self, name: &'static str) -> Result<f64> {
        match self.0.get(name) {
            Some(ParamValue::Float(number)) => Ok(*number),
            _ => Err(Error::Parameter(name)),
        }
    }

    fn count(&self, name: &'static str) -> Result<Option<u64>> {
        match self.0.get(name) {
            None => Ok(None),
            Some(ParamValue::Int(count)) => {
                u64::try_from(*count).map(Some).map_err(|_| Error::Parameter(name))
            }
            Some(_) => Err(Error::Parameter(name)),
        }
    }

    /// Finds the choice that is on record by its name.
    fn choice<C: Copy + ToString>(&self, name: &'static str, choices: &[C]) -> Result<C> {
        let text = self.text(name)?;
        let choice = choices.iter().find(|choice| choice.to_string() == text);
        choice.copied().ok_or(Error::Parameter(name))
    }
}

/// As many rows, or all that there can be.
fn rows(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(change: impl FnOnce(&mut Overrides)) -> Overrides {
        let mut overrides = Overrides::default();
        change(&mut overrides);
        overrides
    }

    fn settled(change: impl FnOnce(&mut Overrides)) -> Settings {
        let mut settings = Settings::default().with(&overrides(change)).unwrap();
        settings.settle(None).unwrap();
        settings
    }

    #[test]
    fn what_is_on_record_is_read_back() {
        let settings = settled(|change| {
            change.optimizer = Some(OptimizerKind::AdamW);
            change.weight_decay = Some(0.25);
            change.decline = Some(Decline::CosineToEnd);
            (change.warmup, change.epochs, change.batch) = (Some(2), Some(12), Some(16));
            (change.patience, change.tolerance) = (Some(3), Some(1e-9));
            change.drop = vec!["b".to_owned(), "a".to_owned(), "b".to_owned()];
            (change.float, change.seed) = (Some(FloatType::F32), Some(7));
        });
        let mut facts = Facts::new();
        settings.put_plan(&mut facts);
        let mut read = Settings::of_version(&settings.params(5, "y"), 7, &facts).unwrap();
        assert_eq!(read.roles.target.as_deref(), Some("y"));
        assert_eq!(read.roles.drop, ["a", "b"]);
        assert_eq!(recorded_epoch(&settings.params(5, "y")), Some(5));
        read.settle(None).unwrap();
        assert_eq!(read.config, settings.config);
        assert_eq!(read.float, FloatType::F32);
    }

    #[test]
    fn every_optimizer_has_its_usual_settings() {
        for kind in OptimizerKind::ALL {
            assert_eq!(usual(kind).unwrap().kind(), kind);
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let refuse = |change: &dyn Fn(&mut Overrides)| {
            let refused = Settings::default().with(&overrides(change)).unwrap_err();
            let Error::Settings(error) = refused else { panic!("{refused}") };
            error
        };
        let watched = refuse(&|change| change.monitor = Some(Monitor::usual(ModelKind::Linear)));
        assert_eq!(watched, SettingsError::MonitorWithoutPatience);
        let decay = refuse(&|change| change.weight_decay = Some(0.1));
        assert_eq!(decay, SettingsError::Decay(Config::default().optimizer.kind()));
        assert!(matches!(refuse(&|change| change.epochs = Some(0)), SettingsError::Config(_)));
    }

    #[test]
    fn what_the_state_depends_on_stays() {
        let recorded = settled(|_| {});
        let more = recorded.with(&overrides(|change| change.epochs = Some(500))).unwrap();
        assert!(more.check_resumable(&recorded).is_ok());
        assert!(more.decides_as(&recorded), "when training stops decides nothing");
        let other = recorded.with(&overrides(|change| change.seed = Some(9))).unwrap();
        let refused = other.check_resumable(&recorded).unwrap_err();
        assert_eq!(refused.to_string(), "seed cannot change when training goes on");
        assert!(!other.decides_as(&recorded));
    }
}
