//! Ids that a person abbreviated.

use std::{fmt, str::FromStr};

use crate::{Digest, digest::hex_value};

/// Fewest digits of an abbreviated id. Four digits name one of 65,536: enough to be unique in a
/// young repository, and long enough that most words are not taken for an id.
pub const MIN_PREFIX_LEN: usize = 4;

/// The first [`MIN_PREFIX_LEN`] to 64 hexadecimal digits of an id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HexPrefix {
    /// The digits, padded with zeros.
    low: Digest,
    digits: u8,
}

/// The reason why a text is not an abbreviated id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// Fewer digits than [`MIN_PREFIX_LEN`].
    #[error("{0:?} is too short for an id: give at least {MIN_PREFIX_LEN} hexadecimal digits")]
    TooShort(String),
    /// More than 64 digits, or something that is no hexadecimal digit.
    #[error("{0:?} is not the start of an id: an id has 64 hexadecimal digits")]
    NotHex(String),
}

impl HexPrefix {
    /// Returns the smallest digest with this prefix: where to start in a sorted list.
    pub const fn low(&self) -> &Digest {
        &self.low
    }

    /// Returns the number of digits.
    pub const fn digits(&self) -> usize {
        self.digits as usize
    }

    /// Tells whether `digest` starts with these digits.
    pub fn matches(&self, digest: &Digest) -> bool {
        let (whole, half) = (self.digits() / 2, self.digits() % 2 == 1);
        let (low, bytes) = (self.low.as_bytes(), digest.as_bytes());
        low[..whole] == bytes[..whole] && (!half || low[whole] >> 4 == bytes[whole] >> 4)
    }
}

impl FromStr for HexPrefix {
    type Err = PrefixError;

    /// Parses 4 to 64 hexadecimal digits of either case.
    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let mut bytes = [0; crate::DIGEST_LEN];
        if text.len() > 2 * bytes.len() {
            return Err(PrefixError::NotHex(text.chars().take(80).collect()));
        }
        for (index, digit) in text.bytes().enumerate() {
            let value = hex_value(digit).ok_or_else(|| PrefixError::NotHex(text.to_owned()))?;
            bytes[index / 2] |= if index % 2 == 0 { value << 4 } else { value };
        }
        if text.len() < MIN_PREFIX_LEN {
            return Err(PrefixError::TooShort(text.to_owned()));
        }
        Ok(Self { low: Digest::from_bytes(bytes), digits: text.len() as u8 })
    }
}

impl fmt::Display for HexPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.*}", self.digits(), self.low)
    }
}

impl fmt::Debug for HexPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HexPrefix({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn short_long_and_foreign_texts_are_refused() {
        assert!(matches!("abc".parse::<HexPrefix>(), Err(PrefixError::TooShort(_))));
        assert!(matches!("".parse::<HexPrefix>(), Err(PrefixError::TooShort(_))));
        assert!(matches!("main".parse::<HexPrefix>(), Err(PrefixError::NotHex(_))));
        assert!(matches!("a".repeat(65).parse::<HexPrefix>(), Err(PrefixError::NotHex(_))));
    }

    proptest! {
        #[test]
        fn every_prefix_of_an_id_matches_it(bytes: [u8; 32], digits in MIN_PREFIX_LEN..=64) {
            let digest = Digest::from_bytes(bytes);
            let prefix: HexPrefix = digest.to_string()[..digits].parse().unwrap();
            prop_assert!(prefix.matches(&digest));
            prop_assert!(prefix.low() <= &digest);
            prop_assert_eq!(prefix.to_string(), &digest.to_string()[..digits]);
        }

        #[test]
        fn matching_is_text_prefix(a: [u8; 32], b: [u8; 32], same in 0..5usize, digits in 4..10usize) {
            let mut b = b;
            b[..same].copy_from_slice(&a[..same]);
            let (a, b) = (Digest::from_bytes(a), Digest::from_bytes(b));
            let text = &a.to_string()[..digits];
            let prefix: HexPrefix = text.parse().unwrap();
            prop_assert_eq!(prefix.matches(&b), b.to_string().starts_with(text));
        }
    }
}
