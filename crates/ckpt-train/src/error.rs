//! What can be wrong with data, a saved state, or a run.

use std::io;
use std::sync::Arc;

use crate::config::{ConfigError, ModelKind, OptimizerKind};
use crate::real::FloatType;

/// Says why data cannot be trained on or predicted from. Rows and columns count from 0.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The table and the targets differ in length.
    #[error("x has {x} rows but y has {y} values")]
    Rows {
        /// Rows of the table.
        x: usize,
        /// Number of targets.
        y: usize,
    },
    /// There is nothing to learn from.
    #[error("the data has no rows")]
    NoRows,
    /// There is nothing to learn with.
    #[error("the data has no feature columns")]
    NoColumns,
    /// A feature is NaN or infinite.
    #[error("row {row}, column {column} of x is {value}")]
    NotFinite {
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
        /// NaN or an infinity.
        value: f64,
    },
    /// A target is NaN or infinite.
    #[error("value {row} of y is {value}")]
    TargetNotFinite {
        /// Its row.
        row: usize,
        /// NaN or an infinity.
        value: f64,
    },
    /// There is not one weight per row.
    #[error("the data has {rows} rows but there are {weights} weights")]
    Weights {
        /// Rows of the table.
        rows: usize,
        /// Number of weights.
        weights: usize,
    },
    /// A weight is negative or not finite.
    #[error("the weight of row {row} is {value}, but must be finite and not negative")]
    Weight {
        /// Its row.
        row: usize,
        /// The weight.
        value: f64,
    },
    /// No training row counts.
    #[error("all training rows have the weight 0")]
    NoWeight,
    /// Early stopping has no row to watch.
    #[error("early stopping needs validation rows that count, and so few rows leave none")]
    NothingToWatch,
    /// There is nothing to tell apart.
    #[error("{classes} classes cannot be told apart; classification needs at least 2")]
    OneClass {
        /// The number of classes.
        classes: usize,
    },
    /// A target is not the number of a class.
    #[error("value {row} of y is {value}, but there are {classes} classes, counted from 0")]
    Class {
        /// Its row.
        row: usize,
        /// The target.
        value: f64,
        /// The number of classes.
        classes: usize,
    },
    /// A column's standard deviation overflows.
    #[error("column {column} of x spreads too widely for a finite standard deviation")]
    Spread {
        /// The column.
        column: usize,
    },
    /// The squares of the targets overflow.
    #[error("the values of y are too large: the sum of their squares is not finite")]
    TargetTooLarge,
    /// The data has another number of columns than the model.
    #[error("the model has {model} features but the data has {data}")]
    Columns {
        /// Columns that the model was trained on.
        model: usize,
        /// Columns of the data.
        data: usize,
    },
}

/// Says why arrays are no training state, or why a state does not fit a run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// An array is absent.
    #[error("the state has no array '{name}'")]
    Missing {
        /// The array.
        name: &'static str,
    },
    /// An array does not belong to this optimizer's state, or comes twice.
    #[error("the state has an unexpected array '{name}'")]
    Unexpected {
        /// The array.
        name: String,
    },
    /// An array has the wrong shape, or not as many values as its shape says.
    #[error(
        "array '{name}' of the state has shape {found:?} and {values} values, expected {expected:?}"
    )]
    Shape {
        /// The array.
        name: &'static str,
        /// The shape it should have.
        expected: Vec<usize>,
        /// The shape it has.
        found: Vec<usize>,
        /// The number of values it has.
        values: usize,
    },
    /// An array has the wrong element type.
    #[error("array '{name}' of the state holds {found}, expected {expected}")]
    Dtype {
        /// The array.
        name: &'static str,
        /// The type it should have.
        expected: &'static str,
        /// The type it has.
        found: &'static str,
    },
    /// An array holds a value that no training can have left there.
    #[error("array '{name}' of the state holds {value}")]
    Value {
        /// The array.
        name: &'static str,
        /// The value.
        value: f64,
    },
    /// The state is of another kind of model.
    #[error("the state is of {state} regression, but the run is of {run} regression")]
    Model {
        /// The state's.
        state: ModelKind,
        /// The run's.
        run: ModelKind,
    },
    /// The state was made on another number of classes.
    #[error("the state has {state} classes, but the data has {data}")]
    Classes {
        /// The state's.
        state: usize,
        /// The data's.
        data: usize,
    },
    /// The state was made by another optimizer.
    #[error("the state was made with optimizer {state}, but the run uses {run}")]
    Optimizer {
        /// The state's.
        state: OptimizerKind,
        /// The run's.
        run: OptimizerKind,
    },
    /// The state was made with another seed, so its rows were split and ordered differently.
    #[error("the state was made with seed {state}, but the run uses {run}")]
    Seed {
        /// The state's.
        state: u64,
        /// The run's.
        run: u64,
    },
    /// The state was made on data with another number of columns.
    #[error("the state has {state} feature columns, but the data has {data}")]
    Columns {
        /// The state's.
        state: usize,
        /// The data's.
        data: usize,
    },
    /// The state was made on data of another element type.
    #[error("the state was made on {state} data, but the data is {data}")]
    FloatType {
        /// The state's.
        state: FloatType,
        /// The data's.
        data: FloatType,
    },
}

/// Says why rows could not be read; equal to nothing but its copies.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot read the rows: {0}")]
pub struct ReadError(Arc<io::Error>);

impl PartialEq for ReadError {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl From<io::Error> for TrainError {
    fn from(error: io::Error) -> Self {
        Self::Read(ReadError(Arc::new(error)))
    }
}

/// Says why training could not start or go on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The data is unusable.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The configuration is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The saved state is unusable.
    #[error(transparent)]
    State(#[from] StateError),
    /// A metric is outside its domain, such as one of numbers whose squares overflow.
    #[error(transparent)]
    Metrics(#[from] ckpt_metrics::Error),
    /// Rows that are read while training could not be.
    #[error(transparent)]
    Read(ReadError),
    /// The loss grew without bound; the epochs before were good and have been yielded.
    #[error("training diverged at epoch {epoch} with rate {rate}; try rate {suggestion} or less")]
    Diverged {
        /// The first epoch without a result.
        epoch: u64,
        /// The rate in use.
        rate: f64,
        /// A rate that should converge.
        suggestion: f64,
    },
    /// No automatic rate exists, since the features overflow.
    #[error("no automatic rate: the features are too large; standardise them or set a rate")]
    NoRate,
    /// There are no more rows than columns, so many solutions fit alike.
    #[error("{rows} rows cannot determine {columns} columns and an intercept; use l2 > 0")]
    Underdetermined {
        /// Rows to fit.
        rows: usize,
        /// Feature columns.
        columns: usize,
    },
    /// A method gave no answer that can be relied on.
    #[error(
        "{method} did not converge: the columns are too close to linear dependence; use l2 > 0"
    )]
    NotConverged {
        /// The method.
        method: &'static str,
    },
    /// The closed form has no single solution.
    #[error(
        "column {column} of x is a linear combination of the columns before it, so the closed form \
         is not unique; leave it out or use l2 > 0"
    )]
    RankDeficient {
        /// The column, counted from 0.
        column: usize,
    },
}
