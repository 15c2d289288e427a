//! Columns of finite numbers.

use ndarray::Array1;

use crate::{Column, Float, Problem, Values, csv::parse_number};

/// Longest piece of a cell that an error shows.
const SHOWN_CHARS: usize = 40;

/// The numbers of a column, of which each has been checked.
pub(super) enum Numbers<'a> {
    Double(&'a [f64]),
    Single(&'a [f32]),
}

impl<'a> Numbers<'a> {
    /// Checks that each cell of a column is a number that is finite as a `T` too.
    pub(super) fn of<T: Float>(
        column: &'a Column,
        if_text: fn(String) -> Problem,
    ) -> Result<Self, Problem> {
        let numbers = match &column.values {
            Values::Number(values) => Self::Double(values),
            Values::Single(values) => Self::Single(values),
            Values::Text(cells) => {
                check_no_stray(column, cells)?;
                return Err(if_text(column.name.clone()));
            }
        };
        let bad = match numbers {
            Self::Double(values) => values.iter().position(|v| !T::from_f64(*v).is_finite()),
            Self::Single(values) => values.iter().position(|v| !T::from_f32(*v).is_finite()),
        };
        bad.map_or(Ok(()), |index| Err(numbers.refusal::<T>(index, column)))?;
        Ok(numbers)
    }

    fn refusal<T: Float>(&self, index: usize, column: &Column) -> Problem {
        let value = match self {
            Self::Double(values) => values[index],
            Self::Single(values) => f64::from(values[index]),
        };
        Problem::not_finite::<T>(index + 1, column.name.clone(), value)
    }

    /// Writes the numbers from row `start` on into places, as many as there are.
    pub(super) fn spread<'t, T: Float>(
        &self,
        start: usize,
        places: impl Iterator<Item = &'t mut T>,
    ) {
        match self {
            Self::Double(values) => {
                places.zip(&values[start..]).for_each(|(place, v)| *place = T::from_f64(*v));
            }
            Self::Single(values) => {
                places.zip(&values[start..]).for_each(|(place, v)| *place = T::from_f32(*v));
            }
        }
    }

    pub(super) fn to_array<T: Float>(&self) -> Array1<T> {
        match self {
            Self::Double(values) => values.iter().map(|value| T::from_f64(*value)).collect(),
            Self::Single(values) => values.iter().map(|value| T::from_f32(*value)).collect(),
        }
    }
}

/// Refuses text of which some cells are numbers, naming the first that is not: a missing value,
/// perhaps, written out.
pub(super) fn check_no_stray(column: &Column, cells: &[String]) -> Result<(), Problem> {
    let is_number = |cell: &String| parse_number(cell).is_some();
    if !cells.iter().any(is_number) {
        return Ok(());
    }
    let stray = cells.iter().position(|cell| !is_number(cell));
    stray.map_or(Ok(()), |index| {
        Err(Problem::NotNumber {
            row: index + 1,
            column: column.name.clone(),
            cell: cells[index].chars().take(SHOWN_CHARS).collect(),
        })
    })
}
