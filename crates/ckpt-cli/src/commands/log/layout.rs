//! The columns of a log.

use std::collections::BTreeMap;

use ckpt_store::{Repository, Version};

use crate::{
    commands::refs::RefsByVersion,
    context::Context,
    failure::Failure,
    format,
    metrics::{Directions, SPREAD},
    ui::{Column, Style, Table, Text},
};

/// Columns that are kept for the message.
const MESSAGE_WIDTH: usize = 20;

/// Columns between two columns.
const GAP: usize = 2;

/// The columns of a log.
pub(super) struct Layout {
    metrics: Vec<String>,
    refs: RefsByVersion,
    now_ms: i64,
    table: Table,
}

impl Layout {
    /// Lays out columns for versions of which some are given.
    pub(super) fn new(
        context: &Context,
        repository: &Repository,
        some: &[Version],
    ) -> Result<Self, Failure> {
        let now_ms = context.environment.now_ms()?;
        let widest = |cell: &dyn Fn(&Version) -> String| {
            some.iter().map(|version| cell(version).len()).max().unwrap_or(0)
        };
        let fixed = widest(&|version| version.record.number.to_string())
            + widest(&|version| version.id.short())
            + widest(&|version| format::age(version.record.time_ms, now_ms))
            + 3 * GAP;
        let room = context.ui.width().saturating_sub(fixed + MESSAGE_WIDTH);
        let metrics = choose_metrics(some, room, &Directions::read(repository)?);
        let columns = ["#", "version", "time"].into_iter().zip([true, false, true]);
        let columns =
            columns.map(
                |(title, is_number)| {
                    if is_number { Column::right(title) } else { Column::left(title) }
                },
            );
        let columns = columns
            .chain(metrics.iter().map(|name| Column::right(name.as_str())))
            .chain([Column::left("message").elastic()]);
        let table = Table::new(columns);
        Ok(Self { metrics, refs: RefsByVersion::read(repository)?, now_ms, table })
    }

    pub(super) fn print(
        &mut self,
        context: &mut Context,
        versions: &[Version],
    ) -> Result<(), Failure> {
        for version in versions {
            let row = self.row(version);
            self.table.row(row);
        }
        context.ui.table(&mut self.table)
    }

    /// Returns the metric of the first column that has one.
    pub(super) fn first_metric(&self) -> Option<&str> {
        self.metrics.first().map(String::as_str)
    }

    fn row(&self, Version { id, record }: &Version) -> Vec<Text> {
        let subject = record.message.lines().next().unwrap_or_default();
        let mut row = vec![
            record.number.to_string().into(),
            Text::styled(Style::Id, id.short()),
            Text::styled(Style::Faint, format::age(record.time_ms, self.now_ms)),
        ];
        row.extend(self.metrics.iter().map(|name| cell(record.metrics.get(name))));
        row.push(self.refs.mark(id, subject));
        row
    }
}

fn cell(metric: Option<&f64>) -> Text {
    metric.map_or_else(Text::new, |value| format::number(*value).into())
}

/// Chooses the metrics that at least half of the versions have and that fit into `room` columns:
/// those of most versions first, of these the ones of the best [`rank`](Directions::rank).
fn choose_metrics(versions: &[Version], room: usize, directions: &Directions) -> Vec<String> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (name, value) in versions.iter().flat_map(|version| &version.record.metrics) {
        let (count, width) = counts.entry(name).or_insert((0, Text::from(name.as_str()).width()));
        *count += 1;
        *width = format::number(*value).len().max(*width);
    }
    let is_common = |(name, (count, _)): &(&str, (usize, usize))| {
        2 * count >= versions.len() && !name.ends_with(SPREAD)
    };
    let mut common: Vec<_> = counts.into_iter().filter(is_common).collect();
    common.sort_by_key(|(name, (count, _))| (usize::MAX - count, directions.rank(name)));
    let mut left = room;
    let mut fits = |(_, (_, width)): &(&str, (usize, usize))| {
        let rest = left.checked_sub(width + GAP);
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    common.into_iter().filter(|metric| fits(metric)).map(|(name, _)| name.to_owned()).collect()
}
