//! The rows that are evaluated.

use std::{
    fs::File,
    hint::black_box,
    io::{self, BufWriter, Write},
    path::Path,
};

use rayon::prelude::*;

/// A column, which has the same name in Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// True classes of two, as 64-bit integers: what numpy makes of integers.
    Labels,
    /// Predicted classes of two, right in four of five rows.
    Guesses,
    /// The same as bytes.
    LabelBytes,
    GuessBytes,
    /// True classes of ten.
    Classes,
    /// Predicted classes of ten, right in seven of ten rows.
    ClassGuesses,
    /// Probabilities of class 1, hardly two of them equal.
    Scores,
    /// The same in steps of 1/1000.
    Ties,
    /// Numbers, to be predicted by the scores.
    Targets,
}

impl Column {
    pub(super) const ALL: [Self; 9] = [
        Self::Labels,
        Self::Guesses,
        Self::LabelBytes,
        Self::GuessBytes,
        Self::Classes,
        Self::ClassGuesses,
        Self::Scores,
        Self::Ties,
        Self::Targets,
    ];

    /// The name of its file and of its variable in Python.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Guesses => "guesses",
            Self::LabelBytes => "label_bytes",
            Self::GuessBytes => "guess_bytes",
            Self::Classes => "classes",
            Self::ClassGuesses => "class_guesses",
            Self::Scores => "scores",
            Self::Ties => "ties",
            Self::Targets => "targets",
        }
    }
}

/// All columns.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) labels: Vec<i64>,
    pub(super) guesses: Vec<i64>,
    pub(super) label_bytes: Vec<u8>,
    pub(super) guess_bytes: Vec<u8>,
    pub(super) classes: Vec<i64>,
    pub(super) class_guesses: Vec<i64>,
    pub(super) scores: Vec<f64>,
    pub(super) ties: Vec<f64>,
    pub(super) targets: Vec<f64>,
}

/// Borrowed values of one column.
enum Values<'c> {
    Integers(&'c [i64]),
    Bytes(&'c [u8]),
    Numbers(&'c [f64]),
}

impl Columns {
    /// Draws rows, the same ones in each run.
    pub(super) fn draw(rows: usize) -> Self {
        let mut u = Uniform(1);
        let mut columns = Self::default();
        for _ in 0..rows {
            let label = i64::from(u.draw() < 0.3);
            let guess = if u.draw() < 0.8 { label } else { 1 - label };
            let class = (u.draw() * 10.0) as i64;
            let other = (u.draw() * 10.0) as i64;
            let score = 0.2 * label as f64 + 0.8 * u.draw();
            columns.labels.push(label);
            columns.guesses.push(guess);
            columns.label_bytes.push(label as u8);
            columns.guess_bytes.push(guess as u8);
            columns.classes.push(class);
            columns.class_guesses.push(if u.draw() < 0.7 { class } else { other });
            columns.scores.push(score);
            columns.ties.push((score * 1000.0).round() / 1000.0);
            columns.targets.push(score + u.draw() - 0.5);
        }
        columns
    }

    fn values(&self, column: Column) -> Values<'_> {
        match column {
            Column::Labels => Values::Integers(&self.labels),
            Column::Guesses => Values::Integers(&self.guesses),
            Column::LabelBytes => Values::Bytes(&self.label_bytes),
            Column::GuessBytes => Values::Bytes(&self.guess_bytes),
            Column::Classes => Values::Integers(&self.classes),
            Column::ClassGuesses => Values::Integers(&self.class_guesses),
            Column::Scores => Values::Numbers(&self.scores),
            Column::Ties => Values::Numbers(&self.ties),
            Column::Targets => Values::Numbers(&self.targets),
        }
    }

    /// The bytes that columns take.
    pub(super) fn bytes(&self, columns: &[Column]) -> usize {
        let bytes = columns.iter().map(|&column| match self.values(column) {
            Values::Integers(values) => size_of_val(values),
            Values::Bytes(values) => size_of_val(values),
            Values::Numbers(values) => size_of_val(values),
        });
        bytes.sum()
    }

    /// Reads columns from memory and does next to nothing with them.
    pub(super) fn read(&self, columns: &[Column]) {
        for &column in columns {
            match self.values(column) {
                Values::Integers(values) => read(values, |&value| value as u64),
                Values::Bytes(values) => read(values, |&value| u64::from(value)),
                Values::Numbers(values) => read(values, |value| value.to_bits()),
            }
        }
    }

    /// Writes every column into a file of its own.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        for column in Column::ALL {
            let path = folder.join(column.name()).with_extension("npy");
            let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
            match self.values(column) {
                Values::Integers(values) => {
                    file.write_all(&header("<i8", values.len()))?;
                    values.iter().try_for_each(|value| file.write_all(&value.to_le_bytes()))?;
                }
                Values::Bytes(values) => {
                    file.write_all(&header("|u1", values.len()))?;
                    file.write_all(values)?;
                }
                Values::Numbers(values) => {
                    file.write_all(&header("<f8", values.len()))?;
                    values.iter().try_for_each(|value| file.write_all(&value.to_le_bytes()))?;
                }
            }
            file.flush()?;
        }
        Ok(())
    }
}

/// Combines all values, in parallel.
fn read<T: Sync>(values: &[T], word: impl Fn(&T) -> u64 + Sync) {
    let part = |values: &[T]| values.iter().fold(0, |all, value| all ^ word(value));
    black_box(values.par_chunks(1 << 16).map(part).reduce(|| 0, |a, b| a ^ b));
}

/// Makes the header of an NPY file with one column, padded to 64 bytes.
fn header(descriptor: &str, rows: usize) -> Vec<u8> {
    let text = format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': ({rows},), }}");
    let start = b"\x93NUMPY\x01\0\0\0".len();
    let len = (start + text.len() + 1).next_multiple_of(64) - start;
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend_from_slice(&(len as u16).to_le_bytes());
    bytes.extend_from_slice(format!("{text:<width$}\n", width = len - 1).as_bytes());
    bytes
}

/// Knuth's MMIX generator of uniform numbers in [0, 1).
struct Uniform(u64);

impl Uniform {
    fn draw(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_long_as_each_other() {
        let columns = Columns::draw(100);
        assert_eq!(columns.bytes(&Column::ALL), 100 * (7 * 8 + 2));
        assert_eq!(columns.bytes(&[Column::LabelBytes, Column::Ties]), 900);
        assert!(columns.classes.iter().all(|class| (0..10).contains(class)));
        assert!(columns.scores.iter().all(|score| (0.0..=1.0).contains(score)));
    }

    #[test]
    fn columns_are_written_as_numpy_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        Columns::draw(3).write(folder.path()).unwrap();
        let bytes = std::fs::read(folder.path().join("label_bytes.npy")).unwrap();
        assert_eq!((bytes.len(), &bytes[..10]), (128 + 3, &b"\x93NUMPY\x01\0\x76\0"[..]));
        let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }";
        assert!(bytes[10..].starts_with(text.as_bytes()));
        assert_eq!(bytes[127], b'\n');
        let bytes = std::fs::read(folder.path().join("scores.npy")).unwrap();
        assert_eq!(bytes.len(), 128 + 24);
    }
}
