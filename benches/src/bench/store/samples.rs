//! Times as they were measured, and what they say.

use std::{collections::BTreeMap, time::Duration};

use super::super::median::median;

/// Something that is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// The first version of a repository.
    First,
    /// A version onto its parent.
    Commit,
    /// What a commit in the background keeps its caller waiting for.
    Stall,
    /// A checkpoint that did not change.
    Again,
    /// A version at a place in the chains of deltas.
    Restore(Depth),
}

/// Versions that are restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    /// Stored whole.
    Whole,
    /// Two deltas away from a version stored whole.
    Two,
    /// As many deltas away as there are.
    Deepest,
}

/// The most deltas that follow on a version stored whole, when committing.
const MOST_LINKS: usize = 8;

impl Depth {
    /// Every depth.
    pub(super) const ALL: [Self; 3] = [Self::Whole, Self::Two, Self::Deepest];

    /// Returns the number of the version to restore; `None` if so short a history has none.
    pub(super) fn number(self, versions: usize) -> Option<usize> {
        let number = match self {
            Self::Whole => 1,
            Self::Two => 3,
            Self::Deepest => versions.min(MOST_LINKS + 1),
        };
        (number <= versions).then_some(number)
    }
}

/// The times of each tool and action.
#[derive(Debug, Default)]
pub(super) struct Samples(BTreeMap<(String, Action), Vec<f64>>);

impl Samples {
    /// Adds a time.
    pub(super) fn push(&mut self, tool: &str, action: Action, took: Duration) {
        self.0.entry((tool.to_owned(), action)).or_default().push(took.as_secs_f64());
    }

    /// Returns the median in seconds; `None` if nothing was timed.
    pub(super) fn median(&self, tool: &str, action: Action) -> Option<f64> {
        median(self.0.get(&(tool.to_owned(), action))?)
    }

    /// Returns the median relative to that of another tool at the same action.
    pub(super) fn relative(&self, tool: &str, action: Action, floor: &str) -> Option<f64> {
        Some(self.median(tool, action)? / self.median(floor, action)?)
    }
}

/// Returns the mean of what is there; `None` if a value is missing, or all.
pub(super) fn mean(values: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.into_iter().collect::<Option<_>>()?;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_needs_every_value() {
        assert_eq!(mean([Some(1.0), Some(2.0)]), Some(1.5));
        assert_eq!(mean([Some(1.0), None]), None);
        assert_eq!(mean([]), None);
    }

    #[test]
    fn times_are_compared_at_the_same_action() {
        let mut samples = Samples::default();
        for (tool, action, ms) in
            [("a", Action::Commit, 30), ("b", Action::Commit, 10), ("b", Action::Again, 5)]
        {
            samples.push(tool, action, Duration::from_millis(ms));
        }
        assert!((samples.relative("a", Action::Commit, "b").unwrap() - 3.0).abs() < 1e-12);
        assert_eq!(samples.relative("a", Action::Again, "b"), None);
    }

    #[test]
    fn the_deepest_version_ends_the_first_chain() {
        let numbers = |versions| Depth::ALL.map(|depth| depth.number(versions));
        assert_eq!(numbers(1), [Some(1), None, Some(1)]);
        assert_eq!(numbers(4), [Some(1), Some(3), Some(4)]);
        assert_eq!(numbers(20), [Some(1), Some(3), Some(9)]);
    }
}
