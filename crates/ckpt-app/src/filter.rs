//! Which versions a log shows.

use std::{fmt, sync::Arc};

use ckpt_store::{Condition, Error, Measured, Notes, Repository, Version};

use crate::{failure::Failure, refs, refs::noted};

/// What versions must meet to be shown.
#[derive(Debug)]
pub struct Filter<'a> {
    repository: &'a Repository,
    notes: Arc<Notes>,
    conditions: Vec<Condition>,
}

impl<'a> Filter<'a> {
    /// Takes conditions, all of which a version has to meet.
    ///
    /// # Errors
    /// What is no condition; a condition on `current.`, since no ref is about to move.
    pub fn new(repository: &'a Repository, conditions: &[String]) -> Result<Self, Failure> {
        let conditions = refs::conditions(conditions)?;
        if conditions.iter().any(Condition::uses_current) {
            let message = "--where knows no metrics of current.: no ref is about to move";
            let hint = "parent. stands for the first parent of each version";
            return Err(Failure::usage(message).with_hint(hint));
        }
        Ok(Self { repository, notes: repository.notes()?, conditions })
    }

    /// Gives a version with what notes say, or nothing if it does not meet the conditions.
    pub fn pass(&self, version: Result<Version, Error>) -> Result<Option<Version>, Error> {
        let version = noted(&self.notes, version?);
        let needs_parent = self.conditions.iter().any(Condition::uses_parent);
        let parent = version.record.parents.first().filter(|_| needs_parent);
        let parent = parent.map(|parent| self.repository.version(parent)).transpose()?;
        let parent = parent.map(|parent| self.notes.metrics(&parent));
        let metrics = &version.record.metrics;
        let measured = Measured { version: metrics, parent: parent.as_ref(), current: None };
        let passes = self.conditions.iter().all(|condition| condition.evaluate(&measured).met);
        Ok(passes.then_some(version))
    }
}

/// Writes all conditions as one.
impl fmt::Display for Filter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions: Vec<String> = self.conditions.iter().map(Condition::to_string).collect();
        f.write_str(&conditions.join(" && "))
    }
}
