//! What can be wrong with settings.

use super::{ModelKind, Monitor, OptimizerKind};

/// Says which setting is out of its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number lies outside its range.
    #[error("{name} is {value}, but must be {range}")]
    Range {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        range: &'static str,
    },
    /// A batch size was given to an optimizer that always takes all rows.
    #[error("{optimizer} takes all rows at each step, so it has no batch size")]
    BatchNotUsed {
        /// The optimizer.
        optimizer: OptimizerKind,
    },
    /// A rate or a schedule was given to an optimizer that finds its own steps.
    #[error("{optimizer} finds its own steps, so it has no rate and no schedule")]
    RateNotUsed {
        /// The optimizer.
        optimizer: OptimizerKind,
    },
    /// The exact solution was asked for where there is none.
    #[error("{model} regression has no exact solution; use lbfgs")]
    NotExact {
        /// The model.
        model: ModelKind,
    },
    /// The exact solution was asked for of a model of one's own.
    #[error("only linear regression has an exact solution; use lbfgs")]
    ExactRule,
    /// Text that is no schedule.
    #[error("'{text}' is no schedule; use constant, step:EVERY:FACTOR or cosine:EPOCHS[:FLOOR]")]
    Schedule {
        /// The text.
        text: String,
    },
    /// Text that names no validation metric.
    #[error(
        "'{name}' cannot be watched; use val_mse, val_mae, val_r2, val_cross_entropy, val_accuracy or val_macro_f1"
    )]
    UnknownMonitor {
        /// The text.
        name: String,
    },
    /// The metric to watch is one of other models.
    #[error("{model} regression has no metric {monitor}")]
    Monitor {
        /// The metric.
        monitor: Monitor,
        /// The model.
        model: ModelKind,
    },
    /// Early stopping without validation.
    #[error("early stopping needs validation rows, but val_fraction is 0")]
    NoValidation,
    /// A model of classes for numbers, or of numbers for classes.
    #[error("{model} regression predicts {}", if model.is_classifier() { "classes, but the targets are numbers" } else { "numbers, but the targets are classes" })]
    Targets {
        /// The model.
        model: ModelKind,
    },
    /// Logistic regression of more than two classes.
    #[error("logistic regression tells two classes apart, but there are {classes}; use softmax")]
    TwoClasses {
        /// The number of classes.
        classes: usize,
    },
}
