//! GGUF files that are cut off or lie.

use insta::assert_snapshot;

use super::{kept_files, refused_files};

/// The number of the type f32, and of an unsigned number of 32 bits in the metadata.
const F32: u32 = 0;
const U32: u32 = 4;

fn text(text: impl AsRef<[u8]>) -> Vec<u8> {
    [&(text.as_ref().len() as u64).to_le_bytes()[..], text.as_ref()].concat()
}

/// What a header says of a tensor.
fn entry(name: impl AsRef<[u8]>, extents: &[u64], kind: u32, offset: u64) -> Vec<u8> {
    let mut bytes = text(name);
    bytes.extend(u32::try_from(extents.len()).unwrap().to_le_bytes());
    bytes.extend(extents.iter().flat_map(|extent| extent.to_le_bytes()));
    bytes.extend(kind.to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    bytes
}

/// A file that claims so many tensors and pairs of metadata, with data at the next multiple of 32.
fn claiming([tensors, pairs]: [u64; 2], header: &[Vec<u8>], data: usize) -> Vec<u8> {
    let counts = [tensors, pairs].map(u64::to_le_bytes).concat();
    let mut bytes = [b"GGUF\x03\0\0\0", &counts[..], &header.concat()].concat();
    bytes.resize(bytes.len().next_multiple_of(32) + data, 0);
    bytes
}

/// A file of these tensors.
fn file(tensors: &[Vec<u8>], data: usize) -> Vec<u8> {
    claiming([tensors.len() as u64, 0], tensors, data)
}

/// A file of one sound tensor and a pair of metadata.
fn with(key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    let pair = [&text(key)[..], &kind.to_le_bytes(), value].concat();
    claiming([1, 1], &[pair, entry("w", &[2], F32, 0)], 8)
}

#[test]
fn files_that_end_too_early() {
    let whole = file(&[entry("w", &[2], F32, 0)], 8);
    let cut = |len: usize| whole[..len].to_vec();
    let cases = [
        ("an empty file", cut(0)),
        ("the magic number alone", cut(4)),
        ("a part of the counts", cut(20)),
        ("a part of a name", cut(32)),
        ("all but one byte", cut(whole.len() - 1)),
        ("a text, and no GGUF", b"a text, and not what the name says".to_vec()),
    ];
    assert_snapshot!(refused_files("x.gguf", &cases), @"
    an empty file
      error: x.gguf: GGUF header, byte 0: the file ends within the header; it is truncated
    the magic number alone
      error: x.gguf: GGUF header, byte 4: the file ends within the header; it is truncated
    a part of the counts
      error: x.gguf: GGUF header, byte 16: the file ends within the header; it is truncated
    a part of a name
      error: x.gguf: GGUF header, byte 32: the file ends within the header; it is truncated
    all but one byte
      error: x.gguf: tensor `w` ends at 72, the file at 71; it is truncated
    a text, and no GGUF
      error: x.gguf: GGUF header, byte 8: does not begin with GGUF
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn counts_and_lengths_that_lie() {
    let sound = entry("w", &[2], F32, 0);
    let claim =
        |tensors: u64, pairs: u64| claiming([tensors, pairs], std::slice::from_ref(&sound), 8);
    let cases = [
        ("2^60 tensors", claim(1 << 60, 0)),
        ("2^64 - 1 tensors", claim(u64::MAX, 0)),
        ("2^60 pairs", claim(1, 1 << 60)),
        ("a name of 2^63 bytes", claiming([1, 0], &[(1_u64 << 63).to_le_bytes().to_vec()], 64)),
        (
            "a list of 2^60 numbers",
            with("k", 9, &[&U32.to_le_bytes()[..], &(1_u64 << 60).to_le_bytes()].concat()),
        ),
        ("an alignment of 0", with("general.alignment", U32, &[0; 4])),
        ("an alignment of 3", with("general.alignment", U32, &[3, 0, 0, 0])),
        ("an alignment of 2^31", with("general.alignment", U32, &[0, 0, 0, 0x80])),
    ];
    assert_snapshot!(refused_files("x.gguf", &cases), @"
    2^60 tensors
    2^64 - 1 tensors
      error: x.gguf: GGUF header, byte 69: the file ends within the header; it is truncated
    2^60 pairs
      error: x.gguf: GGUF header, byte 72: the file ends within the header; it is truncated
    a name of 2^63 bytes
      error: x.gguf: GGUF header, byte 32: the file ends within the header; it is truncated
    a list of 2^60 numbers
      error: x.gguf: GGUF header, byte 49: the file ends within the header; it is truncated
    an alignment of 0
    an alignment of 3
      error: x.gguf: GGUF header, byte 57: the alignment is no power of two
    an alignment of 2^31
      error: x.gguf: tensor `w` ends at 2147483656, the file at 104; it is truncated
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn tensors_that_lie() {
    let (a, b) = (entry("a", &[16], F32, 0), entry("b", &[2], F32, 32));
    let cases = [
        ("a name that is not UTF-8", file(&[entry(b"\xff\xfe", &[2], F32, 0)], 8)),
        ("a shape of 2^80 elements", file(&[entry("w", &[1 << 40, 1 << 40], F32, 0)], 8)),
        ("an offset far behind the end", file(&[entry("w", &[2], F32, 1 << 40)], 8)),
        ("an offset of all there can be", file(&[entry("w", &[2], F32, u64::MAX)], 8)),
        ("an overlap", file(&[a.clone(), b], 64)),
        ("the same place", file(&[a.clone(), entry("b", &[16], F32, 0)], 64)),
        ("a name twice", file(&[a.clone(), a], 64)),
        ("half a block of a quantized tensor", file(&[entry("w", &[31], 2, 0)], 64)),
    ];
    assert_snapshot!(refused_files("x.gguf", &cases), @"
    a name that is not UTF-8
      error: x.gguf: GGUF header, byte 34: a tensor's name is not UTF-8
    a shape of 2^80 elements
      error: x.gguf: tensor `w`: size of shape [1099511627776, 1099511627776] overflows
    an offset far behind the end
      error: x.gguf: tensor `w` ends at 1099511627848, the file at 72; it is truncated
    an offset of all there can be
      error: x.gguf: tensors overflow the file at `w`
    an overlap
      error: x.gguf: tensor `b` begins at 128, inside another that ends at 160
    the same place
      error: x.gguf: tensor `b` begins at 96, inside another that ends at 160
    a name twice
      error: x.gguf: tensor `a` appears twice
    half a block of a quantized tensor
      error: x.gguf: tensor `w`: rows of 31 numbers are not whole blocks of 32
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn what_is_not_known_is_kept_as_bytes_and_says_why() {
    let mut other = file(&[entry("w", &[2], F32, 0)], 8);
    let mut version = |version: u32| {
        other[4..8].copy_from_slice(&version.to_le_bytes());
        other.clone()
    };
    let nested =
        [9_u32.to_le_bytes().to_vec(), 1_u64.to_le_bytes().to_vec()].concat().repeat(10_000);
    let cases = [
        ("an old version", version(1)),
        ("a later version", version(99)),
        ("a big-endian file", version(3 << 24)),
        ("an unknown type", file(&[entry("w", &[2], 999, 0)], 8)),
        ("an unknown type that breaks the line", file(&[entry("w\x1b[31m\n", &[2], 999, 0)], 8)),
        ("unknown metadata", with("k\x1b[31m\n", 99, &[0; 8])),
        ("lists in lists in lists", with("k", 9, &nested)),
        ("4294967295 dimensions", claiming([1, 0], &[text("w"), vec![0xff; 4]], 64)),
        ("a name that leads elsewhere", file(&[entry("../../x", &[2], F32, 0)], 8)),
    ];
    assert_snapshot!(kept_files("x.gguf", &cases), @r#"
    an old version: [] "GGUF version 1"
    a later version: [] "GGUF version 99"
    a big-endian file: [] "big-endian GGUF"
    an unknown type: [] "tensor `w` is of the unknown type 999"
    an unknown type that breaks the line: [] "tensor `w\\u{1b}[31m\\n` is of the unknown type 999"
    unknown metadata: [] "metadata `k\\u{1b}[31m\\n`: values of the unknown type 99"
    lists in lists in lists: [] "metadata `k`: arrays are nested too deeply"
    4294967295 dimensions: [] "tensor `w` has 4294967295 dimensions"
    a name that leads elsewhere: ["../../x"] null
    "#);
}
