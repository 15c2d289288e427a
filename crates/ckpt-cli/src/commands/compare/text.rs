//! A comparison for people.

use std::cmp::Reverse;

use ckpt_store::{Comparison, TensorChange, TensorStatus, Version};

use super::{Judged, word};
use crate::{
    commands::show,
    failure::Failure,
    format,
    metrics::{MetricChange, Verdict},
    ui::{Column, Style, Table, Text, Ui},
};

/// The most tensors and files that are listed unless all are asked for.
const SHOWN: usize = 20;

pub(super) fn print(ui: &mut Ui, judged: &Judged, all: bool) -> Result<(), Failure> {
    print_versions(ui, judged)?;
    print_identities(ui, &judged.comparison)?;
    print_metrics(ui, judged)?;
    print_params(ui, judged)?;
    print_tensors(ui, &judged.comparison.tensors, all)?;
    print_files(ui, judged, all)
}

fn print_versions(ui: &mut Ui, judged: &Judged) -> Result<(), Failure> {
    let Comparison { a, b, .. } = &judged.comparison;
    let mut table =
        Table::new(["", "version", "#", "revision", "message"].map(|title| match title {
            "#" => Column::right(title),
            "" | "version" => Column::left(title),
            _ => Column::left(title).elastic(),
        }));
    for (letter, name, Version { id, record }) in
        [("a", &judged.names[0], a), ("b", &judged.names[1], b)]
    {
        table.row([
            letter.into(),
            Text::styled(Style::Id, id.short()),
            record.number.to_string().into(),
            Text::styled(Style::Ref, name),
            record.message.lines().next().unwrap_or_default().into(),
        ]);
    }
    ui.table(&mut table)
}

fn print_identities(ui: &mut Ui, comparison: &Comparison) -> Result<(), Failure> {
    let same_state = comparison.a.record.state == comparison.b.record.state;
    let facts = [
        ("model", comparison.same_model()),
        ("state", same_state),
        ("recipe", comparison.same_recipe()),
        ("data", comparison.data.same),
        ("code", comparison.code.same),
    ];
    let mut line = Text::new();
    for (index, (what, same)) in facts.into_iter().enumerate() {
        let gap = if index == 0 { "" } else { ", " };
        let verdict = if same {
            Text::styled(Style::Faint, "same")
        } else {
            Text::styled(Style::Notice, "changed")
        };
        line = line.plain(format!("{gap}{what} ")).join(verdict);
    }
    ui.line("")?;
    ui.line(line)
}

fn print_metrics(ui: &mut Ui, judged: &Judged) -> Result<(), Failure> {
    if judged.metrics.is_empty() {
        return Ok(());
    }
    let mut table = Table::new([
        Column::left("metric"),
        Column::right("a"),
        Column::right("b"),
        Column::right("delta"),
        Column::left(""),
    ]);
    for (name, change) in &judged.metrics {
        table.row([
            name.as_str().into(),
            measurement(change.a, change.spread_a),
            measurement(change.b, change.spread_b),
            change.delta().map_or_else(Text::new, |delta| delta_text(change, delta)),
            Text::styled(style(change.verdict), change.verdict.word()),
        ]);
    }
    ui.line("")?;
    ui.table(&mut table)
}

/// Writes a value, with its spread if it has one.
fn measurement(value: Option<f64>, spread: Option<f64>) -> Text {
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

const fn style(verdict: Verdict) -> Style {
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
        let value = |value: &Option<_>| match value {
            Some(value) => show::param(value).into(),
            None => Text::styled(Style::Faint, "-"),
        };
        table.row([name.as_str().into(), value(&pair.a), value(&pair.b)]);
    }
    ui.line("")?;
    ui.table(&mut table)
}

fn print_tensors(ui: &mut Ui, tensors: &[TensorChange], all: bool) -> Result<(), Failure> {
    if tensors.is_empty() {
        return Ok(());
    }
    let mut listed: Vec<&TensorChange> =
        tensors.iter().filter(|tensor| all || tensor.status != TensorStatus::Same).collect();
    listed.sort_by_key(|tensor| (tensor.role, Reverse(weight(&tensor.status)), &tensor.name));
    ui.line("")?;
    let limit = if all { usize::MAX } else { SHOWN };
    if !listed.is_empty() {
        let mut table = Table::new([
            Column::left("tensor").elastic(),
            Column::left("status"),
            Column::left("dtype"),
            Column::left("shape").elastic(),
            Column::right("max |b-a|"),
            Column::right("l2"),
            Column::right("changed"),
        ]);
        listed.iter().take(limit).for_each(|tensor| table.row(tensor_row(tensor)));
        ui.table(&mut table)?;
    }
    let same = tensors.iter().filter(|tensor| tensor.status == TensorStatus::Same).count();
    print_rest(ui, "tensor", tensors.len(), same, listed.len().saturating_sub(limit))
}

/// Orders tensors of one role by what matters most: other names and forms, then large changes.
fn weight(status: &TensorStatus) -> (u8, u64) {
    match status {
        TensorStatus::Same => (0, 0),
        TensorStatus::Changed(difference) => {
            // The bits of floats that are not negative are ordered like the floats, NaN above all.
            let change = difference.numeric.map_or(f64::INFINITY, |by| by.relative_l2);
            (1, change.abs().to_bits())
        }
        TensorStatus::Renamed(_) => (2, 0),
        TensorStatus::Reshaped(_) | TensorStatus::Retyped { .. } => (3, 0),
        TensorStatus::Added | TensorStatus::Removed => (4, 0),
    }
}

fn tensor_row(tensor: &TensorChange) -> [Text; 7] {
    let shape = format::shape(&tensor.shape);
    let (dtype, shape) = match &tensor.status {
        TensorStatus::Retyped { was, .. } => (format!("{was} -> {}", tensor.dtype), shape),
        TensorStatus::Reshaped(was) => {
            (tensor.dtype.to_string(), format!("{} -> {shape}", format::shape(was)))
        }
        _ => (tensor.dtype.to_string(), shape),
    };
    let name = match &tensor.status {
        TensorStatus::Renamed(was) => format!("{was} -> {}", tensor.name),
        _ => tensor.name.clone(),
    };
    let (max_abs, l2, changed) = match &tensor.status {
        TensorStatus::Changed(difference) => {
            let number = |value: Option<f64>| value.map(format::number).unwrap_or_default();
            let numeric = difference.numeric;
            (
                number(numeric.map(|by| by.max_abs)),
                number(numeric.map(|by| by.l2)),
                format::percent(difference.changed_fraction()),
            )
        }
        _ => Default::default(),
    };
    let status = Text::styled(Style::Notice, word(&tensor.status));
    [name.into(), status, dtype.into(), shape.into(), max_abs.into(), l2.into(), changed.into()]
}

fn print_files(ui: &mut Ui, judged: &Judged, all: bool) -> Result<(), Failure> {
    let files = &judged.files;
    if files.is_empty() {
        return Ok(());
    }
    let listed: Vec<_> = files.iter().filter(|file| all || file.status != "same").collect();
    let limit = if all { usize::MAX } else { SHOWN };
    ui.line("")?;
    if !listed.is_empty() {
        let mut table = Table::new([
            Column::left("file").elastic(),
            Column::left("status"),
            Column::right("size"),
        ]);
        for file in listed.iter().take(limit) {
            let status = Text::styled(Style::Notice, file.status);
            table.row([file.path.as_str().into(), status, format::bytes(file.bytes).into()]);
        }
        ui.table(&mut table)?;
    }
    let same = files.iter().filter(|file| file.status == "same").count();
    print_rest(ui, "file", files.len(), same, listed.len().saturating_sub(limit))
}

/// Says how many things are the same, and how many were left out.
fn print_rest(
    ui: &mut Ui,
    what: &str,
    count: usize,
    same: usize,
    left_out: usize,
) -> Result<(), Failure> {
    let mut line = format!("{same} of {} the same", format::count(count as u64, what));
    if left_out > 0 {
        line += &format!("; {left_out} more differ; --all lists them");
    }
    ui.line(Text::styled(Style::Faint, line))
}
