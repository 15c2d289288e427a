use crate::element::{Byte, Element, Visitor, visit};
use crate::{Dtype, TensorError};

/// Sums one tensor up, piece by piece: its norms, its range, what in it is no number.
///
/// Give the bytes in order with [`update`](Self::update), cut wherever it suits but inside an
/// element, then [`finish`](Self::finish). Sums are f64 and run over the elements in order, so the
/// result does not depend on the cuts, not even in its last bit.
///
/// ```
/// use ckpt_tensor::{Dtype, Statistics};
///
/// let bytes: Vec<u8> = [3.0f32, 0.0, -4.0, f32::NAN].iter().flat_map(|x| x.to_le_bytes()).collect();
/// let mut statistics = Statistics::new(Dtype::F32);
/// statistics.update(&bytes)?;
/// let summary = statistics.finish();
/// assert_eq!((summary.count, summary.finite, summary.nan, summary.zeros), (4, 3, 1, 1));
/// assert_eq!((summary.min, summary.max, summary.l2), (-4.0, 3.0, 5.0));
/// # Ok::<(), ckpt_tensor::TensorError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Statistics {
    dtype: Dtype,
    sums: Sums,
}

impl Statistics {
    /// Starts the statistics of a tensor of this dtype.
    pub fn new(dtype: Dtype) -> Self {
        Self { dtype, sums: Sums::default() }
    }

    /// Tells whether elements of a dtype can be taken for numbers: all but F6_E2M3 and F6_E3M2.
    ///
    /// No specification fixes in which order 6-bit elements share their bytes.
    pub const fn knows(dtype: Dtype) -> bool {
        !matches!(dtype, Dtype::F6E2M3 | Dtype::F6E3M2)
    }

    /// Takes the next bytes of the tensor.
    ///
    /// # Errors
    /// [`TensorError::PartialElement`] if they end inside an element, [`TensorError::UnknownPacking`]
    /// for a dtype that [`knows`](Self::knows) denies. The statistics are as before.
    pub fn update(&mut self, bytes: &[u8]) -> Result<(), TensorError> {
        if !Self::knows(self.dtype) {
            return Err(TensorError::UnknownPacking(self.dtype));
        }
        if !bytes.len().is_multiple_of(self.dtype.element_width().unwrap_or(1)) {
            return Err(TensorError::PartialElement { len: bytes.len(), dtype: self.dtype });
        }
        visit(self.dtype, Add { to: &mut self.sums, bytes });
        Ok(())
    }

    /// Gives the statistics of what there was.
    pub fn finish(self) -> Summary {
        self.sums.finish()
    }
}

/// What one tensor sums up to.
///
/// Elements that are NaN or infinite count in `count` and in `nan` or `inf` and nowhere else; the
/// other fields are over the finite elements, and 0 if there are none. Elements are taken as f64:
/// exactly for floats and integers up to 32 bits, rounded to nearest for 64-bit integers. Booleans
/// count as 0 and 1, any nonzero byte as 1. The parts of complex numbers count as two elements
/// each. Squares of F64 values beyond about 1e154 overflow, so that `l2`, `rms` and `std` are not
/// finite; squares of values below about 1e-162 vanish.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Elements.
    pub count: u64,
    /// Elements that are neither NaN nor infinite.
    pub finite: u64,
    /// Elements that are 0, of either sign.
    pub zeros: u64,
    /// Elements that are NaN.
    pub nan: u64,
    /// Elements that are infinite.
    pub inf: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of the elements as a whole population (divided by their number).
    pub std: f64,
    /// Least element.
    pub min: f64,
    /// Greatest element.
    pub max: f64,
    /// Greatest absolute value.
    pub max_abs: f64,
    /// Euclidean norm.
    pub l2: f64,
    /// Root of the mean square: `l2` over the root of `finite`.
    pub rms: f64,
}

/// The next bytes of a tensor, on their way into its sums.
struct Add<'s, 'b> {
    to: &'s mut Sums,
    bytes: &'b [u8],
}

impl Visitor for Add<'_, '_> {
    fn elements<const WIDTH: usize>(self, element: &impl Element<WIDTH>) {
        for &bytes in self.bytes.as_chunks::<WIDTH>().0 {
            self.to.add(element.value(bytes));
        }
    }

    fn nibbles(self, element: &Byte) {
        for &byte in self.bytes {
            self.to.add(element.value([byte & 15]));
            self.to.add(element.value([byte >> 4]));
        }
    }

    fn packed(self) {
        unreachable!("update refuses these dtypes");
    }
}

#[derive(Clone, Debug)]
struct Sums {
    finite: u64,
    zeros: u64,
    nan: u64,
    inf: u64,
    /// The first finite element. The deviations are from it, so that the variance of values far from
    /// 0 and close to each other is not the difference of two large sums.
    origin: f64,
    sum: f64,
    deviations: f64,
    squared_deviations: f64,
    squares: f64,
    min: f64,
    max: f64,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            finite: 0,
            zeros: 0,
            nan: 0,
            inf: 0,
            origin: 0.0,
            sum: 0.0,
            deviations: 0.0,
            squared_deviations: 0.0,
            squares: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }
}

impl Sums {
    fn add(&mut self, value: f64) {
        if !value.is_finite() {
            return self.count_special(value);
        }
        if self.finite == 0 {
            self.origin = value;
        }
        self.finite += 1;
        self.zeros += u64::from(value == 0.0);
        self.sum += value;
        let deviation = value - self.origin;
        self.deviations += deviation;
        self.squared_deviations += deviation * deviation;
        self.squares += value * value;
        // f64::min and max would also have to look for NaN, which cannot be here.
        if value < self.min {
            self.min = value;
        }
        if value > self.max {
            self.max = value;
        }
    }

    #[cold]
    fn count_special(&mut self, value: f64) {
        self.nan += u64::from(value.is_nan());
        self.inf += u64::from(value.is_infinite());
    }

    fn finish(&self) -> Summary {
        let n = self.finite.max(1) as f64;
        let (min, max) = if self.finite == 0 { (0.0, 0.0) } else { (self.min, self.max) };
        let shift = self.deviations / n;
        let variance = self.squared_deviations / n - shift * shift;
        Summary {
            count: self.finite + self.nan + self.inf,
            finite: self.finite,
            zeros: self.zeros,
            nan: self.nan,
            inf: self.inf,
            mean: self.sum / n,
            // Rounding may leave less than nothing of a variance near 0.
            std: if variance < 0.0 { 0.0 } else { variance.sqrt() },
            min,
            max,
            max_abs: max.abs().max(min.abs()),
            l2: self.squares.sqrt(),
            rms: (self.squares / n).sqrt(),
        }
    }
}
