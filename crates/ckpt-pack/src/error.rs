//! What can go wrong, one line each.

use std::io;

use crate::object::ObjectId;

/// The result of an operation on packs.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why an operation on packs failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading or writing failed.
    ///
    /// Where only the last step of a write failed, which makes it outlast a crash, the source says
    /// that the file is in place.
    #[error("cannot {action}")]
    Io {
        /// What was being done, as a verb and its object.
        action: String,
        /// Why it failed.
        source: io::Error,
    },
    /// Stored bytes are not what was stored.
    #[error("{place} is damaged: {what}")]
    Damaged {
        /// The file, and the object in it.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// An object that is in no pack.
    #[error("{0} is missing from the repository")]
    Missing(ObjectId),
    /// Work that the caller stopped.
    #[error("it was cancelled")]
    Cancelled,
}

impl Error {
    /// Tells whether a file that was there is gone, such as a pack that was compacted or moved to
    /// trash since its folder was listed.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
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
