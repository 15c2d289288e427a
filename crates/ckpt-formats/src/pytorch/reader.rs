//! The bytes of a pickle, one after another.

use crate::FormatError;
use crate::stop::Stop;

/// A place in a pickle.
pub(super) struct Reader<'a> {
    pickle: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(pickle: &'a [u8]) -> Self {
        Self { pickle, at: 0 }
    }

    /// Gives the place of the next byte.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn byte(&mut self) -> Result<u8, Stop> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn take(&mut self, len: u64) -> Result<&'a [u8], Stop> {
        let rest = &self.pickle[self.at..];
        if len > rest.len() as u64 {
            return Err(self.cut_off());
        }
        self.at += len as usize;
        Ok(&rest[..len as usize])
    }

    /// Reads an unsigned number of 1 to 8 bytes.
    pub(super) fn number(&mut self, len: u64) -> Result<u64, Stop> {
        let bytes = self.take(len)?;
        Ok(bytes.iter().rfold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// Reads bytes behind their count, which itself has `prefix` bytes.
    pub(super) fn counted(&mut self, prefix: u64) -> Result<&'a [u8], Stop> {
        let len = self.number(prefix)?;
        self.take(len)
    }

    /// Reads to the end of the line.
    pub(super) fn line(&mut self) -> Result<&'a [u8], Stop> {
        let rest = &self.pickle[self.at..];
        let len = rest.iter().position(|&byte| byte == b'\n').ok_or_else(|| self.cut_off())?;
        self.at += len + 1;
        Ok(&rest[..len])
    }

    fn cut_off(&self) -> Stop {
        broken(self.at, "ends within an instruction")
    }
}

/// Tells what is wrong before a place in the pickle.
pub(super) fn broken(at: usize, problem: impl Into<String>) -> Stop {
    Stop::Broken(FormatError::Pickle { at, problem: problem.into() })
}
