//! The header: magic word, version, length, and a dictionary in Python's notation.

use ckpt_tensor::Shape;

use crate::le::{u16_at, u32_at};
use crate::stop::Stop;
use crate::{FormatError, ReadAt};

/// What every NPY file begins with.
pub(crate) const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Longest header in bytes. Plain arrays have about 118; NumPy itself refuses more than 10,000
/// from files that are not trusted.
const MAX_HEADER: u64 = 1 << 16;

/// What a header says, not yet judged.
#[derive(Debug)]
pub(super) struct Header {
    /// NumPy's descriptor of the elements, such as `<f4`.
    pub(super) descriptor: Vec<u8>,
    /// Whether the first index varies fastest.
    pub(super) is_fortran: bool,
    pub(super) shape: Shape,
    /// Bytes before the elements.
    pub(super) len: u64,
}

/// Reads the header that begins at `start` with the magic word, in a file of which it may have
/// the bytes until `end`.
pub(super) fn read(source: &dyn ReadAt, start: u64, end: u64) -> Result<Header, Stop> {
    let room = end - start;
    let mut prefix = [0; 12];
    let known = room.min(prefix.len() as u64) as usize;
    source.read_at(start, &mut prefix[..known])?;
    let (before, len): (u64, u64) = match prefix[6..8] {
        [1, 0] => (10, u16_at(&prefix, 8).into()),
        [2 | 3, 0] => (12, u32_at(&prefix, 8).into()),
        [major, minor] if known >= 8 => {
            return Err(Stop::beyond(format!("NPY version {major}.{minor}")));
        }
        _ => return Err(broken("is cut off")),
    };
    if before + len > room {
        return Err(broken("is cut off"));
    }
    if len > MAX_HEADER {
        let why = format!("the NPY header has {len} bytes, the most read is {MAX_HEADER}");
        return Err(Stop::beyond(why));
    }
    let mut text = vec![0; len as usize];
    source.read_at(start + before, &mut text)?;
    let (descriptor, is_fortran, shape) = Parser(&text).dictionary()?;
    Ok(Header { descriptor, is_fortran, shape, len: before + len })
}

fn broken(problem: &'static str) -> Stop {
    Stop::Broken(FormatError::NpyHeader(problem))
}

/// What is left of a header's text.
struct Parser<'a>(&'a [u8]);

impl Parser<'_> {
    /// Reads the three entries, in any order, each once.
    fn dictionary(mut self) -> Result<(Vec<u8>, bool, Shape), Stop> {
        const WRONG: &str = "is no dictionary of descr, fortran_order and shape";
        let (mut descriptor, mut is_fortran, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.eat(b'}') {
            let is_new = match self.text()?.as_slice() {
                b"descr" => descriptor.replace(self.value(Self::descriptor)?).is_none(),
                b"fortran_order" => is_fortran.replace(self.value(Self::boolean)?).is_none(),
                b"shape" => shape.replace(self.value(Self::tuple)?).is_none(),
                _ => false,
            };
            if !is_new {
                return Err(broken(WRONG));
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
            _ => Err(broken(WRONG)),
        }
    }

    /// Reads a colon and what comes after it.
    fn value<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        self.expect(b':')?;
        read(self)
    }

    fn descriptor(&mut self) -> Result<Vec<u8>, Stop> {
        self.skip_space();
        if let [b'[' | b'(' | b'{', ..] = self.0 {
            return Err(Stop::beyond("the elements are records of several fields"));
        }
        self.text()
    }

    fn boolean(&mut self) -> Result<bool, Stop> {
        self.skip_space();
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if let Some(rest) = self.0.strip_prefix(word) {
                self.0 = rest;
                return Ok(value);
            }
        }
        Err(broken("has a fortran_order that is neither True nor False"))
    }

    fn tuple(&mut self) -> Result<Shape, Stop> {
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
    fn number(&mut self) -> Result<u64, Stop> {
        self.skip_space();
        let len = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(len);
        let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        self.0 = rest.strip_prefix(b"L").unwrap_or(rest);
        number.ok_or_else(|| broken("has a shape that is no tuple of extents"))
    }

    /// Reads a text in quotes, without escapes.
    fn text(&mut self) -> Result<Vec<u8>, Stop> {
        self.skip_space();
        let Some((quote @ (b'\'' | b'"'), rest)) = self.0.split_first() else {
            return Err(broken("has no text where one should be"));
        };
        let len = rest.iter().position(|byte| byte == quote);
        let len = len.ok_or_else(|| broken("has a text without an end"))?;
        self.0 = &rest[len + 1..];
        Ok(rest[..len].to_vec())
    }

    fn expect(&mut self, byte: u8) -> Result<(), Stop> {
        if self.eat(byte) { Ok(()) } else { Err(broken("is not in Python's notation")) }
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

    fn parse(text: &str) -> Result<(Vec<u8>, bool, Shape), String> {
        Parser(text.as_bytes()).dictionary().map_err(|stop| match stop {
            Stop::Broken(error) => error.to_string(),
            Stop::Beyond(why) => format!("beyond: {why}"),
            Stop::Unlike => "unlike".to_owned(),
        })
    }

    #[test]
    fn dictionaries_of_any_order_and_spacing() {
        let expected = Ok((b"<f4".to_vec(), false, Shape::from([2, 3])));
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n";
        assert_eq!(parse(text), expected);
        assert_eq!(parse("{\"shape\":(2L,3L),'fortran_order':False,'descr':'<f4'}"), expected);
        let scalar = parse("{'descr':'|b1','fortran_order':True,'shape':()}");
        assert_eq!(scalar, Ok((b"|b1".to_vec(), true, Shape::default())));
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
        assert!(records.unwrap_err().starts_with("beyond: "));
    }
}
