//! Rows as they come to the kernels: from memory, or read when they are needed.

use std::io;
use std::ops::{AddAssign, Range};

use super::Kernel;

/// Rows of features that are read when they are needed, such as those of a file that is larger than
/// memory.
///
/// Reading the same rows must always give the same values; they are read once per pass, in blocks
/// of 64 KiB, from several threads at once.
pub trait RowSource<T>: Send + Sync {
    /// Fills `into` with the rows of `range`, row-major, `range.len() * columns` values.
    ///
    /// # Errors
    ///
    /// Whatever reading meets; training stops with it.
    fn read(&self, range: Range<usize>, into: &mut [T]) -> io::Result<()>;
}

/// Where features are.
enum Features<'a, T> {
    /// Row-major, without gaps.
    Memory(&'a [T]),
    /// Read from `source`, whose row `first` is the first of these.
    Stored { source: &'a dyn RowSource<T>, first: usize },
}

impl<T> Clone for Features<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Features<'_, T> {}

/// Rows of features with a target and perhaps a weight each.
pub struct Rows<'a, T> {
    features: Features<'a, T>,
    pub y: &'a [T],
    /// What each row counts; 1 if there are none.
    pub weight: Option<&'a [T]>,
    pub width: usize,
}

impl<T> Clone for Rows<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Rows<'_, T> {}

impl<'a, T> Rows<'a, T> {
    /// Rows in memory that count one each.
    pub fn new(x: &'a [T], y: &'a [T], width: usize) -> Self {
        Self { features: Features::Memory(x), y, weight: None, width }
    }

    /// Rows of `source` from `first` on, as many as `y` has values.
    pub fn stored(source: &'a dyn RowSource<T>, first: usize, y: &'a [T], width: usize) -> Self {
        Self { features: Features::Stored { source, first }, y, weight: None, width }
    }

    /// The same rows, of these weights.
    pub fn weighted(self, weight: Option<&'a [T]>) -> Self {
        Self { weight, ..self }
    }

    /// The same rows with other targets.
    pub fn with_targets(self, y: &'a [T]) -> Self {
        Self { y, ..self }
    }

    pub fn len(&self) -> usize {
        self.y.len()
    }

    pub fn slice(&self, rows: Range<usize>) -> Self {
        let features = match self.features {
            Features::Memory(x) => {
                Features::Memory(&x[rows.start * self.width..rows.end * self.width])
            }
            Features::Stored { source, first } => {
                Features::Stored { source, first: first + rows.start }
            }
        };
        let weight = self.weight.map(|weight| &weight[rows.clone()]);
        Self { features, y: &self.y[rows], weight, width: self.width }
    }
}

impl<'a, T: Copy + Default + Into<f64>> Rows<'a, T> {
    /// What the rows count together: their number, or the sum of their weights.
    pub fn total(&self) -> f64 {
        match self.weight {
            None => self.len() as f64,
            Some(weight) => weight.iter().map(|&weight| weight.into()).sum(),
        }
    }

    /// Gives some of the rows as a block in memory; `buffer` holds what has to be read.
    pub fn block<'b>(&self, rows: Range<usize>, buffer: &'b mut Vec<T>) -> io::Result<Block<'b, T>>
    where
        'a: 'b,
    {
        let (y, width) = (&self.y[rows.clone()], self.width);
        let weight = self.weight.map(|weight| &weight[rows.clone()]);
        let x = match self.features {
            Features::Memory(x) => &x[rows.start * width..rows.end * width],
            Features::Stored { source, first } => {
                buffer.resize(rows.len() * width, T::default());
                source.read(first + rows.start..first + rows.end, buffer)?;
                clear_weightless(buffer, weight, width);
                &buffer[..]
            }
        };
        Ok(Block { x, y, weight, width })
    }
}

/// Makes the features of rows that weigh nothing zero: an infinity times their weight would be NaN.
fn clear_weightless<T: Copy + Default + Into<f64>>(
    x: &mut [T],
    weight: Option<&[T]>,
    width: usize,
) {
    for (row, &weight) in x.chunks_exact_mut(width).zip(weight.unwrap_or_default()) {
        if weight.into() == 0.0 {
            row.fill(T::default());
        }
    }
}

/// Consecutive rows in memory.
#[derive(Clone, Copy)]
pub struct Block<'a, T> {
    pub x: &'a [T],
    pub y: &'a [T],
    pub weight: Option<&'a [T]>,
    pub width: usize,
}

impl<'a, T> Block<'a, T> {
    /// The features of each row.
    pub fn rows(&self) -> std::slice::ChunksExact<'a, T> {
        self.x.chunks_exact(self.width)
    }
}

/// What a row's margins are turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Half the squared residual of one margin.
    Squared,
    /// The cross-entropy of two classes, 0 and 1, by one margin.
    Logistic,
    /// The cross-entropy of this many classes, 0, 1, ..., by a margin each.
    Softmax(usize),
}

impl Loss {
    /// The number of margins of a row.
    pub fn outputs(self) -> usize {
        match self {
            Self::Squared | Self::Logistic => 1,
            Self::Softmax(classes) => classes,
        }
    }
}

/// Where margins are taken: `sum((x - center) * weight) + bias`, for each output.
///
/// `center` is [`padded`](super::padded) with zeros. `weight` and `bias` are, for one output, the
/// padded weights and one number; for more, `width x stride` and `stride` numbers, where `stride` is
/// the number of outputs rounded up to whole logical vectors, the places beyond the outputs being
/// zero.
#[derive(Clone, Copy)]
pub struct Point<'a, T> {
    pub loss: Loss,
    pub center: &'a [T],
    pub weight: &'a [T],
    pub bias: &'a [T],
}

/// The weights and biases of a [`Point`], laid out for the kernels.
#[derive(Clone)]
pub(crate) struct Placed<T> {
    loss: Loss,
    width: usize,
    weight: Vec<T>,
    bias: Vec<T>,
}

impl<T: Kernel> Placed<T> {
    /// All zeros, for rows of `width` columns.
    pub(crate) fn zeros(width: usize, loss: Loss) -> Self {
        let (weights, stride) = match loss {
            Loss::Squared | Loss::Logistic => (width.next_multiple_of(T::L), 1),
            Loss::Softmax(classes) => {
                let stride = classes.next_multiple_of(T::L);
                (width * stride, stride)
            }
        };
        let [weight, bias] = [weights, stride].map(|length| vec![T::default(); length]);
        Self { loss, width, weight, bias }
    }

    /// The distance of two columns in the weights.
    pub(crate) fn stride(&self) -> usize {
        self.bias.len()
    }

    /// Takes the weight of each output and column, and the bias of each output.
    pub(crate) fn place(&mut self, weight: impl Fn(usize, usize) -> T, bias: impl Fn(usize) -> T) {
        let stride = self.stride();
        for output in 0..self.loss.outputs() {
            for column in 0..self.width {
                self.weight[column * stride + output] = weight(output, column);
            }
            self.bias[output] = bias(output);
        }
    }

    pub(crate) fn point<'a>(&'a self, center: &'a [T]) -> Point<'a, T> {
        Point { loss: self.loss, center, weight: &self.weight, bias: &self.bias }
    }
}

/// Sums over rows, each taken as often as it weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RowSums {
    /// Of the residuals; 0 for softmax.
    pub residual: f64,
    /// Of the squared residuals for [`Loss::Squared`], otherwise of the cross-entropies in nats.
    pub loss: f64,
    /// Of the residuals' magnitudes for [`Loss::Squared`], otherwise 0.
    pub absolute: f64,
}

impl AddAssign for RowSums {
    fn add_assign(&mut self, other: Self) {
        self.residual += other.residual;
        self.loss += other.loss;
        self.absolute += other.absolute;
    }
}
