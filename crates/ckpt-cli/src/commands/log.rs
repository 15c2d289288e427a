use std::{collections::BTreeMap, sync::Arc};

use ckpt_store::{Condition, Error, Measured, Notes, Repository, Version};
use clap::Args;

use super::refs::{self, RefsByVersion};
use crate::{
    context::{Answer, Context, Outcome, noted},
    failure::Failure,
    format, json,
    metrics::{SPREAD, rank},
    ui::{Column, Style, Table, Text},
};

/// Rows that the layout is made from; what follows is printed as it comes.
const SAMPLE: usize = 256;

/// Columns that are kept for the message.
const MESSAGE_WIDTH: usize = 20;

/// Columns between two columns.
const GAP: usize = 2;

/// Shows a version and all before it
///
/// The table has as many metrics as fit, those first that most versions have; `show` has them
/// all. Names in parentheses are the refs that point to a version. Metrics that notes give come
/// before the version's own.
///
/// With --json, one line for each version: version, model, state, parents, number, branch (if REV
/// is one), time, author, message, params, metrics.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Where to start
    #[arg(value_name = "REV", default_value = "HEAD")]
    revision: String,

    /// The most versions to show
    #[arg(short = 'n', long, value_name = "N")]
    number: Option<usize>,

    /// Shows only versions that meet a condition such as 'f1 >= 0.9' or 'loss < parent.loss', see
    /// `promote`; repeatable
    #[arg(long = "where", value_name = "CONDITION")]
    conditions: Vec<String>,
}

pub(crate) fn log(context: &mut Context, args: &LogArgs) -> Outcome {
    let repository = context.repository()?;
    let start = repository.resolve(&args.revision)?;
    let filter = Filter::new(&repository, &args.conditions)?;
    let versions = repository.log(start).filter_map(|version| filter.pass(version).transpose());
    let mut versions = versions.take(args.number.unwrap_or(usize::MAX));
    if context.json {
        let branch = refs::branch_of(&repository, &args.revision)?;
        for version in versions {
            let version = version?;
            let recipe = repository.recipe(&version.record)?;
            context.ui.json(&json::VersionKeys::new(&version, &recipe, branch.clone()))?;
        }
        return Ok(Answer::Done);
    }
    let mut layout: Option<Layout> = None;
    loop {
        let some: Vec<Version> = versions.by_ref().take(SAMPLE).collect::<Result<_, _>>()?;
        if some.is_empty() {
            return Ok(Answer::Done);
        }
        let layout = match &mut layout {
            Some(layout) => layout,
            None => layout.insert(Layout::new(context, &repository, &some)?),
        };
        layout.print(context, &some)?;
    }
}

/// What versions must meet to be shown.
struct Filter<'a> {
    repository: &'a Repository,
    notes: Arc<Notes>,
    conditions: Vec<Condition>,
}

impl<'a> Filter<'a> {
    fn new(repository: &'a Repository, conditions: &[String]) -> Result<Self, Failure> {
        let conditions = refs::conditions(conditions)?;
        if conditions.iter().any(Condition::uses_current) {
            let message = "--where knows no metrics of current.: no ref is about to move";
            return Err(Failure::usage(message));
        }
        Ok(Self { repository, notes: repository.notes()?, conditions })
    }

    /// Gives a version with what notes say, or nothing if it does not meet the conditions.
    fn pass(&self, version: Result<Version, Error>) -> Result<Option<Version>, Error> {
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

/// The columns of a log.
struct Layout {
    metrics: Vec<String>,
    refs: RefsByVersion,
    now_ms: i64,
    table: Table,
}

impl Layout {
    /// Lays out columns for versions of which some are given.
    fn new(context: &Context, repository: &Repository, some: &[Version]) -> Result<Self, Failure> {
        let now_ms = context.environment.now_ms()?;
        let widest = |cell: &dyn Fn(&Version) -> String| {
            some.iter().map(|version| cell(version).len()).max().unwrap_or(0)
        };
        let fixed = widest(&|version| version.record.number.to_string())
            + widest(&|version| version.id.short())
            + widest(&|version| format::age(version.record.time_ms, now_ms))
            + 3 * GAP;
        let room = context.ui.width().saturating_sub(fixed + MESSAGE_WIDTH);
        let metrics = choose_metrics(some, room);
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

    fn print(&mut self, context: &mut Context, versions: &[Version]) -> Result<(), Failure> {
        for version in versions {
            let row = self.row(version);
            self.table.row(row);
        }
        context.ui.table(&mut self.table)
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
/// those of most versions first, of these the ones of the best [`rank`].
fn choose_metrics(versions: &[Version], room: usize) -> Vec<String> {
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
    common.sort_by_key(|(name, (count, _))| (usize::MAX - count, rank(name)));
    let mut left = room;
    let mut fits = |(_, (_, width)): &(&str, (usize, usize))| {
        let rest = left.checked_sub(width + GAP);
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    common.into_iter().filter(|metric| fits(metric)).map(|(name, _)| name.to_owned()).collect()
}
