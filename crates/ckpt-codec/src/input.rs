//! Encoded bytes that are still to be read.

use crate::{CodecError, Encoding};

/// The rest of an encoded block; errors name its encoding.
pub(crate) struct Input<'a> {
    rest: &'a [u8],
    encoding: Encoding,
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8], encoding: Encoding) -> Self {
        Self { rest: bytes, encoding }
    }

    /// Takes the next `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], CodecError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(self.truncated())?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn take_array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(self.truncated())?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, CodecError> {
        self.take_array().map(|[byte]| byte)
    }

    /// Takes a length of 4 bytes, little-endian.
    pub(crate) fn length(&mut self) -> Result<usize, CodecError> {
        let len = u32::from_le_bytes(self.take_array()?);
        // Where usize has fewer than 32 bits, no input can be that long.
        usize::try_from(len).map_err(|_| self.truncated())
    }

    /// Takes an LEB128 number of at most 28 bits.
    pub(crate) fn varint(&mut self) -> Result<usize, CodecError> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.invalid("a number"))
    }

    /// Takes everything that is left.
    pub(crate) fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Checks that nothing is left.
    pub(crate) fn finish(self) -> Result<(), CodecError> {
        match self.rest.len() {
            0 => Ok(()),
            extra => Err(self.trailing(extra)),
        }
    }

    /// Checks that exactly `used` bytes of a stream of `len` bytes were used.
    pub(crate) fn check_used(&self, len: usize, used: usize) -> Result<(), CodecError> {
        match len.checked_sub(used) {
            Some(0) => Ok(()),
            Some(extra) => Err(self.trailing(extra)),
            None => Err(self.truncated()),
        }
    }

    pub(crate) fn invalid(&self, what: &'static str) -> CodecError {
        CodecError::Invalid { encoding: self.encoding, what }
    }

    pub(crate) fn truncated(&self) -> CodecError {
        CodecError::Truncated(self.encoding)
    }

    fn trailing(&self, extra: usize) -> CodecError {
        CodecError::TrailingBytes { encoding: self.encoding, extra }
    }
}

/// Appends a number of at most 28 bits as LEB128, for [`Input::varint`].
pub(crate) fn append_varint(out: &mut Vec<u8>, mut value: usize) {
    debug_assert!(value < 1 << 28, "{value} has more than 28 bits");
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back() {
        for value in [0, 1, 127, 128, 300, 16_384, (1 << 28) - 1] {
            let mut bytes = Vec::new();
            append_varint(&mut bytes, value);
            let mut input = Input::new(&bytes, Encoding::DeltaPlanes);
            assert_eq!(input.varint(), Ok(value));
            assert_eq!(input.finish(), Ok(()));
        }
        assert!(Input::new(&[0x80; 9], Encoding::DeltaPlanes).varint().is_err());
        assert!(Input::new(&[0x80], Encoding::DeltaPlanes).varint().is_err());
    }
}
