//! One pass over rows: row sums and, in the same sweep, the gradient.

use std::io;

use super::aligned::Aligned;
use super::simd::{self, Program, Simd};
use super::{Block, Kernel, Layout, Loss, Point, RowSums, Rows};

/// A super-block's sums and its current block's partial.
#[derive(Clone)]
struct SuperSum<T> {
    partial: Aligned<T>,
    gradient: Vec<f64>,
    sums: RowSums,
}

/// The buffers of passes over rows of one width, kept from pass to pass.
#[derive(Clone)]
pub(crate) struct Workspace<T> {
    /// The numbers of a gradient.
    values: usize,
    super_sums: Vec<SuperSum<T>>,
    /// The point's vectors.
    center: Aligned<T>,
    weight: Aligned<T>,
}

impl<T: Kernel> Workspace<T> {
    /// Makes a workspace for rows of `width` columns; buffers grow with the first pass.
    pub(crate) fn new(width: usize, loss: Loss) -> Self {
        let values = match loss {
            Loss::Squared | Loss::Logistic => width,
            Loss::Softmax(classes) => (width + 1) * classes.next_multiple_of(T::L),
        };
        Self {
            values,
            super_sums: Vec::new(),
            center: Aligned::default(),
            weight: Aligned::default(),
        }
    }

    /// Sums losses at `point` and the gradient `sum(residual * (x - center))`, laid out as
    /// [`Kernel::block`] says.
    pub(crate) fn gradient(
        &mut self,
        rows: Rows<'_, T>,
        point: Point<'_, T>,
    ) -> io::Result<(&[f64], RowSums)> {
        self.run(rows, point, |sum, block, point| {
            sum.sums += T::block(block, point, Some(&mut sum.partial));
            for (total, &partial) in sum.gradient.iter_mut().zip(&*sum.partial) {
                *total += partial.into();
            }
        })
    }

    /// Sums losses at `point` alone.
    pub(crate) fn losses(&mut self, rows: Rows<'_, T>, point: Point<'_, T>) -> io::Result<RowSums> {
        let take = |sum: &mut SuperSum<T>, block: Block<'_, T>, point: Point<'_, T>| {
            sum.sums += T::block(block, point, None);
        };
        self.run(rows, point, take).map(|(_, sums)| sums)
    }

    fn run(
        &mut self,
        rows: Rows<'_, T>,
        point: Point<'_, T>,
        take_block: impl Fn(&mut SuperSum<T>, Block<'_, T>, Point<'_, T>) + Sync,
    ) -> io::Result<(&[f64], RowSums)> {
        let layout = Layout::new(rows.len(), rows.width * size_of::<T>(), self.values);
        let count = layout.super_blocks();
        if self.super_sums.len() < count {
            let empty = SuperSum {
                partial: Aligned::zeros(self.values.next_multiple_of(T::L)),
                gradient: vec![0.0; self.values],
                sums: RowSums::default(),
            };
            self.super_sums.resize(count, empty);
        }
        self.center.copy(point.center);
        self.weight.copy(point.weight);
        let point = Point { center: &self.center, weight: &self.weight, ..point };
        let super_sums = &mut self.super_sums[..count];
        for sum in super_sums.iter_mut() {
            sum.gradient.fill(0.0);
            sum.sums = RowSums::default();
        }
        let take_block = |sum: &mut SuperSum<T>, block: Block<'_, T>| take_block(sum, block, point);
        layout.drive(rows, super_sums, take_block, |a, b| {
            a.sums += b.sums;
            add_slices(&mut a.gradient, &b.gradient);
        })?;
        Ok((&super_sums[0].gradient, super_sums[0].sums))
    }
}

/// Sums `values` numbers per row in f64, in the order of the contract.
///
/// `add_row` adds one row's numbers, given its features, target and weight, to its block's partial.
pub(crate) fn sum_over_rows<T: Kernel>(
    rows: Rows<'_, T>,
    values: usize,
    add_row: impl Fn(&mut [f64], &[T], T, f64) + Sync,
) -> io::Result<Vec<f64>> {
    let layout = Layout::new(rows.len(), rows.width * size_of::<T>(), values);
    let mut sums = vec![(vec![0.0; values], vec![0.0; values]); layout.super_blocks()];
    layout.drive(
        rows,
        &mut sums,
        |(partial, total), block| {
            partial.fill(0.0);
            simd::run::<f64, 8, _>(SumRows { partial, block, add_row: &add_row });
            add_slices(total, partial);
        },
        |a, b| add_slices(&mut a.1, &b.1),
    )?;
    Ok(sums.swap_remove(0).1)
}

/// Adds the numbers of a block's rows to a partial. It holds no vector code, but is compiled for
/// each instruction set.
struct SumRows<'a, T, F> {
    partial: &'a mut [f64],
    block: Block<'a, T>,
    add_row: &'a F,
}

impl<T: Kernel, F: Fn(&mut [f64], &[T], T, f64)> Program<f64, 8> for SumRows<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<f64, 8>>(self, _: S) {
        let Self { partial, block, add_row } = self;
        for (index, (row, &y)) in block.rows().zip(block.y).enumerate() {
            let weight = block.weight.map_or(1.0, |weight| weight[index].into());
            add_row(partial, row, y, weight);
        }
    }

    fn is_half_enough(&self) -> bool {
        true
    }
}

/// The largest of one non-negative number per row that weighs something.
pub(crate) fn max_over_rows<T: Kernel>(
    rows: Rows<'_, T>,
    value: impl Fn(&[T]) -> f64 + Sync,
) -> io::Result<f64> {
    let layout = Layout::new(rows.len(), rows.width * size_of::<T>(), 1);
    let mut largest = vec![0.0_f64; layout.super_blocks()];
    layout.drive(
        rows,
        &mut largest,
        |largest, block| {
            for (index, row) in block.rows().enumerate() {
                if block.weight.is_none_or(|weight| weight[index].into() > 0.0) {
                    *largest = largest.max(value(row));
                }
            }
        },
        |a, b| *a = a.max(*b),
    )?;
    Ok(largest[0])
}

pub(crate) fn add_slices(a: &mut [f64], b: &[f64]) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a += b;
    }
}
