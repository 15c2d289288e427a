//! Tables in CSV files.

use std::io::Read;

use csv::{Reader, ReaderBuilder, StringRecord};

use crate::{Column, DataError, Problem, Table, Values, table::check_names};

impl Table {
    /// Reads CSV as RFC 4180 has it: comma, double quotes, one header line; `name` is for errors.
    ///
    /// A byte order mark is dropped and empty lines are skipped. Spaces around the names in the
    /// header are dropped. A column is numbers if each of its cells, without the spaces around it,
    /// is one: decimal with or without sign, point and exponent (`-1.5e3`, `.5`, `2.`), `inf`,
    /// `infinity` or `nan` in any case; each is the nearest `f64`. Any other column is text, its
    /// cells as they stand.
    ///
    /// # Errors
    /// What cannot be read, text that is not UTF-8, no header, a header of numbers alone, a row
    /// with more or fewer cells than the header, an empty cell in a column that is numbers
    /// otherwise, and what [`Table::new`] refuses.
    pub fn read_csv(mut reader: impl Read, name: &str) -> Result<Self, DataError> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(|source| DataError::read(name, source))?;
        parse(&bytes).and_then(Self::from_columns).map_err(|problem| DataError::file(name, problem))
    }
}

/// Reads a number as columns of numbers hold it.
pub(crate) fn parse_number(cell: &str) -> Option<f64> {
    // Nearly all cells are without spaces, which need not be looked for in those.
    cell.parse().or_else(|_| cell.trim().parse()).ok()
}

fn parse(bytes: &[u8]) -> Result<Vec<Column>, Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Problem::NotUtf8 { line: line_at(bytes, error.valid_up_to()) })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let names = header(text)?;
    // First, since errors about cells show names.
    check_names(names.iter().map(String::as_str))?;
    let columns = numbers(text, &names)?;
    let mut texts = texts(text, &columns).into_iter();
    let mut values = |column: Option<Vec<f64>>| match column {
        Some(numbers) => Values::Number(numbers),
        None => Values::Text(texts.next().expect("one per column that is not numbers")),
    };
    let column = |(name, column)| Column { name, values: values(column) };
    Ok(names.into_iter().zip(columns).map(column).collect())
}

fn header(text: &str) -> Result<Vec<String>, Problem> {
    let mut record = StringRecord::new();
    if !next(&mut records(text), &mut record) {
        return Err(Problem::NoHeader);
    }
    if record.iter().all(|cell| parse_number(cell).is_some()) {
        return Err(Problem::NumbersAsHeader);
    }
    Ok(record.iter().map(|cell| cell.trim().to_owned()).collect())
}

/// A column while its cells are read as numbers.
#[derive(Default, Clone)]
struct NumberColumn {
    values: Vec<f64>,
    /// Where the first row without a value starts.
    empty: Option<usize>,
    is_text: bool,
}

impl NumberColumn {
    fn push(&mut self, cell: &str, start: usize) {
        if self.is_text {
            return;
        }
        if let Some(value) = parse_number(cell) {
            self.values.push(value);
        } else if cell.trim().is_empty() {
            self.empty.get_or_insert(start);
        } else {
            self.is_text = true;
            self.values = Vec::new();
        }
    }
}

/// Reads the columns of numbers; a column of text is none.
fn numbers(text: &str, names: &[String]) -> Result<Vec<Option<Vec<f64>>>, Problem> {
    let mut columns = vec![NumberColumn::default(); names.len()];
    let mut records = records(text);
    let mut record = StringRecord::new();
    next(&mut records, &mut record);
    while next(&mut records, &mut record) {
        let start = record.position().map_or(0, |at| at.byte() as usize);
        if record.len() != names.len() {
            return Err(Problem::Ragged {
                line: line_at(text.as_bytes(), start),
                expected: names.len(),
                found: record.len(),
            });
        }
        for (column, cell) in columns.iter_mut().zip(&record) {
            column.push(cell, start);
        }
    }
    let finish = |(column, name): (NumberColumn, &String)| match column {
        NumberColumn { is_text: true, .. } => Ok(None),
        NumberColumn { empty: Some(start), .. } => {
            Err(Problem::EmptyCell { line: line_at(text.as_bytes(), start), column: name.clone() })
        }
        NumberColumn { values, .. } => Ok(Some(values)),
    };
    columns.into_iter().zip(names).map(finish).collect()
}

/// Reads the columns that are not numbers: in a second pass, so that columns of numbers, the usual
/// case, are never held as text.
fn texts(text: &str, columns: &[Option<Vec<f64>>]) -> Vec<Vec<String>> {
    let wanted: Vec<usize> = (0..columns.len()).filter(|index| columns[*index].is_none()).collect();
    let mut texts = vec![Vec::new(); wanted.len()];
    if wanted.is_empty() {
        return texts;
    }
    let mut records = records(text);
    let mut record = StringRecord::new();
    next(&mut records, &mut record);
    while next(&mut records, &mut record) {
        for (text, index) in texts.iter_mut().zip(&wanted) {
            text.push(record[*index].to_owned());
        }
    }
    texts
}

fn records(text: &str) -> Reader<&[u8]> {
    ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes())
}

fn next(records: &mut Reader<&[u8]>, record: &mut StringRecord) -> bool {
    records
        .read_record(record)
        .expect("records of any width, in memory and UTF-8, have no way to fail")
}

/// Returns the number of the line at `start`, or of the next one if line ends stand there: the
/// parser's positions come before the line ends that it has yet to skip.
fn line_at(bytes: &[u8], start: usize) -> u64 {
    let is_end = |byte: &&u8| matches!(byte, b'\n' | b'\r');
    let skipped = bytes[start..].iter().take_while(is_end).count();
    let before = &bytes[..start + skipped];
    let line_feeds = before.iter().filter(|byte| **byte == b'\n').count();
    let returns = before.windows(2).filter(|pair| pair[0] == b'\r' && pair[1] != b'\n');
    let last_return = usize::from(before.ends_with(b"\r"));
    (1 + line_feeds + returns.count() + last_return) as u64
}
