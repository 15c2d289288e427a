//! Reads a header from its start to its end, which nothing tells beforehand.

use crate::stop::Stop;
use crate::{MAX_HEADER, ReadAt};

/// Bytes that are read at once; headers with vocabularies have millions.
const BUFFER: usize = 1 << 16;

/// A place in a file of known length.
pub(super) struct Cursor<'a> {
    source: &'a dyn ReadAt,
    file: u64,
    /// Place in the file of the buffer's first byte.
    start: u64,
    buffer: Vec<u8>,
    /// Place in the buffer.
    next: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(source: &'a dyn ReadAt) -> Result<Self, Stop> {
        let file = source.len()?;
        Ok(Self { source, file, start: 0, buffer: Vec::new(), next: 0 })
    }

    /// Gives the place of the next byte.
    pub(super) fn at(&self) -> u64 {
        self.start + self.next as u64
    }

    pub(super) fn u32(&mut self) -> Result<u32, Stop> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Stop> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads a text behind its length.
    pub(super) fn text(&mut self) -> Result<Vec<u8>, Stop> {
        let len = self.u64()?;
        self.check(len)?;
        let mut text = Vec::with_capacity(len as usize);
        while text.len() < len as usize {
            let rest = self.buffered()?;
            let piece = &rest[..rest.len().min(len as usize - text.len())];
            text.extend_from_slice(piece);
            self.next += piece.len();
        }
        Ok(text)
    }

    /// Passes over bytes.
    pub(super) fn skip(&mut self, len: u64) -> Result<(), Stop> {
        self.check(len)?;
        let rest = (self.buffer.len() - self.next) as u64;
        if len <= rest {
            self.next += len as usize;
        } else {
            self.start = self.at() + len;
            self.buffer.clear();
            self.next = 0;
        }
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        self.check(N as u64)?;
        let mut array = [0; N];
        for byte in &mut array {
            *byte = self.buffered()?[0];
            self.next += 1;
        }
        Ok(array)
    }

    /// Checks that as many bytes follow, within the limit of headers.
    fn check(&self, len: u64) -> Result<(), Stop> {
        let end = self.at().checked_add(len);
        if end.is_none_or(|end| end > self.file) {
            return Err(self.broken("the file ends within the header; it is truncated").into());
        }
        if end.is_none_or(|end| end > MAX_HEADER) {
            return Err(Stop::beyond(format!("the GGUF header exceeds {MAX_HEADER} bytes")));
        }
        Ok(())
    }

    /// Gives what is in the buffer, at least one byte; that there is one is known.
    fn buffered(&mut self) -> Result<&[u8], Stop> {
        if self.next == self.buffer.len() {
            self.start += self.next as u64;
            self.next = 0;
            let len = (self.file - self.start).min(BUFFER as u64) as usize;
            self.buffer.resize(len, 0);
            self.source.read_at(self.start, &mut self.buffer)?;
        }
        Ok(&self.buffer[self.next..])
    }
}
