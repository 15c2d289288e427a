//! How one metric went, in a line beneath the log.

use ckpt_hash::VersionId;
use ckpt_store::{Repository, Version};

use crate::{
    context::Context,
    failure::Failure,
    format,
    ui::{Style, Text, sparkline},
};

/// The fewest values that are drawn: two numbers say as much.
const FEWEST: usize = 3;

/// The fewest columns of bars; some of the numbers before them give way.
const NARROWEST: usize = 12;

/// The values of a metric in those versions shown that are on the line of first parents of the
/// newest one: branches side by side would go up and down where no training did.
pub(super) struct Spark {
    metric: Option<String>,
    is_asked_for: bool,
    /// The newest first.
    values: Vec<Option<f64>>,
    /// The next version of the line, shown or not, and its number.
    next: Option<(VersionId, u64)>,
}

impl Spark {
    /// Is about the metric that was asked for, or else another one.
    pub(super) fn new(asked_for: Option<&str>, otherwise: Option<&str>) -> Self {
        let metric = asked_for.or(otherwise).map(str::to_owned);
        Self { metric, is_asked_for: asked_for.is_some(), values: Vec::new(), next: None }
    }

    /// Adds versions, which the log shows after those that were added so far.
    pub(super) fn add(
        &mut self,
        repository: &Repository,
        versions: &[Version],
    ) -> Result<(), Failure> {
        let Some(metric) = self.metric.clone() else {
            return Ok(());
        };
        for version in versions {
            if self.is_on_line(repository, version)? {
                self.values.push(version.record.metrics.get(&metric).copied());
                self.next = before(version);
            }
        }
        Ok(())
    }

    /// Tells whether a version is on the line of the first that was added.
    ///
    /// Versions of the line that are not shown, which conditions did not pass, are read for their
    /// parents. On the line numbers fall by one, so that only these are.
    fn is_on_line(&mut self, repository: &Repository, version: &Version) -> Result<bool, Failure> {
        if self.values.is_empty() {
            return Ok(true);
        }
        while let Some((id, _)) = self.next.filter(|(_, number)| *number > version.record.number) {
            self.next = before(&repository.version(&id)?);
        }
        Ok(self.next.is_some_and(|(id, _)| id == version.id))
    }

    /// Prints the line if there are values enough.
    pub(super) fn print(mut self, context: &mut Context) -> Result<(), Failure> {
        let Some(metric) = self.metric else {
            return Ok(());
        };
        self.values.reverse();
        let known: Vec<f64> =
            self.values.iter().flatten().copied().filter(|value| value.is_finite()).collect();
        if known.len() >= FEWEST {
            let facts = facts(&metric, &known, context.ui.width());
            let bars = sparkline(&self.values, context.ui.width() - facts.width());
            context.ui.line("")?;
            return context.ui.line(facts.plain(bars));
        }
        if self.is_asked_for {
            let found = known.len();
            context.ui.notice(format!(
                "metric {metric:?} is in {found} of the versions above along first parents: a \
                 line takes {FEWEST}"
            ))?;
        }
        Ok(())
    }
}

/// Gives the version that comes before on the line of first parents, and its number.
fn before(version: &Version) -> Option<(VersionId, u64)> {
    let first = version.record.parents.first()?;
    Some((*first, version.record.number.saturating_sub(1)))
}

/// Writes what numbers say before the bars, as much as leaves room for these.
fn facts(metric: &str, known: &[f64], width: usize) -> Text {
    let number = |value: Option<f64>| format::number(value.unwrap_or(f64::NAN));
    let name = Text::styled(Style::Strong, metric);
    let (first, last) = (known.first().copied(), known.last().copied());
    let ends = format!("  {} -> {}  ", number(first), number(last));
    let least = known.iter().copied().reduce(f64::min);
    let greatest = known.iter().copied().reduce(f64::max);
    let range = format!("min {}  max {}  ", number(least), number(greatest));
    let texts = [
        name.clone().plain(&ends).push(Style::Faint, range),
        name.clone().plain(&ends),
        name.clone().plain("  "),
    ];
    let fits = |text: &Text| text.width() + NARROWEST <= width;
    let cut = || name.clone().cut(width.saturating_sub(NARROWEST + 2)).plain("  ");
    texts.iter().find(|text| fits(text)).cloned().unwrap_or_else(cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_give_way_to_the_bars() {
        let facts = |metric: &str, width| facts(metric, &[0.5, 0.25, 1.0], width).render(false);
        assert_eq!(facts("loss", 80), "loss  0.5 -> 1  min 0.25  max 1  ");
        assert_eq!(facts("loss", 44), "loss  0.5 -> 1  ");
        assert_eq!(facts("loss", 20), "loss  ");
        assert_eq!(facts("a_metric_of_a_long_name", 24), "a_metri...  ");
    }
}
