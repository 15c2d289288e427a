//! Settings of a run: unchecked as given, checked at one door.

mod error;
mod optimizer;
mod schedule;
mod stopping;

use std::fmt::{self, Display};

pub use error::ConfigError;
pub use optimizer::{Optimizer, OptimizerKind};
pub use schedule::{Decay, Schedule};
pub use stopping::{EarlyStopping, Monitor};

use crate::kernel::Loss;

/// Rows per step of [`Optimizer::Sgd`] when no batch size is given: small enough to be stochastic
/// on a few hundred rows.
const DEFAULT_SGD_BATCH: usize = 32;

/// Names a model: what is made of the margins `z = w x + b` of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelKind {
    /// Linear regression: the margin is the prediction, half its squared error the loss.
    #[default]
    Linear,
    /// Logistic regression of two classes: `p = 1 / (1 + exp(-z))` is the probability of class 1,
    /// its cross-entropy the loss.
    Logistic,
    /// Softmax regression of two or more classes: `p_c = exp(z_c) / sum_k exp(z_k)`, with a line of
    /// weights and a bias for each class; the cross-entropy is the loss.
    Softmax,
}

impl ModelKind {
    /// All kinds; a kind's place is its number in saved states, so new ones come last.
    pub const ALL: [Self; 3] = [Self::Linear, Self::Logistic, Self::Softmax];

    /// Whether it predicts classes.
    pub fn is_classifier(self) -> bool {
        self != Self::Linear
    }

    /// Checks that it fits targets of this many classes; none means numbers.
    pub(crate) fn check_targets(self, classes: usize) -> Result<(), ConfigError> {
        match (self, classes) {
            (Self::Linear, 0) | (Self::Logistic, 2) | (Self::Softmax, 1..) => Ok(()),
            (Self::Logistic, 1..) => Err(ConfigError::TwoClasses { classes }),
            (Self::Linear, 1..) | (_, 0) => Err(ConfigError::Targets { model: self }),
        }
    }

    /// The loss of this many classes.
    pub(crate) fn loss(self, classes: usize) -> Loss {
        match self {
            Self::Linear => Loss::Squared,
            Self::Logistic => Loss::Logistic,
            Self::Softmax => Loss::Softmax(classes),
        }
    }
}

impl Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linear => "linear",
            Self::Logistic => "logistic",
            Self::Softmax => "softmax",
        })
    }
}

/// Sets the step size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// Derived from the data, before the first epoch, and kept in the state.
    ///
    /// `L` is the loss's largest curvature: the largest eigenvalue of the mean of `z z^T`, where `z` is
    /// a standardised row and a one, times 1 for linear, 1/4 for logistic and 1/2 for softmax
    /// regression, plus the penalty. It is estimated by 20 steps of the power method from a fixed
    /// random start. These approach `L` from below, so the estimate is raised by 5 %; gradient
    /// descent tolerates an `L` that is short by half, Nesterov by a quarter.
    ///
    /// - `LBfgs` finds its own steps, and `Exact` needs none.
    /// - `Gd`, `Nesterov`, and `Momentum` on all rows: `1 / L`.
    /// - `Sgd` with batches of `B` among `n` rows: `1 / (2 S)`, where
    ///   `S = (n (B - 1) L + (n - B) L_max) / (B (n - 1))` is the expected smoothness and `L_max`
    ///   the largest curvature of a single row's loss (Gower et al., "SGD: general analysis and
    ///   improved rates", 2019).
    /// - `Momentum` with batches: `(1 - beta) / (2 S)`, since velocity multiplies a lasting
    ///   gradient by `1 / (1 - beta)`.
    /// - `Adam` and `AdamW`: a twentieth of the targets' root mean square (0.001 if that is zero), or
    ///   a twentieth for classifiers, divided by
    ///   the square root of the steps per epoch. A step of Adam is about one rate long in each
    ///   parameter, and parameters have the targets' unit (margins none); the root keeps the noise that batches
    ///   leave in the parameters alike for all batch sizes.
    Auto,
    /// This step size: positive and finite.
    Fixed(f64),
}

/// The settings of a run. See [`Config::default`] for the defaults.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// What is fitted.
    pub model: ModelKind,
    /// How gradients become steps.
    pub optimizer: Optimizer,
    /// Rows per step of `Sgd`, `Momentum`, `Adam` and `AdamW`: at least 1; more than there are means
    /// all. `None` means 32 for `Sgd` and all rows for the others.
    pub batch: Option<usize>,
    /// The step size.
    pub rate: Rate,
    /// How the step size changes from epoch to epoch.
    pub schedule: Schedule,
    /// The number of the last epoch, at least 1; a resumed run counts on from its state.
    pub epochs: u64,
    /// The penalty on squared weights, not negative; see the crate's documentation for the loss.
    pub l2: f64,
    /// Training stops after an epoch whose weights have a full gradient of at most this 2-norm, in
    /// the coordinates of the loss (bias included). 0 means never.
    pub tolerance: f64,
    /// Whether training stops when validation does not improve.
    pub early_stopping: Option<EarlyStopping>,
    /// The part of the rows held out for validation, in `0..1`; of `n` rows it is `n` times this,
    /// rounded half away from zero, but one row is always left for training.
    pub val_fraction: f64,
    /// The seed of the row split and of the batch order.
    pub seed: u64,
    /// Whether features are centred and scaled to unit (population) standard deviation while
    /// training. Models always apply to raw features.
    pub standardize: bool,
}

impl Default for Config {
    /// Linear regression by 100 epochs of Nesterov at an automatic, constant rate on standardised
    /// features, no penalty, no tolerance, a fifth of the rows for validation, seed 0.
    fn default() -> Self {
        Self {
            model: ModelKind::Linear,
            optimizer: Optimizer::Nesterov,
            batch: None,
            rate: Rate::Auto,
            schedule: Schedule::default(),
            epochs: 100,
            l2: 0.0,
            tolerance: 0.0,
            early_stopping: None,
            val_fraction: 0.2,
            seed: 0,
            standardize: true,
        }
    }
}

impl Config {
    /// Checks that every setting is in its range and has a use.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for the first that is not.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.checked().map(drop)
    }

    /// The one door from unchecked to checked.
    pub(crate) fn checked(self) -> Result<Checked, ConfigError> {
        if self.epochs == 0 {
            return Err(ConfigError::Range { name: "epochs", value: 0.0, range: "at least 1" });
        }
        if let Rate::Fixed(rate) = self.rate {
            positive("rate", rate)?;
        }
        not_negative("l2", self.l2)?;
        not_negative("tolerance", self.tolerance)?;
        unit_interval("val_fraction", self.val_fraction)?;
        self.optimizer.check()?;
        self.schedule.check()?;
        if let Some(stopping) = self.early_stopping {
            stopping.check(self.model, self.val_fraction)?;
        }
        let optimizer = self.optimizer.kind();
        if self.optimizer == Optimizer::Exact && self.model != ModelKind::Linear {
            return Err(ConfigError::NotExact { model: self.model });
        }
        let has_rate = self.rate != Rate::Auto || self.schedule != Schedule::default();
        if has_rate && !optimizer.has_rate() {
            return Err(ConfigError::RateNotUsed { optimizer });
        }
        Ok(Checked { batch: self.checked_batch()?, config: self })
    }

    fn checked_batch(&self) -> Result<Option<usize>, ConfigError> {
        let optimizer = self.optimizer.kind();
        match (self.optimizer, self.batch) {
            (_, Some(0)) => {
                Err(ConfigError::Range { name: "batch", value: 0.0, range: "at least 1" })
            }
            (_, Some(_)) if !optimizer.has_batches() => {
                Err(ConfigError::BatchNotUsed { optimizer })
            }
            (Optimizer::Sgd, None) => Ok(Some(DEFAULT_SGD_BATCH)),
            (_, batch) => Ok(batch),
        }
    }
}

/// A configuration in range.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) config: Config,
    /// Rows per step; `None` for all.
    pub(crate) batch: Option<usize>,
}

pub(crate) fn positive(name: &'static str, value: f64) -> Result<(), ConfigError> {
    let fits = value.is_finite() && value > 0.0;
    in_range(name, value, fits, "positive and finite")
}

pub(crate) fn not_negative(name: &'static str, value: f64) -> Result<(), ConfigError> {
    let fits = value.is_finite() && value >= 0.0;
    in_range(name, value, fits, "at least 0 and finite")
}

fn unit_interval(name: &'static str, value: f64) -> Result<(), ConfigError> {
    in_range(name, value, (0.0..1.0).contains(&value), "at least 0 and less than 1")
}

fn in_range(
    name: &'static str,
    value: f64,
    fits: bool,
    range: &'static str,
) -> Result<(), ConfigError> {
    if fits { Ok(()) } else { Err(ConfigError::Range { name, value, range }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_in_range() {
        Config::default().check().unwrap();
    }

    /// The setting named by the error that a change to the default makes.
    fn refused(change: impl FnOnce(&mut Config)) -> &'static str {
        let mut config = Config::default();
        change(&mut config);
        match config.check() {
            Err(ConfigError::Range { name, .. }) => name,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_setting_has_its_range() {
        assert_eq!(refused(|c| c.epochs = 0), "epochs");
        assert_eq!(refused(|c| c.rate = Rate::Fixed(0.0)), "rate");
        assert_eq!(refused(|c| c.rate = Rate::Fixed(f64::NAN)), "rate");
        assert_eq!(refused(|c| c.l2 = -1e-9), "l2");
        assert_eq!(refused(|c| c.tolerance = f64::INFINITY), "tolerance");
        assert_eq!(refused(|c| c.val_fraction = 1.0), "val_fraction");
        assert_eq!(refused(|c| c.val_fraction = f64::NAN), "val_fraction");
        assert_eq!(refused(|c| c.batch = Some(0)), "batch");
    }

    #[test]
    fn every_optimizer_setting_has_its_range() {
        let adam = |beta1, beta2, eps| Optimizer::Adam { beta1, beta2, eps };
        assert_eq!(refused(|c| c.optimizer = Optimizer::Momentum { beta: 1.0 }), "beta");
        assert_eq!(refused(|c| c.optimizer = adam(-0.1, 0.9, 1e-8)), "beta1");
        assert_eq!(refused(|c| c.optimizer = adam(0.9, 1.0, 1e-8)), "beta2");
        assert_eq!(refused(|c| c.optimizer = adam(0.9, 0.999, 0.0)), "eps");
    }

    #[test]
    fn what_has_no_use_is_refused() {
        let refused = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            config.check().unwrap_err().to_string()
        };
        let lbfgs = refused(|c| (c.optimizer, c.rate) = (Optimizer::LBFGS, Rate::Fixed(0.1)));
        assert_eq!(lbfgs, "lbfgs finds its own steps, so it has no rate and no schedule");
        let exact = refused(|c| (c.optimizer, c.model) = (Optimizer::Exact, ModelKind::Softmax));
        assert_eq!(exact, "softmax regression has no exact solution; use lbfgs");
        let stopping = |monitor| Some(EarlyStopping { monitor, patience: 3 });
        let monitor = stopping(Monitor::Accuracy);
        assert_eq!(
            Config { early_stopping: monitor, ..Config::default() }
                .check()
                .unwrap_err()
                .to_string(),
            "linear regression has no metric val_accuracy"
        );
        let monitor = stopping(Monitor::Mse);
        let config = Config { early_stopping: monitor, val_fraction: 0.0, ..Config::default() };
        assert_eq!(
            config.check().unwrap_err().to_string(),
            "early stopping needs validation rows, but val_fraction is 0"
        );
    }

    #[test]
    fn full_batch_methods_refuse_a_batch_size() {
        let config = Config { batch: Some(32), ..Config::default() };
        assert_eq!(
            config.check().unwrap_err().to_string(),
            "nesterov takes all rows at each step, so it has no batch size"
        );
    }
}
