//! Runs of scores that grow by one batch after another.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::run::{Run, merge};
use crate::{Count, Error, Result, count};

/// Rows by score, in lists of runs of which each is more than twice as long as the next.
///
/// A batch becomes a list of its own, and short lists merge, so that a row is moved as often as its
/// batch doubles: pushing n rows in many batches takes n log n steps, not n times the batches.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored<C>", into = "Stored<C>", bound = "C: Count")]
pub(super) struct Levels<C: Count> {
    lists: Vec<Vec<Run<C>>>,
    /// The number of rows if counts are exact, at hand for its limit.
    rows: Option<u64>,
}

impl<C: Count> Levels<C> {
    pub(super) fn new() -> Self {
        let rows = C::check(&[]).expect("nothing is within the limit");
        Self { lists: Vec::new(), rows }
    }

    /// Adds runs of ascending scores, which so many rows have.
    pub(super) fn push(&mut self, runs: Vec<Run<C>>, rows: u64) -> Result<()> {
        if let Some(sum) = &mut self.rows {
            *sum = count::add(*sum, rows)?;
        }
        if !runs.is_empty() {
            self.lists.push(runs);
        }
        while let [.., longer, last] = &self.lists[..]
            && longer.len() <= 2 * last.len()
        {
            let merged = merge(longer, last);
            self.lists.truncate(self.lists.len() - 2);
            self.lists.push(merged);
        }
        Ok(())
    }

    /// Takes in what another one has.
    pub(super) fn merge(&mut self, other: &Self) -> Result<()> {
        self.push(other.runs().into_owned(), other.rows.unwrap_or(0))
    }

    /// All rows by score, ascending.
    pub(super) fn runs(&self) -> Cow<'_, [Run<C>]> {
        // The shortest first, each into one more than twice as long.
        let mut lists = self.lists.iter().rev();
        let Some(last) = lists.next() else {
            return Cow::Borrowed(&[]);
        };
        lists.fold(Cow::Borrowed(last), |runs, longer| Cow::Owned(merge(longer, &runs)))
    }
}

/// Lists of scores, each with its negative and its positive rows.
#[derive(Serialize, Deserialize)]
#[serde(bound = "C: Count")]
struct Stored<C: Count> {
    lists: Vec<Vec<(f64, C, C)>>,
}

impl<C: Count> TryFrom<Stored<C>> for Levels<C> {
    type Error = Error;

    fn try_from(stored: Stored<C>) -> Result<Self> {
        let run = |(score, negatives, positives)| Run { score, negatives, positives };
        let list = |list: Vec<_>| list.into_iter().map(run).collect();
        let lists: Vec<Vec<Run<C>>> = stored.lists.into_iter().map(list).collect();
        let is_ascending = |list: &Vec<Run<C>>| {
            list.is_sorted_by(|a, b| a.score < b.score)
                && list.iter().all(|run| run.score.is_finite())
        };
        if !lists.iter().all(is_ascending) {
            return Err(Error::NotAscending);
        }
        let counts = lists.iter().flatten().flat_map(|run| [run.negatives, run.positives]);
        let rows = C::check(&counts.collect::<Vec<_>>())?;
        Ok(Self { lists, rows })
    }
}

impl<C: Count> From<Levels<C>> for Stored<C> {
    fn from(levels: Levels<C>) -> Self {
        let list = |list: &Vec<Run<C>>| {
            list.iter().map(|run| (run.score, run.negatives, run.positives)).collect()
        };
        Self { lists: levels.lists.iter().map(list).collect() }
    }
}
