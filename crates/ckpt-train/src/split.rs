//! Rows for training and rows for validation.

use std::sync::Arc;

use ndarray::ArrayView1;

use crate::dataset::{Dataset, Features};
use crate::kernel::{Aligned, RowSource, Rows};
use crate::order::{ROWS_STREAM, Words};
use crate::real::Real;

/// Returns the order in which training sees rows, by their numbers: the first are those held out
/// for validation, the others are for training.
pub fn row_order(rows: usize, seed: u64) -> Vec<usize> {
    Words::new(seed, ROWS_STREAM).permutation(rows)
}

/// How many of `rows` rows are held out.
pub(crate) fn held_out(rows: usize, val_fraction: f64) -> usize {
    ((rows as f64 * val_fraction).round() as usize).min(rows - 1)
}

/// Some rows of a data set, in the order in which training sees them.
///
/// What rows of weight 0 hold is not there: it might overflow, and infinity times 0 is NaN.
#[derive(Clone)]
pub(crate) struct Part<T> {
    x: Placed<T>,
    y: Vec<T>,
    weight: Option<Vec<T>>,
    width: usize,
    /// What the rows count together.
    total: f64,
}

#[derive(Clone)]
enum Placed<T> {
    /// Copied.
    Memory(Aligned<T>),
    /// Read from this row on.
    Stored(Arc<dyn RowSource<T>>, usize),
}

impl<T: Real> Part<T> {
    /// Takes the rows in places `first..first + order.len()` of the order, of which this is a part.
    fn new(dataset: &Dataset<T>, order: &[usize], first: usize) -> Self {
        let width = dataset.columns();
        match dataset.features() {
            Features::Memory(x) => {
                let all = x.as_slice().expect("the constructor made it row-major");
                let mut x = Aligned::zeros(order.len() * width);
                let counts = |row: usize| {
                    dataset.weights().is_none_or(|weights| weights[row] > T::default())
                };
                for (into, &row) in x.chunks_exact_mut(width).zip(order) {
                    if counts(row) {
                        into.copy_from_slice(&all[row * width..(row + 1) * width]);
                    }
                }
                let pick =
                    |values: ArrayView1<'_, T>| order.iter().map(|&row| values[row]).collect();
                let y = pick(dataset.y());
                Self::with(Placed::Memory(x), y, dataset.weights().map(pick), width)
            }
            Features::Stored(source, _) => {
                let pick = |values: ArrayView1<'_, T>| {
                    values.iter().skip(first).take(order.len()).copied().collect()
                };
                let (x, y) = (Placed::Stored(Arc::clone(source), first), pick(dataset.y()));
                Self::with(x, y, dataset.weights().map(pick), width)
            }
        }
    }

    fn with(x: Placed<T>, mut y: Vec<T>, weight: Option<Vec<T>>, width: usize) -> Self {
        for (y, weight) in y.iter_mut().zip(weight.iter().flatten()) {
            if *weight == T::default() {
                *y = T::default();
            }
        }
        let mut part = Self { x, y, weight, width, total: 0.0 };
        part.total = part.rows().total();
        part
    }

    pub(crate) fn rows(&self) -> Rows<'_, T> {
        let rows = match &self.x {
            Placed::Memory(x) => Rows::new(x, &self.y, self.width),
            Placed::Stored(source, first) => {
                Rows::stored(source.as_ref(), *first, &self.y, self.width)
            }
        };
        rows.weighted(self.weight.as_deref())
    }

    /// What the rows count together: their number, or the sum of their weights.
    pub(crate) fn total(&self) -> f64 {
        self.total
    }
}

/// All rows, in the data's own order.
pub(crate) fn whole<T: Real>(dataset: &Dataset<T>) -> Part<T> {
    let order: Vec<usize> = (0..dataset.rows()).collect();
    Part::new(dataset, &order, 0)
}

/// Permutes the rows and sets the first of them aside for validation.
pub(crate) fn split<T: Real>(
    dataset: &Dataset<T>,
    val_fraction: f64,
    seed: u64,
) -> (Part<T>, Option<Part<T>>) {
    let order = row_order(dataset.rows(), seed);
    let held_out = held_out(dataset.rows(), val_fraction);
    let (validation, training) = order.split_at(held_out);
    let validation = (held_out > 0).then(|| Part::new(dataset, validation, 0));
    (Part::new(dataset, training, held_out), validation)
}

#[cfg(test)]
mod tests {
    use ndarray::Array;

    use super::*;

    fn counted(rows: usize) -> Dataset<f64> {
        let y = Array::from_iter((0..rows).map(|row| row as f64));
        let x = y.clone().into_shape_with_order((rows, 1)).unwrap();
        Dataset::new(x, y).unwrap()
    }

    fn sizes(rows: usize, fraction: f64) -> (usize, usize) {
        let (training, validation) = split(&counted(rows), fraction, 0);
        (training.y.len(), validation.map_or(0, |part| part.y.len()))
    }

    #[test]
    fn the_fraction_is_rounded_and_one_row_stays() {
        assert_eq!(sizes(442, 0.2), (354, 88));
        assert_eq!(sizes(10, 0.25), (7, 3));
        assert_eq!(sizes(10, 0.0), (10, 0));
        assert_eq!(sizes(10, 0.04), (10, 0));
        assert_eq!(sizes(10, 0.99), (1, 9));
        assert_eq!(sizes(1, 0.9), (1, 0));
    }

    #[test]
    fn every_row_is_in_one_part_with_its_own_target() {
        let (training, validation) = split(&counted(50), 0.3, 9);
        let validation = validation.unwrap();
        let x = |part: &Part<f64>| match &part.x {
            Placed::Memory(x) => x.to_vec(),
            Placed::Stored(..) => panic!("it was in memory"),
        };
        assert_eq!((x(&training), x(&validation)), (training.y.clone(), validation.y.clone()));
        let mut all = [training.y, validation.y].concat();
        assert_ne!(all, counted(50).y().to_vec());
        all.sort_by(f64::total_cmp);
        assert_eq!(all, counted(50).y().to_vec());
    }
}
