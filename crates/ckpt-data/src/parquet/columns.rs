//! The columns of a Parquet file.

use parquet::{
    basic::{ConvertedType, LogicalType, Type},
    column::reader::{ColumnReader, ColumnReaderImpl},
    data_type::{ByteArray, DataType},
    schema::types::ColumnDescPtr,
};

use super::Failure;
use crate::{Column, Problem, Values};

/// Rows that are decoded at a time.
const ROWS: usize = 4096;

/// Memory that a text takes beside its bytes.
const STRING: u64 = size_of::<String>() as u64;

/// A column, and what it is made of.
pub(super) struct Kind {
    pub(super) name: String,
    is_unsigned: bool,
    is_text: bool,
    may_be_null: bool,
}

impl Kind {
    /// Refuses columns that are nested or of another type than those read.
    pub(super) fn of(column: &ColumnDescPtr) -> Result<Self, Problem> {
        let name = column.path().string();
        if column.path().parts().len() > 1 || column.max_rep_level() > 0 {
            return Err(Problem::Nested(name));
        }
        if !is_read(column) {
            return Err(Problem::ColumnType { column: name, found: type_name(column) });
        }
        let is_unsigned = match column.logical_type_ref() {
            Some(LogicalType::Integer(integer)) => !integer.is_signed,
            _ => is_unsigned(column.converted_type()),
        };
        let is_text = column.physical_type() == Type::BYTE_ARRAY;
        Ok(Self { name, is_unsigned, is_text, may_be_null: column.max_def_level() > 0 })
    }

    /// Reads the cells from the row groups, each with its rows; text may take `text_left` bytes.
    pub(super) fn read(
        &self,
        rows: usize,
        groups: impl Iterator<Item = Result<(usize, ColumnReader), Failure>>,
        text_left: &mut u64,
    ) -> Result<Column, Failure> {
        let mut numbers = Vec::with_capacity(if self.is_text { 0 } else { rows });
        let mut texts = Vec::new();
        let mut first = 0;
        for group in groups {
            let (rows, reader) = group?;
            let to = Cells { kind: self, first, rows, numbers: &mut numbers };
            match reader {
                ColumnReader::BoolColumnReader(reader) => to.numbers(reader, f64::from),
                ColumnReader::FloatColumnReader(reader) => to.numbers(reader, f64::from),
                ColumnReader::DoubleColumnReader(reader) => to.numbers(reader, |value| value),
                ColumnReader::Int32ColumnReader(reader) if self.is_unsigned => {
                    to.numbers(reader, |value| f64::from(value.cast_unsigned()))
                }
                ColumnReader::Int32ColumnReader(reader) => to.numbers(reader, f64::from),
                ColumnReader::Int64ColumnReader(reader) if self.is_unsigned => {
                    to.numbers(reader, |value| value.cast_unsigned() as f64)
                }
                ColumnReader::Int64ColumnReader(reader) => to.numbers(reader, |value| value as f64),
                ColumnReader::ByteArrayColumnReader(reader) => {
                    to.texts(reader, &mut texts, text_left)
                }
                _ => Err(Problem::Pages { column: self.name.clone() }.into()),
            }?;
            first += rows;
        }
        let values = if self.is_text { Values::Text(texts) } else { Values::Number(numbers) };
        Ok(Column { name: self.name.clone(), values })
    }
}

/// Tells whether a column is numbers or text that stand for nothing else, as days do, or decimals.
fn is_read(column: &ColumnDescPtr) -> bool {
    use ConvertedType as C;
    let converted = column.converted_type();
    let is_signed = || matches!(converted, C::INT_8 | C::INT_16 | C::INT_32 | C::INT_64);
    match (column.physical_type(), column.logical_type_ref()) {
        (Type::INT32 | Type::INT64, Some(LogicalType::Integer(_)))
        | (Type::BYTE_ARRAY, Some(LogicalType::String)) => true,
        (Type::BOOLEAN | Type::FLOAT | Type::DOUBLE, None) => converted == C::NONE,
        (Type::INT32 | Type::INT64, None) => {
            converted == C::NONE || is_signed() || is_unsigned(converted)
        }
        (Type::BYTE_ARRAY, None) => converted == C::UTF8,
        _ => false,
    }
}

fn is_unsigned(converted: ConvertedType) -> bool {
    use ConvertedType as C;
    matches!(converted, C::UINT_8 | C::UINT_16 | C::UINT_32 | C::UINT_64)
}

/// Names what a column is, without the parameters that some types have.
fn type_name(column: &ColumnDescPtr) -> String {
    let name = match (column.logical_type_ref(), column.converted_type()) {
        (Some(logical), _) => format!("{logical:?}"),
        (None, ConvertedType::NONE) => column.physical_type().to_string(),
        (None, converted) => converted.to_string(),
    };
    let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
    name.chars().take_while(is_word).collect::<String>().to_lowercase()
}

/// Where the cells of one row group go to.
struct Cells<'a> {
    kind: &'a Kind,
    /// Rows of the groups before.
    first: usize,
    rows: usize,
    numbers: &'a mut Vec<f64>,
}

impl Cells<'_> {
    fn numbers<T: DataType>(
        self,
        reader: ColumnReaderImpl<T>,
        convert: impl Fn(T::T) -> f64,
    ) -> Result<(), Failure> {
        let Self { kind, first, rows, numbers } = self;
        each(reader, kind, first, rows, |_, values| {
            numbers.extend(values.drain(..).map(&convert));
            Ok(())
        })
    }

    fn texts(
        self,
        reader: ColumnReaderImpl<parquet::data_type::ByteArrayType>,
        texts: &mut Vec<String>,
        left: &mut u64,
    ) -> Result<(), Failure> {
        let Self { kind, first, rows, .. } = self;
        each(reader, kind, first, rows, |row, values| {
            for (index, value) in values.drain(..).enumerate() {
                let len = value.len() as u64 + STRING;
                *left = left.checked_sub(len).ok_or(Problem::Expands(len))?;
                texts.push(text(&value, row + index, kind)?);
            }
            Ok(())
        })
    }
}

fn text(value: &ByteArray, row: usize, kind: &Kind) -> Result<String, Problem> {
    match std::str::from_utf8(value.data()) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(Problem::CellNotUtf8 { row: row + 1, column: kind.name.clone() }),
    }
}

/// Gives all values of a row group, some at a time, with the row of the first, counted from 0.
fn each<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    kind: &Kind,
    first: usize,
    rows: usize,
    mut take: impl FnMut(usize, &mut Vec<T::T>) -> Result<(), Problem>,
) -> Result<(), Failure> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let mut done = 0;
    while done < rows {
        levels.clear();
        let at_most = ROWS.min(rows - done);
        let (read, ..) = reader.read_records(at_most, Some(&mut levels), None, &mut values)?;
        let column = || kind.name.clone();
        if let Some(index) =
            levels.iter().position(|level| *level == 0).filter(|_| kind.may_be_null)
        {
            let row = first + done + index + 1;
            return Err(Problem::Null { row, column: column() }.into());
        }
        if read == 0 || values.len() != read {
            return Err(Problem::Pages { column: column() }.into());
        }
        take(first + done, &mut values)?;
        done += read;
    }
    Ok(())
}
