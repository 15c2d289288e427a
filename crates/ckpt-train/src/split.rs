//! Rows for training and rows for validation.

use ndarray::{ArrayView1, ArrayView2};

use crate::dataset::Dataset;
use crate::kernel::Rows;
use crate::order::{ROWS_STREAM, Words};
use crate::real::Real;

/// Some rows of a data set, copied in the order in which training sees them.
#[derive(Clone, Debug)]
pub(crate) struct Part<T> {
    x: Vec<T>,
    y: Vec<T>,
    width: usize,
}

impl<T: Real> Part<T> {
    fn new(dataset: &Dataset<T>, rows: &[usize]) -> Self {
        let width = dataset.columns();
        let (all_x, all_y) = (dataset.x_slice(), dataset.y_slice());
        let mut x = Vec::with_capacity(rows.len() * width);
        for &row in rows {
            x.extend_from_slice(&all_x[row * width..(row + 1) * width]);
        }
        let y = rows.iter().map(|&row| all_y[row]).collect();
        Self { x, y, width }
    }

    pub(crate) fn rows(&self) -> Rows<'_, T> {
        Rows { x: &self.x, y: &self.y, width: self.width }
    }

    pub(crate) fn views(&self) -> (ArrayView2<'_, T>, ArrayView1<'_, T>) {
        let x = ArrayView2::from_shape((self.y.len(), self.width), &self.x)
            .expect("the rows are contiguous");
        (x, ArrayView1::from(&self.y))
    }
}

/// Permutes the rows and sets the first of them aside for validation.
pub(crate) fn split<T: Real>(
    dataset: &Dataset<T>,
    val_fraction: f64,
    seed: u64,
) -> (Part<T>, Option<Part<T>>) {
    let rows = dataset.rows();
    let order = Words::new(seed, ROWS_STREAM).permutation(rows);
    let held_out = ((rows as f64 * val_fraction).round() as usize).min(rows - 1);
    let (validation, training) = order.split_at(held_out);
    let validation = (held_out > 0).then(|| Part::new(dataset, validation));
    (Part::new(dataset, training), validation)
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
        assert_eq!((&training.x, &validation.x), (&training.y, &validation.y));
        let mut all = [training.y, validation.y].concat();
        assert_ne!(all, counted(50).y().to_vec());
        all.sort_by(f64::total_cmp);
        assert_eq!(all, counted(50).y().to_vec());
    }
}
