//! Walks through versions: ancestors by number, and history in order.
//!
//! Each version holds a pointer to one ancestor far back, whose number is a fixed function of its
//! own ([`skip_number`]), so that any ancestor on the line of first parents is reached in
//! logarithmically many steps.

use std::collections::{BTreeMap, HashSet};

use ckpt_hash::VersionId;

use crate::{
    content::objects::Objects,
    error::{Error, Result},
    recipe::Recipe,
    record::{CheckpointRecord, Version, VersionRecord},
    repo::Repository,
};

/// Returns the number of the version that version `number` skips to; `None` for the first one.
///
/// With d = number - 1 written as a sum of terms 2^k - 1, largest first, it lies d's last term
/// back (Myers, "An applicative random-access stack", 1983).
pub(crate) fn skip_number(number: u64) -> Option<u64> {
    let mut rest = number.checked_sub(1).filter(|rest| *rest > 0)?;
    loop {
        // The largest 2^k - 1 that is not above `rest`.
        let term = (1 << (rest + 1).ilog2()) - 1;
        if rest == term {
            return Some(number - term);
        }
        rest -= term;
    }
}

/// Finds the ancestor with a number on the line of first parents; `None` if the line is shorter.
///
/// `version` reads versions.
pub(crate) fn ancestor(
    version: impl Fn(&VersionId) -> Result<VersionRecord>,
    from: VersionId,
    number: u64,
) -> Result<Option<VersionId>> {
    let mut id = from;
    let mut record = version(&id)?;
    while record.number > number {
        let skip = skip_number(record.number).filter(|skipped| *skipped >= number);
        let next = match (skip, record.skip) {
            (Some(_), Some(skip)) => skip,
            _ => match record.parents.first() {
                Some(parent) => *parent,
                None => return Ok(None),
            },
        };
        let above = record.number;
        id = next;
        record = version(&id)?;
        if record.number >= above {
            return Err(Error::damaged(
                format!("version {}", id.short()),
                "its number is not below that of its child",
            ));
        }
    }
    Ok((record.number == number).then_some(id))
}

/// Gives a version and all its ancestors, each once.
///
/// Each next one is, of the parents of those given so far, the one with the greatest number, then
/// of the latest time. On one line numbers therefore fall one by one. Where merges join lines whose
/// numbers differ, numbers may rise again, and a version that is an ancestor of both may come
/// before its child on the line of smaller numbers.
#[derive(Debug)]
pub struct Log<'a> {
    objects: &'a Objects,
    /// Versions read but not given yet, in the reverse of the order in which they come.
    waiting: BTreeMap<(u64, i64, VersionId), VersionRecord>,
    seen: HashSet<VersionId>,
    /// What was found damaged and is to be reported next.
    error: Option<Error>,
}

impl<'a> Log<'a> {
    pub(crate) fn new(objects: &'a Objects, from: VersionId) -> Self {
        let mut log = Self { objects, waiting: BTreeMap::new(), seen: HashSet::new(), error: None };
        log.push(from);
        log
    }

    fn push(&mut self, id: VersionId) {
        if self.seen.insert(id) {
            match self.objects.version(&id) {
                Ok(record) => {
                    self.waiting.insert((record.number, record.time_ms, id), record);
                }
                Err(error) => self.error = self.error.take().or(Some(error)),
            }
        }
    }
}

impl Iterator for Log<'_> {
    type Item = Result<Version>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.error.take() {
            self.waiting.clear();
            return Some(Err(error));
        }
        let ((.., id), record) = self.waiting.pop_last()?;
        record.parents.iter().for_each(|parent| self.push(*parent));
        Some(Ok(Version { id, record }))
    }
}

impl Repository {
    /// Reads a version.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`].
    pub fn version(&self, id: &VersionId) -> Result<Version> {
        Ok(Version { id: *id, record: self.objects.version(id)? })
    }

    /// Reads the inputs of a version, its data with what the version says of them.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`].
    pub fn recipe(&self, version: &VersionRecord) -> Result<Recipe> {
        Ok(Recipe::from_record(self.objects.recipe(&version.recipe)?, &version.data))
    }

    /// Reads the list of what a version contains.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`].
    pub fn checkpoint(&self, version: &VersionRecord) -> Result<CheckpointRecord> {
        self.objects.checkpoint(&version.checkpoint)
    }

    /// Walks through a version and all its ancestors, greater numbers first; see [`Log`] for where
    /// lines were merged.
    pub fn log(&self, from: VersionId) -> Log<'_> {
        Log::new(&self.objects, from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_follow_the_skew_binary_numbers() {
        let skips: Vec<_> = (1..=9).map(skip_number).collect();
        let some = |n| Some(n);
        assert_eq!(
            skips,
            [None, some(1), some(2), some(1), some(4), some(5), some(4), some(1), some(8)]
        );
    }

    #[test]
    fn any_ancestor_is_few_steps_away() {
        let steps = |from: u64, to: u64| {
            let (mut at, mut steps) = (from, 0);
            while at > to {
                at = skip_number(at).filter(|skip| *skip >= to).unwrap_or(at - 1);
                steps += 1;
            }
            steps
        };
        let worst = (1..100_000).step_by(97).map(|to| steps(100_000, to)).max().unwrap();
        assert!(worst <= 3 * 17, "{worst} steps");
    }
}
