//! One pass over rows: residual sums and, in the same sweep, the gradient.

use std::ops::Range;

use super::{Kernel, Layout, Point, RowSums, Rows};

/// A super-block's sums and its current block's partial.
#[derive(Clone)]
struct SuperSum<T> {
    partial: Vec<T>,
    gradient: Vec<f64>,
    sums: RowSums,
}

/// The buffers of passes over rows of one width, kept from pass to pass.
#[derive(Clone)]
pub(crate) struct Workspace<T> {
    width: usize,
    super_sums: Vec<SuperSum<T>>,
}

impl<T: Kernel> Workspace<T> {
    /// Makes a workspace for rows of `width` columns; buffers grow with the first pass.
    pub(crate) fn new(width: usize) -> Self {
        Self { width, super_sums: Vec::new() }
    }

    /// Sums residuals at `point` and the gradient `sum(residual * (x - center))` per column.
    pub(crate) fn gradient(&mut self, rows: Rows<'_, T>, point: Point<'_, T>) -> (&[f64], RowSums) {
        self.run(rows, |sum, range| {
            sum.partial.fill(T::default());
            let mut sums = RowSums::default();
            T::block(rows.slice(range), point, Some(&mut sum.partial), &mut sums);
            sum.sums += sums;
            for (total, &partial) in sum.gradient.iter_mut().zip(&sum.partial) {
                *total += partial.into();
            }
        })
    }

    /// Sums residuals at `point` alone.
    pub(crate) fn residuals(&mut self, rows: Rows<'_, T>, point: Point<'_, T>) -> RowSums {
        let (_, sums) = self.run(rows, |sum, range| {
            let mut sums = RowSums::default();
            T::block(rows.slice(range), point, None, &mut sums);
            sum.sums += sums;
        });
        sums
    }

    fn run(
        &mut self,
        rows: Rows<'_, T>,
        take_block: impl Fn(&mut SuperSum<T>, Range<usize>) + Sync,
    ) -> (&[f64], RowSums) {
        let layout = Layout::new(rows.len(), self.width * size_of::<T>(), self.width);
        let count = layout.super_blocks();
        if self.super_sums.len() < count {
            let empty = SuperSum {
                partial: vec![T::default(); self.width],
                gradient: vec![0.0; self.width],
                sums: RowSums::default(),
            };
            self.super_sums.resize(count, empty);
        }
        let super_sums = &mut self.super_sums[..count];
        for sum in super_sums.iter_mut() {
            sum.gradient.fill(0.0);
            sum.sums = RowSums::default();
        }
        layout.drive(super_sums, take_block, |a, b| {
            a.sums += b.sums;
            add_slices(&mut a.gradient, &b.gradient);
        });
        (&super_sums[0].gradient, super_sums[0].sums)
    }
}

/// Sums `values` numbers per row in f64, in the order of the contract.
///
/// `add_row` adds one row's numbers to its block's partial.
pub(crate) fn sum_over_rows<T: Kernel>(
    rows: Rows<'_, T>,
    values: usize,
    add_row: impl Fn(&mut [f64], &[T], T) + Sync,
) -> Vec<f64> {
    let layout = Layout::new(rows.len(), rows.width * size_of::<T>(), values);
    let mut sums = vec![(vec![0.0; values], vec![0.0; values]); layout.super_blocks()];
    layout.drive(
        &mut sums,
        |(partial, total), range| {
            partial.fill(0.0);
            for index in range {
                add_row(partial, rows.row(index), rows.y[index]);
            }
            add_slices(total, partial);
        },
        |a, b| add_slices(&mut a.1, &b.1),
    );
    sums.swap_remove(0).1
}

/// The largest of one non-negative number per row.
pub(crate) fn max_over_rows<T: Kernel>(
    rows: Rows<'_, T>,
    value: impl Fn(&[T]) -> f64 + Sync,
) -> f64 {
    let layout = Layout::new(rows.len(), rows.width * size_of::<T>(), 1);
    let mut largest = vec![0.0_f64; layout.super_blocks()];
    layout.drive(
        &mut largest,
        |largest, range| {
            for index in range {
                *largest = largest.max(value(rows.row(index)));
            }
        },
        |a, b| *a = a.max(*b),
    );
    largest[0]
}

fn add_slices(a: &mut [f64], b: &[f64]) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a += b;
    }
}
