//! What can be wrong with an evaluation.

use std::fmt;

use crate::{MAX_BINS, MAX_CLASSES, MAX_ROWS};

/// The result of an evaluation.
pub type Result<T> = std::result::Result<T, Error>;

/// Says what is outside a metric's domain.
///
/// Rows are counted from 0 within the batch that was pushed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A report was asked of no rows.
    #[error("no rows to evaluate")]
    Empty,
    /// R² was asked of a single row, where the target has no variance to explain.
    #[error("the coefficient of determination needs at least 2 rows, not {rows}")]
    TooFewRows {
        /// The rows that were given.
        rows: u64,
    },
    /// More rows than `f64` can count were merged.
    #[error("more than {MAX_ROWS} rows cannot be counted exactly")]
    TooManyRows,
    /// Targets and predictions do not belong together.
    #[error("{targets} targets do not match {predictions} predictions")]
    LengthMismatch {
        /// The number of targets.
        targets: usize,
        /// The number of predictions.
        predictions: usize,
    },
    /// A number is NaN or infinite.
    #[error("{input} {value} in row {row} is not finite")]
    NotFinite {
        /// Where it stands.
        input: Input,
        /// Its row.
        row: usize,
        /// The number.
        value: f64,
    },
    /// A weight is NaN, infinite or negative.
    #[error("weight {value} in row {row} is not finite and at least 0")]
    NotAWeight {
        /// Its row.
        row: usize,
        /// The number.
        value: f64,
    },
    /// There is not one weight for each row.
    #[error("{weights} weights do not match {rows} rows")]
    WeightMismatch {
        /// The number of rows.
        rows: usize,
        /// The number of weights.
        weights: usize,
    },
    /// A report was asked of rows that all weigh nothing, or too much for `f64`.
    #[error("weights sum to {sum}, not to a positive finite number")]
    WeightSum {
        /// What they sum to.
        sum: f64,
    },
    /// A sum that cannot be negative or NaN was given as such.
    #[error("the sum of {what} cannot be {value}")]
    InvalidSum {
        /// What was summed.
        what: &'static str,
        /// The number.
        value: f64,
    },
    /// A probability is NaN, negative or over 1.
    #[error("probability {value} in row {row} is not in [0, 1]")]
    NotAProbability {
        /// Its row.
        row: usize,
        /// The number.
        value: f64,
    },
    /// The probabilities of one row are no distribution.
    #[error("probabilities in row {row} sum to {sum}, not to 1")]
    NotNormalized {
        /// The row.
        row: usize,
        /// What they sum to.
        sum: f64,
    },
    /// A label names no class.
    #[error("{input} label {label} in row {row} is not in 0..{classes}")]
    LabelOutOfRange {
        /// Where it stands.
        input: Input,
        /// Its row.
        row: usize,
        /// The label.
        label: i128,
        /// The number of classes.
        classes: usize,
    },
    /// A class was asked for that the accumulator does not have.
    #[error("class {class} is not in 0..{classes}")]
    NoSuchClass {
        /// The class that was asked for.
        class: usize,
        /// The number of classes.
        classes: usize,
    },
    /// A metric of two classes was asked of rows of one.
    #[error("no rows are of class {class}, without which the metric has no value")]
    MissingClass {
        /// The class that is missing.
        class: usize,
    },
    /// Scores that were stored are not in order.
    #[error("stored scores are not finite and in ascending order")]
    NotAscending,
    /// A quantile is not in \[0, 1\].
    #[error("quantile {quantile} is not in [0, 1]")]
    Quantile {
        /// The quantile.
        quantile: f64,
    },
    /// Losses of different quantiles were to be merged.
    #[error("the loss of quantile {found} does not add to that of {expected}")]
    QuantileMismatch {
        /// The quantile of the accumulator.
        expected: f64,
        /// The quantile of what was given to it.
        found: f64,
    },
    /// More of the highest scores were asked for than there are, or none.
    #[error("the {k} highest scores are not 1 to {classes}")]
    TopK {
        /// How many were asked for.
        k: usize,
        /// The number of classes.
        classes: usize,
    },
    /// Accuracies among different numbers of highest scores were to be merged.
    #[error("the accuracy among the {found} highest scores does not add to that among {expected}")]
    TopKMismatch {
        /// How many count in the accumulator.
        expected: usize,
        /// How many count in what was given to it.
        found: usize,
    },
    /// There are no bins, or more than a calibration error may have.
    #[error("{bins} bins are not in 1..={MAX_BINS}")]
    BinCount {
        /// The number of bins.
        bins: usize,
    },
    /// Two calibrations that must have the same bins do not.
    #[error("{found} bins do not match {expected} bins")]
    BinMismatch {
        /// The bins of the accumulator.
        expected: usize,
        /// The bins of what was given to it.
        found: usize,
    },
    /// There are no classes, or more than a confusion matrix may have.
    #[error("{classes} classes are not in 1..={MAX_CLASSES}")]
    ClassCount {
        /// The number of classes.
        classes: usize,
    },
    /// Two things that must have the same classes do not.
    #[error("{found} classes do not match {expected} classes")]
    ClassMismatch {
        /// The classes of the accumulator.
        expected: usize,
        /// The classes of what was given to it.
        found: usize,
    },
    /// Counts in one row after another do not fill a confusion matrix.
    #[error("{found} counts do not fill a confusion matrix of {classes} x {classes}")]
    CountsMismatch {
        /// The number of classes.
        classes: usize,
        /// The number of counts.
        found: usize,
    },
    /// A confusion matrix is not square.
    #[error("confusion matrix of {rows} x {columns} is not square")]
    NotSquare {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
}

/// Names the input in which something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The truth.
    Target,
    /// What the model says.
    Prediction,
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Target => "target",
            Self::Prediction => "prediction",
        })
    }
}
