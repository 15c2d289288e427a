//! What a model is trained on.

use ndarray::{Array1, Array2};

use crate::{Column, DataError, Problem, Table, Values, csv::parse_number};

/// Longest piece of a cell that an error shows.
const SHOWN_CHARS: usize = 40;

/// Features and target of a regression: finite numbers, one row per sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// The names of the columns of `x`.
    pub features: Vec<String>,
    /// The name of the column that `y` is.
    pub target: String,
    /// Rows x features, row-major.
    pub x: Array2<f64>,
    /// The target of each row.
    pub y: Array1<f64>,
}

impl Table {
    /// Splits the table into the target, by default the last column, and the features: all other
    /// columns, in their order.
    ///
    /// # Errors
    /// No column of that name, no column beside it, a column that is text, a number that is not
    /// finite.
    pub fn split_target(&self, name: Option<&str>) -> Result<Samples, DataError> {
        let columns = self.columns();
        let target = match name {
            Some(name) => self.position(name)?,
            None => columns.len() - 1,
        };
        if columns.len() == 1 {
            return Err(Problem::NoFeatures(columns[target].name.clone()).into());
        }
        let y = finite(&columns[target], Problem::TextTarget)?;
        let mut x = Array2::zeros((self.rows(), columns.len() - 1));
        let mut features = Vec::with_capacity(columns.len() - 1);
        let others = columns[..target].iter().chain(&columns[target + 1..]);
        for (column, mut cells) in others.zip(x.columns_mut()) {
            let values = finite(column, Problem::TextFeature)?;
            cells.iter_mut().zip(values).for_each(|(x, value)| *x = *value);
            features.push(column.name.clone());
        }
        Ok(Samples {
            features,
            target: columns[target].name.clone(),
            x,
            y: Array1::from(y.to_vec()),
        })
    }

    fn position(&self, name: &str) -> Result<usize, Problem> {
        let columns = self.columns();
        let found = columns.iter().position(|column| column.name == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            Problem::UnknownColumn { name: name.to_owned(), columns: names.join(", ") }
        })
    }
}

/// Returns the values of a column of finite numbers.
fn finite(column: &Column, if_text: fn(String) -> Problem) -> Result<&[f64], Problem> {
    let values = match &column.values {
        Values::Number(values) => values,
        Values::Text(cells) => {
            let name = || column.name.clone();
            return Err(stray_cell(column, cells).unwrap_or_else(|| if_text(name())));
        }
    };
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(index) => Err(Problem::NotFinite {
            row: index + 1,
            column: column.name.clone(),
            value: values[index],
        }),
    }
}

/// Names the first cell that is not a number, if others are: a missing value, perhaps, written out.
fn stray_cell(column: &Column, cells: &[String]) -> Option<Problem> {
    let is_number = |cell: &String| parse_number(cell).is_some();
    if !cells.iter().any(is_number) {
        return None;
    }
    let index = cells.iter().position(|cell| !is_number(cell))?;
    Some(Problem::NotNumber {
        row: index + 1,
        column: column.name.clone(),
        cell: cells[index].chars().take(SHOWN_CHARS).collect(),
    })
}
