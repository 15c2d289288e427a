//! GGUF files that contradict themselves, one test for each way, and those that are not read.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ckpt_formats::{Format, ReadAt, Segment, segment, segment_as};
use ckpt_tensor::{Dtype, Shape};

/// A header that grows.
struct Header(Vec<u8>);

impl Header {
    fn new(tensors: u64, entries: u64) -> Self {
        Self(b"GGUF\x03\0\0\0".to_vec()).u64(tensors).u64(entries)
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn u32(self, number: u32) -> Self {
        self.raw(&number.to_le_bytes())
    }

    fn u64(self, number: u64) -> Self {
        self.raw(&number.to_le_bytes())
    }

    fn text(self, text: &str) -> Self {
        self.u64(text.len() as u64).raw(text.as_bytes())
    }

    /// Describes a tensor, its extents innermost first.
    fn tensor(self, name: &str, dims: &[u64], kind: u32, offset: u64) -> Self {
        let start = self.text(name).u32(dims.len() as u32);
        dims.iter().fold(start, |header, &extent| header.u64(extent)).u32(kind).u64(offset)
    }

    /// Pads to an alignment and appends bytes of tensors.
    fn data(mut self, alignment: usize, len: usize) -> Vec<u8> {
        self.0.resize(self.0.len().next_multiple_of(alignment), 0);
        self.0.resize(self.0.len() + len, 7);
        self.0
    }
}

fn refuse(file: &dyn ReadAt) -> String {
    let error = segment_as(Format::Gguf, file).unwrap_err();
    let found = segment(file).unwrap();
    assert_eq!(found.segments, [Segment::Opaque { offset: 0, len: file.len().unwrap() }]);
    assert_eq!(found.note.unwrap(), format!("not gguf: {error}"));
    error.to_string()
}

fn note(file: &[u8]) -> String {
    let found = segment_as(Format::Gguf, &file).unwrap();
    assert_eq!(found, segment(&file).unwrap());
    found.note.unwrap()
}

#[test]
fn extents_are_told_outermost_first() {
    let file = Header::new(1, 0).tensor("w", &[3, 2], 0, 0).data(32, 24);
    let found = segment(&file).unwrap();
    let Segment::Tensor { dtype, shape, offset, .. } = &found.segments[1] else { panic!() };
    assert_eq!((*dtype, shape, *offset), (Dtype::F32, &Shape::from([2, 3]), 96));
    let version_2 = [b"GGUF\x02".as_slice(), &file[5..]].concat();
    assert_eq!(segment(&version_2).unwrap(), found);
}

#[test]
fn the_alignment_is_that_of_the_metadata() {
    let with = |kind: u32, alignment: u32| {
        let header = Header::new(1, 1).text("general.alignment").u32(kind).u32(alignment);
        header.tensor("w", &[2], 24, 0)
    };
    let found = segment(&with(4, 256).data(256, 2)).unwrap();
    assert_eq!(found.segments[1].offset(), 256);
    for alignment in [0, 3, u32::MAX] {
        let message = refuse(&with(4, alignment).data(256, 2));
        assert_eq!(message, "GGUF header, byte 57: the alignment is no power of two");
    }
    let kind = refuse(&with(5, 32).data(32, 2));
    assert_eq!(kind, "GGUF header, byte 53: the alignment is no 32-bit number");
}

#[test]
fn other_versions_are_not_read() {
    let version = |bytes: &[u8]| note(&[b"GGUF", bytes, &[0; 16]].concat());
    assert_eq!(version(&[1, 0, 0, 0]), "GGUF version 1");
    assert_eq!(version(&[4, 0, 0, 0]), "GGUF version 4");
    assert_eq!(version(&[0, 0, 0, 3]), "big-endian GGUF");
    let error = segment_as(Format::Gguf, &b"text, not a model".as_slice()).unwrap_err();
    assert_eq!(error.to_string(), "GGUF header, byte 8: does not begin with GGUF");
}

#[test]
fn headers_cut_off() {
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/plain.gguf");
    let whole = std::fs::read(data).unwrap();
    for len in 4..0x240 {
        let message = refuse(&whole[..len].to_vec());
        let is_header = message.ends_with("the file ends within the header; it is truncated");
        assert!(is_header || message.ends_with("it is truncated"), "{len}: {message}");
    }
}

#[test]
fn counts_and_lengths_that_lie() {
    let cut = |header: Header| {
        let message = refuse(&header.data(1, 0));
        assert!(message.ends_with("the file ends within the header; it is truncated"), "{message}");
    };
    cut(Header::new(u64::MAX, 0));
    cut(Header::new(0, u64::MAX));
    cut(Header::new(0, 1).u64(u64::MAX));
    cut(Header::new(0, 1).text("k").u32(8).u64(u64::MAX));
    cut(Header::new(0, 1).text("k").u32(9).u32(10).u64(u64::MAX));
    cut(Header::new(0, 1).text("k").u32(9).u32(8).u64(u64::MAX));
    cut(Header::new(0, 1).text("k").u32(9).u32(8).u64(1 << 60).text("a"));
    cut(Header::new(1, 0).text("w").u32(4).u64(1));
}

#[test]
fn metadata_beyond_the_reader() {
    let entry = |header: Header| note(&header.data(1, 100));
    let unknown = entry(Header::new(0, 1).text("k").u32(13));
    assert_eq!(unknown, "metadata `k`: values of the unknown type 13");
    let array = Header::new(0, 1).text("k").u32(9);
    let nested = (0..1000).fold(array, |header, _| header.u32(9).u64(1));
    assert_eq!(entry(nested), "metadata `k`: arrays are nested too deeply");
}

#[test]
fn tensors_that_are_not_in_the_file() {
    let one = |dims: &[u64], kind, offset| {
        refuse(&Header::new(1, 0).tensor("w", dims, kind, offset).data(32, 32))
    };
    assert_eq!(one(&[9], 0, 0), "tensor `w` ends at 100, the file at 96; it is truncated");
    assert_eq!(one(&[8], 0, 32), "tensor `w` ends at 128, the file at 96; it is truncated");
    assert_eq!(one(&[32], 8, 0), "tensor `w` ends at 98, the file at 96; it is truncated");
    assert_eq!(one(&[1], 0, u64::MAX), "tensors overflow the file at `w`");
    assert_eq!(
        one(&[u64::MAX, 2], 0, 0),
        format!("tensor `w`: size of shape [2, {}] overflows", u64::MAX)
    );
    assert_eq!(one(&[33], 8, 0), "tensor `w`: rows of 33 numbers are not whole blocks of 32");
}

#[test]
fn tensors_that_share_bytes_or_names() {
    let two = |second, offset| {
        let header = Header::new(2, 0).tensor("a", &[4], 24, 0).tensor(second, &[4], 24, offset);
        refuse(&header.data(32, 64))
    };
    assert_eq!(two("a", 32), "tensor `a` appears twice");
    assert_eq!(two("b", 3), "tensor `b` begins at 99, inside another that ends at 100");
    assert_eq!(two("b", 0), "tensor `b` begins at 96, inside another that ends at 100");
}

#[test]
fn tensors_beyond_the_reader() {
    let one = |dims: &[u64], kind| note(&Header::new(1, 0).tensor("w", dims, kind, 0).data(32, 32));
    assert_eq!(one(&[1], 4), "tensor `w` is of the unknown type 4");
    assert_eq!(one(&[1], u32::MAX), format!("tensor `w` is of the unknown type {}", u32::MAX));
    assert_eq!(one(&[1; 9], 0), "tensor `w` has 9 dimensions");
    assert_eq!(one(&[32], 2), "1 tensor is quantized and opaque: Q4_0 1");
}

#[test]
fn names_that_are_no_text() {
    let header = Header::new(1, 0).u64(1).raw(b"\xff").u32(0).u32(0).u64(0);
    assert_eq!(refuse(&header.data(32, 32)), "GGUF header, byte 33: a tensor's name is not UTF-8");
}

/// A file of zeros behind a header.
struct Sparse(Vec<u8>, u64);

impl ReadAt for Sparse {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
        let start = usize::try_from(offset).unwrap().min(self.0.len());
        let len = buf.len().min(self.0.len() - start);
        buf.fill(0);
        buf[..len].copy_from_slice(&self.0[start..start + len]);
        Ok(())
    }

    fn len(&self) -> std::io::Result<u64> {
        Ok(self.1)
    }
}

#[test]
fn long_headers_are_left_unread() {
    let array = Header::new(0, 1).text("k").u32(9).u32(0).u64(1 << 30);
    let found = segment(&Sparse(array.0, 1 << 40)).unwrap();
    assert_eq!(found.note.unwrap(), "metadata `k`: the GGUF header exceeds 100000000 bytes");
    let tensors = Header::new((1 << 18) + 1, 0);
    let tensors = (0..1 << 18).fold(tensors, |header, _| header.raw(&[0; 24]));
    let found = segment(&tensors.data(1, 100)).unwrap();
    assert_eq!(found.note.unwrap(), "262145 tensors, the most read is 262144");
    // Texts without letters, one after another.
    let texts = Header::new(0, 1).text("k").u32(9).u32(8).u64(1 << 40);
    let found = segment(&Sparse(texts.0, 1 << 40)).unwrap();
    assert_eq!(found.note.unwrap(), "metadata `k`: the GGUF header exceeds 100000000 bytes");
}
