//! Stretches of history: what comes after one version, up to another.
//!
//! ```text
//! range = revision | revision ".." [ revision ]
//! ```
//!
//! No name of a ref holds two dots in a row.

use std::{fmt, str::FromStr};

use ckpt_hash::VersionId;

use crate::{
    error::Result,
    history::revision::{Revision, RevisionError, grammar},
    record::Version,
    repo::Repository,
};

/// A stretch of history as it was written, checked against the grammar only.
///
/// `A..B` is what comes after A, up to B; B alone is all history of B; `A..` goes up to `HEAD`.
///
/// ```
/// use ckpt_store::Range;
///
/// let range: Range = "main@3..trial".parse()?;
/// assert_eq!((range.after(), range.to()), (Some("main@3"), "trial"));
/// # Ok::<(), ckpt_store::RevisionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    after: Option<String>,
    to: String,
}

/// What parts the ends of a range.
const DOTS: &str = "..";

impl Range {
    /// Returns the revision after which it starts; `None` if it starts with the first version.
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Returns the revision that it ends with.
    pub fn to(&self) -> &str {
        &self.to
    }
}

impl FromStr for Range {
    type Err = RevisionError;

    fn from_str(text: &str) -> Result<Self, RevisionError> {
        let range = match text.split_once(DOTS) {
            None => Self { after: None, to: text.to_owned() },
            Some(("", _)) => {
                let why = "a revision comes before the two dots; one alone is all its history";
                return Err(grammar(text, why));
            }
            Some((_, to)) if to.starts_with('.') || to.contains(DOTS) => {
                return Err(grammar(text, "a range has two dots, once"));
            }
            Some((after, "")) => Self { after: Some(after.to_owned()), to: "HEAD".to_owned() },
            Some((after, to)) => Self { after: Some(after.to_owned()), to: to.to_owned() },
        };
        for revision in range.after.iter().chain([&range.to]) {
            revision.parse::<Revision>()?;
        }
        Ok(range)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.after {
            Some(after) => write!(f, "{after}{DOTS}{}", self.to),
            None => f.write_str(&self.to),
        }
    }
}

impl Repository {
    /// Finds the versions that bound a range such as `main@3..trial`: the one after which it
    /// starts, if any, and the one that it ends with. Whether the first is an ancestor of the
    /// second is not looked at.
    ///
    /// # Errors
    /// Those of [`resolve`](Self::resolve).
    pub fn range_ends(&self, range: &str) -> Result<(Option<VersionId>, VersionId)> {
        let range: Range = range.parse()?;
        let after = range.after.as_deref().map(|after| self.resolve(after)).transpose()?;
        Ok((after, self.resolve(&range.to)?))
    }

    /// Reads the versions of a [`Range`], the oldest first: those on the line of first parents from
    /// its end back to its start, which is not among them. A range from a version to itself is
    /// empty.
    ///
    /// # Errors
    /// Those of [`resolve`](Self::resolve); [`RevisionError::NotOnLine`] if the line does not come
    /// from where the range starts.
    pub fn resolve_range(&self, range: &str) -> Result<Vec<Version>> {
        let (after, to) = self.range_ends(range)?;
        let start = after.map(|after| self.version(&after)).transpose()?;
        let mut line = Vec::new();
        let mut next = Some(to);
        while let Some(id) = next.filter(|id| Some(*id) != after) {
            let version = self.version(&id)?;
            // Numbers fall along the line, so that nothing older is read in vain.
            if start.as_ref().is_some_and(|start| version.record.number <= start.record.number) {
                break;
            }
            next = version.record.parents.first().copied();
            line.push(version);
        }
        if let Some(start) = after.filter(|_| next != after) {
            return Err(RevisionError::NotOnLine { start, end: to }.into());
        }
        line.reverse();
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_one_end_or_two() {
        for (text, after, to) in [
            ("main", None, "main"),
            ("a..b", Some("a"), "b"),
            ("main~3..", Some("main~3"), "HEAD"),
            ("v1.0..v1.1", Some("v1.0"), "v1.1"),
            ("main@3..max:f1@trial", Some("main@3"), "max:f1@trial"),
        ] {
            let range: Range = text.parse().unwrap();
            assert_eq!((range.after(), range.to()), (after, to), "{text}");
            assert_eq!(range.to_string().parse::<Range>().unwrap(), range);
        }
    }

    #[test]
    fn what_is_no_range_says_why() {
        let once = "a range has two dots, once";
        for (text, why) in [
            ("..main", "a revision comes before the two dots; one alone is all its history"),
            ("a...b", once),
            ("a..b..c", once),
            ("", "it names nothing"),
            ("a..b~x", "a number of steps follows ~"),
        ] {
            let error = text.parse::<Range>().unwrap_err().to_string();
            assert!(error.ends_with(why), "{text}: {error}");
        }
    }
}
