//! Why a run could not start, go on, or be trained again.

use ckpt_data::DataError;
use ckpt_hash::VersionId;
use ckpt_store::{DataInput, RefName};
use ckpt_train::{ConfigError, OptimizerKind, StateError, StopReason, TrainError};

/// The result of what can fail in a run.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why a run could not start, go on, or be trained again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings contradict each other, the data or the version to resume from.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A file of data could not be read.
    #[error(transparent)]
    Data(Box<DataError>),
    /// The columns of the data do not fit the settings.
    #[error("{name}: {source}")]
    Columns {
        /// The data.
        name: String,
        /// Why.
        source: Box<DataError>,
    },
    /// Training could not start or go on.
    #[error("{}", named(source, column.as_deref()))]
    Training {
        /// The name of the column that the trainer speaks of by its number.
        column: Option<String>,
        /// Why.
        source: TrainError,
    },
    /// The repository could not be read or written.
    #[error(transparent)]
    Store(Box<ckpt_store::Error>),
    /// The branch of a fresh run exists already.
    #[error("{branch} already exists, at version {}", tip.short())]
    BranchExists {
        /// The branch.
        branch: RefName,
        /// Where it is.
        tip: VersionId,
    },
    /// The branch is not at the version to resume from.
    #[error("{branch} is at version {}, not at {}", tip.short(), expected.short())]
    BranchElsewhere {
        /// The branch.
        branch: RefName,
        /// Where it is.
        tip: VersionId,
        /// The version to resume from.
        expected: VersionId,
    },
    /// The data is not what the version to resume from was trained on.
    #[error(
        "{found} is not the data that version {} was trained on ({}, id {})",
        version.short(),
        trained.label.name,
        trained.id.short()
    )]
    OtherData {
        /// The name of the data that was given.
        found: String,
        /// The version.
        version: VersionId,
        /// What it was trained on.
        trained: Box<DataInput>,
    },
    /// A version does not record one data set that it was trained on.
    #[error("version {} does not say what it was trained on", .0.short())]
    NoData(VersionId),
    /// A resumed run has no further epoch.
    #[error("there is nothing left to train after epoch {epoch}")]
    NothingLeft {
        /// The last epoch.
        epoch: u64,
        /// Why it is the last.
        stop: Option<StopReason>,
    },
    /// A version does not record how it was trained.
    #[error("version {} was not made by `train`, so nothing says how to train it again", .0.short())]
    NotTrained(VersionId),
    /// A version lacks a parameter that every trained one has, or holds one of another kind.
    #[error("the version has no parameter {0} that `train` wrote")]
    Parameter(&'static str),
    /// A version holds no state to resume from.
    #[error("the version holds no state of this trainer: {0}")]
    State(#[from] StateError),
    /// A tensor of a version's state has a type that no state has.
    #[error("tensor {tensor} of the state has dtype {dtype}")]
    StateType {
        /// The tensor.
        tensor: String,
        /// Its type.
        dtype: String,
    },
    /// Versions could not be trained again, on data that is not what they were trained on.
    #[error("the data has changed: {change}: {source}")]
    ChangedData {
        /// What it was and what it is.
        change: String,
        /// Why.
        source: Box<Error>,
    },
    /// A run failed after it had versioned some epochs, which are kept.
    #[error("{source}")]
    Unfinished {
        /// The branch that they are on.
        branch: RefName,
        /// How many there are.
        versions: usize,
        /// Why.
        source: Box<Error>,
    },
}

/// The kinds of [`Error`], by which callers choose exit codes, statuses or exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call is wrong: its settings can never be trained with.
    Settings,
    /// The data is wrong.
    Data,
    /// Training failed or has nothing to do.
    Training,
    /// The version or branch that was named cannot be trained from, to or again.
    Version,
    /// The repository failed; [`Error::store`] says how.
    Store,
}

impl Error {
    /// Returns the kind of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Settings(_) => ErrorKind::Settings,
            Self::Data(_) | Self::Columns { .. } | Self::OtherData { .. } => ErrorKind::Data,
            Self::Training { .. } | Self::NothingLeft { .. } => ErrorKind::Training,
            Self::Store(_) => ErrorKind::Store,
            Self::BranchExists { .. }
            | Self::BranchElsewhere { .. }
            | Self::NoData(_)
            | Self::NotTrained(_)
            | Self::Parameter(_)
            | Self::State(_)
            | Self::StateType { .. } => ErrorKind::Version,
            Self::ChangedData { source, .. } | Self::Unfinished { source, .. } => source.kind(),
        }
    }

    /// Returns what the repository failed with, if it did.
    pub fn store(&self) -> Option<&ckpt_store::Error> {
        match self {
            Self::Store(error) => Some(error),
            Self::ChangedData { source, .. } | Self::Unfinished { source, .. } => source.store(),
            _ => None,
        }
    }

    /// Wraps an error of the trainer, with the name of the column that it speaks of.
    pub(crate) fn training(source: TrainError, features: &[String]) -> Self {
        let column = column_of(&source).and_then(|column| features.get(column).cloned());
        Self::Training { column, source }
    }
}

impl From<ckpt_store::Error> for Error {
    fn from(error: ckpt_store::Error) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<DataError> for Error {
    fn from(error: DataError) -> Self {
        Self::Data(Box::new(error))
    }
}

impl From<TrainError> for Error {
    fn from(source: TrainError) -> Self {
        Self::Training { column: None, source }
    }
}

impl From<ckpt_train::DataError> for Error {
    fn from(source: ckpt_train::DataError) -> Self {
        TrainError::from(source).into()
    }
}

/// The reason why settings cannot be trained with.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A setting is out of its range, or does not go with another one.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A metric to watch without how long to wait for it.
    #[error("a metric to watch needs a patience, which says how long to wait")]
    MonitorWithoutPatience,
    /// A decay of weights for an optimizer that has none.
    #[error("decay is a setting of adamw, not of {0}; use that, or l2")]
    Decay(OptimizerKind),
    /// A setting that the state of a resumed run depends on.
    #[error("{0} cannot change when training goes on")]
    Fixed(&'static str),
}

/// The column that an error speaks of by its number.
fn column_of(error: &TrainError) -> Option<usize> {
    match error {
        TrainError::RankDeficient { column }
        | TrainError::Data(ckpt_train::DataError::Spread { column }) => Some(*column),
        _ => None,
    }
}

/// Says an error with the column by its name.
fn named(error: &TrainError, column: Option<&str>) -> String {
    match (column_of(error), column) {
        (Some(number), Some(name)) => {
            error.to_string().replace(&format!("column {number} of x"), &format!("column {name}"))
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_called_by_their_names() {
        let features = ["age".to_owned(), "bmi".to_owned()];
        let error = Error::training(TrainError::RankDeficient { column: 1 }, &features);
        assert!(error.to_string().starts_with("column bmi is a linear combination"), "{error}");
        let unnamed = Error::from(TrainError::RankDeficient { column: 1 });
        assert!(unnamed.to_string().starts_with("column 1 of x is"), "{unnamed}");
    }

    #[test]
    fn an_unfinished_run_failed_as_its_cause_did() {
        let source = Box::new(Error::from(SettingsError::Fixed("seed")));
        let branch = RefName::branch("main").unwrap();
        let error = Error::Unfinished { branch, versions: 3, source };
        assert_eq!(error.kind(), ErrorKind::Settings);
        assert_eq!(error.to_string(), "seed cannot change when training goes on");
        assert!(error.store().is_none());
    }
}
