//! The choices that flags name and records hold.

use std::fmt;

use ckpt_train::{ModelKind, Optimizer};

/// The kinds of models that can be trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ModelName {
    /// Linear regression
    Linear,
    /// Logistic regression of two classes
    Logistic,
    /// Softmax regression of any number of classes
    Softmax,
}

impl ModelName {
    pub(super) fn kind(self) -> ModelKind {
        match self {
            Self::Linear => ModelKind::Linear,
            Self::Logistic => ModelKind::Logistic,
            Self::Softmax => ModelKind::Softmax,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum OptimizerName {
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
    /// Adam with weight decay apart from the gradient
    #[value(name = "adamw")]
    AdamW,
    /// L-BFGS with a line search, on all rows
    #[value(name = "lbfgs")]
    LBfgs,
    /// The least squares solution of linear regression, in one epoch
    Exact,
}

impl OptimizerName {
    pub(super) fn optimizer(self) -> Optimizer {
        match self {
            Self::Gd => Optimizer::Gd,
            Self::Nesterov => Optimizer::Nesterov,
            Self::Sgd => Optimizer::Sgd,
            Self::Momentum => Optimizer::MOMENTUM,
            Self::Adam => Optimizer::ADAM,
            Self::AdamW => Optimizer::ADAMW,
            Self::LBfgs => Optimizer::LBFGS,
            Self::Exact => Optimizer::Exact,
        }
    }
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
