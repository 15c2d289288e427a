//! The tensors of two versions, for users.

use std::cmp::Reverse;

use ckpt_app::compare::word;
use ckpt_store::{TensorChange, TensorStatus};

use super::{
    Sort,
    extent::{Extent, Tally},
};
use crate::{
    failure::Failure,
    format,
    ui::{Column, Style, Table, Text, Ui},
};

/// Makes a column of names, which need room more than the last numbers do: they tell one layer from
/// another somewhere in their middle.
pub(super) fn name_column(ui: &Ui, title: &str) -> Column {
    Column::left(title).keep_ends(name_width(ui))
}

/// Returns the columns of a name that are kept: most names fit into 40.
pub(super) const fn name_width(ui: &Ui) -> usize {
    let half = ui.width() / 2;
    if half < 40 { half } else { 40 }
}

/// Prints how many tensors changed in which way, those that have another name, form or place, and
/// then those whose elements changed.
pub(super) fn print(ui: &mut Ui, tensors: &[TensorChange], extent: Extent) -> Result<(), Failure> {
    if tensors.is_empty() {
        return Ok(());
    }
    ui.line("")?;
    ui.line(Tally::of("tensor", tensors.iter().map(|tensor| word(&tensor.status))).text())?;
    let listed = tensors.iter().filter(|tensor| extent.all || tensor.status != TensorStatus::Same);
    let mut listed: Vec<&TensorChange> = listed.collect();
    match extent.sort {
        Sort::Name => listed.sort_by_key(|tensor| &tensor.name),
        Sort::Change => listed.sort_by_key(|tensor| (tensor.role, weight(tensor), &tensor.name)),
    }
    let (measured, moved): (Vec<_>, Vec<_>) =
        listed.into_iter().partition(|tensor| tensor.status.difference().is_some());
    print_moved(ui, &moved, extent)?;
    if !moved.is_empty() && !measured.is_empty() {
        ui.line("")?;
    }
    print_measured(ui, &measured, extent)
}

/// Orders tensors of one role by what matters most: other places and forms, then what was spoiled,
/// then large changes.
fn weight(tensor: &TensorChange) -> (u8, Reverse<u64>) {
    let rank = match tensor.status {
        TensorStatus::Added | TensorStatus::Removed => 0,
        TensorStatus::Reshaped(_) | TensorStatus::Retyped { difference: None, .. } => 1,
        TensorStatus::Renamed(_) => 2,
        _ if is_spoiled(&tensor.status) => 3,
        TensorStatus::Changed(_) | TensorStatus::Retyped { .. } => 4,
        TensorStatus::Same => 5,
    };
    (rank, Reverse(by_size(&tensor.status)))
}

/// Gives a number that is greater, the greater the relative change; unknown ones are the greatest.
pub(super) fn by_size(status: &TensorStatus) -> u64 {
    let relative = |difference: &ckpt_tensor::Difference| {
        difference.numeric.map_or(f64::INFINITY, |by| by.relative_l2)
    };
    // The bits of floats that are not negative are ordered like the floats, NaN above all.
    status.difference().map_or(0, |difference| relative(difference).abs().to_bits())
}

/// Tells whether b has NaN or infinite elements that a has not.
pub(super) fn is_spoiled(status: &TensorStatus) -> bool {
    let numeric = status.difference().and_then(|difference| difference.numeric);
    numeric.is_some_and(|by| by.nan_b > by.nan_a || by.inf_b > by.inf_a)
}

fn print_moved(ui: &mut Ui, tensors: &[&TensorChange], extent: Extent) -> Result<(), Failure> {
    if tensors.is_empty() {
        return Ok(());
    }
    let mut table = Table::new([
        name_column(ui, "tensor"),
        Column::left("status"),
        Column::left("type").elastic(),
    ]);
    for tensor in tensors.iter().take(extent.limit()) {
        let name = match &tensor.status {
            TensorStatus::Renamed(was) => format!("{was} -> {}", tensor.name),
            _ => tensor.name.clone(),
        };
        let style = match tensor.status {
            TensorStatus::Same => Style::Faint,
            _ => Style::Notice,
        };
        let status = Text::styled(style, word(&tensor.status));
        table.row([name.into(), status, form(tensor).into()]);
    }
    ui.table(&mut table)?;
    extent.print_rest(ui, tensors.len())
}

fn print_measured(ui: &mut Ui, tensors: &[&TensorChange], extent: Extent) -> Result<(), Failure> {
    if tensors.is_empty() {
        return Ok(());
    }
    let mut table = Table::new([
        name_column(ui, "tensor"),
        Column::left("type").elastic(),
        Column::right("rel l2"),
        Column::right("max |b-a|").dispensable(1),
        Column::right("changed").dispensable(2),
        Column::right("mean |b-a|").dispensable(3),
        Column::right("cosine").dispensable(4),
    ]);
    let shown = || tensors.iter().take(extent.limit());
    for tensor in shown() {
        table.row(measured_row(tensor));
    }
    ui.table(&mut table)?;
    extent.print_rest(ui, tensors.len())?;
    for line in shown().filter_map(|tensor| specials(&tensor.name, &tensor.status)) {
        ui.line(line)?;
    }
    Ok(())
}

fn measured_row(tensor: &TensorChange) -> [Text; 7] {
    let difference = tensor.status.difference();
    let numeric = difference.and_then(|difference| difference.numeric);
    let number = |value: Option<f64>| Text::from(value.map(format::short).unwrap_or_default());
    let changed = difference.map(|difference| format::percent(difference.changed_fraction()));
    [
        tensor.name.as_str().into(),
        form(tensor).into(),
        number(numeric.map(|by| by.relative_l2)),
        number(numeric.map(|by| by.max_abs)),
        changed.unwrap_or_default().into(),
        number(numeric.map(|by| by.mean_abs)),
        numeric.map(|by| format::number(by.cosine)).unwrap_or_default().into(),
    ]
}

/// Says how many elements are NaN or infinite; `None` if none is in either version.
pub(super) fn specials(name: &str, status: &TensorStatus) -> Option<Text> {
    let by = status.difference()?.numeric?;
    let count = |what: &str, a: u64, b: u64| (a > 0 || b > 0).then(|| format!("{what} {a} -> {b}"));
    let counts: Vec<String> =
        [count("NaN", by.nan_a, by.nan_b), count("infinite", by.inf_a, by.inf_b)]
            .into_iter()
            .flatten()
            .collect();
    let style = if is_spoiled(status) { Style::Bad } else { Style::Notice };
    (!counts.is_empty()).then(|| Text::styled(style, format!("{name}: {}", counts.join(", "))))
}

/// Writes dtype and extents, and what they were.
pub(super) fn form(tensor: &TensorChange) -> String {
    let TensorChange { dtype, shape, .. } = tensor;
    let shape = format::shape(shape);
    match &tensor.status {
        TensorStatus::Retyped { was, .. } => format!("{was} -> {dtype} {shape}"),
        TensorStatus::Reshaped(was) => format!("{dtype} {} -> {shape}", format::shape(was)),
        _ => format!("{dtype} {shape}"),
    }
}
