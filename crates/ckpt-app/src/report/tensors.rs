//! How much each tensor changed from step to step.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use ckpt_store::{Error, Repository, Role, TensorChange, TensorStatus, Version};

use crate::failure::Failure;

/// The most steps of a heat map: each is two checkpoints read, and a column of the page.
const MOST_STEPS: usize = 60;

/// The most tensors of a heat map: more rows than that are not looked at.
const MOST_ROWS: usize = 80;

/// How a tensor changed in a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    /// Neither version has it.
    Absent,
    /// It stayed what it was, as its id says.
    Same,
    /// By this relative L2 distance, which may be infinite.
    Changed(f64),
    /// Some of it became NaN or infinite, or was: no number tells how far apart that is.
    Spoiled,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has another shape or element type, or elements that no numbers are known for.
    Other,
    /// The content of one of the versions was removed.
    Unknown,
}

/// One tensor through all steps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) cells: Vec<Cell>,
}

/// The changes of tensors, step by step.
#[derive(Debug, Default)]
pub(super) struct HeatMap {
    /// The numbers of the versions before and after each step.
    pub(super) steps: Vec<(u64, u64)>,
    /// The tensors that changed most, by name.
    pub(super) rows: Vec<Row>,
    /// Tensors that are left out because they changed less.
    pub(super) left_out: usize,
    /// Whether versions between the steps are left out.
    pub(super) skips_versions: bool,
    /// Whether no step could be compared because content was removed.
    pub(super) is_removed: bool,
}

impl HeatMap {
    /// Compares versions one after the other; of many, some evenly spread.
    pub(super) fn measure(
        repository: &Repository,
        versions: &[Version],
        progress: &dyn Fn(u64, u64),
    ) -> Result<Self, Failure> {
        let chosen = choose(versions.len(), MOST_STEPS + 1);
        let pairs = chosen.windows(2).map(|pair| (&versions[pair[0]], &versions[pair[1]]));
        let mut steps = Vec::new();
        let mut columns = Vec::new();
        for (a, b) in pairs {
            progress(steps.len() as u64, chosen.len() as u64 - 1);
            columns.push(column(repository, a, b)?);
            steps.push((a.record.number, b.record.number));
        }
        let skips_versions = chosen.len() < versions.len();
        let is_removed = !columns.is_empty() && columns.iter().all(Option::is_none);
        let mut rows = rows(columns);
        let left_out = keep_most_changed(&mut rows, MOST_ROWS);
        Ok(Self { steps, rows, left_out, skips_versions, is_removed })
    }

    /// Gives the smallest and largest change that is finite and not 0; `None` without any.
    pub(super) fn extent(&self) -> Option<(f64, f64)> {
        let changes = self.rows.iter().flat_map(|row| &row.cells).filter_map(|cell| match cell {
            Cell::Changed(change) if change.is_finite() && *change > 0.0 => Some(*change),
            _ => None,
        });
        changes.map(|change| (change, change)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Tells whether there is a cell of this kind.
    pub(super) fn has(&self, is_meant: impl Fn(&Cell) -> bool) -> bool {
        self.rows.iter().flat_map(|row| &row.cells).any(is_meant)
    }
}

/// Chooses at most `most` of `count` places evenly, the first and the last among them.
fn choose(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    (0..most).map(|index| index * (count - 1) / (most - 1)).collect()
}

/// The cells of one step by the names of the tensors; `None` if content was removed.
type Column = Option<BTreeMap<String, Cell>>;

fn column(repository: &Repository, a: &Version, b: &Version) -> Result<Column, Failure> {
    let comparison = match repository.compare(a.clone(), b.clone()) {
        Err(Error::Removed(_)) => return Ok(None),
        other => other?,
    };
    // Optimizer state has another scale: it would hide what happens to the weights.
    let weights = comparison.tensors.into_iter().filter(|tensor| tensor.role == Role::Weights);
    Ok(Some(weights.map(|tensor| (tensor.name.clone(), cell(&tensor))).collect()))
}

fn cell(tensor: &TensorChange) -> Cell {
    match &tensor.status {
        TensorStatus::Same | TensorStatus::Renamed(_) => Cell::Same,
        TensorStatus::Added => Cell::Added,
        TensorStatus::Removed => Cell::Removed,
        TensorStatus::Changed(_) | TensorStatus::Retyped { .. } | TensorStatus::Reshaped(_) => {
            let numeric = tensor.status.difference().and_then(|difference| difference.numeric);
            match numeric {
                Some(numeric) if numeric.spoiled > 0 => Cell::Spoiled,
                Some(numeric) if !numeric.relative_l2.is_nan() => {
                    Cell::Changed(numeric.relative_l2)
                }
                _ => Cell::Other,
            }
        }
    }
}

fn rows(columns: Vec<Column>) -> Vec<Row> {
    let names: BTreeSet<&String> = columns.iter().flatten().flat_map(BTreeMap::keys).collect();
    let cell = |name: &String, column: &Column| match column {
        Some(cells) => cells.get(name).copied().unwrap_or(Cell::Absent),
        None => Cell::Unknown,
    };
    let row = |name: &String| Row {
        name: name.clone(),
        cells: columns.iter().map(|column| cell(name, column)).collect(),
    };
    names.into_iter().map(row).collect()
}

/// Keeps the rows whose changes have the greatest sum, by name, and returns how many that leaves
/// out.
fn keep_most_changed(rows: &mut Vec<Row>, most: usize) -> usize {
    let left_out = rows.len().saturating_sub(most);
    let total = |row: &Row| -> f64 {
        let change = |cell: &Cell| match cell {
            // One change beyond all bounds does not outweigh all others.
            Cell::Changed(change) => change.min(1.0),
            Cell::Other => 1.0,
            // More than any row without one: that is what one looks for.
            Cell::Spoiled => (MOST_STEPS + 1) as f64,
            _ => 0.0,
        };
        row.cells.iter().map(change).sum()
    };
    rows.sort_by(|a, b| total(b).total_cmp(&total(a)));
    rows.truncate(most);
    rows.sort_by(|a, b| natural(&a.name, &b.name));
    left_out
}

/// Compares names so that `layer.2` comes before `layer.10`.
///
/// This is a total order, which sorting relies on: numbers of any length compare as numbers, and
/// only equal names are equal.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (piece_a, piece_b) = (piece(a), piece(b));
        let order = match (number(piece_a), number(piece_b)) {
            (Some(number_a), Some(number_b)) => number_a.cmp(&number_b),
            _ => piece_a.cmp(piece_b),
        };
        // `1` and `01` are the same number, but not the same name.
        let order = order.then_with(|| piece_a.cmp(piece_b));
        if order.is_ne() || piece_a.is_empty() {
            return order;
        }
        (a, b) = (&a[piece_a.len()..], &b[piece_b.len()..]);
    }
}

/// Gives what a piece of digits compares by: how many they are without leading zeros, and these.
///
/// A name may have more digits than any integer type holds.
fn number(piece: &str) -> Option<(usize, &str)> {
    let digits = piece.trim_start_matches('0');
    is_digits(piece).then_some((digits.len(), digits))
}

fn is_digits(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_digit())
}

/// Returns the digits that a text starts with, or what comes before the first.
fn piece(text: &str) -> &str {
    let is_number = is_digits(text);
    let is_end = |char: char| char.is_ascii_digit() != is_number;
    &text[..text.find(is_end).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_spread_evenly() {
        assert_eq!(choose(3, 4), [0, 1, 2]);
        assert_eq!(choose(10, 4), [0, 3, 6, 9]);
        let chosen = choose(10_000, 61);
        assert_eq!((chosen.len(), chosen[0], chosen[60]), (61, 0, 9999));
        assert!(chosen.windows(2).all(|pair| (166..=167).contains(&(pair[1] - pair[0]))));
        assert_eq!(choose(0, 4), Vec::<usize>::new());
    }

    #[test]
    fn names_with_numbers_sort_by_these() {
        let mut names = ["h.10.w", "h.2.w", "h.2", "a", "h.02.w", "1", "h"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["1", "a", "h", "h.02.w", "h.2", "h.2.w", "h.10.w"]);
    }

    #[test]
    fn numbers_of_any_length_are_numbers() {
        let zeros = "0".repeat(30);
        let least = u64::MAX.to_string();
        let mut ordered = ["0", "00", "3", "0010", "10", &least, "18446744073709551616"]
            .map(str::to_owned)
            .to_vec();
        ordered.extend([
            format!("{zeros}18446744073709551617"),
            "9".repeat(21),
            String::new(),
            "a".to_owned(),
        ]);
        let names: Vec<String> = ordered.iter().map(|number| format!("h.{number}.w")).collect();
        // `h..w` has no number: it is one piece, and longer than `h.`.
        for (at, a) in names.iter().enumerate() {
            for (other, b) in names.iter().enumerate() {
                assert_eq!(natural(a, b), at.cmp(&other), "{a} and {b}");
            }
        }
    }

    #[test]
    fn the_rows_that_changed_most_are_kept_by_name() {
        let row = |name: &str, change| Row {
            name: name.to_owned(),
            cells: vec![Cell::Same, Cell::Changed(change)],
        };
        let mut rows = vec![row("a", 0.1), row("b", 0.3), row("c", f64::INFINITY), row("d", 0.0)];
        assert_eq!(keep_most_changed(&mut rows, 2), 2);
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["b", "c"]);
        let mut rows = vec![row("a", 0.1), row("b", 0.3), row("c", 0.2)];
        rows[1].cells = vec![Cell::Other; MOST_STEPS];
        rows[2].cells = vec![Cell::Spoiled];
        keep_most_changed(&mut rows, 1);
        assert_eq!(rows[0].name, "c");
    }

    #[test]
    fn a_step_without_content_is_unknown_for_every_tensor() {
        let column = |names: &[&str]| -> Column {
            Some(names.iter().map(|name| ((*name).to_owned(), Cell::Same)).collect())
        };
        let rows = rows(vec![column(&["a"]), None, column(&["a", "b"])]);
        assert_eq!(rows[0].cells, [Cell::Same, Cell::Unknown, Cell::Same]);
        assert_eq!(rows[1].cells, [Cell::Absent, Cell::Unknown, Cell::Same]);
    }
}
