//! Which update rule, with its settings.

use std::fmt::{self, Display};

use super::{ConfigError, not_negative, positive, unit_interval};

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
    /// Mini-batch gradient descent: `w -= a g`, once per batch. The gradient of a short last batch is
    /// multiplied by the part of a batch that it is, here and in all optimizers with batches.
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
    /// Adam with weight decay apart from the gradient: before each step of Adam, weights, but not
    /// biases, are multiplied by `1 - a decay` (Loshchilov and Hutter, "Decoupled weight decay
    /// regularization", 2019).
    AdamW {
        /// Decay of the mean of gradients, in `0..1`.
        beta1: f64,
        /// Decay of the mean of squared gradients, in `0..1`.
        beta2: f64,
        /// Added to the root of the second moment, positive.
        eps: f64,
        /// How much weights shrink, per unit of rate; not negative. An automatic rate, which has the
        /// unit of the targets, counts in parts of their root mean square here.
        decay: f64,
    },
    /// Limited-memory BFGS on all rows (Nocedal and Wright, "Numerical Optimization", 2006,
    /// algorithm 7.4), its steps found by a line search for the Wolfe conditions; an epoch is one
    /// step. Training stops where no step lowers the loss any further in the data's precision.
    LBfgs {
        /// How many steps are remembered, at least 1.
        history: usize,
    },
    /// The least squares solution of linear regression, in one epoch; see
    /// [`closed_form`](crate::closed_form).
    Exact,
}

impl Optimizer {
    /// Momentum with its usual `beta` of 0.9.
    pub const MOMENTUM: Self = Self::Momentum { beta: 0.9 };

    /// Adam with the settings of its paper: 0.9, 0.999 and 1e-8.
    pub const ADAM: Self = Self::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 };

    /// AdamW with Adam's settings and a decay of 0.01, as its paper has them.
    pub const ADAMW: Self = Self::AdamW { beta1: 0.9, beta2: 0.999, eps: 1e-8, decay: 0.01 };

    /// L-BFGS with a history of 10 steps.
    pub const LBFGS: Self = Self::LBfgs { history: 10 };

    /// Returns which optimizer it is, without its settings.
    pub fn kind(&self) -> OptimizerKind {
        match self {
            Self::Gd => OptimizerKind::Gd,
            Self::Nesterov => OptimizerKind::Nesterov,
            Self::Sgd => OptimizerKind::Sgd,
            Self::Momentum { .. } => OptimizerKind::Momentum,
            Self::Adam { .. } => OptimizerKind::Adam,
            Self::AdamW { .. } => OptimizerKind::AdamW,
            Self::LBfgs { .. } => OptimizerKind::LBfgs,
            Self::Exact => OptimizerKind::Exact,
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
    /// [`Optimizer::AdamW`]
    AdamW,
    /// [`Optimizer::LBfgs`]
    LBfgs,
    /// [`Optimizer::Exact`]
    Exact,
}

impl OptimizerKind {
    /// All kinds; a kind's place is its number in saved states, so new ones come last.
    pub const ALL: [Self; 8] = [
        Self::Gd,
        Self::Nesterov,
        Self::Sgd,
        Self::Momentum,
        Self::Adam,
        Self::AdamW,
        Self::LBfgs,
        Self::Exact,
    ];

    /// Whether steps are one rate long, or as long as a rate says.
    pub fn has_rate(self) -> bool {
        !matches!(self, Self::LBfgs | Self::Exact)
    }

    /// Whether steps can be taken on batches.
    pub fn has_batches(self) -> bool {
        matches!(self, Self::Sgd | Self::Momentum | Self::Adam | Self::AdamW)
    }
}

impl Display for OptimizerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gd => "gd",
            Self::Nesterov => "nesterov",
            Self::Sgd => "sgd",
            Self::Momentum => "momentum",
            Self::Adam => "adam",
            Self::AdamW => "adamw",
            Self::LBfgs => "lbfgs",
            Self::Exact => "exact",
        })
    }
}

impl Optimizer {
    /// Checks that every setting is in its range.
    pub(crate) fn check(self) -> Result<(), ConfigError> {
        let adam = |beta1, beta2, eps| {
            unit_interval("beta1", beta1)?;
            unit_interval("beta2", beta2)?;
            positive("eps", eps)
        };
        match self {
            Self::Momentum { beta } => unit_interval("beta", beta),
            Self::Adam { beta1, beta2, eps } => adam(beta1, beta2, eps),
            Self::AdamW { beta1, beta2, eps, decay } => {
                adam(beta1, beta2, eps)?;
                not_negative("decay", decay)
            }
            Self::LBfgs { history: 0 } => {
                Err(ConfigError::Range { name: "history", value: 0.0, range: "at least 1" })
            }
            Self::Gd | Self::Nesterov | Self::Sgd | Self::LBfgs { .. } | Self::Exact => Ok(()),
        }
    }
}
