//! Rows and blocks: steps 1 and 2 of the contract, in portable Rust.

use std::ops::{Add, AddAssign, Mul, Range, Sub};

/// The arithmetic that the kernels need of an element type.
pub trait Number:
    Copy
    + Default
    + Send
    + Sync
    + Into<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + AddAssign
{
}

impl Number for f32 {}
impl Number for f64 {}

/// Rows of features, one after another without gaps, and their targets.
#[derive(Clone, Copy)]
pub struct Rows<'a, T> {
    pub x: &'a [T],
    pub y: &'a [T],
    pub width: usize,
}

impl<'a, T> Rows<'a, T> {
    pub fn len(&self) -> usize {
        self.y.len()
    }

    pub fn slice(&self, rows: Range<usize>) -> Rows<'a, T> {
        Rows {
            x: &self.x[rows.start * self.width..rows.end * self.width],
            y: &self.y[rows],
            width: self.width,
        }
    }

    pub fn row(&self, index: usize) -> &'a [T] {
        &self.x[index * self.width..(index + 1) * self.width]
    }
}

/// Where residuals and gradient are taken: `sum((x - center) * weight) + bias`.
///
/// `center` and `weight` are [`padded`] with zeros.
#[derive(Clone, Copy)]
pub struct Point<'a, T> {
    pub center: &'a [T],
    pub weight: &'a [T],
    pub bias: T,
}

/// Sums over the residuals of some rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RowSums {
    pub residual: f64,
    pub squared: f64,
    pub absolute: f64,
}

impl RowSums {
    fn take(&mut self, residual: f64) {
        self.residual += residual;
        self.squared += residual * residual;
        self.absolute += residual.abs();
    }
}

impl AddAssign for RowSums {
    fn add_assign(&mut self, other: Self) {
        self.residual += other.residual;
        self.squared += other.squared;
        self.absolute += other.absolute;
    }
}

/// The kernels of one element type; its number of lanes is fixed here.
pub trait Kernel: Number {
    /// Lanes of a logical vector.
    const L: usize;

    /// The lane sum of `(row - center) * weight`.
    fn dot(row: &[Self], center: &[Self], weight: &[Self]) -> Self;

    /// Adds a block's gradient, if asked for, and its row sums.
    fn block(
        rows: Rows<'_, Self>,
        point: Point<'_, Self>,
        gradient: Option<&mut [Self]>,
        sums: &mut RowSums,
    );
}

macro_rules! kernel {
    ($number:ty, $lanes:literal) => {
        impl Kernel for $number {
            const L: usize = $lanes;

            fn dot(row: &[Self], center: &[Self], weight: &[Self]) -> Self {
                dot::<Self, $lanes>(row, center, weight)
            }

            fn block(
                rows: Rows<'_, Self>,
                point: Point<'_, Self>,
                gradient: Option<&mut [Self]>,
                sums: &mut RowSums,
            ) {
                block::<Self, $lanes>(rows, point, gradient, sums);
            }
        }
    };
}

kernel!(f32, 16);
kernel!(f64, 8);

/// `values` followed by zeros up to a whole number of logical vectors.
pub(crate) fn padded<T: Kernel>(values: impl ExactSizeIterator<Item = T>) -> Vec<T> {
    let length = values.len().next_multiple_of(T::L);
    let mut vector: Vec<T> = Vec::with_capacity(length);
    vector.extend(values);
    vector.resize(length, T::default());
    vector
}

#[inline]
fn dot<T: Number, const L: usize>(row: &[T], center: &[T], weight: &[T]) -> T {
    let (vectors, tail) = row.as_chunks::<L>();
    let (centers, _) = center.as_chunks::<L>();
    let (weights, _) = weight.as_chunks::<L>();
    let mut lanes = [T::default(); L];
    for ((x, c), w) in vectors.iter().zip(centers).zip(weights) {
        accumulate(&mut lanes, x, c, w);
    }
    if !tail.is_empty() {
        let mut x = [T::default(); L];
        x[..tail.len()].copy_from_slice(tail);
        let last = vectors.len();
        accumulate(&mut lanes, &x, &centers[last], &weights[last]);
    }
    fold(lanes)
}

#[inline]
fn accumulate<T: Number, const L: usize>(lanes: &mut [T; L], x: &[T; L], c: &[T; L], w: &[T; L]) {
    for k in 0..L {
        lanes[k] += (x[k] - c[k]) * w[k];
    }
}

#[inline]
fn fold<T: Number, const L: usize>(mut lanes: [T; L]) -> T {
    let mut half = L / 2;
    while half > 0 {
        let (low, high) = lanes.split_at_mut(half);
        for (a, b) in low.iter_mut().zip(high) {
            *a += *b;
        }
        half /= 2;
    }
    lanes[0]
}

/// Rows in flight: one load and store of the gradient serves four rows.
const QUAD: usize = 4;

#[inline]
fn block<T: Number, const L: usize>(
    rows: Rows<'_, T>,
    point: Point<'_, T>,
    mut gradient: Option<&mut [T]>,
    sums: &mut RowSums,
) {
    let width = rows.width;
    for (x, y) in rows.x.chunks(QUAD * width).zip(rows.y.chunks(QUAD)) {
        let mut residuals = [T::default(); QUAD];
        for ((row, &target), residual) in x.chunks_exact(width).zip(y).zip(&mut residuals) {
            *residual = dot::<T, L>(row, point.center, point.weight) + point.bias - target;
            sums.take((*residual).into());
        }
        if let Some(gradient) = gradient.as_deref_mut() {
            let center = &point.center[..width];
            if y.len() == QUAD {
                add_quad(gradient, x, center, residuals);
            } else {
                for (row, residual) in x.chunks_exact(width).zip(residuals) {
                    add_row(gradient, row, center, residual);
                }
            }
        }
    }
}

#[inline]
fn add_row<T: Number>(gradient: &mut [T], row: &[T], center: &[T], residual: T) {
    for ((g, &x), &c) in gradient.iter_mut().zip(row).zip(center) {
        *g += residual * (x - c);
    }
}

#[inline]
fn add_quad<T: Number>(gradient: &mut [T], x: &[T], center: &[T], r: [T; QUAD]) {
    let width = gradient.len();
    let (x0, rest) = x.split_at(width);
    let (x1, rest) = rest.split_at(width);
    let (x2, x3) = rest.split_at(width);
    let rows = x0.iter().zip(x1).zip(x2).zip(x3);
    for ((g, &c), (((&a, &b), &d), &e)) in gradient.iter_mut().zip(center).zip(rows) {
        *g = *g + r[0] * (a - c) + r[1] * (b - c) + r[2] * (d - c) + r[3] * (e - c);
    }
}
