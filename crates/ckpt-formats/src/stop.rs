//! Why a reader gives up.

use std::io;

use crate::FormatError;

/// Why a reader gave up on a file, or on one tensor in it.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The file contradicts its own format, or could not be read.
    Broken(FormatError),
    /// The file is valid as far as can be told, and beyond what is read here, for this reason.
    Beyond(String),
    /// The file does not begin as files of the format do.
    Unlike,
}

impl Stop {
    /// Stops at something valid that is not read.
    pub(crate) fn beyond(why: impl Into<String>) -> Self {
        Self::Beyond(why.into())
    }
}

impl From<FormatError> for Stop {
    fn from(error: FormatError) -> Self {
        Self::Broken(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.into())
    }
}
