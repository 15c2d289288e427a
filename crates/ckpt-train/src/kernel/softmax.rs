//! Blocks of rows with several outputs: steps 1 to 3 of the contract, in portable Rust.

use super::block::LaneSums;
use super::math::{exp, ln};
use super::{Block, Number, Point, RowSums};

/// Writes the margins of each row.
pub(super) fn margins<T: Number, const L: usize>(
    block: Block<'_, T>,
    point: Point<'_, T>,
    margins: &mut [T],
) {
    let outputs = point.loss.outputs();
    for (z, x) in margins.chunks_exact_mut(outputs).zip(block.rows()) {
        row_margins(x, point, z);
    }
}

fn row_margins<T: Number>(x: &[T], point: Point<'_, T>, z: &mut [T]) {
    z.fill(T::default());
    let lines = point.weight.chunks_exact(point.bias.len());
    for ((&x, &c), line) in x.iter().zip(point.center).zip(lines) {
        let deviation = x - c;
        for (z, &w) in z.iter_mut().zip(line) {
            *z += deviation * w;
        }
    }
    for (z, &bias) in z.iter_mut().zip(point.bias) {
        *z += bias;
    }
}

/// Row sums and gradient of a block.
pub(super) fn block<T: Number, const L: usize>(
    block: Block<'_, T>,
    point: Point<'_, T>,
    mut gradient: Option<&mut [T]>,
) -> RowSums {
    let mut sums = LaneSums::<L>::new();
    let mut residuals = vec![T::default(); point.loss.outputs()];
    for (index, (x, &y)) in block.rows().zip(block.y).enumerate() {
        row_margins(x, point, &mut residuals);
        let mut loss = softmax(&mut residuals, y);
        if let Some(weight) = block.weight {
            loss = loss * weight[index];
            for residual in &mut residuals {
                *residual = *residual * weight[index];
            }
        }
        sums.take(index, 0.0, loss.into(), 0.0);
        if let Some(gradient) = gradient.as_deref_mut() {
            add_row(gradient, x, point, &residuals);
        }
    }
    sums.fold()
}

/// Replaces margins by residuals and returns the row's loss.
fn softmax<T: Number>(z: &mut [T], y: T) -> T {
    let class = Into::<f64>::into(y) as usize;
    let largest = z.iter().copied().fold(z[0], |a, b| if b > a { b } else { a });
    let lead = largest - z[class];
    let mut sum = T::default();
    for z in z.iter_mut() {
        *z = exp(*z - largest);
        sum += *z;
    }
    for z in z.iter_mut() {
        *z = *z / sum;
    }
    z[class] = z[class] - T::ONE;
    ln(sum) + lead
}

fn add_row<T: Number>(gradient: &mut [T], x: &[T], point: Point<'_, T>, residuals: &[T]) {
    let (lines, bias) = gradient.split_at_mut(x.len() * point.bias.len());
    let lines = lines.chunks_exact_mut(point.bias.len());
    for ((line, &x), &c) in lines.zip(x).zip(point.center) {
        let deviation = x - c;
        for (g, &residual) in line.iter_mut().zip(residuals) {
            *g += residual * deviation;
        }
    }
    for (g, &residual) in bias.iter_mut().zip(residuals) {
        *g += residual;
    }
}
