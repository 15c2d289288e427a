//! When training stops because validation says so.

use std::fmt::{self, Display};
use std::str::FromStr;

use super::{ConfigError, ModelKind};

/// Stops training after `patience` epochs in a row in which a validation metric did not become
/// better than ever before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EarlyStopping {
    /// The metric to watch; a resumed run that had early stopping before must watch the same, since
    /// the state holds the best value of it so far.
    pub monitor: Monitor,
    /// How many epochs without an improvement are borne, at least 1.
    pub patience: u64,
}

/// Names a validation metric; displayed as the metric's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Monitor {
    /// `val_mse`, of linear regression.
    Mse,
    /// `val_mae`, of linear regression.
    Mae,
    /// `val_r2`, of linear regression.
    R2,
    /// `val_cross_entropy`, of classifiers.
    CrossEntropy,
    /// `val_accuracy`, of classifiers.
    Accuracy,
    /// `val_macro_f1`, of classifiers.
    MacroF1,
}

impl Monitor {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Mse, Self::Mae, Self::R2, Self::CrossEntropy, Self::Accuracy, Self::MacroF1];

    /// Returns the one that is watched if none is named: `val_mse` or `val_cross_entropy`.
    pub fn usual(model: ModelKind) -> Self {
        if model.is_classifier() { Self::CrossEntropy } else { Self::Mse }
    }

    /// Returns the metric's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mse => "val_mse",
            Self::Mae => "val_mae",
            Self::R2 => "val_r2",
            Self::CrossEntropy => "val_cross_entropy",
            Self::Accuracy => "val_accuracy",
            Self::MacroF1 => "val_macro_f1",
        }
    }

    fn of_classifiers(self) -> bool {
        matches!(self, Self::CrossEntropy | Self::Accuracy | Self::MacroF1)
    }

    /// The metric with its sign chosen so that less is better.
    pub(crate) fn cost(self, value: f64) -> f64 {
        match self {
            Self::R2 | Self::Accuracy | Self::MacroF1 => -value,
            Self::Mse | Self::Mae | Self::CrossEntropy => value,
        }
    }
}

impl EarlyStopping {
    pub(super) fn check(self, model: ModelKind, val_fraction: f64) -> Result<(), ConfigError> {
        if self.patience == 0 {
            let name = "patience";
            return Err(ConfigError::Range { name, value: 0.0, range: "at least 1" });
        }
        if self.monitor.of_classifiers() != model.is_classifier() {
            return Err(ConfigError::Monitor { monitor: self.monitor, model });
        }
        if val_fraction == 0.0 {
            return Err(ConfigError::NoValidation);
        }
        Ok(())
    }
}

impl Display for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Monitor {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let known = Self::ALL.into_iter().find(|monitor| monitor.name() == text);
        known.ok_or_else(|| ConfigError::UnknownMonitor { name: text.to_owned() })
    }
}
