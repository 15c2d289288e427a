//! How much of a comparison is printed, and how what is printed is counted.

use super::Sort;
use crate::{
    failure::Failure,
    format,
    ui::{Style, Text, Ui},
};

/// The most tensors and files that are listed unless all are asked for.
const SHOWN: usize = 20;

/// How much of a comparison is printed, and in which order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) all: bool,
    pub(super) sort: Sort,
}

impl Extent {
    /// Returns how many rows a table may have.
    pub(super) const fn limit(self) -> usize {
        if self.all { usize::MAX } else { SHOWN }
    }

    /// Says how many of so many rows were left out.
    pub(super) fn print_rest(self, ui: &mut Ui, rows: usize) -> Result<(), Failure> {
        match rows.saturating_sub(self.limit()) {
            0 => Ok(()),
            more => ui.line(Text::styled(Style::Faint, format!("... and {more} more (--all)"))),
        }
    }
}

/// How many things there are of each status, in the order in which statuses are said.
pub(super) struct Tally {
    noun: &'static str,
    counts: Vec<(&'static str, usize)>,
}

impl Tally {
    /// The order: what changed, and last what did not.
    const ORDER: [&str; 7] =
        ["changed", "retyped", "reshaped", "renamed", "added", "removed", "same"];

    pub(super) fn of(noun: &'static str, statuses: impl Iterator<Item = &'static str>) -> Self {
        let statuses: Vec<&str> = statuses.collect();
        let count =
            |word: &'static str| (word, statuses.iter().filter(|status| **status == word).count());
        Self { noun, counts: Self::ORDER.map(count).into() }
    }

    /// Writes `148 tensors: 3 changed, 1 added, 144 same`.
    pub(super) fn text(&self) -> Text {
        let total: usize = self.counts.iter().map(|(_, count)| count).sum();
        let mut line = Text::from(format!("{}: ", format::count(total as u64, self.noun)));
        let present = self.counts.iter().filter(|(_, count)| *count > 0);
        for (index, (word, count)) in present.enumerate() {
            let style = if *word == "same" { Style::Faint } else { Style::Notice };
            let gap = if index == 0 { "" } else { ", " };
            line = line.plain(gap).push(style, format!("{count} {word}"));
        }
        line
    }
}
