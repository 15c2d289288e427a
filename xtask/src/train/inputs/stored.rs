//! Rows that stay on the disk.

use std::{
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use ckpt_data::{Column, DataError, NpyRows, Samples, Table, Values};
use ckpt_hash::DataId;
use ckpt_train::{Dataset, RowSource, row_order};
use ndarray::{Array1, Axis};

use super::{Element, labelled};
use crate::train::settings::Settings;

/// Rows of targets that are read at a time.
const ROWS: usize = 65_536;

/// An NPY matrix on the disk.
pub(super) struct Stored {
    rows: NpyRows,
    id: DataId,
    scratch: PathBuf,
}

impl Stored {
    /// Opens a file and reads it through for its id.
    pub(super) fn open(path: &Path, scratch: &Path) -> Result<Self, DataError> {
        let rows = NpyRows::open(path)?;
        Ok(Self { id: rows.id()?, rows, scratch: scratch.to_owned() })
    }

    pub(super) fn id(&self) -> DataId {
        self.id
    }

    /// Takes the columns in their roles, and writes a copy of the rows in the order of training.
    ///
    /// Gives the names of the features and the target, too.
    pub(super) fn dataset<T: Element>(
        self,
        settings: &mut Settings,
    ) -> anyhow::Result<(Vec<String>, String, Dataset<T>)> {
        let name = |column: usize| format!("x{column}");
        let names: Vec<String> = (0..self.rows.columns()).map(name).collect();
        let samples: Samples<T> = self.beside(settings, &names)?;
        settings.settle(samples.classes.as_ref().map(Vec::len))?;
        let roles = &settings.roles;
        let is_feature = |name: &String| {
            *name != samples.target
                && roles.weights.as_ref() != Some(name)
                && !roles.drop.contains(name)
        };
        let columns: Vec<usize> =
            (0..names.len()).filter(|&column| is_feature(&names[column])).collect();
        let features: Vec<String> = columns.iter().map(|&column| names[column].clone()).collect();
        let order = row_order(self.rows.rows(), settings.config.seed);
        let rows = self.rows.rearranged(&order, &self.scratch)?;
        let in_order = |values: Array1<T>| values.select(Axis(0), &order);
        let width = columns.len();
        let source = Arc::new(Source { rows, columns });
        let dataset = Dataset::stored(source, width, in_order(samples.y))?;
        let dataset = labelled(dataset, samples.classes, samples.weights.map(in_order))?;
        Ok((features, samples.target, dataset))
    }

    /// Reads what is beside the features, as the samples of a table with a single feature: the same
    /// checks apply as to tables in memory.
    fn beside<T: Element>(
        &self,
        settings: &Settings,
        names: &[String],
    ) -> anyhow::Result<Samples<T>> {
        let mut roles = settings.roles.clone();
        let is_special = |name: &String| {
            roles.weights.as_ref() == Some(name) || roles.target.as_ref() == Some(name)
        };
        let is_free = |name: &&String| !is_special(name) && !roles.drop.contains(name);
        let first = names.iter().find(is_free).cloned();
        let last = match &roles.target {
            Some(_) => None,
            None => names.iter().rev().find(is_free).cloned(),
        };
        let kept = |name: &String| {
            is_special(name) || first.as_ref() == Some(name) || last.as_ref() == Some(name)
        };
        let columns: Vec<usize> = (0..names.len()).filter(|&column| kept(&names[column])).collect();
        let table = self.columns(&columns, names)?;
        roles.drop.retain(|name| !names.contains(name));
        Ok(table.samples(&roles)?)
    }

    fn columns(&self, columns: &[usize], names: &[String]) -> Result<Table, DataError> {
        let mut values = vec![Vec::with_capacity(self.rows.rows()); columns.len()];
        for first in (0..self.rows.rows()).step_by(ROWS) {
            let range = first..self.rows.rows().min(first + ROWS);
            let mut block = vec![0.0; range.len() * columns.len()];
            read_columns(&self.rows, &range, columns, &mut block)?;
            for row in block.chunks_exact(columns.len()) {
                for (values, value) in values.iter_mut().zip(row) {
                    values.push(*value);
                }
            }
        }
        let column = |(&column, values): (&usize, Vec<f64>)| Column {
            name: names[column].clone(),
            values: Values::Number(values),
        };
        Table::new(columns.iter().zip(values).map(column).collect())
    }
}

/// The features of rows in the order of training.
struct Source {
    rows: NpyRows,
    columns: Vec<usize>,
}

impl<T: Element> RowSource<T> for Source {
    fn read(&self, range: Range<usize>, into: &mut [T]) -> io::Result<()> {
        read_columns(&self.rows, &range, &self.columns, into).map_err(io::Error::other)
    }
}

/// Reads some columns, given in rising order, of some rows.
fn read_columns<T: Element>(
    rows: &NpyRows,
    range: &Range<usize>,
    columns: &[usize],
    into: &mut [T],
) -> Result<(), DataError> {
    let mut first = 0;
    for run in columns.chunk_by(|a, b| a + 1 == *b) {
        let neighbours = run[0]..run[0] + run.len();
        if run.len() == columns.len() {
            return rows.read_columns(range.clone(), neighbours, into);
        }
        let mut part = vec![T::default(); range.len() * run.len()];
        rows.read_columns(range.clone(), neighbours, &mut part)?;
        let lines = into.chunks_exact_mut(columns.len());
        for (line, part) in lines.zip(part.chunks_exact(run.len())) {
            line[first..first + run.len()].copy_from_slice(part);
        }
        first += run.len();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_apart_are_read_side_by_side() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let x = ndarray::Array2::from_shape_fn((5, 6), |(row, column)| (row * 10 + column) as f32);
        ndarray_npy::write_npy(&path, &x).unwrap();
        let rows = NpyRows::open(&path).unwrap();
        for columns in [&[0, 1, 2, 3, 4, 5][..], &[2], &[0, 2, 3, 5], &[1, 4]] {
            let mut found = vec![0.0_f64; 3 * columns.len()];
            read_columns(&rows, &(1..4), columns, &mut found).unwrap();
            let expected = x.select(Axis(1), columns).mapv(f64::from);
            assert_eq!(
                found,
                expected.slice(ndarray::s![1..4, ..]).iter().copied().collect::<Vec<_>>()
            );
        }
    }
}
