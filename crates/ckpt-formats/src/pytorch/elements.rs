//! PyTorch's element types, by the names of their dtypes and of their storages.

use ckpt_tensor::Dtype;

/// The type of a storage's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// One that tensors can have here.
    Known(Dtype),
    /// One that has no [`Dtype`], by its name.
    Unknown(&'static str),
}

use Element::{Known, Unknown};

/// Name of the dtype, name of the storage (empty: there is none), type.
const ELEMENTS: [(&str, &str, Element); 28] = [
    ("bool", "BoolStorage", Known(Dtype::Bool)),
    ("uint8", "ByteStorage", Known(Dtype::U8)),
    ("int8", "CharStorage", Known(Dtype::I8)),
    ("int16", "ShortStorage", Known(Dtype::I16)),
    ("int32", "IntStorage", Known(Dtype::I32)),
    ("int64", "LongStorage", Known(Dtype::I64)),
    ("uint16", "", Known(Dtype::U16)),
    ("uint32", "", Known(Dtype::U32)),
    ("uint64", "", Known(Dtype::U64)),
    ("float16", "HalfStorage", Known(Dtype::F16)),
    ("bfloat16", "BFloat16Storage", Known(Dtype::Bf16)),
    ("float32", "FloatStorage", Known(Dtype::F32)),
    ("float64", "DoubleStorage", Known(Dtype::F64)),
    ("complex64", "ComplexFloatStorage", Known(Dtype::C64)),
    ("float8_e4m3fn", "", Known(Dtype::F8E4M3)),
    ("float8_e5m2", "", Known(Dtype::F8E5M2)),
    ("float8_e4m3fnuz", "", Known(Dtype::F8E4M3Fnuz)),
    ("float8_e5m2fnuz", "", Known(Dtype::F8E5M2Fnuz)),
    ("float8_e8m0fnu", "", Known(Dtype::F8E8M0)),
    // Two elements to a byte, which the shape does not count.
    ("float4_e2m1fn_x2", "", Unknown("float4_e2m1fn_x2")),
    ("complex32", "ComplexHalfStorage", Unknown("complex32")),
    ("complex128", "ComplexDoubleStorage", Unknown("complex128")),
    ("qint8", "QInt8Storage", Unknown("qint8")),
    ("quint8", "QUInt8Storage", Unknown("quint8")),
    ("qint32", "QInt32Storage", Unknown("qint32")),
    ("quint4x2", "QUInt4x2Storage", Unknown("quint4x2")),
    ("quint2x4", "QUInt2x4Storage", Unknown("quint2x4")),
    ("bits8", "", Unknown("bits8")),
];

impl Element {
    /// Finds the type of a dtype such as `float32`.
    pub(super) fn of_dtype(name: &[u8]) -> Option<Self> {
        ELEMENTS.iter().find(|row| row.0.as_bytes() == name).map(|row| row.2)
    }

    /// Finds the type of a storage such as `FloatStorage`.
    pub(super) fn of_storage(name: &[u8]) -> Option<Self> {
        let has_storage = |row: &&(&str, &str, Self)| !row.1.is_empty();
        ELEMENTS.iter().filter(has_storage).find(|row| row.1.as_bytes() == name).map(|row| row.2)
    }
}
