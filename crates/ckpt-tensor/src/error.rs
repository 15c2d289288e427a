use crate::{Dtype, Shape};

/// What can be wrong with a tensor's description or its bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorError {
    /// A dtype name that [`Dtype`] does not have.
    #[error("unknown dtype `{0}`")]
    UnknownDtype(String),
    /// A dtype code that was never given out.
    #[error("unknown dtype code {0}")]
    UnknownDtypeCode(u8),
    /// The number of elements, or of their bits, exceeds 64 bits.
    #[error("size of shape {0} overflows")]
    Overflow(Shape),
    /// Elements narrower than a byte that do not fill their last byte.
    #[error("shape {shape} of {dtype} does not end on a whole byte")]
    PartialByte {
        /// The tensor's shape.
        shape: Shape,
        /// The tensor's dtype.
        dtype: Dtype,
    },
    /// Two byte strings to compare or to merge that differ in length.
    #[error("tensors differ in length: {a} and {b} bytes")]
    LengthMismatch {
        /// Bytes of the first.
        a: usize,
        /// Bytes of the second.
        b: usize,
    },
    /// Elements of 6 bits, whose numbers were asked for.
    #[error("no specification says how {0} elements share their bytes")]
    UnknownPacking(Dtype),
    /// A dtype whose elements are never averaged.
    #[error("{0} elements are not merged by arithmetic")]
    NotMergeable(Dtype),
    /// Arithmetic on what two sides changed, without what they changed it from.
    #[error("{0} needs a base")]
    NoBase(&'static str),
    /// A parameter of merge arithmetic outside of its range.
    #[error("{name} {value} is not {range}")]
    Parameter {
        /// What the parameter is called.
        name: &'static str,
        /// Its value, as text: NaN, too, is equal to itself in an error.
        value: String,
        /// What it has to be, such as `from 0 to 1`.
        range: &'static str,
    },
    /// Bytes that end inside an element.
    #[error("{len} bytes are not a whole number of {dtype} elements")]
    PartialElement {
        /// Bytes given.
        len: usize,
        /// The dtype they were said to be of.
        dtype: Dtype,
    },
}
