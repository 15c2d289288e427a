//! A comparison of two versions for users.

use ckpt_app::compare::Judged;
use ckpt_store::{Comparison, Pair, Version};

use super::{
    extent::{Extent, Tally},
    tensors,
};
use crate::{
    failure::Failure,
    format,
    metrics::{Direction, MetricChange, Verdict},
    params,
    ui::{Column, Style, Table, Text, Ui},
};

pub(super) fn print(ui: &mut Ui, judged: &Judged, extent: Extent) -> Result<(), Failure> {
    let Comparison { a, b, tensors, .. } = &judged.comparison;
    let [name_a, name_b] = &judged.names;
    print_versions(ui, &[("a", name_a, a), ("b", name_b, b)])?;
    print_identities(ui, &judged.comparison)?;
    print_metrics(ui, judged)?;
    print_params(ui, judged)?;
    print_inputs(ui, judged)?;
    tensors::print(ui, tensors, extent)?;
    print_files(ui, judged, extent)
}

/// Prints which versions the letters stand for.
pub(super) fn print_versions(
    ui: &mut Ui,
    versions: &[(&str, &String, &Version)],
) -> Result<(), Failure> {
    let mut table =
        Table::new(["", "version", "#", "revision", "message"].map(|title| match title {
            "#" => Column::right(title),
            "" | "version" => Column::left(title),
            _ => Column::left(title).elastic(),
        }));
    for (letter, name, Version { id, record }) in versions {
        table.row([
            (*letter).into(),
            Text::styled(Style::Id, id.short()),
            record.number.to_string().into(),
            Text::styled(Style::Ref, name),
            record.message.lines().next().unwrap_or_default().into(),
        ]);
    }
    ui.table(&mut table)
}

/// Lists what is the same by its id, or not.
pub(super) fn identities(comparison: &Comparison) -> [(&'static str, bool); 5] {
    [
        ("model", comparison.same_model()),
        ("state", comparison.a.record.state == comparison.b.record.state),
        ("recipe", comparison.same_recipe()),
        ("data", comparison.data.same),
        ("code", comparison.code.same),
    ]
}

pub(super) fn sameness(same: bool) -> Text {
    if same { Text::styled(Style::Faint, "same") } else { Text::styled(Style::Notice, "changed") }
}

fn print_identities(ui: &mut Ui, comparison: &Comparison) -> Result<(), Failure> {
    let mut line = Text::new();
    for (index, (what, same)) in identities(comparison).into_iter().enumerate() {
        let gap = if index == 0 { "" } else { ", " };
        line = line.plain(format!("{gap}{what} ")).join(sameness(same));
    }
    ui.line("")?;
    ui.line(line)
}

fn print_metrics(ui: &mut Ui, judged: &Judged) -> Result<(), Failure> {
    if judged.metrics.is_empty() {
        return Ok(());
    }
    // Without a known direction, nothing is said of directions.
    let is_known = judged.metrics.values().any(|change| change.direction.is_some());
    let name = tensors::name_column(ui, "metric");
    let better = is_known.then(|| Column::left("better").dispensable(1));
    let values = ["a", "b", "delta"].map(Column::right);
    let columns = [name].into_iter().chain(better).chain(values).chain([Column::left("")]);
    let mut table = Table::new(columns);
    for (name, change) in &judged.metrics {
        let direction = change.direction.map_or("", Direction::word);
        let better = is_known.then(|| Text::styled(Style::Faint, direction));
        let values = [
            measurement(change.a, change.spread_a),
            measurement(change.b, change.spread_b),
            change.delta().map_or_else(Text::new, |delta| delta_text(change, delta)),
            Text::styled(style(change.verdict), change.verdict.word()),
        ];
        table.row([name.as_str().into()].into_iter().chain(better).chain(values));
    }
    ui.line("")?;
    ui.table(&mut table)
}

/// Writes a value, with its spread if it has one.
pub(super) fn measurement(value: Option<f64>, spread: Option<f64>) -> Text {
    let Some(value) = value else {
        return Text::styled(Style::Faint, "-");
    };
    let spread = spread.map(|spread| format!(" +- {}", format::percent(spread)));
    Text::from(format::number(value)).push(Style::Faint, spread.unwrap_or_default())
}

/// Writes a difference; of measurements, the relative one.
fn delta_text(change: &MetricChange, delta: f64) -> Text {
    match (change.within_spread(), change.a) {
        (Some(_), Some(a)) if a != 0.0 => format!("{:+.1} %", 100.0 * delta / a.abs()).into(),
        _ => format::signed(delta).into(),
    }
}

pub(super) const fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Better | Verdict::Faster => Style::Good,
        Verdict::Worse | Verdict::Slower => Style::Bad,
        Verdict::Same | Verdict::Changed => Style::Faint,
    }
}

fn print_params(ui: &mut Ui, judged: &Judged) -> Result<(), Failure> {
    let params = &judged.comparison.params;
    let differing: Vec<_> = params.iter().filter(|(_, pair)| pair.a != pair.b).collect();
    if differing.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["parameter", "a", "b"].map(|title| Column::left(title).elastic()));
    for (name, pair) in differing {
        let value = |value: &Option<_>| or_nothing(value.as_ref().map(params::show));
        table.row([name.as_str().into(), value(&pair.a), value(&pair.b)]);
    }
    ui.line("")?;
    ui.table(&mut table)
}

/// Prints what other inputs differ.
fn print_inputs(ui: &mut Ui, judged: &Judged) -> Result<(), Failure> {
    let differing = judged.inputs.listed().into_iter().filter(|(_, pair)| pair.a != pair.b);
    let mut differing = differing.peekable();
    if differing.peek().is_none() {
        return Ok(());
    }
    let mut table = Table::new(["recipe", "a", "b"].map(|title| Column::left(title).elastic()));
    for (what, Pair { a, b }) in differing {
        table.row([what.into(), or_nothing(a), or_nothing(b)]);
    }
    ui.line("")?;
    ui.table(&mut table)
}

/// Writes what a version has, or that it has nothing.
pub(super) fn or_nothing(text: Option<String>) -> Text {
    text.map_or_else(|| Text::styled(Style::Faint, "-"), Text::from)
}

fn print_files(ui: &mut Ui, judged: &Judged, extent: Extent) -> Result<(), Failure> {
    let files = &judged.files;
    if files.is_empty() {
        return Ok(());
    }
    ui.line("")?;
    ui.line(Tally::of("file", files.iter().map(|file| file.status)).text())?;
    let listed: Vec<_> = files.iter().filter(|file| extent.all || file.status != "same").collect();
    if listed.is_empty() {
        return Ok(());
    }
    let mut table = Table::new([
        tensors::name_column(ui, "file"),
        Column::left("status"),
        Column::right("size"),
    ]);
    for file in listed.iter().take(extent.limit()) {
        let status = Text::styled(Style::Notice, file.status);
        table.row([file.path.as_str().into(), status, format::bytes(file.bytes).into()]);
    }
    ui.table(&mut table)?;
    extent.print_rest(ui, listed.len())
}
