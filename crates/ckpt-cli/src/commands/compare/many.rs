//! Comparisons of more than two versions for users: side by side, each with the first.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use ckpt_app::compare::{Input, Judged, word};
use ckpt_store::{TensorChange, TensorStatus};

use super::{
    Sort,
    extent::{Extent, Tally},
    letter,
    tensors::{self, name_column, name_width},
    text,
};
use crate::{
    failure::Failure,
    format,
    metrics::{Direction, MetricChange, Verdict},
    params,
    ui::{Column, Style, Table, Text, Ui},
};

/// Columns between two columns.
const GAP: usize = 2;

/// One thing, and what it is in each version.
struct Row {
    /// Its name, and what else is said of it in any version.
    head: Vec<Text>,
    cells: Vec<Text>,
}

pub(super) fn print(ui: &mut Ui, judged: &[Judged], extent: Extent) -> Result<(), Failure> {
    let letters: Vec<String> = (0..judged.len()).map(letter).collect();
    let first = &judged[0];
    let mut versions = vec![("a", &first.names[0], &first.comparison.a)];
    for (letter, judged) in letters.iter().zip(judged) {
        versions.push((letter, &judged.names[1], &judged.comparison.b));
    }
    text::print_versions(ui, &versions)?;
    print_identities(ui, judged, &letters)?;
    let with_a: Vec<String> = ["a".to_owned()].into_iter().chain(letters.clone()).collect();
    print_metrics(ui, judged, &with_a)?;
    side_by_side(ui, &["parameter"], &with_a, param_rows(judged))?;
    side_by_side(ui, &["recipe"], &with_a, input_rows(judged))?;
    print_tensors(ui, judged, &letters, extent)?;
    print_files(ui, judged, &letters, extent)
}

/// Prints rows with a column for each version; in several tables if there are too many for one.
fn side_by_side(
    ui: &mut Ui,
    heads: &[&str],
    letters: &[String],
    rows: Vec<Row>,
) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let width = |cell: &dyn Fn(&Row) -> usize| rows.iter().map(cell).max().unwrap_or(0);
    let head = |(index, title): (usize, &&str)| {
        width(&|row| row.head[index].width()).max(title.len()).min(name_width(ui)) + GAP
    };
    let head: usize = heads.iter().enumerate().map(head).sum();
    let name = name_column(ui, heads[0]);
    let columns = |titles: &[String]| {
        let others = heads.iter().skip(1).map(|title| Column::left(*title).elastic());
        let versions = titles.iter().map(|letter| Column::right(letter.as_str()));
        [name.clone()].into_iter().chain(others).chain(versions).collect::<Vec<_>>()
    };
    let mut start = 0;
    while start < letters.len() {
        let mut room = (ui.width() + GAP).saturating_sub(head);
        let fits = |index: &usize| {
            let cells = width(&|row| row.cells[*index].width());
            let rest = room.checked_sub(cells.max(letters[*index].len()) + GAP);
            room = rest.unwrap_or(0);
            rest.is_some()
        };
        // However narrow it is, each table has one version.
        let end = start + (start..letters.len()).take_while(fits).count().max(1);
        let mut table = Table::new(columns(&letters[start..end]));
        for row in &rows {
            table.row(row.head.iter().chain(&row.cells[start..end]).cloned());
        }
        ui.line("")?;
        ui.table(&mut table)?;
        start = end;
    }
    Ok(())
}

fn print_identities(ui: &mut Ui, judged: &[Judged], letters: &[String]) -> Result<(), Failure> {
    let titles = text::identities(&judged[0].comparison).map(|(what, _)| Column::left(what));
    let mut table = Table::new([Column::left("")].into_iter().chain(titles));
    for (letter, judged) in letters.iter().zip(judged) {
        let same = text::identities(&judged.comparison).map(|(_, same)| text::sameness(same));
        table.row([Text::from(letter.as_str())].into_iter().chain(same));
    }
    ui.line("")?;
    ui.table(&mut table)
}

fn print_metrics(ui: &mut Ui, judged: &[Judged], letters: &[String]) -> Result<(), Failure> {
    let mut heads = vec!["metric", "better"];
    let mut rows = metric_rows(judged);
    // Without a known direction, nothing is said of directions.
    if rows.iter().all(|row| row.head[1].width() == 0) {
        heads.truncate(1);
        rows.iter_mut().for_each(|row| row.head.truncate(1));
    }
    side_by_side(ui, &heads, letters, rows)
}

/// Lists metrics with what they are in a, then in each other version, judged against a.
fn metric_rows(judged: &[Judged]) -> Vec<Row> {
    let names: BTreeSet<&String> = judged.iter().flat_map(|judged| judged.metrics.keys()).collect();
    let row = |name: &String| {
        let changes: Vec<Option<&MetricChange>> =
            judged.iter().map(|judged| judged.metrics.get(name)).collect();
        let known = changes.iter().flatten().next();
        let direction = known.and_then(|change| change.direction).map_or("", Direction::word);
        let of_a = text::measurement(
            known.and_then(|change| change.a),
            known.and_then(|change| change.spread_a),
        );
        let others = changes.iter().map(|change| change.map_or_else(missing, judged_metric));
        Row {
            head: vec![name.as_str().into(), Text::styled(Style::Faint, direction)],
            cells: [of_a].into_iter().chain(others).collect(),
        }
    };
    names.into_iter().map(row).collect()
}

fn judged_metric(change: &MetricChange) -> Text {
    let value = text::measurement(change.b, change.spread_b);
    match change.verdict {
        Verdict::Same | Verdict::Changed => value,
        verdict => Text::styled(text::style(verdict), verdict.word()).plain(" ").join(value),
    }
}

fn missing() -> Text {
    Text::styled(Style::Faint, "-")
}

/// Lists parameters that are not the same in all versions.
fn param_rows(judged: &[Judged]) -> Vec<Row> {
    let params = || judged.iter().map(|judged| &judged.comparison.params);
    let names: BTreeSet<&String> = params().flat_map(BTreeMap::keys).collect();
    let differs = |name: &&String| {
        params().any(|params| params.get(*name).is_some_and(|pair| pair.a != pair.b))
    };
    let row = |name: &String| {
        let cell =
            |value: Option<_>| value.map_or_else(missing, |value| params::show(value).into());
        let of_a = params().find_map(|params| params.get(name)?.a.as_ref());
        let others = params().map(|params| cell(params.get(name).and_then(|pair| pair.b.as_ref())));
        Row {
            head: vec![name.as_str().into()],
            cells: [cell(of_a)].into_iter().chain(others).collect(),
        }
    };
    names.into_iter().filter(differs).map(row).collect()
}

/// Lists which other inputs are not the same in all versions.
fn input_rows(judged: &[Judged]) -> Vec<Row> {
    let inputs: Vec<[Input; 4]> = judged.iter().map(|judged| judged.inputs.listed()).collect();
    let differs =
        |place: &usize| inputs.iter().any(|inputs| inputs[*place].1.a != inputs[*place].1.b);
    let row = |place: usize| {
        let cells = inputs.iter().map(|inputs| text::or_nothing(inputs[place].1.b.clone()));
        let (what, of_a) = &inputs[0][place];
        Row {
            head: vec![(*what).into()],
            cells: [text::or_nothing(of_a.a.clone())].into_iter().chain(cells).collect(),
        }
    };
    (0..inputs[0].len()).filter(differs).map(row).collect()
}

fn print_tensors(
    ui: &mut Ui,
    judged: &[Judged],
    letters: &[String],
    extent: Extent,
) -> Result<(), Failure> {
    let mut rows: BTreeMap<&str, Vec<Option<&TensorChange>>> = BTreeMap::new();
    for (index, judged) in judged.iter().enumerate() {
        for tensor in &judged.comparison.tensors {
            rows.entry(&tensor.name).or_insert_with(|| vec![None; letters.len()])[index] =
                Some(tensor);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    ui.line("")?;
    for (letter, judged) in letters.iter().zip(judged) {
        let statuses = judged.comparison.tensors.iter().map(|tensor| word(&tensor.status));
        ui.line(Text::from(format!("{letter}: ")).join(Tally::of("tensor", statuses).text()))?;
    }
    ui.line(Text::styled(Style::Faint, "numbers are the relative l2 of the change from a"))?;
    let is_listed = |changes: &[Option<&TensorChange>]| {
        let differs = |tensor: &&TensorChange| tensor.status != TensorStatus::Same;
        extent.all || changes.iter().flatten().any(differs)
    };
    let mut listed: Vec<_> = rows.into_iter().filter(|(_, changes)| is_listed(changes)).collect();
    if extent.sort == Sort::Change {
        listed.sort_by_key(|(_, changes)| weight(changes));
    }
    let heads = ["tensor", "type"];
    let shown = listed.iter().take(extent.limit());
    side_by_side(
        ui,
        &heads,
        letters,
        shown.clone().map(|(name, row)| tensor_row(name, row)).collect(),
    )?;
    extent.print_rest(ui, listed.len())?;
    for (name, changes) in shown {
        for (letter, change) in letters.iter().zip(changes) {
            let special = |tensor: &&TensorChange| tensors::specials(name, &tensor.status);
            if let Some(line) = change.as_ref().and_then(special) {
                ui.line(Text::from(format!("{letter}: ")).join(line))?;
            }
        }
    }
    Ok(())
}

/// Orders tensors like those of two versions do: by role, what was spoiled anywhere, and the
/// largest change.
fn weight(changes: &[Option<&TensorChange>]) -> impl Ord + use<> {
    let known = || changes.iter().flatten();
    let role = known().map(|tensor| tensor.role).min();
    let is_spoiled = known().any(|tensor| tensors::is_spoiled(&tensor.status));
    let largest = known().map(|tensor| tensors::by_size(&tensor.status)).max();
    (role, Reverse(is_spoiled), Reverse(largest))
}

/// Writes what a tensor is in the version that has it.
fn form(tensor: &TensorChange) -> String {
    format!("{} {}", tensor.dtype, format::shape(&tensor.shape))
}

/// Writes what a tensor is in a, if that has it and it is known from a change.
fn form_of_a(tensor: &TensorChange) -> Option<String> {
    match &tensor.status {
        TensorStatus::Added => None,
        TensorStatus::Retyped { was, .. } => {
            Some(format!("{was} {}", format::shape(&tensor.shape)))
        }
        TensorStatus::Reshaped(was) => Some(format!("{} {}", tensor.dtype, format::shape(was))),
        _ => Some(form(tensor)),
    }
}

fn tensor_row(name: &str, changes: &[Option<&TensorChange>]) -> Row {
    let known = || changes.iter().flatten();
    let of_a = known().find_map(|tensor| form_of_a(tensor));
    let form = of_a.or_else(|| known().next().map(|tensor| form(tensor)));
    let cell = |change: &Option<&TensorChange>| {
        let Some(tensor) = change else {
            return missing();
        };
        let numeric = tensor.status.difference().and_then(|difference| difference.numeric);
        let is_retyped = matches!(tensor.status, TensorStatus::Retyped { .. });
        let mark = if is_retyped { "retyped " } else { "" };
        let number = match numeric {
            Some(by) if tensors::is_spoiled(&tensor.status) => {
                Text::styled(Style::Bad, format::short(by.relative_l2))
            }
            Some(by) => format::short(by.relative_l2).into(),
            None if tensor.status == TensorStatus::Same => Text::styled(Style::Faint, "same"),
            None => return Text::styled(Style::Notice, word(&tensor.status)),
        };
        Text::styled(Style::Notice, mark).join(number)
    };
    Row {
        head: vec![name.into(), form.unwrap_or_default().into()],
        cells: changes.iter().map(cell).collect(),
    }
}

fn print_files(
    ui: &mut Ui,
    judged: &[Judged],
    letters: &[String],
    extent: Extent,
) -> Result<(), Failure> {
    let mut rows: BTreeMap<&str, Vec<Option<&'static str>>> = BTreeMap::new();
    for (index, judged) in judged.iter().enumerate() {
        for file in &judged.files {
            rows.entry(&file.path).or_insert_with(|| vec![None; letters.len()])[index] =
                Some(file.status);
        }
    }
    let differs = |status: &Option<&str>| status.is_some_and(|status| status != "same");
    let listed: Vec<_> =
        rows.iter().filter(|(_, statuses)| extent.all || statuses.iter().any(differs)).collect();
    let row = |(path, statuses): &(&&str, &Vec<Option<&'static str>>)| Row {
        head: vec![Text::from(**path)],
        cells: statuses.iter().map(|status| status.map_or_else(missing, Text::from)).collect(),
    };
    let rows = listed.iter().take(extent.limit()).map(row).collect();
    side_by_side(ui, &["file"], letters, rows)?;
    extent.print_rest(ui, listed.len())
}
