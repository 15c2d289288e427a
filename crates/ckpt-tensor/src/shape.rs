use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Dtype, TensorError};

/// The extents of a tensor, outermost first; none for a scalar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shape(Vec<u64>);

impl Shape {
    /// Gives the extents.
    pub fn dims(&self) -> &[u64] {
        &self.0
    }

    /// Gives the number of dimensions.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Counts the elements: 1 for a scalar, 0 if any extent is 0.
    ///
    /// # Errors
    /// [`TensorError::Overflow`] if the product, taken from the left, exceeds 64 bits. A zero
    /// mends that only if it stands before: `[0, 2^63, 4]` is empty, `[2^63, 4, 0]` overflows.
    /// safetensors judges the same way.
    pub fn elements(&self) -> Result<u64, TensorError> {
        let product = self.0.iter().try_fold(1u64, |product, &extent| product.checked_mul(extent));
        product.ok_or_else(|| TensorError::Overflow(self.clone()))
    }

    /// Counts the bytes that a tensor of this shape takes.
    ///
    /// # Errors
    /// [`TensorError::Overflow`] if the number of bits exceeds 64 bits,
    /// [`TensorError::PartialByte`] if narrow elements do not fill the last byte.
    pub fn byte_len(&self, dtype: Dtype) -> Result<u64, TensorError> {
        let bits = self.elements()?.checked_mul(u64::from(dtype.bits()));
        let bits = bits.ok_or_else(|| TensorError::Overflow(self.clone()))?;
        if bits.is_multiple_of(8) {
            Ok(bits / 8)
        } else {
            Err(TensorError::PartialByte { shape: self.clone(), dtype })
        }
    }
}

impl From<Vec<u64>> for Shape {
    fn from(dims: Vec<u64>) -> Self {
        Self(dims)
    }
}

impl From<&[u64]> for Shape {
    fn from(dims: &[u64]) -> Self {
        Self(dims.to_vec())
    }
}

impl<const N: usize> From<[u64; N]> for Shape {
    fn from(dims: [u64; N]) -> Self {
        Self(dims.to_vec())
    }
}

impl FromIterator<u64> for Shape {
    fn from_iter<I: IntoIterator<Item = u64>>(dims: I) -> Self {
        Self(dims.into_iter().collect())
    }
}

impl fmt::Display for Shape {
    /// Writes the extents as a list: `[2, 3]`, `[]` for a scalar.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_have_one_element_and_zero_extents_none() {
        assert_eq!(Shape::default().elements(), Ok(1));
        assert_eq!(Shape::from([3, 0, 5]).elements(), Ok(0));
        assert_eq!(Shape::from([3, 4]).byte_len(Dtype::F64), Ok(96));
    }

    #[test]
    fn overflow_is_refused_in_elements_and_in_bits() {
        let large = Shape::from([1 << 63, 4, 0]);
        assert_eq!(large.elements(), Err(TensorError::Overflow(large.clone())));
        assert_eq!(Shape::from([0, 1 << 63, 4]).elements(), Ok(0));

        let in_bits = Shape::from([1 << 60]);
        assert_eq!(in_bits.elements(), Ok(1 << 60));
        assert_eq!(in_bits.byte_len(Dtype::U16), Err(TensorError::Overflow(in_bits.clone())));
    }

    #[test]
    fn narrow_elements_must_fill_bytes() {
        assert_eq!(Shape::from([4]).byte_len(Dtype::F6E2M3), Ok(3));
        assert_eq!(Shape::from([2]).byte_len(Dtype::F4), Ok(1));
        let error = Shape::from([3]).byte_len(Dtype::F4).unwrap_err();
        assert_eq!(error.to_string(), "shape [3] of F4 does not end on a whole byte");
    }
}
