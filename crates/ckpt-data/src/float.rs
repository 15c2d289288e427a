//! The two types of numbers that models are trained in.

/// A floating point type that samples can be had in: `f32` or `f64`.
///
/// It is sealed: no other type implements it.
pub trait Float: Copy + Default + Send + Sync + sealed::Sealed + 'static {
    /// NumPy's name of the type.
    const DTYPE: &'static str;

    /// Converts to the nearest value, infinite beyond the type's range.
    fn from_f64(value: f64) -> Self;

    /// Converts exactly, or to the nearest value.
    fn from_f32(value: f32) -> Self;

    /// Converts exactly.
    fn to_f64(self) -> f64;

    /// Tells whether the number is neither infinite nor NaN.
    fn is_finite(self) -> bool;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

macro_rules! float {
    ($($type:ty => $dtype:literal),*) => {$(
        impl Float for $type {
            const DTYPE: &'static str = $dtype;

            fn from_f64(value: f64) -> Self {
                value as $type
            }

            fn from_f32(value: f32) -> Self {
                <$type>::from(value)
            }

            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            fn is_finite(self) -> bool {
                self.is_finite()
            }
        }
    )*};
}

float!(f32 => "float32", f64 => "float64");
