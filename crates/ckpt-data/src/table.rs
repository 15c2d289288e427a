//! Named columns of equal length.

use std::collections::HashSet;

use ckpt_hash::{DataId, TableHasher};

use crate::{DataError, Float, Problem};

/// Named columns of equal length: at least one column and one row.
///
/// Names are unique, not empty and free of control characters. The id covers the values and the
/// order of rows and columns, not the names.
///
/// ```
/// use ckpt_data::{Column, Table, Values};
///
/// let area = Column { name: "area".into(), values: Values::Number(vec![50.0, 80.0]) };
/// let kind = Column { name: "kind".into(), values: Values::Text(vec!["flat".into(), "house".into()]) };
/// let table = Table::new(vec![area, kind])?;
/// assert_eq!(table.rows(), 2);
/// println!("data {}", table.id().short());
/// # Ok::<(), ckpt_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    columns: Vec<Column>,
    id: DataId,
}

/// One column of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// What the header calls it.
    pub name: String,
    /// Its cells, top to bottom.
    pub values: Values,
}

/// The cells of a column, all of one kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers, among them perhaps infinities and NaNs.
    Number(Vec<f64>),
    /// Numbers of an array of `float32`.
    Single(Vec<f32>),
    /// Text as it stands in the file.
    Text(Vec<String>),
}

impl Values {
    fn rows(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Single(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }
}

impl Table {
    /// Makes a table of columns in memory.
    ///
    /// # Errors
    /// No columns or rows, columns of different lengths, names that are empty, repeated or hold
    /// control characters.
    pub fn new(columns: Vec<Column>) -> Result<Self, DataError> {
        Ok(Self::from_columns(columns)?)
    }

    pub(crate) fn from_columns(columns: Vec<Column>) -> Result<Self, Problem> {
        let add = |hasher: TableHasher, column: &Column| match &column.values {
            Values::Number(values) => hasher.f64_column(values.iter().copied()),
            Values::Single(values) => {
                let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                hasher.array(f32::DTYPE, &[values.len() as u64], &bytes)
            }
            Values::Text(values) => hasher.utf8_column(values),
        };
        let id = columns.iter().fold(TableHasher::new(), add).finish();
        Self::with_id(columns, id)
    }

    /// Makes a table whose id comes from more than its columns: from arrays that are not `f64`.
    pub(crate) fn with_id(columns: Vec<Column>, id: DataId) -> Result<Self, Problem> {
        check_names(columns.iter().map(|column| column.name.as_str()))?;
        check_rows(&columns)?;
        Ok(Self { columns, id })
    }

    /// Returns the columns from left to right.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Returns the column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns the number of rows, without the header.
    pub fn rows(&self) -> usize {
        self.columns[0].values.rows()
    }

    /// Returns the fingerprint of the values.
    ///
    /// Columns of numbers and of text count by their values. Arrays of another dtype than `float64`
    /// count whole, by dtype, shape and values, so `float32` numbers have another id than the same
    /// numbers in `f64`.
    pub fn id(&self) -> DataId {
        self.id
    }
}

impl From<Problem> for DataError {
    fn from(problem: Problem) -> Self {
        Self::Table(problem)
    }
}

pub(crate) fn check_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Problem> {
    let mut seen = HashSet::new();
    for (index, name) in names.enumerate() {
        if name.is_empty() {
            return Err(Problem::NoName(index + 1));
        }
        if name.contains(char::is_control) {
            return Err(Problem::ControlInName(index + 1));
        }
        if !seen.insert(name) {
            return Err(Problem::SameName(name.to_owned()));
        }
    }
    Ok(())
}

fn check_rows(columns: &[Column]) -> Result<(), Problem> {
    let first = columns.first().ok_or(Problem::NoColumns)?;
    let expected = first.values.rows();
    let differs = |column: &&Column| column.values.rows() != expected;
    if let Some(column) = columns.iter().find(differs) {
        return Err(Problem::Rows {
            column: column.name.clone(),
            found: column.values.rows(),
            first: first.name.clone(),
            expected,
        });
    }
    if expected == 0 {
        return Err(Problem::NoRows);
    }
    Ok(())
}
