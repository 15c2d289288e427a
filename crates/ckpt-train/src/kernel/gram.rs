//! The Gram matrix of centred columns.

use std::io;

use super::{Rows, sum_over_rows};

/// Sums `s (x_i - center_i) (x_j - center_j)` over rows of weight `s`, the last `x` being a column of
/// ones whose centre is 0: a row-major matrix of `width + 1` lines, of which the upper triangle is
/// filled.
///
/// Each entry is a sum of one number per row, in the order of the contract, all in f64; the product
/// of the deviations is taken first.
pub(crate) fn gram(rows: Rows<'_, f64>, center: &[f64]) -> io::Result<Vec<f64>> {
    let (width, size) = (rows.width, rows.width + 1);
    sum_over_rows(rows, size * size, |sums, row, _, weight| {
        for (i, (&x, &c)) in row.iter().zip(center).enumerate() {
            let deviation = x - c;
            let line = &mut sums[i * size + i..(i + 1) * size];
            for ((sum, &x), &c) in line.iter_mut().zip(&row[i..]).zip(&center[i..]) {
                *sum += weight * (deviation * (x - c));
            }
            line[width - i] += weight * deviation;
        }
        sums[size * size - 1] += weight;
    })
}
