//! Columns of class labels.

use std::{collections::BTreeSet, ops::Range};

use super::numbers::Numbers;
use crate::{Column, Problem, Values};

/// Sizes of numbers that are written without an exponent, as users and Python do.
const PLAIN: Range<f64> = 1e-5..1e16;

/// Returns the class of each row as its place among the labels, and the sorted labels.
pub(super) fn of(column: &Column) -> Result<(Vec<usize>, Vec<String>), Problem> {
    let (places, labels) = match &column.values {
        Values::Text(cells) => of_text(column, cells)?,
        Values::Number(_) | Values::Single(_) => of_numbers(column)?,
    };
    match &labels[..] {
        [label] => Err(Problem::OneClass { column: column.name.clone(), label: label.clone() }),
        _ => Ok((places, labels)),
    }
}

fn of_text(column: &Column, cells: &[String]) -> Result<(Vec<usize>, Vec<String>), Problem> {
    let cells: Vec<&str> = cells.iter().map(|cell| cell.trim()).collect();
    for (index, cell) in cells.iter().enumerate() {
        let (row, column) = (index + 1, || column.name.clone());
        if cell.is_empty() {
            return Err(Problem::EmptyLabel { row, column: column() });
        }
        if cell.contains(char::is_control) {
            return Err(Problem::ControlInLabel { row, column: column() });
        }
    }
    let distinct: BTreeSet<&str> = cells.iter().copied().collect();
    let labels: Vec<&str> = distinct.into_iter().collect();
    let place = |cell: &&str| labels.binary_search(cell).expect("each cell is among them");
    let places = cells.iter().map(place).collect();
    Ok((places, labels.into_iter().map(str::to_owned).collect()))
}

fn of_numbers(column: &Column) -> Result<(Vec<usize>, Vec<String>), Problem> {
    let numbers = Numbers::of::<f64>(column, Problem::TextTarget)?;
    // Adding 0 makes one class of 0 and -0.
    let values = numbers.to_array::<f64>() + 0.0;
    let mut distinct = values.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let place = |value: &f64| {
        distinct.binary_search_by(|other| other.total_cmp(value)).expect("each is among them")
    };
    let places = values.iter().map(place).collect();
    let is_single = matches!(column.values, Values::Single(_));
    let label = |value: &f64| if is_single { shortest(*value as f32) } else { shortest(*value) };
    Ok((places, distinct.iter().map(label).collect()))
}

/// Writes a number in the fewest digits that give it back, with an exponent if it is far from 1.
fn shortest<T: Copy + Into<f64> + std::fmt::Display + std::fmt::LowerExp>(value: T) -> String {
    let size = value.into().abs();
    if size == 0.0 || PLAIN.contains(&size) {
        return value.to_string();
    }
    format!("{value:e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_short() {
        let cases = [
            (0.0, "0"),
            (7.0, "7"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (1e15, "1000000000000000"),
            (1e16, "1e16"),
            (1e300, "1e300"),
            (2.5e-7, "2.5e-7"),
        ];
        for (value, text) in cases {
            assert_eq!(shortest(value), text);
        }
        assert_eq!(shortest(0.1_f32), "0.1");
    }
}
