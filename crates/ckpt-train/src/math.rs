//! The transcendental functions, from libm.
//!
//! The standard library's differ between platforms; these are the same code everywhere. Square
//! roots are exact by IEEE 754 and may come from the standard library.

/// `base` to the power `exponent`.
pub(crate) fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

/// The cosine of an angle in radians.
pub(crate) fn cos(angle: f64) -> f64 {
    libm::cos(angle)
}
