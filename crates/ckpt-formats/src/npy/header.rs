//! The header: magic word, version, length, and a dictionary in Python's notation.

use std::io::{self, Read};

use ckpt_tensor::Shape;
use thiserror::Error;

use NpyHeaderError::{Broken, Unread};

use crate::le::u32_at;

/// What every NPY file begins with.
pub(crate) const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Longest header in bytes. Plain arrays have about 118; NumPy itself refuses more than 10,000
/// from files that are not trusted.
const MAX_HEADER: u64 = 1 << 16;

/// What the header of an NPY file says; whether its elements can be read is the caller's to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NpyHeader {
    /// NumPy's descriptor of the elements, such as `<f4`.
    pub descriptor: String,
    /// Whether the first index varies fastest.
    pub is_fortran: bool,
    /// Extents, outermost first.
    pub shape: Shape,
    /// Bytes before the elements.
    pub len: u64,
}

/// Why the header of an NPY file is not read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NpyHeaderError {
    /// The bytes cannot be read.
    #[error(transparent)]
    Read(io::Error),
    /// The file does not begin as NPY files do.
    #[error("this is no NPY file")]
    Unlike,
    /// The header is not what NumPy writes.
    #[error("NPY header {0}")]
    Broken(&'static str),
    /// The header may be valid, but what it says is not read here.
    #[error("{0}")]
    Unread(String),
}

impl NpyHeader {
    /// Reads the header at the start of `len` bytes: a file's, or those of an archive's member.
    ///
    /// No byte after the header is read, and at most 64 KiB are allocated, whatever the bytes say.
    ///
    /// # Errors
    /// What is no NPY file or ends within its header; a header that is no dictionary of `descr`,
    /// `fortran_order` and `shape`; as not read, versions but 1 to 3, headers of more than 64 KiB
    /// and elements that are records.
    pub fn read(mut reader: impl Read, len: u64) -> Result<Self, NpyHeaderError> {
        let mut take = |bytes: &mut [u8]| match reader.read_exact(bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Broken(CUT_OFF)),
            done => done.map_err(NpyHeaderError::Read),
        };
        let mut prefix = [0; 12];
        let known = len.min(8) as usize;
        take(&mut prefix[..known])?;
        if !prefix.starts_with(MAGIC) {
            return Err(NpyHeaderError::Unlike);
        }
        let before = match prefix[6..8] {
            [1, 0] => 10,
            [2 | 3, 0] => 12,
            [major, minor] if known == 8 => {
                return Err(Unread(format!("NPY version {major}.{minor}")));
            }
            _ => return Err(Broken(CUT_OFF)),
        };
        if before as u64 > len {
            return Err(Broken(CUT_OFF));
        }
        take(&mut prefix[8..before])?;
        // The bytes after the length are still zero.
        let text_len = u64::from(u32_at(&prefix, 8));
        if before as u64 + text_len > len {
            return Err(Broken(CUT_OFF));
        }
        if text_len > MAX_HEADER {
            let why = format!("the NPY header has {text_len} bytes, the most read is {MAX_HEADER}");
            return Err(Unread(why));
        }
        let mut text = vec![0; text_len as usize];
        take(&mut text)?;
        let (descriptor, is_fortran, shape) = Parser(&text).dictionary()?;
        Ok(Self { descriptor, is_fortran, shape, len: before as u64 + text_len })
    }
}

/// What is wrong with a header that ends too early.
const CUT_OFF: &str = "is cut off";

/// What is left of a header's text.
struct Parser<'a>(&'a [u8]);

impl Parser<'_> {
    /// Reads the three entries, in any order, each once.
    fn dictionary(mut self) -> Result<(String, bool, Shape), NpyHeaderError> {
        const WRONG: &str = "is no dictionary of descr, fortran_order and shape";
        let (mut descriptor, mut is_fortran, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.eat(b'}') {
            let is_new = match self.text()?.as_str() {
                "descr" => descriptor.replace(self.value(Self::descriptor)?).is_none(),
                "fortran_order" => is_fortran.replace(self.value(Self::boolean)?).is_none(),
                "shape" => shape.replace(self.value(Self::tuple)?).is_none(),
                _ => false,
            };
            if !is_new {
                return Err(Broken(WRONG));
            }
            if !self.eat(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        self.skip_space();
        match (descriptor, is_fortran, shape) {
            (Some(descriptor), Some(is_fortran), Some(shape)) if self.0.is_empty() => {
                Ok((descriptor, is_fortran, shape))
            }
            _ => Err(Broken(WRONG)),
        }
    }

    /// Reads a colon and what comes after it.
    fn value<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, NpyHeaderError>,
    ) -> Result<T, NpyHeaderError> {
        self.expect(b':')?;
        read(self)
    }

    fn descriptor(&mut self) -> Result<String, NpyHeaderError> {
        self.skip_space();
        if let [b'[' | b'(' | b'{', ..] = self.0 {
            return Err(Unread("the elements are records of several fields".to_owned()));
        }
        self.text()
    }

    fn boolean(&mut self) -> Result<bool, NpyHeaderError> {
        self.skip_space();
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if let Some(rest) = self.0.strip_prefix(word) {
                self.0 = rest;
                return Ok(value);
            }
        }
        Err(Broken("has a fortran_order that is neither True nor False"))
    }

    fn tuple(&mut self) -> Result<Shape, NpyHeaderError> {
        let mut dims = Vec::new();
        self.expect(b'(')?;
        while !self.eat(b')') {
            dims.push(self.number()?);
            if !self.eat(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(Shape::from(dims))
    }

    /// Reads an extent; Python 2 writes an L behind large ones.
    fn number(&mut self) -> Result<u64, NpyHeaderError> {
        self.skip_space();
        let len = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(len);
        let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        self.0 = rest.strip_prefix(b"L").unwrap_or(rest);
        number.ok_or(Broken("has a shape that is no tuple of extents"))
    }

    /// Reads a text in quotes, without escapes.
    fn text(&mut self) -> Result<String, NpyHeaderError> {
        self.skip_space();
        let Some((quote @ (b'\'' | b'"'), rest)) = self.0.split_first() else {
            return Err(Broken("has no text where one should be"));
        };
        let len = rest.iter().position(|byte| byte == quote);
        let len = len.ok_or(Broken("has a text without an end"))?;
        self.0 = &rest[len + 1..];
        Ok(String::from_utf8_lossy(&rest[..len]).into_owned())
    }

    fn expect(&mut self, byte: u8) -> Result<(), NpyHeaderError> {
        if self.eat(byte) { Ok(()) } else { Err(Broken("is not in Python's notation")) }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.skip_space();
        match self.0.strip_prefix(&[byte]) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn skip_space(&mut self) {
        self.0 = self.0.trim_ascii_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(String, bool, Shape), String> {
        Parser(text.as_bytes()).dictionary().map_err(|error| match error {
            Unread(why) => format!("not read: {why}"),
            error => error.to_string(),
        })
    }

    #[test]
    fn dictionaries_of_any_order_and_spacing() {
        let expected = Ok(("<f4".to_owned(), false, Shape::from([2, 3])));
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n";
        assert_eq!(parse(text), expected);
        assert_eq!(parse("{\"shape\":(2L,3L),'fortran_order':False,'descr':'<f4'}"), expected);
        let scalar = parse("{'descr':'|b1','fortran_order':True,'shape':()}");
        assert_eq!(scalar, Ok(("|b1".to_owned(), true, Shape::default())));
        let column = parse("{'descr':'|b1','fortran_order':True,'shape':(4,)}").unwrap();
        assert_eq!(column.2, Shape::from([4]));
    }

    #[test]
    fn texts_that_are_no_headers() {
        let wrong = [
            "",
            "{",
            "{}",
            "{'descr': '<f4', 'fortran_order': False}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
            "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
            "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}",
            "{'descr': '<f4, 'fortran_order': False, 'shape': (2,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x",
            "{'descr': 4, 'fortran_order': False, 'shape': (2,)}",
        ];
        for text in wrong {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with("NPY header "), "{text}: {error}");
        }
        let records = parse("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,)}");
        assert!(records.unwrap_err().starts_with("not read: "));
    }
}
