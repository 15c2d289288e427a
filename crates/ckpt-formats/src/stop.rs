use std::io;

use crate::{Format, FormatError, ReadAt, Segmentation};

/// Why a reader gave up on a file, or on one tensor in it.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The file contradicts its own format, or could not be read.
    Broken(FormatError),
    /// The file is valid as far as can be told, and beyond what is read here, for this reason.
    Beyond(String),
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

/// Keeps a file whole that is beyond its reader.
pub(crate) fn settle(
    format: Format,
    source: &dyn ReadAt,
    found: Result<Segmentation, Stop>,
) -> Result<Segmentation, FormatError> {
    match found {
        Ok(segmentation) => Ok(segmentation),
        Err(Stop::Beyond(why)) => Ok(Segmentation::whole(format, source.len()?, why)),
        Err(Stop::Broken(error)) => Err(error),
    }
}

/// Longest piece of a file's own text, in bytes, that a message repeats.
const MAX_QUOTED: usize = 120;

/// Longest note that a message of an error becomes, in bytes.
const MAX_NOTE: usize = 400;

/// Makes a piece of a file's own text fit to stand in a message: on one line, not too long.
pub(crate) fn quoted(text: &[u8]) -> String {
    one_line(text, MAX_QUOTED)
}

/// Makes the message of an error fit to be a note; some repeat a file's text as it is.
pub(crate) fn noted(error: &FormatError) -> String {
    one_line(error.to_string().as_bytes(), MAX_NOTE)
}

fn one_line(text: &[u8], most: usize) -> String {
    let mut line = String::new();
    for letter in String::from_utf8_lossy(&text[..text.len().min(most)]).chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    if text.len() > most {
        line.push_str("...");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_repeats_is_one_short_line() {
        assert_eq!(quoted("größe \"q\"".as_bytes()), "größe \"q\"");
        assert_eq!(quoted(b"a\nb\x1b[31m"), "a\\nb\\u{1b}[31m");
        assert_eq!(quoted(&[b'x'; 200]).len(), 123);
        assert_eq!(quoted(b"\xff"), "\u{fffd}");
    }
}
