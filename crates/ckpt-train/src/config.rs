//! Settings of a run: unchecked as given, checked at one door.

use std::fmt::{self, Display};

use crate::error::ConfigError;

/// Rows per step of [`Optimizer::Sgd`] when no batch size is given: small enough to be stochastic
/// on a few hundred rows.
const DEFAULT_SGD_BATCH: usize = 32;

/// Selects how a gradient becomes a step. `g` is the gradient, `a` the rate, `w` the parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Optimizer {
    /// Full-batch gradient descent: `w -= a g`.
    Gd,
    /// Nesterov's accelerated gradient on all rows, with restarts: momentum is dropped whenever it
    /// points uphill, `g . (w_k - w_(k-1)) > 0` (O'Donoghue and Candes, "Adaptive restart for
    /// accelerated gradient schemes", 2015). With `t` starting at 1 and `y = w`:
    /// `w' = y - a g(y)`, `t' = (1 + sqrt(1 + 4 t^2)) / 2`, `y = w' + (t - 1) / t' (w' - w)`.
    Nesterov,
    /// Mini-batch gradient descent: `w -= a g`, once per batch.
    Sgd,
    /// Heavy-ball momentum: `v = beta v + g`, `w -= a v`.
    Momentum {
        /// How much velocity is kept, in `0..1`.
        beta: f64,
    },
    /// Adam (Kingma and Ba, 2015, algorithm 1).
    Adam {
        /// Decay of the mean of gradients, in `0..1`.
        beta1: f64,
        /// Decay of the mean of squared gradients, in `0..1`.
        beta2: f64,
        /// Added to the root of the second moment, positive.
        eps: f64,
    },
}

impl Optimizer {
    /// Momentum with its usual `beta` of 0.9.
    pub const MOMENTUM: Self = Self::Momentum { beta: 0.9 };

    /// Adam with the settings of its paper: 0.9, 0.999 and 1e-8.
    pub const ADAM: Self = Self::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 };

    /// Returns which optimizer it is, without its settings.
    pub fn kind(&self) -> OptimizerKind {
        match self {
            Self::Gd => OptimizerKind::Gd,
            Self::Nesterov => OptimizerKind::Nesterov,
            Self::Sgd => OptimizerKind::Sgd,
            Self::Momentum { .. } => OptimizerKind::Momentum,
            Self::Adam { .. } => OptimizerKind::Adam,
        }
    }
}

/// Names an [`Optimizer`]; displayed in lower case (`gd`, `nesterov`, ...).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptimizerKind {
    /// [`Optimizer::Gd`]
    Gd,
    /// [`Optimizer::Nesterov`]
    Nesterov,
    /// [`Optimizer::Sgd`]
    Sgd,
    /// [`Optimizer::Momentum`]
    Momentum,
    /// [`Optimizer::Adam`]
    Adam,
}

impl OptimizerKind {
    /// All kinds; a kind's place is its number in saved states, so new ones come last.
    pub const ALL: [Self; 5] = [Self::Gd, Self::Nesterov, Self::Sgd, Self::Momentum, Self::Adam];
}

impl Display for OptimizerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gd => "gd",
            Self::Nesterov => "nesterov",
            Self::Sgd => "sgd",
            Self::Momentum => "momentum",
            Self::Adam => "adam",
        })
    }
}

/// Sets the step size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// Derived from the data, before the first epoch, and kept in the state.
    ///
    /// `L` is the loss's largest curvature, estimated by 20 steps of the power method from a fixed
    /// random start. These approach `L` from below, so the estimate is raised by 5 %; gradient
    /// descent tolerates an `L` that is short by half, Nesterov by a quarter.
    ///
    /// - `Gd`, `Nesterov`, and `Momentum` on all rows: `1 / L`.
    /// - `Sgd` with batches of `B` among `n` rows: `1 / (2 S)`, where
    ///   `S = (n (B - 1) L + (n - B) L_max) / (B (n - 1))` is the expected smoothness and `L_max`
    ///   the largest curvature of a single row's loss (Gower et al., "SGD: general analysis and
    ///   improved rates", 2019).
    /// - `Momentum` with batches: `(1 - beta) / (2 S)`, since velocity multiplies a lasting
    ///   gradient by `1 / (1 - beta)`.
    /// - `Adam`: a twentieth of the targets' root mean square (0.001 if that is zero), divided by
    ///   the square root of the steps per epoch. A step of Adam is about one rate long in each
    ///   parameter, and parameters have the targets' unit; the root keeps the noise that batches
    ///   leave in the parameters alike for all batch sizes.
    Auto,
    /// This step size: positive and finite.
    Fixed(f64),
}

/// The settings of a run. See [`Config::default`] for the defaults.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// How gradients become steps.
    pub optimizer: Optimizer,
    /// Rows per step of `Sgd`, `Momentum` and `Adam`: at least 1; more than there are means all.
    /// `None` means 32 for `Sgd` and all rows for the others.
    pub batch: Option<usize>,
    /// The step size.
    pub rate: Rate,
    /// The number of the last epoch, at least 1; a resumed run counts on from its state.
    pub epochs: u64,
    /// The penalty on squared weights, not negative; see the crate's documentation for the loss.
    pub l2: f64,
    /// Training stops after an epoch whose weights have a full gradient of at most this 2-norm, in
    /// the coordinates of the loss (bias included). 0 means never.
    pub tolerance: f64,
    /// The part of the rows set aside for validation, in `0..1`; of `n` rows it is `n` times this,
    /// rounded half away from zero, but one row is always left for training.
    pub val_fraction: f64,
    /// The seed of the row split and of the batch order.
    pub seed: u64,
    /// Whether features are centred and scaled to unit (population) standard deviation while
    /// training. Models always apply to raw features.
    pub standardize: bool,
}

impl Default for Config {
    /// 100 epochs of Nesterov at an automatic rate on standardised features, no penalty, no
    /// tolerance, a fifth of the rows for validation, seed 0.
    fn default() -> Self {
        Self {
            optimizer: Optimizer::Nesterov,
            batch: None,
            rate: Rate::Auto,
            epochs: 100,
            l2: 0.0,
            tolerance: 0.0,
            val_fraction: 0.2,
            seed: 0,
            standardize: true,
        }
    }
}

impl Config {
    /// Checks that every setting is in its range.
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
        match self.optimizer {
            Optimizer::Gd | Optimizer::Nesterov | Optimizer::Sgd => {}
            Optimizer::Momentum { beta } => unit_interval("beta", beta)?,
            Optimizer::Adam { beta1, beta2, eps } => {
                unit_interval("beta1", beta1)?;
                unit_interval("beta2", beta2)?;
                positive("eps", eps)?;
            }
        }
        Ok(Checked { batch: self.checked_batch()?, config: self })
    }

    fn checked_batch(&self) -> Result<Option<usize>, ConfigError> {
        match (self.optimizer, self.batch) {
            (_, Some(0)) => {
                Err(ConfigError::Range { name: "batch", value: 0.0, range: "at least 1" })
            }
            (Optimizer::Gd | Optimizer::Nesterov, Some(_)) => {
                Err(ConfigError::BatchNotUsed { optimizer: self.optimizer.kind() })
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

fn positive(name: &'static str, value: f64) -> Result<(), ConfigError> {
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
    fn full_batch_methods_refuse_a_batch_size() {
        let config = Config { batch: Some(32), ..Config::default() };
        assert_eq!(
            config.check().unwrap_err().to_string(),
            "nesterov takes all rows at each step, so it has no batch size"
        );
    }
}
