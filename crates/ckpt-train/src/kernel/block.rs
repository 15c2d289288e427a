//! The kernels of each element type, compiled for each instruction set.

use std::marker::PhantomData;

use super::loss::{Logistic, Single, Squared};
use super::margins::Margins;
use super::single::Pass;
use super::{Block, Loss, Number, Point, RowSums, simd, softmax};

/// The kernels of one element type; its number of lanes is fixed here.
pub trait Kernel: Number {
    /// Lanes of a logical vector.
    const L: usize;

    /// Writes the margins of each row: `outputs` numbers after one another.
    fn margins(block: Block<'_, Self>, point: Point<'_, Self>, margins: &mut [Self]);

    /// Returns a block's row sums, and writes its gradient partial, if asked for: `width` numbers
    /// for one output, otherwise `(width + 1) x stride`, the last line being the biases'. Its length
    /// is that of whole logical vectors.
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
                    Loss::Softmax(_) => {
                        simd::run::<Self, $lanes, _>(softmax::Margins { block, point, margins });
                    }
                    Loss::Squared | Loss::Logistic => {
                        simd::run::<Self, $lanes, _>(Margins { block, point, margins });
                    }
                }
            }

            fn block(
                block: Block<'_, Self>,
                point: Point<'_, Self>,
                gradient: Option<&mut [Self]>,
            ) -> RowSums {
                match point.loss {
                    Loss::Softmax(_) => {
                        simd::run::<Self, $lanes, _>(softmax::Pass { block, point, gradient })
                    }
                    Loss::Squared => {
                        simd::run::<Self, $lanes, _>(pass::<_, Squared>(block, point, gradient))
                    }
                    Loss::Logistic => {
                        simd::run::<Self, $lanes, _>(pass::<_, Logistic>(block, point, gradient))
                    }
                }
            }
        }
    };
}

kernel!(f32, 16);
kernel!(f64, 8);

fn pass<'a, T, A: Single>(
    block: Block<'a, T>,
    point: Point<'a, T>,
    gradient: Option<&'a mut [T]>,
) -> Pass<'a, T, A> {
    Pass { block, point, gradient, loss: PhantomData }
}

/// `values` followed by zeros up to a whole number of logical vectors.
pub(crate) fn padded<T: Kernel>(values: impl ExactSizeIterator<Item = T>) -> Vec<T> {
    let length = values.len().next_multiple_of(T::L);
    let mut vector: Vec<T> = Vec::with_capacity(length);
    vector.extend(values);
    vector.resize(length, T::default());
    vector
}
