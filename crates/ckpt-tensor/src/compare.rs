mod values;

use self::values::{PIECE, bytes_of, read_values};
use crate::element::{Byte, Element, Pair, Visitor, visit};
use crate::{Dtype, Kind, TensorError};

/// Compares two tensors of one shape, piece by piece.
///
/// Give the bytes of both in order with [`update`](Self::update), cut wherever it suits but
/// inside an element, then [`finish`](Self::finish). Sums are f64 and run over the elements in
/// order, so the result does not depend on the cuts, not even in its last bit.
#[derive(Clone, Debug)]
pub struct Comparison {
    a: Dtype,
    b: Dtype,
    elements: u64,
    changed: u64,
    sums: Sums,
}

impl Comparison {
    /// Starts a comparison of tensors of this dtype.
    pub fn new(dtype: Dtype) -> Self {
        Self::started(dtype, dtype)
    }

    /// Starts a comparison of tensors of two dtypes, by what their elements are as f64; `None` if
    /// their elements cannot be paired.
    ///
    /// An element counts as changed if its value is another: `0.0` and `-0.0` are one value, and
    /// NaN is the same as NaN. Of 64-bit integers the rounded values are compared. No pair is made
    /// of a complex and a real number, and none with F6, of which no specification fixes in which
    /// order elements share their bytes. Two equal dtypes are compared as by [`new`](Self::new).
    ///
    /// ```
    /// use ckpt_tensor::{Comparison, Dtype};
    ///
    /// let mut comparison = Comparison::between(Dtype::F32, Dtype::Bf16).expect("both are real");
    /// // 1 and 1.001 in f32; in bf16 both are 1.
    /// let before: Vec<u8> = [1.0f32, 1.001].iter().flat_map(|x| x.to_le_bytes()).collect();
    /// comparison.update(&before, &[0x80, 0x3f, 0x80, 0x3f])?;
    /// let difference = comparison.finish();
    /// assert_eq!((difference.elements, difference.changed), (2, 1));
    /// # Ok::<(), ckpt_tensor::TensorError>(())
    /// ```
    pub fn between(a: Dtype, b: Dtype) -> Option<Self> {
        let is_complex = |dtype: Dtype| dtype.kind() == Kind::Complex;
        let is_packed = |dtype| matches!(dtype, Dtype::F6E2M3 | Dtype::F6E3M2);
        let pairs = is_complex(a) == is_complex(b) && !is_packed(a) && !is_packed(b);
        (a == b || pairs).then(|| Self::started(a, b))
    }

    fn started(a: Dtype, b: Dtype) -> Self {
        Self { a, b, elements: 0, changed: 0, sums: Sums::default() }
    }

    /// Takes the next bytes of both tensors.
    ///
    /// # Errors
    /// [`TensorError::LengthMismatch`] if the pieces differ in their number of elements,
    /// [`TensorError::PartialElement`] if they end inside an element. The comparison is as before.
    pub fn update(&mut self, a: &[u8], b: &[u8]) -> Result<(), TensorError> {
        let (bits_a, bits_b) = (u64::from(self.a.bits()), u64::from(self.b.bits()));
        if a.len() as u64 * bits_b != b.len() as u64 * bits_a {
            return Err(TensorError::LengthMismatch { a: a.len(), b: b.len() });
        }
        for (dtype, bytes) in [(self.a, a), (self.b, b)] {
            if !bytes.len().is_multiple_of(dtype.element_width().unwrap_or(1)) {
                return Err(TensorError::PartialElement { len: bytes.len(), dtype });
            }
        }
        if self.a == self.b {
            visit(self.a, Compare { to: self, a, b });
        } else {
            self.update_values(a, b);
        }
        Ok(())
    }

    /// Takes whole elements of two dtypes, as many of either.
    fn update_values(&mut self, a: &[u8], b: &[u8]) {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for (a, b) in a.chunks(bytes_of(self.a, PIECE)).zip(b.chunks(bytes_of(self.b, PIECE))) {
            read_values(self.a, a, &mut left);
            read_values(self.b, b, &mut right);
            self.elements += left.len() as u64;
            for (&a, &b) in left.iter().zip(&right) {
                self.changed += u64::from(a != b && !(a.is_nan() && b.is_nan()));
                self.sums.add_pair(&Pair::of(a, b));
            }
        }
    }

    /// Gives the distance between what the two sides were given.
    pub fn finish(self) -> Difference {
        let packed = matches!(self.a, Dtype::F6E2M3 | Dtype::F6E3M2);
        Difference {
            elements: self.elements,
            changed: self.changed,
            numeric: (!packed).then(|| self.sums.finish()),
        }
    }

    fn count<const WIDTH: usize>(&mut self, a: &[u8], b: &[u8]) {
        let ((a, _), (b, _)) = (a.as_chunks::<WIDTH>(), b.as_chunks::<WIDTH>());
        self.elements += a.len() as u64;
        self.changed += a.iter().zip(b).filter(|(a, b)| a != b).count() as u64;
    }
}

/// The next bytes of both tensors, on their way into a comparison.
struct Compare<'c, 'b> {
    to: &'c mut Comparison,
    a: &'b [u8],
    b: &'b [u8],
}

impl Visitor for Compare<'_, '_> {
    fn elements<const WIDTH: usize>(self, element: &impl Element<WIDTH>) {
        let Self { to, a, b } = self;
        // Complex elements count whole, while their parts are summed alike.
        if to.a == Dtype::C64 {
            to.count::<8>(a, b);
        } else {
            to.count::<WIDTH>(a, b);
        }
        to.sums.add(element, a, b);
    }

    fn nibbles(self, element: &Byte) {
        for (&a, &b) in self.a.iter().zip(self.b) {
            let (a, b) = ([a & 15, a >> 4], [b & 15, b >> 4]);
            self.to.count::<1>(&a, &b);
            self.to.sums.add(element, &a, &b);
        }
    }

    fn packed(self) {
        self.to.count::<1>(self.a, self.b);
    }
}

/// How far apart two tensors lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Elements of each tensor; bytes for F6, see [`numeric`](Self::numeric).
    pub elements: u64,
    /// Elements whose bits differ: `0.0` and `-0.0` do, one NaN pattern and itself do not. Of two
    /// dtypes those whose values differ, see [`Comparison::between`].
    pub changed: u64,
    /// The distance in numbers; `None` for F6_E2M3 and F6_E3M2.
    ///
    /// No specification fixes in which order 6-bit elements share their bytes, so those are
    /// compared, and counted above, as bytes.
    pub numeric: Option<NumericDifference>,
}

impl Difference {
    /// Gives the part of the elements whose bits differ, from 0 to 1; 0 if there are none.
    pub fn changed_fraction(&self) -> f64 {
        ratio(self.changed as f64, self.elements)
    }
}

/// The distance between two tensors in numbers.
///
/// Pairs in which either side is NaN or infinite count in `nan_*` and `inf_*` and nowhere else:
/// all other fields are over the remaining pairs; NaN if none remains of some. Elements are taken as f64:
/// exactly for floats and integers up to 32 bits, rounded to nearest for 64-bit integers, whose
/// differences are still taken exactly before they are rounded. Booleans count as 0 and 1, any
/// nonzero byte as 1. The parts of complex numbers count as two elements each. Squares of F64
/// values beyond about 1e154 overflow, so that `l2` and what rests on it are not finite; squares of
/// values below about 1e-162 vanish.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NumericDifference {
    /// Pairs that entered the sums.
    pub compared: u64,
    /// Largest `|a - b|`; 0 without pairs.
    pub max_abs: f64,
    /// Mean `|a - b|`; 0 without pairs.
    pub mean_abs: f64,
    /// Euclidean norm of `a - b`.
    pub l2: f64,
    /// `l2` divided by the norm of `a`; for a norm of 0, 0 if `l2` is 0 and infinity otherwise.
    pub relative_l2: f64,
    /// Cosine of the angle between a and b, from -1 to 1.
    ///
    /// Two zero vectors have 1, a zero vector and another 0.
    pub cosine: f64,
    /// NaN elements of the first tensor.
    pub nan_a: u64,
    /// NaN elements of the second tensor.
    pub nan_b: u64,
    /// Infinite elements of the first tensor.
    pub inf_a: u64,
    /// Infinite elements of the second tensor.
    pub inf_b: u64,
    /// Pairs that are apart by no number: one side is NaN or infinite, and the other is not the
    /// same. NaN and NaN are the same here, and so are equal infinities.
    pub spoiled: u64,
}

#[derive(Clone, Debug, Default)]
struct Sums {
    compared: u64,
    max_abs: f64,
    absolute: f64,
    squares: f64,
    squares_a: f64,
    squares_b: f64,
    products: f64,
    nan_a: u64,
    nan_b: u64,
    inf_a: u64,
    inf_b: u64,
    spoiled: u64,
}

impl Sums {
    fn add<const WIDTH: usize>(&mut self, element: &impl Element<WIDTH>, a: &[u8], b: &[u8]) {
        let ((a, _), (b, _)) = (a.as_chunks::<WIDTH>(), b.as_chunks::<WIDTH>());
        for (&a, &b) in a.iter().zip(b) {
            self.add_pair(&element.pair(a, b));
        }
    }

    fn add_pair(&mut self, pair: &Pair) {
        if pair.a.is_finite() && pair.b.is_finite() {
            self.add_finite(pair);
        } else {
            self.count_special(pair);
        }
    }

    fn add_finite(&mut self, pair: &Pair) {
        let Pair { a, b, difference } = *pair;
        self.compared += 1;
        // f64::max would also have to look for NaN, which cannot be here.
        if difference.abs() > self.max_abs {
            self.max_abs = difference.abs();
        }
        self.absolute += difference.abs();
        self.squares += difference * difference;
        self.squares_a += a * a;
        self.squares_b += b * b;
        self.products += a * b;
    }

    #[cold]
    fn count_special(&mut self, pair: &Pair) {
        self.nan_a += u64::from(pair.a.is_nan());
        self.nan_b += u64::from(pair.b.is_nan());
        self.inf_a += u64::from(pair.a.is_infinite());
        self.inf_b += u64::from(pair.b.is_infinite());
        let is_same = pair.a == pair.b || (pair.a.is_nan() && pair.b.is_nan());
        self.spoiled += u64::from(!is_same);
    }

    fn finish(&self) -> NumericDifference {
        let l2 = self.squares.sqrt();
        let (norm_a, norm_b) = (self.squares_a.sqrt(), self.squares_b.sqrt());
        // Of pairs without a number there is no distance, and 0 would say that there is none.
        let has_none = self.compared == 0 && self.nan_a + self.nan_b + self.inf_a + self.inf_b > 0;
        let known = |value: f64| if has_none { f64::NAN } else { value };
        NumericDifference {
            compared: self.compared,
            max_abs: known(self.max_abs),
            mean_abs: known(ratio(self.absolute, self.compared)),
            l2: known(l2),
            relative_l2: known(if l2 == 0.0 { 0.0 } else { l2 / norm_a }),
            cosine: known(cosine(self.products, norm_a, norm_b)),
            nan_a: self.nan_a,
            nan_b: self.nan_b,
            inf_a: self.inf_a,
            inf_b: self.inf_b,
            spoiled: self.spoiled,
        }
    }
}

fn cosine(products: f64, norm_a: f64, norm_b: f64) -> f64 {
    if norm_a == 0.0 && norm_b == 0.0 {
        1.0
    } else if norm_a == 0.0 || norm_b == 0.0 {
        0.0
    } else {
        // Divided one norm at a time: their product could overflow where the cosine does not.
        (products / norm_a / norm_b).clamp(-1.0, 1.0)
    }
}

fn ratio(sum: f64, count: u64) -> f64 {
    if count == 0 { 0.0 } else { sum / count as f64 }
}
