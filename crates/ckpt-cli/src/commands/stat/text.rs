//! Statistics of tensors for users: a table for each tensor.

use std::collections::BTreeMap;

use ckpt_store::{TensorStatistics, Version, VersionStatistics};
use clap::ValueEnum;

use super::{Measure, StatArgs};
use crate::{
    failure::Failure,
    format,
    ui::{Column, Style, Table, Text, Ui, sparkline},
};

/// What is shown if nothing else is asked for, what matters most first: what has no room is left
/// out from the end.
const USUAL: [Measure; 9] = [
    Measure::Nan,
    Measure::Inf,
    Measure::L2,
    Measure::Update,
    Measure::MaxAbs,
    Measure::Mean,
    Measure::Std,
    Measure::Zeros,
    Measure::Rms,
];

/// The most versions of a tensor that are listed unless all are asked for. Charts are of all.
const SHOWN: usize = 20;

/// Columns of a sparkline at most; a line has its title and two numbers, too.
const SPARK_WIDTH: usize = 40;

/// The fewest values that make a line.
const SPARK_LEAST: usize = 3;

/// One tensor through history: what it is in each version that has it.
type Line<'a> = Vec<(&'a VersionStatistics, &'a TensorStatistics)>;

pub(super) fn print(
    ui: &mut Ui,
    statistics: &[VersionStatistics],
    args: &StatArgs,
) -> Result<(), Failure> {
    let mut lines: BTreeMap<(ckpt_store::Role, &str), Line<'_>> = BTreeMap::new();
    for of_version in statistics {
        for tensor in &of_version.tensors {
            lines.entry((tensor.role, &tensor.name)).or_default().push((of_version, tensor));
        }
    }
    for (index, ((_, name), line)) in lines.into_iter().enumerate() {
        if index > 0 {
            ui.line("")?;
        }
        print_tensor(ui, name, &line, args)?;
    }
    print_removed(ui, statistics)
}

fn print_tensor(ui: &mut Ui, name: &str, line: &Line<'_>, args: &StatArgs) -> Result<(), Failure> {
    let forms: Vec<String> = line.iter().map(|(_, tensor)| form(tensor)).collect();
    let title = Text::styled(Style::Strong, name);
    ui.line(match &forms[..] {
        [form, others @ ..] if others.iter().all(|other| other == form) => {
            title.plain(format!("  {form}"))
        }
        _ => title,
    })?;
    let measures: Vec<Measure> = match &args.of[..] {
        [] => USUAL.into_iter().filter(|measure| is_telling(*measure, line)).collect(),
        of => of.to_vec(),
    };
    // What was asked for by name is not left out for want of room.
    let column = |(rank, measure): (usize, &Measure)| {
        let column = Column::right(word(*measure));
        if args.of.is_empty() { column.dispensable(rank as u8) } else { column }
    };
    let versions = [Column::right("#"), Column::left("version")];
    let columns = versions.into_iter().chain(measures.iter().enumerate().map(column));
    let mut table = Table::new(columns);
    let left_out = if args.all { 0 } else { line.len().saturating_sub(SHOWN) };
    if left_out > 0 {
        let note = format!("{} before (--all)", format::count(left_out as u64, "version"));
        table.line(Text::styled(Style::Faint, note));
    }
    for (of_version, tensor) in line.iter().skip(left_out) {
        let Version { id, record } = &of_version.version;
        let versions = [record.number.to_string().into(), Text::styled(Style::Id, id.short())];
        table.row(versions.into_iter().chain(measures.iter().map(|of| cell(*of, tensor))));
    }
    ui.table(&mut table)?;
    let drawn = measures.iter().filter(|measure| !measure.is_count());
    // Two lines say whether it grows and whether it still moves.
    let drawn: Vec<Measure> = drawn.copied().take(2).collect();
    let width = drawn.iter().map(|measure| word(*measure).len()).max().unwrap_or(0);
    drawn.into_iter().try_for_each(|measure| print_spark(ui, measure, width, line))
}

/// Tells whether a column says anything: a count that is 0 everywhere does not.
fn is_telling(measure: Measure, line: &Line<'_>) -> bool {
    let mut values = line.iter().map(|(_, tensor)| measure.of(tensor).unwrap_or(0.0));
    !measure.is_count() || values.any(|value| value > 0.0)
}

fn cell(measure: Measure, tensor: &TensorStatistics) -> Text {
    let Some(value) = measure.of(tensor) else {
        return Text::styled(Style::Faint, "-");
    };
    match measure {
        Measure::Nan | Measure::Inf if value > 0.0 => {
            Text::styled(Style::Bad, format::number(value))
        }
        _ if measure.is_count() => format::number(value).into(),
        _ => format::short(value).into(),
    }
}

/// Draws how something went from the first version to the last, after its name in `width` columns.
fn print_spark(
    ui: &mut Ui,
    measure: Measure,
    width: usize,
    line: &Line<'_>,
) -> Result<(), Failure> {
    let values: Vec<Option<f64>> = line.iter().map(|(_, tensor)| measure.of(tensor)).collect();
    let finite = || values.iter().flatten().filter(|value| value.is_finite());
    let (Some(first), Some(last)) = (finite().next(), finite().next_back()) else {
        return Ok(());
    };
    if finite().count() < SPARK_LEAST {
        return Ok(());
    }
    let name = format!("{:width$}  ", word(measure));
    let text = Text::styled(Style::Faint, name).plain(sparkline(&values, SPARK_WIDTH));
    ui.line(text.plain(format!("  {} -> {}", format::short(*first), format::short(*last))))
}

/// Names the versions whose content was removed.
fn print_removed(ui: &mut Ui, statistics: &[VersionStatistics]) -> Result<(), Failure> {
    let removed = statistics.iter().filter(|of_version| of_version.is_removed);
    let removed: Vec<String> = removed.map(|of_version| of_version.version.id.short()).collect();
    let (what, whose) = match &removed[..] {
        [] => return Ok(()),
        [one] => (format!("version {one}"), "its"),
        [first, .., last] => {
            (format!("{} versions from {first} to {last}", removed.len()), "their")
        }
    };
    let note = format!("{what}: {whose} content was removed; numbers are from before, if any");
    ui.notice(Text::styled(Style::Notice, note))
}

fn form(tensor: &TensorStatistics) -> String {
    format!("{} {}", tensor.dtype, format::shape(&tensor.shape))
}

/// Names a measure as on the command line.
fn word(measure: Measure) -> String {
    let value = measure.to_possible_value();
    value.map(|value| value.get_name().to_owned()).unwrap_or_default()
}
