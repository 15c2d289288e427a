use crate::Dtype;
use crate::float::{FloatFormat, decode_e8m0};

/// A pair of elements as the comparison sees it.
pub(crate) struct Pair {
    pub(crate) a: f64,
    pub(crate) b: f64,
    /// `a - b`, rounded once.
    pub(crate) difference: f64,
}

impl Pair {
    fn of(a: f64, b: f64) -> Self {
        Self { a, b, difference: a - b }
    }
}

/// Decodes pairs of elements that are `WIDTH` bytes wide.
pub(crate) trait Element<const WIDTH: usize> {
    fn pair(&self, a: [u8; WIDTH], b: [u8; WIDTH]) -> Pair;
}

/// Machine types that convert to f64 without loss.
macro_rules! exact {
    ($($name:ident: $type:ty;)+) => {$(
        pub(crate) struct $name;

        impl Element<{ size_of::<$type>() }> for $name {
            fn pair(&self, a: [u8; size_of::<$type>()], b: [u8; size_of::<$type>()]) -> Pair {
                Pair::of(<$type>::from_le_bytes(a).into(), <$type>::from_le_bytes(b).into())
            }
        }
    )+};
}

/// 64-bit integers: the difference is taken exactly, then each number is rounded to f64.
macro_rules! wide {
    ($($name:ident: $type:ty;)+) => {$(
        pub(crate) struct $name;

        impl Element<8> for $name {
            fn pair(&self, a: [u8; 8], b: [u8; 8]) -> Pair {
                let (a, b) = (<$type>::from_le_bytes(a), <$type>::from_le_bytes(b));
                let difference = (i128::from(a) - i128::from(b)) as f64;
                Pair { a: a as f64, b: b as f64, difference }
            }
        }
    )+};
}

exact! {
    Signed16: i16;
    Unsigned16: u16;
    Signed32: i32;
    Unsigned32: u32;
    Float32: f32;
    Float64: f64;
}

wide! {
    Signed64: i64;
    Unsigned64: u64;
}

/// 16-bit floats: decoded by formula, since a table of 65,536 values would not stay in cache.
///
/// Each has a type of its own, so that the formula is compiled with its constants.
macro_rules! narrow {
    ($($name:ident: $dtype:expr;)+) => {$(
        pub(crate) struct $name;

        impl $name {
            const FORMAT: FloatFormat = FloatFormat::of($dtype).expect("a narrow float");
        }

        impl Element<2> for $name {
            fn pair(&self, a: [u8; 2], b: [u8; 2]) -> Pair {
                let value = |bytes| Self::FORMAT.decode(u16::from_le_bytes(bytes).into());
                Pair::of(value(a), value(b))
            }
        }
    )+};
}

narrow! {
    Half: Dtype::F16;
    Brain: Dtype::Bf16;
}

/// Whatever takes one byte: its value is looked up.
pub(crate) struct Byte([f64; 256]);

impl Byte {
    pub(crate) fn new(value: impl Fn(u8) -> f64) -> Self {
        Self(std::array::from_fn(|bits| value(bits as u8)))
    }

    /// Makes the table of a float dtype of 8 bits or fewer.
    pub(crate) fn float(dtype: Dtype) -> Self {
        let format = FloatFormat::of(dtype).expect("only narrow floats come here");
        Self::new(|bits| format.decode(bits.into()))
    }

    pub(crate) fn scale() -> Self {
        Self::new(decode_e8m0)
    }
}

impl Element<1> for Byte {
    fn pair(&self, [a]: [u8; 1], [b]: [u8; 1]) -> Pair {
        Pair::of(self.0[usize::from(a)], self.0[usize::from(b)])
    }
}
