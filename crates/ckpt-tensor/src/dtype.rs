use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::TensorError;

/// Defines [`Dtype`] and its table in one place: variant, code, name, bits, kind.
macro_rules! dtypes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal, $name:literal, $bits:literal, $kind:ident;)+) => {
        /// The type of a tensor's elements: every type that safetensors 0.8 knows.
        ///
        /// Serialises as its [`name`](Self::name) in formats for users (JSON), as its
        /// [`code`](Self::code) in binary ones.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Dtype {
            $($(#[doc = $doc])+ $variant = $code,)+
        }

        impl Dtype {
            /// Every dtype, in the order of the codes.
            pub const ALL: &[Dtype] = &[$(Dtype::$variant,)+];

            /// Gives the width of one element in bits.
            pub const fn bits(self) -> u32 {
                match self { $(Dtype::$variant => $bits,)+ }
            }

            /// Gives the name, spelled as in safetensors headers.
            pub const fn name(self) -> &'static str {
                match self { $(Dtype::$variant => $name,)+ }
            }

            /// Gives the family of numbers that the elements belong to.
            pub const fn kind(self) -> Kind {
                match self { $(Dtype::$variant => Kind::$kind,)+ }
            }

            /// Finds the dtype of a [`code`](Self::code).
            ///
            /// # Errors
            /// [`TensorError::UnknownDtypeCode`] if the code was never given out.
            pub const fn from_code(code: u8) -> Result<Self, TensorError> {
                match code {
                    $($code => Ok(Dtype::$variant),)+
                    _ => Err(TensorError::UnknownDtypeCode(code)),
                }
            }
        }
    };
}

// The codes are on disk: a code is never changed or reused. 0 stays free, so that a zeroed
// record does not read as a dtype. Codes leave gaps between the families for what is to come.
dtypes! {
    /// One byte, 0 for false and 1 for true.
    Bool = 1, "BOOL", 8, Bool;
    /// Unsigned integer of 8 bits.
    U8 = 2, "U8", 8, Integer;
    /// Signed integer of 8 bits.
    I8 = 3, "I8", 8, Integer;
    /// Unsigned integer of 16 bits.
    U16 = 4, "U16", 16, Integer;
    /// Signed integer of 16 bits.
    I16 = 5, "I16", 16, Integer;
    /// Unsigned integer of 32 bits.
    U32 = 6, "U32", 32, Integer;
    /// Signed integer of 32 bits.
    I32 = 7, "I32", 32, Integer;
    /// Unsigned integer of 64 bits.
    U64 = 8, "U64", 64, Integer;
    /// Signed integer of 64 bits.
    I64 = 9, "I64", 64, Integer;
    /// IEEE 754 binary16.
    F16 = 16, "F16", 16, Float;
    /// The upper half of a binary32 ("brain float").
    Bf16 = 17, "BF16", 16, Float;
    /// IEEE 754 binary32.
    F32 = 18, "F32", 32, Float;
    /// IEEE 754 binary64.
    F64 = 19, "F64", 64, Float;
    /// OCP float of 8 bits: 4 exponent, 3 mantissa, no infinity.
    F8E4M3 = 32, "F8_E4M3", 8, Float;
    /// OCP float of 8 bits: 5 exponent, 2 mantissa, with infinity as in IEEE 754.
    F8E5M2 = 33, "F8_E5M2", 8, Float;
    /// OCP scale of 8 bits: a power of two, no sign, no zero.
    F8E8M0 = 34, "F8_E8M0", 8, Float;
    /// E4M3 with one NaN, no infinity and no negative zero.
    F8E4M3Fnuz = 35, "F8_E4M3FNUZ", 8, Float;
    /// E5M2 with one NaN, no infinity and no negative zero.
    F8E5M2Fnuz = 36, "F8_E5M2FNUZ", 8, Float;
    /// OCP float of 6 bits: 2 exponent, 3 mantissa, finite only.
    F6E2M3 = 37, "F6_E2M3", 6, Float;
    /// OCP float of 6 bits: 3 exponent, 2 mantissa, finite only.
    F6E3M2 = 38, "F6_E3M2", 6, Float;
    /// OCP float of 4 bits: 2 exponent, 1 mantissa, finite only.
    F4 = 39, "F4", 4, Float;
    /// Complex number: two binary32, real part first.
    C64 = 48, "C64", 64, Complex;
}

/// The family of numbers that a dtype's elements belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// True and false.
    Bool,
    /// Signed and unsigned integers.
    Integer,
    /// Floating-point numbers of any width.
    Float,
    /// Pairs of floats.
    Complex,
}

impl Dtype {
    /// Gives the number that stands for this dtype on disk.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Gives the width of one element in bytes, or `None` below a byte (F4, F6).
    pub const fn element_width(self) -> Option<usize> {
        let bits = self.bits();
        if bits.is_multiple_of(8) { Some(bits as usize / 8) } else { None }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Dtype {
    type Err = TensorError;

    /// Finds a dtype by its exact [`name`](Dtype::name).
    fn from_str(name: &str) -> Result<Self, TensorError> {
        let found = Self::ALL.iter().copied().find(|dtype| dtype.name() == name);
        found.ok_or_else(|| TensorError::UnknownDtype(name.to_owned()))
    }
}

impl TryFrom<u8> for Dtype {
    type Error = TensorError;

    fn try_from(code: u8) -> Result<Self, TensorError> {
        Self::from_code(code)
    }
}

impl Serialize for Dtype {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(self.name())
        } else {
            serializer.serialize_u8(self.code())
        }
    }
}

impl<'de> Deserialize<'de> for Dtype {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
            name.parse().map_err(de::Error::custom)
        } else {
            Self::from_code(u8::deserialize(deserializer)?).map_err(de::Error::custom)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_on_disk_never_change() {
        let table: Vec<(u8, &str)> = Dtype::ALL.iter().map(|d| (d.code(), d.name())).collect();
        let expected = [
            (1, "BOOL"),
            (2, "U8"),
            (3, "I8"),
            (4, "U16"),
            (5, "I16"),
            (6, "U32"),
            (7, "I32"),
            (8, "U64"),
            (9, "I64"),
            (16, "F16"),
            (17, "BF16"),
            (18, "F32"),
            (19, "F64"),
            (32, "F8_E4M3"),
            (33, "F8_E5M2"),
            (34, "F8_E8M0"),
            (35, "F8_E4M3FNUZ"),
            (36, "F8_E5M2FNUZ"),
            (37, "F6_E2M3"),
            (38, "F6_E3M2"),
            (39, "F4"),
            (48, "C64"),
        ];
        assert_eq!(table, expected);
    }

    #[test]
    fn code_and_name_lead_back() {
        for &dtype in Dtype::ALL {
            assert_eq!(Dtype::from_code(dtype.code()), Ok(dtype));
            assert_eq!(dtype.name().parse(), Ok(dtype));
        }
        let known = (0..=255).filter(|&code| Dtype::from_code(code).is_ok()).count();
        assert_eq!(known, Dtype::ALL.len());
        assert_eq!(Dtype::from_code(0), Err(TensorError::UnknownDtypeCode(0)));
        assert_eq!("f32".parse::<Dtype>(), Err(TensorError::UnknownDtype("f32".into())));
    }

    #[test]
    fn only_four_and_six_bit_floats_lack_a_byte_width() {
        let narrow: Vec<Dtype> =
            Dtype::ALL.iter().copied().filter(|d| d.element_width().is_none()).collect();
        assert_eq!(narrow, [Dtype::F6E2M3, Dtype::F6E3M2, Dtype::F4]);
        assert_eq!(Dtype::C64.element_width(), Some(8));
    }

    #[test]
    fn json_spells_the_name() {
        assert_eq!(serde_json::to_string(&Dtype::Bf16).unwrap(), "\"BF16\"");
        assert_eq!(serde_json::from_str::<Dtype>("\"BF16\"").unwrap(), Dtype::Bf16);
        assert!(serde_json::from_str::<Dtype>("17").is_err());
    }
}
