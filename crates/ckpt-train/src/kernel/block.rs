//! Blocks of rows with one output: steps 1 to 3 of the contract, in portable Rust.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use super::math::{EXP, LN, exp, ln};
use super::softmax;
use super::{Block, Loss, Point, RowSums};

/// The arithmetic that the kernels need of an element type.
pub trait Number:
    Copy
    + Default
    + Send
    + Sync
    + PartialOrd
    + Into<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + 'static
{
    /// 1.
    const ONE: Self;
    /// Under this the exponential is not computed.
    const EXP_MIN: Self;
    /// The base-2 logarithm of e.
    const LOG2_E: Self;
    /// Adding this leaves no digits behind the point: 1.5 times 2 to the mantissa's bits.
    const ROUND: Self;
    /// The natural logarithm of 2, its last bits zero, so that small integers times it are exact.
    const LN_2_HIGH: Self;
    /// What `LN_2_HIGH` lacks.
    const LN_2_LOW: Self;
    /// The coefficients of the exponential.
    const EXP: &'static [Self];
    /// The coefficients of the logarithm.
    const LN: &'static [Self];

    /// Rounds to the nearest value of this type.
    fn of(value: f64) -> Self;

    /// Clears the sign.
    fn magnitude(self) -> Self;

    /// `2^n` of an integer `n` to which `ROUND` was added, where that is a normal number.
    fn two_to_the_rounded(self) -> Self;

    /// Splits a positive normal number: `x = m 2^n` with `m` from the root of 1/2 to that of 2.
    fn mantissa_and_exponent(self) -> (Self, Self);
}

/// `EXP` and `LN`, as many as a type needs.
const fn narrowed<const N: usize>(values: &[f64]) -> [f32; N] {
    let mut result = [0.0; N];
    let mut i = 0;
    while i < N {
        result[i] = values[i] as f32;
        i += 1;
    }
    result
}

impl Number for f32 {
    const ONE: Self = 1.0;
    const EXP_MIN: Self = -87.0;
    const LOG2_E: Self = std::f32::consts::LOG2_E;
    const ROUND: Self = 12_582_912.0;
    const LN_2_HIGH: Self = Self::from_bits(0x3f31_8000);
    const LN_2_LOW: Self = Self::from_bits(0xb95e_8083);
    const EXP: &'static [Self] = &narrowed::<8>(&EXP);
    const LN: &'static [Self] = &narrowed::<5>(&LN);

    fn of(value: f64) -> Self {
        value as Self
    }

    fn magnitude(self) -> Self {
        self.abs()
    }

    fn two_to_the_rounded(self) -> Self {
        // The sum's last bits are n; moved to the exponent's place, they are n times 2^23.
        Self::from_bits((self.to_bits() << 23).wrapping_add(Self::ONE.to_bits()))
    }

    fn mantissa_and_exponent(self) -> (Self, Self) {
        let root_half = std::f32::consts::FRAC_1_SQRT_2.to_bits();
        let above = self.to_bits().wrapping_sub(root_half);
        let exponent = (above.cast_signed() >> 23) as Self;
        (Self::from_bits((above & 0x007f_ffff) + root_half), exponent)
    }
}

impl Number for f64 {
    const ONE: Self = 1.0;
    const EXP_MIN: Self = -708.0;
    const LOG2_E: Self = std::f64::consts::LOG2_E;
    const ROUND: Self = 6_755_399_441_055_744.0;
    const LN_2_HIGH: Self = Self::from_bits(0x3fe6_2e42_fee0_0000);
    const LN_2_LOW: Self = Self::from_bits(0x3dea_39ef_3579_3c76);
    const EXP: &'static [Self] = &EXP;
    const LN: &'static [Self] = &LN;

    fn of(value: f64) -> Self {
        value
    }

    fn magnitude(self) -> Self {
        self.abs()
    }

    fn two_to_the_rounded(self) -> Self {
        Self::from_bits((self.to_bits() << 52).wrapping_add(Self::ONE.to_bits()))
    }

    fn mantissa_and_exponent(self) -> (Self, Self) {
        let root_half = std::f64::consts::FRAC_1_SQRT_2.to_bits();
        let above = self.to_bits().wrapping_sub(root_half);
        let exponent = (above.cast_signed() >> 52) as Self;
        (Self::from_bits((above & 0x000f_ffff_ffff_ffff) + root_half), exponent)
    }
}

/// The kernels of one element type; its number of lanes is fixed here.
pub trait Kernel: Number {
    /// Lanes of a logical vector.
    const L: usize;

    /// Writes the margins of each row: `outputs` numbers after one another.
    fn margins(block: Block<'_, Self>, point: Point<'_, Self>, margins: &mut [Self]);

    /// Returns a block's row sums, and adds its gradient partial, if asked for: `width` numbers for
    /// one output, otherwise `(width + 1) x stride`, the last line being the biases'.
    fn block(
        block: Block<'_, Self>,
        point: Point<'_, Self>,
        gradient: Option<&mut [Self]>,
    ) -> RowSums;
}

macro_rules! kernel {
    ($number:ty, $lanes:literal) => {
        impl Kernel for $number {
            const L: usize = $lanes;

            fn margins(block: Block<'_, Self>, point: Point<'_, Self>, margins: &mut [Self]) {
                match point.loss {
                    Loss::Softmax(_) => softmax::margins::<Self, $lanes>(block, point, margins),
                    Loss::Squared | Loss::Logistic => {
                        for (margin, row) in margins.iter_mut().zip(block.rows()) {
                            *margin = dot::<Self, $lanes>(row, point.center, point.weight)
                                + point.bias[0];
                        }
                    }
                }
            }

            fn block(
                block: Block<'_, Self>,
                point: Point<'_, Self>,
                gradient: Option<&mut [Self]>,
            ) -> RowSums {
                match point.loss {
                    Loss::Softmax(_) => softmax::block::<Self, $lanes>(block, point, gradient),
                    Loss::Squared => single::<Self, $lanes>(block, point, gradient, squared),
                    Loss::Logistic => single::<Self, $lanes>(block, point, gradient, logistic),
                }
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
fn fold<T: Copy + AddAssign, const L: usize>(mut lanes: [T; L]) -> T {
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

/// A row's residual, loss and magnitude.
struct Row<T> {
    residual: T,
    loss: T,
    absolute: T,
}

fn squared<T: Number>(z: T, y: T) -> Row<T> {
    let residual = z - y;
    Row { residual, loss: residual * residual, absolute: residual.magnitude() }
}

fn logistic<T: Number>(z: T, y: T) -> Row<T> {
    let zero = T::default();
    let e = exp(-z.magnitude());
    let u = T::ONE + e;
    let residual = (if z >= zero { T::ONE } else { e }) / u - y;
    let positive = if z > zero { z } else { zero };
    let loss = (ln(u) + (e - (u - T::ONE)) / u) + (positive - y * z);
    Row { residual, loss, absolute: zero }
}

/// Sums of rows by lanes.
pub(super) struct LaneSums<const L: usize> {
    residual: [f64; L],
    loss: [f64; L],
    absolute: [f64; L],
}

impl<const L: usize> LaneSums<L> {
    pub(super) fn new() -> Self {
        Self { residual: [0.0; L], loss: [0.0; L], absolute: [0.0; L] }
    }

    pub(super) fn take(&mut self, row: usize, residual: f64, loss: f64, absolute: f64) {
        self.residual[row % L] += residual;
        self.loss[row % L] += loss;
        self.absolute[row % L] += absolute;
    }

    pub(super) fn fold(self) -> RowSums {
        RowSums {
            residual: fold(self.residual),
            loss: fold(self.loss),
            absolute: fold(self.absolute),
        }
    }
}

#[inline]
fn single<T: Number, const L: usize>(
    block: Block<'_, T>,
    point: Point<'_, T>,
    mut gradient: Option<&mut [T]>,
    residual: impl Fn(T, T) -> Row<T>,
) -> RowSums {
    let mut sums = LaneSums::<L>::new();
    for (index, (x, &y)) in block.rows().zip(block.y).enumerate() {
        let margin = dot::<T, L>(x, point.center, point.weight) + point.bias[0];
        let mut row = residual(margin, y);
        if let Some(weight) = block.weight {
            row.residual = row.residual * weight[index];
            row.loss = row.loss * weight[index];
            row.absolute = row.absolute * weight[index];
        }
        sums.take(index, row.residual.into(), row.loss.into(), row.absolute.into());
        if let Some(gradient) = gradient.as_deref_mut() {
            for ((g, &x), &c) in gradient.iter_mut().zip(x).zip(point.center) {
                *g += row.residual * (x - c);
            }
        }
    }
    sums.fold()
}
