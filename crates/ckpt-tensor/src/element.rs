use crate::float::{FloatFormat, decode_e8m0};
use crate::{Dtype, Kind};

/// Something to do with the bytes of a tensor, once it is known how to decode them.
pub(crate) trait Visitor {
    /// Is given the decoder of elements of whole bytes; of complex numbers that of their parts.
    fn elements<const WIDTH: usize>(self, element: &impl Element<WIDTH>);

    /// Is given the decoder of two elements in each byte, the low half first.
    fn nibbles(self, element: &Byte);

    /// Is told that no specification fixes how the elements share their bytes (F6).
    fn packed(self);
}

/// Finds the decoder of a dtype and hands it to a visitor.
pub(crate) fn visit(dtype: Dtype, visitor: impl Visitor) {
    match dtype {
        Dtype::Bool => visitor.elements(&Byte::new(|bits| f64::from(u8::from(bits != 0)))),
        Dtype::U8 => visitor.elements(&Byte::new(f64::from)),
        Dtype::I8 => visitor.elements(&Byte::new(|bits| f64::from(bits.cast_signed()))),
        Dtype::U16 => visitor.elements(&Unsigned16),
        Dtype::I16 => visitor.elements(&Signed16),
        Dtype::U32 => visitor.elements(&Unsigned32),
        Dtype::I32 => visitor.elements(&Signed32),
        Dtype::U64 => visitor.elements(&Unsigned64),
        Dtype::I64 => visitor.elements(&Signed64),
        Dtype::F32 | Dtype::C64 => visitor.elements(&Float32),
        Dtype::F64 => visitor.elements(&Float64),
        Dtype::F8E8M0 => visitor.elements(&Byte::scale()),
        Dtype::F6E2M3 | Dtype::F6E3M2 => visitor.packed(),
        Dtype::F16 => visitor.elements(&Half),
        Dtype::Bf16 => visitor.elements(&Brain),
        Dtype::F8E4M3 | Dtype::F8E5M2 | Dtype::F8E4M3Fnuz | Dtype::F8E5M2Fnuz => {
            visitor.elements(&Byte::float(dtype));
        }
        Dtype::F4 => visitor.nibbles(&Byte::float(dtype)),
    }
}

/// Something to do with the bytes of floats, once it is known how to decode and encode them.
pub(crate) trait FloatVisitor {
    /// Is given the codec of elements of whole bytes; of complex numbers that of their parts.
    fn elements<const WIDTH: usize>(self, element: &impl Float<WIDTH>);

    /// Is given the codec of two elements in each byte, the low half first.
    fn nibbles(self, element: &Narrow);
}

/// Tells whether [`visit_floats`] knows a dtype: floats and complex numbers of a known layout, with
/// a sign. F6 lacks the one and F8_E8M0 the other.
pub(crate) const fn is_float(dtype: Dtype) -> bool {
    match dtype {
        Dtype::F6E2M3 | Dtype::F6E3M2 | Dtype::F8E8M0 => false,
        other => matches!(other.kind(), Kind::Float | Kind::Complex),
    }
}

/// Finds the codec of a dtype that [`is_float`] and hands it to a visitor.
pub(crate) fn visit_floats(dtype: Dtype, visitor: impl FloatVisitor) {
    match dtype {
        Dtype::F32 | Dtype::C64 => visitor.elements(&Float32),
        Dtype::F64 => visitor.elements(&Float64),
        Dtype::F16 => visitor.elements(&Half),
        Dtype::Bf16 => visitor.elements(&Brain),
        Dtype::F8E4M3 | Dtype::F8E5M2 | Dtype::F8E4M3Fnuz | Dtype::F8E5M2Fnuz => {
            visitor.elements(&Narrow::new(dtype));
        }
        Dtype::F4 => visitor.nibbles(&Narrow::new(dtype)),
        other => unreachable!("{other} is refused before its bytes are looked at"),
    }
}

/// A pair of elements as the comparison sees it.
pub(crate) struct Pair {
    pub(crate) a: f64,
    pub(crate) b: f64,
    /// `a - b`, rounded once.
    pub(crate) difference: f64,
}

impl Pair {
    pub(crate) fn of(a: f64, b: f64) -> Self {
        Self { a, b, difference: a - b }
    }
}

/// Decodes elements that are `WIDTH` bytes wide.
pub(crate) trait Element<const WIDTH: usize> {
    fn value(&self, bytes: [u8; WIDTH]) -> f64;

    fn pair(&self, a: [u8; WIDTH], b: [u8; WIDTH]) -> Pair {
        Pair::of(self.value(a), self.value(b))
    }
}

/// Encodes elements that are `WIDTH` bytes wide, too.
pub(crate) trait Float<const WIDTH: usize>: Element<WIDTH> {
    /// Rounds a number that is not NaN once, to nearest, ties to even; what lies beyond the range
    /// becomes the largest finite value.
    fn encode(&self, value: f64) -> [u8; WIDTH];
}

/// Machine types that convert to f64 without loss.
macro_rules! exact {
    ($($name:ident: $type:ty;)+) => {$(
        pub(crate) struct $name;

        impl Element<{ size_of::<$type>() }> for $name {
            fn value(&self, bytes: [u8; size_of::<$type>()]) -> f64 {
                <$type>::from_le_bytes(bytes).into()
            }
        }
    )+};
}

impl Float<4> for Float32 {
    fn encode(&self, value: f64) -> [u8; 4] {
        (value as f32).clamp(f32::MIN, f32::MAX).to_le_bytes()
    }
}

impl Float<8> for Float64 {
    fn encode(&self, value: f64) -> [u8; 8] {
        value.clamp(f64::MIN, f64::MAX).to_le_bytes()
    }
}

/// 64-bit integers: the difference is taken exactly, then each number is rounded to f64.
macro_rules! wide {
    ($($name:ident: $type:ty;)+) => {$(
        pub(crate) struct $name;

        impl Element<8> for $name {
            fn value(&self, bytes: [u8; 8]) -> f64 {
                <$type>::from_le_bytes(bytes) as f64
            }

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
pub(crate) struct Half;

impl Half {
    const FORMAT: FloatFormat = FloatFormat::of(Dtype::F16).expect("a narrow float");
}

impl Element<2> for Half {
    fn value(&self, bytes: [u8; 2]) -> f64 {
        Self::FORMAT.decode(u16::from_le_bytes(bytes).into())
    }
}

impl Float<2> for Half {
    fn encode(&self, value: f64) -> [u8; 2] {
        (Self::FORMAT.encode(value) as u16).to_le_bytes()
    }
}

/// The upper half of a binary32, which the machine decodes.
pub(crate) struct Brain;

impl Brain {
    const FORMAT: FloatFormat = FloatFormat::of(Dtype::Bf16).expect("a narrow float");
}

impl Element<2> for Brain {
    fn value(&self, bytes: [u8; 2]) -> f64 {
        f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16).into()
    }
}

impl Float<2> for Brain {
    fn encode(&self, value: f64) -> [u8; 2] {
        (Self::FORMAT.encode(value) as u16).to_le_bytes()
    }
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
    fn value(&self, [bits]: [u8; 1]) -> f64 {
        self.0[usize::from(bits)]
    }
}

/// A float of 8 bits or fewer, in both directions.
pub(crate) struct Narrow {
    values: Byte,
    format: FloatFormat,
}

impl Narrow {
    fn new(dtype: Dtype) -> Self {
        let format = FloatFormat::of(dtype).expect("only narrow floats come here");
        Self { values: Byte::float(dtype), format }
    }
}

impl Element<1> for Narrow {
    fn value(&self, bytes: [u8; 1]) -> f64 {
        self.values.value(bytes)
    }
}

impl Float<1> for Narrow {
    fn encode(&self, value: f64) -> [u8; 1] {
        [self.format.encode(value) as u8]
    }
}
