//! What can go wrong, one line each.

use std::{fmt, io, time::Duration};

use ckpt_formats::FormatError;
use ckpt_hash::{PrefixError, VersionId};
use ckpt_pack::{ObjectId, wire::RecordError};

use crate::{
    history::revision::RevisionError,
    record::CheckResult,
    refs::{
        condition::{Condition, ConditionError},
        name::{RefName, RefNameError},
    },
    signature::date,
};

/// The result of an operation of the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why an operation of the store failed. No ref was moved and no file replaced, unless
/// the variant says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No `.ckpt` folder where one was expected.
    #[error("no ckpt repository in {0}")]
    NoRepository(String),
    /// `init` where a repository already is.
    #[error("{0} already holds a ckpt repository")]
    AlreadyRepository(String),
    /// A repository whose `format` file names another format.
    #[error("the repository has format {found:?}; this ckpt reads {expected:?}")]
    UnknownFormat {
        /// What the file says, cut short.
        found: String,
        /// What it would have to say.
        expected: &'static str,
    },
    /// A repository of the format before the first release, which is read no longer.
    #[error(
        "the repository has format 1, of before the first release, which this ckpt does not read"
    )]
    FormatBeforeRelease,
    /// Reading or writing failed.
    ///
    /// Where only the last step of a write failed, which makes it outlast a crash, the source says
    /// that the file is in place: a ref that was to be moved is then moved, unless a crash undoes
    /// it. A restore that fails between two files leaves those put in place before.
    #[error("cannot {action}")]
    Io {
        /// What was being done, as a verb and its object.
        action: String,
        /// Why it failed.
        source: io::Error,
    },
    /// Settings that make no sense.
    #[error("config.toml: {0}")]
    Config(String),
    /// A lock was held by others for too long.
    #[error("another process holds {what}; gave up after {} s", .patience.as_secs_f64())]
    Locked {
        /// What the lock guards, such as `branch main`.
        what: String,
        /// How long this process waited.
        patience: Duration,
    },
    /// Stored bytes are not what was stored.
    #[error("{place} is damaged: {what}")]
    Damaged {
        /// The file, and the object in it.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// An object that a record names is in no pack.
    #[error("{0} is missing from the repository")]
    Missing(ObjectId),
    /// A version whose content was to be removed although a ref points to it.
    #[error("{name} points to version {}, which keeps its content", at.short())]
    PointedAt {
        /// The ref.
        name: RefName,
        /// The version.
        at: VersionId,
    },
    /// Content that was removed. It can be restored for a while.
    #[error(transparent)]
    Removed(Box<Removed>),
    /// Content that was removed so long ago that it cannot be restored.
    #[error("{0}; it cannot be restored any more")]
    Gone(Box<Removed>),
    /// A move to a version whose content was removed and cannot be restored. The ref was not moved.
    #[error("{name} cannot be moved: {removed}; it cannot be restored any more")]
    NoContent {
        /// The ref.
        name: RefName,
        /// What was removed.
        removed: Box<Removed>,
        /// Versions near it that have their content.
        instead: Vec<VersionId>,
    },
    /// A version whose content was to be removed although an alias was there within the grace period.
    #[error("{name} pointed to version {} within the grace period, so it keeps its content", at.short())]
    AliasedBefore {
        /// The alias.
        name: RefName,
        /// The version.
        at: VersionId,
    },
    /// A file or a tensor that a version does not have.
    #[error("version {} has no {what} {name:?}", version.short())]
    NotInVersion {
        /// The version.
        version: VersionId,
        /// What is not there: `file` or `tensor`.
        what: &'static str,
        /// Its path or its name.
        name: String,
    },
    /// A ref that is not there.
    #[error("there is no {0}")]
    NoRef(RefName),
    /// A ref that already is there.
    #[error("{name} already exists, at version {}", at.short())]
    RefExists {
        /// The ref.
        name: RefName,
        /// Where it points.
        at: VersionId,
    },
    /// A tag or an alias where only a branch will do.
    #[error("{0} is not a branch")]
    NotBranch(RefName),
    /// Something else where only an alias will do.
    #[error("{0} is not an alias")]
    NotAlias(RefName),
    /// A version that does not meet what a ref asks of it. The ref was not moved. The version that
    /// was to be committed is kept.
    #[error(transparent)]
    FailedChecks(Box<FailedChecks>),
    /// A guard that a ref does not have.
    #[error("{name} has no guard {guard:?}")]
    NoGuard {
        /// The ref.
        name: RefName,
        /// The condition.
        guard: String,
    },
    /// More guards than a ref can have.
    #[error("{name} would have more than {most} guards")]
    TooManyGuards {
        /// The ref.
        name: RefName,
        /// How many it can have.
        most: usize,
    },
    /// A ref that another writer moved first. The version that was to be committed is kept.
    #[error(transparent)]
    Conflict(Box<Conflict>),
    /// A session that an error ended, which an earlier call returned.
    #[error("the session has ended; an earlier call said why")]
    SessionEnded,
    /// Two versions to be merged, ours first, that come from nothing in common.
    #[error("versions {} and {} have no common ancestor", .0[0].short(), .0[1].short())]
    Unrelated(Box<[VersionId; 2]>),
    /// A merge with so many conflicts that nothing decides.
    #[error("{0} conflicts of the merge are not decided")]
    Undecided(usize),
    /// A version that was not made by a merge, where one was to be made again.
    #[error("version {} was not made by a merge", .0.short())]
    NotMerged(VersionId),
    /// Nothing to roll back to.
    #[error("{0} has no earlier version to roll back to")]
    NoEarlier(RefName),
    /// A text that names no version.
    #[error(transparent)]
    Revision(#[from] RevisionError),
    /// A text that is no ref name.
    #[error(transparent)]
    RefName(#[from] RefNameError),
    /// A text that is no condition.
    #[error(transparent)]
    Condition(#[from] ConditionError),
    /// A text that is no abbreviated id.
    #[error(transparent)]
    Prefix(#[from] PrefixError),
    /// A file that its reader refuses.
    #[error("{path}: {source}")]
    Format {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: FormatError,
    },
    /// Contents that cannot be versioned as given.
    #[error("{0}")]
    Contents(String),
    /// A version of metrics and parameters alone, which restores to nothing.
    #[error("there is nothing to restore: it is a version of metrics and parameters alone")]
    NothingToRestore,
    /// A version without such tensors.
    #[error("there is nothing to export: {}", if *has_tensors {
        "no tensor of the version is asked for"
    } else {
        "the version has no tensors"
    })]
    NothingToExport {
        /// Whether the version has others.
        has_tensors: bool,
    },
    /// A place that a restore cannot write to.
    #[error("{path} {what}")]
    Target {
        /// The place, relative to the target.
        path: String,
        /// What stands in the way.
        what: &'static str,
    },
    /// Work that its caller stopped. Nothing was changed.
    #[error("it was cancelled")]
    Cancelled,
    /// Restoring would replace something else.
    #[error("{0} exists and differs")]
    WouldOverwrite(String),
}

/// What an error is about, from which exit codes, statuses and exceptions follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Something that was named is not there.
    NotFound,
    /// Something is there already that was to be made.
    AlreadyExists,
    /// A text is no name, condition or revision, whatever the repository holds.
    Syntax,
    /// What was handed over cannot be stored or used as it is.
    InvalidInput,
    /// What was asked for does not go with what it was asked of.
    Precondition,
    /// A condition is not met: the answer is no.
    Refused,
    /// Two changed the same, and nothing decides between them.
    Conflict,
    /// What was stored is not what it was, or is missing.
    Damaged,
    /// Content was removed on purpose.
    Removed,
    /// Another process held a lock for too long.
    Locked,
    /// The disk refused.
    Io,
    /// The settings of the repository make no sense.
    Config,
    /// Another version of this program is needed.
    Unsupported,
    /// Its caller stopped it.
    Cancelled,
}

/// Two writers of one ref, of whom the other was faster. What the slower one wrote is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Conflict {
    /// The ref.
    pub name: RefName,
    /// Where it was expected to point.
    pub expected: Option<VersionId>,
    /// Where it points. The same as expected if it was moved away and back.
    pub found: Option<VersionId>,
    /// The version that this writer made, which is stored all the same.
    pub kept: Option<VersionId>,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, expected, found, kept } = self;
        let tip = |version: &Option<VersionId>| {
            version.as_ref().map_or_else(|| "no version".to_owned(), VersionId::short)
        };
        if expected == found {
            write!(f, "{name} was moved by another writer and is back at {}", tip(found))?;
        } else {
            write!(f, "{name} is at {}, not at {} as expected", tip(found), tip(expected))?;
        }
        match kept {
            Some(kept) => write!(f, "; your version {} is kept", kept.short()),
            None => Ok(()),
        }
    }
}

/// Who removed the content of a version, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// The version.
    pub version: VersionId,
    /// Who.
    pub author: String,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub time_ms: i64,
    /// Why.
    pub reason: String,
}

impl std::error::Error for Removed {}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, author, time_ms, reason } = self;
        let by = if author.is_empty() { String::new() } else { format!(" by {author}") };
        let (version, date) = (version.short(), date(*time_ms));
        write!(f, "the content of version {version} was removed on {date}{by}: {reason}")
    }
}

impl From<ckpt_pack::Error> for Error {
    fn from(error: ckpt_pack::Error) -> Self {
        use ckpt_pack::Error as Pack;
        match error {
            Pack::Io { action, source } => Self::Io { action, source },
            Pack::Damaged { place, what } => Self::Damaged { place, what },
            Pack::Missing(id) => Self::Missing(id),
            Pack::Cancelled => Self::Cancelled,
            other => Self::damaged("a pack", other.to_string()),
        }
    }
}

impl From<RecordError> for Error {
    fn from(error: RecordError) -> Self {
        Self::Contents(error.to_string())
    }
}

impl From<Conflict> for Error {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(Box::new(conflict))
    }
}

/// A version that does not meet the conditions of a move, guards of the ref among them.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub struct FailedChecks {
    /// The ref.
    pub name: RefName,
    /// The version that it was to move to.
    pub version: VersionId,
    /// All conditions, those that are met too.
    pub evidence: Vec<CheckResult>,
    /// The version that was made and is stored all the same.
    pub kept: Option<VersionId>,
}

impl fmt::Display for FailedChecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, evidence, kept } = self;
        write!(f, "{name} may not move to {}", version.short())?;
        let failed = evidence.iter().filter(|evidence| !evidence.met);
        for (index, evidence) in failed.enumerate() {
            f.write_str(if index == 0 { ": " } else { "; " })?;
            match evidence.condition.parse::<Condition>() {
                Ok(condition) => write!(f, "{condition} is not met: {}", evidence.found())?,
                Err(error) => write!(f, "its guard cannot be read: {error}")?,
            }
        }
        match kept {
            Some(kept) => write!(f, "; your version {} is kept", kept.short()),
            None => Ok(()),
        }
    }
}

impl From<FailedChecks> for Error {
    fn from(failed: FailedChecks) -> Self {
        Self::FailedChecks(Box::new(failed))
    }
}

impl Error {
    /// Returns what it is about.
    ///
    /// ```
    /// use ckpt_store::{Error, ErrorKind, RefName};
    ///
    /// let error = Error::from(RefName::branch("no/../name").unwrap_err());
    /// assert_eq!(error.kind(), ErrorKind::Syntax);
    /// ```
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NoRepository(_)
            | Self::NoRef(_)
            | Self::NoGuard { .. }
            | Self::NotInVersion { .. }
            | Self::Revision(
                RevisionError::Unknown(_)
                | RevisionError::Empty(_)
                | RevisionError::TooFar { .. }
                | RevisionError::NoNumber { .. }
                | RevisionError::NoMetric { .. },
            ) => ErrorKind::NotFound,
            Self::AlreadyRepository(_) | Self::RefExists { .. } | Self::WouldOverwrite(_) => {
                ErrorKind::AlreadyExists
            }
            Self::RefName(_)
            | Self::Condition(_)
            | Self::Prefix(_)
            | Self::Revision(RevisionError::Grammar(..)) => ErrorKind::Syntax,
            Self::Format { .. } | Self::Contents(_) => ErrorKind::InvalidInput,
            Self::PointedAt { .. }
            | Self::AliasedBefore { .. }
            | Self::NotBranch(_)
            | Self::NotAlias(_)
            | Self::TooManyGuards { .. }
            | Self::SessionEnded
            | Self::Unrelated(_)
            | Self::NotMerged(_)
            | Self::NoEarlier(_)
            | Self::NothingToRestore
            | Self::NothingToExport { .. }
            | Self::Target { .. }
            | Self::Revision(RevisionError::Ambiguous { .. } | RevisionError::NotOnLine { .. }) => {
                ErrorKind::Precondition
            }
            Self::FailedChecks(_) | Self::NoContent { .. } => ErrorKind::Refused,
            Self::Conflict(_) | Self::Undecided(_) => ErrorKind::Conflict,
            Self::Damaged { .. } | Self::Missing(_) => ErrorKind::Damaged,
            Self::Removed(_) | Self::Gone(_) => ErrorKind::Removed,
            Self::Locked { .. } => ErrorKind::Locked,
            Self::Io { .. } => ErrorKind::Io,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::Config(_) => ErrorKind::Config,
            Self::UnknownFormat { .. } | Self::FormatBeforeRelease => ErrorKind::Unsupported,
        }
    }

    /// Says of a version that could not be moved to that it is stored all the same.
    pub(crate) fn keeping(self, version: VersionId) -> Self {
        match self {
            Self::FailedChecks(failed) => FailedChecks { kept: Some(version), ..*failed }.into(),
            other => other,
        }
    }

    /// Tells whether a file that was there is gone.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    pub(crate) fn not_in_version(version: VersionId, what: &'static str, name: &str) -> Self {
        Self::NotInVersion { version, what, name: name.to_owned() }
    }

    pub(crate) fn damaged(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Damaged { place: place.into(), what: what.into() }
    }
}

/// Names what was being done when an input or output operation failed.
pub(crate) trait Doing<T> {
    fn doing(self, action: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, action: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::Io { action: action(), source })
    }
}
