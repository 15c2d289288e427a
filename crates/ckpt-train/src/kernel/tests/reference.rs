//! The contract, written one scalar operation at a time.

use std::fmt::{self, Debug};
use std::ops::Range;

use super::numbers;
use crate::kernel::math::{exp, ln};
use crate::kernel::{Loss, Point, Rows, padded};
use crate::real::Real;

/// Rows, and the place where margins and gradients are taken.
pub(super) struct Problem<T> {
    pub(super) loss: Loss,
    pub(super) x: Vec<T>,
    pub(super) y: Vec<T>,
    row_weight: Option<Vec<T>>,
    pub(super) width: usize,
    center: Vec<T>,
    /// A line of columns per output.
    pub(super) weight: Vec<T>,
    bias: Vec<T>,
}

/// A problem's point as the kernels take it.
pub(super) struct Operands<T> {
    center: Vec<T>,
    weight: Vec<T>,
    bias: Vec<T>,
}

impl<T> Operands<T> {
    pub(super) fn point<'a>(&'a self, problem: &Problem<T>) -> Point<'a, T> {
        let Self { center, weight, bias } = self;
        Point { loss: problem.loss, center, weight, bias }
    }
}

impl<T: Real> Debug for Problem<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, width, weighted) = (self.y.len(), self.width, self.row_weight.is_some());
        write!(f, "{} {:?} {rows} x {width}, weighted: {weighted}", T::TYPE, self.loss)
    }
}

impl<T: Real> Problem<T> {
    pub(super) fn new(loss: Loss, rows: usize, width: usize, weighted: bool) -> Self {
        let seed = (rows * 1000 + width) as u64;
        let outputs = loss.outputs();
        let y: Vec<T> = match loss {
            Loss::Squared => numbers(rows, seed + 1),
            Loss::Logistic => (0..rows).map(|row| T::from_f64((row * 7 % 3 / 2) as f64)).collect(),
            Loss::Softmax(classes) => {
                (0..rows).map(|row| T::from_f64((row * 7 % classes) as f64)).collect()
            }
        };
        let magnitude = |weight: T| T::from_f64(weight.to_f64().abs());
        let row_weight =
            weighted.then(|| numbers(rows, seed + 5).into_iter().map(magnitude).collect());
        Self {
            loss,
            x: numbers(rows * width, seed),
            y,
            row_weight,
            width,
            center: numbers(width, seed + 2),
            weight: numbers(width * outputs, seed + 3),
            bias: numbers(outputs, seed + 4),
        }
    }

    pub(super) fn rows(&self) -> Rows<'_, T> {
        Rows::new(&self.x, &self.y, self.width).weighted(self.row_weight.as_deref())
    }

    fn lanes() -> usize {
        64 / size_of::<T>()
    }

    /// The distance from a column's first output to the next column's.
    fn stride(&self) -> usize {
        match self.loss {
            Loss::Squared | Loss::Logistic => 1,
            Loss::Softmax(classes) => classes.next_multiple_of(Self::lanes()),
        }
    }

    pub(super) fn operands(&self) -> Operands<T> {
        let center = padded(self.center.iter().copied());
        let stride = self.stride();
        if stride == 1 {
            let weight = padded(self.weight.iter().copied());
            return Operands { center, weight, bias: self.bias.clone() };
        }
        let mut weight = vec![T::default(); self.width * stride];
        for (output, line) in self.weight.chunks_exact(self.width).enumerate() {
            for (j, &w) in line.iter().enumerate() {
                weight[j * stride + output] = w;
            }
        }
        let mut bias = self.bias.clone();
        bias.resize(stride, T::default());
        Operands { center, weight, bias }
    }

    /// Step 1, of all rows.
    pub(super) fn margins(&self) -> Vec<T> {
        (0..self.y.len()).flat_map(|row| self.row_margins(row)).collect()
    }

    fn row_margins(&self, row: usize) -> Vec<T> {
        let x = &self.x[row * self.width..(row + 1) * self.width];
        let zero = T::default();
        if self.stride() == 1 {
            let mut sums = vec![zero; Self::lanes()];
            for j in 0..self.width.next_multiple_of(Self::lanes()) {
                let is_there = j < self.width;
                let or_zero = |values: &[T]| if is_there { values[j] } else { zero };
                let deviation = or_zero(x) - or_zero(&self.center);
                let product = deviation * or_zero(&self.weight);
                sums[j % Self::lanes()] += product;
            }
            return vec![fold(sums) + self.bias[0]];
        }
        let margin = |(line, bias): (&[T], &T)| {
            let mut sum = zero;
            for ((&x, &center), &weight) in x.iter().zip(&self.center).zip(line) {
                let deviation = x - center;
                let product = deviation * weight;
                sum += product;
            }
            sum + *bias
        };
        self.weight.chunks_exact(self.width).zip(&self.bias).map(margin).collect()
    }

    /// Step 2: the residuals of a row, its loss and its magnitude.
    fn outcome(&self, row: usize) -> (Vec<T>, T, T) {
        let (z, y) = (self.row_margins(row), self.y[row]);
        let (zero, one) = (T::default(), T::from_f64(1.0));
        let magnitude = |value: T| T::from_f64(value.to_f64().abs());
        let (mut residuals, mut loss, mut absolute) = match self.loss {
            Loss::Squared => {
                let r = z[0] - y;
                (vec![r], r * r, magnitude(r))
            }
            Loss::Logistic => {
                let z = z[0];
                let e = exp(-magnitude(z));
                let u = one + e;
                let p = if z >= zero { one / u } else { e / u };
                let positive = if z > zero { z } else { zero };
                let loss = (ln(u) + (e - (u - one)) / u) + (positive - y * z);
                (vec![p - y], loss, zero)
            }
            Loss::Softmax(_) => {
                let class = y.to_f64() as usize;
                let mut largest = z[0];
                for &z in &z {
                    largest = if z > largest { z } else { largest };
                }
                let powers: Vec<T> = z.iter().map(|&z| exp(z - largest)).collect();
                let mut sum = zero;
                for &power in &powers {
                    sum += power;
                }
                let mut residuals: Vec<T> = powers.into_iter().map(|power| power / sum).collect();
                residuals[class] = residuals[class] - one;
                (residuals, ln(sum) + (largest - z[class]), zero)
            }
        };
        if let Some(weight) = &self.row_weight {
            for value in residuals.iter_mut().chain([&mut loss, &mut absolute]) {
                *value = *value * weight[row];
            }
        }
        (residuals, loss, absolute)
    }

    /// Step 3: the partial of a block as the kernels lay it out, then its three row sums.
    fn block(&self, rows: Range<usize>) -> Vec<f64> {
        let (width, stride) = (self.width, self.stride());
        let mut partial =
            vec![T::default(); if stride == 1 { width } else { (width + 1) * stride }];
        let mut sums = vec![vec![0.0; Self::lanes()]; 3];
        for (index, row) in rows.enumerate() {
            let (residuals, loss, absolute) = self.outcome(row);
            for (output, &residual) in residuals.iter().enumerate() {
                for j in 0..width {
                    let deviation = self.x[row * width + j] - self.center[j];
                    let product = residual * deviation;
                    partial[j * stride + output] += product;
                }
                if stride > 1 {
                    partial[width * stride + output] += residual;
                }
            }
            let residual = if stride == 1 { residuals[0] } else { T::default() };
            for (sums, value) in sums.iter_mut().zip([residual, loss, absolute]) {
                sums[index % Self::lanes()] += value.to_f64();
            }
        }
        let sums = sums.into_iter().map(fold);
        partial.into_iter().map(T::to_f64).chain(sums).collect()
    }

    /// Steps 4 and 5: the gradient and the three row sums.
    pub(super) fn reference(&self) -> (Vec<f64>, [f64; 3]) {
        let rows = self.y.len();
        let values = if self.stride() == 1 { self.width } else { (self.width + 1) * self.stride() };
        let block_rows = (65536 / (self.width * size_of::<T>())).max(1);
        let blocks = rows.div_ceil(block_rows);
        let supers = blocks.min(256).min((4_194_304 / values).max(1));
        let super_blocks = blocks.div_ceil(supers);
        let mut totals = Vec::new();
        let mut first = 0;
        while first < blocks {
            let mut total = vec![0.0; values + 3];
            for block in first..blocks.min(first + super_blocks) {
                let partial = self.block(block * block_rows..rows.min((block + 1) * block_rows));
                for (sum, value) in total.iter_mut().zip(partial) {
                    *sum += value;
                }
            }
            totals.push(total);
            first += super_blocks;
        }
        let total = tree(&totals);
        let (gradient, sums) = total.split_at(values);
        (gradient.to_vec(), [sums[0], sums[1], sums[2]])
    }
}

/// Lane `k` adds lane `k + L/2`, then the same with half as many, down to one.
fn fold<N: Copy + std::ops::AddAssign>(mut lanes: Vec<N>) -> N {
    let mut live = lanes.len();
    while live > 1 {
        live /= 2;
        for k in 0..live {
            let other = lanes[k + live];
            lanes[k] += other;
        }
    }
    lanes[0]
}

/// The tree from its root: the left part is the largest power of two that leaves a right part.
fn tree(totals: &[Vec<f64>]) -> Vec<f64> {
    if let [total] = totals {
        return total.clone();
    }
    let (left, right) = totals.split_at(totals.len().next_power_of_two() / 2);
    tree(left).iter().zip(tree(right)).map(|(a, b)| a + b).collect()
}
