//! Files that are called safetensors and are not.

use insta::assert_snapshot;

use super::{refused, refused_files};
use crate::sandbox::{self, Sandbox};

/// Puts a file together from any header, of any claimed length, and any data.
fn claiming(len: u64, header: impl AsRef<[u8]>, data: &[u8]) -> Vec<u8> {
    [&len.to_le_bytes()[..], header.as_ref(), data].concat()
}

/// Puts a file together from a header and zeros.
fn file(header: impl AsRef<[u8]>, data: usize) -> Vec<u8> {
    claiming(header.as_ref().len() as u64, header, &vec![0; data])
}

/// Two tensors of one f32 each, at these offsets.
fn at(first: [u64; 2], second: [u64; 2], data: usize) -> Vec<u8> {
    let entry = |name: &str, [start, end]: [u64; 2]| {
        format!(r#""{name}":{{"dtype":"F32","shape":[1],"data_offsets":[{start},{end}]}}"#)
    };
    file(format!("{{{},{}}}", entry("a", first), entry("b", second)), data)
}

/// One tensor "w" with 8 bytes of data, and what is said of it.
fn saying(entry: &str) -> Vec<u8> {
    file(format!(r#"{{"w":{entry}}}"#), 8)
}

#[test]
fn files_that_end_too_early() {
    let whole = sandbox::safetensors(&[("w", &[2], &[1.0, 2.0])]);
    let cut = |len: usize| whole[..len].to_vec();
    let cases = [
        ("an empty file", cut(0)),
        ("a part of the header's length", cut(5)),
        ("the header's length alone", cut(8)),
        ("a part of the header", cut(20)),
        ("the header alone", cut(whole.len() - 8)),
        ("all but one byte", cut(whole.len() - 1)),
    ];
    assert_snapshot!(refused_files("m.safetensors", &cases), @"
    an empty file
      error: m.safetensors: 0 bytes are too few for a header length; the file is truncated or not safetensors
    a part of the header's length
      error: m.safetensors: 5 bytes are too few for a header length; the file is truncated or not safetensors
    the header's length alone
      error: m.safetensors: header length 54 exceeds the file size 8; the file is truncated or not safetensors
    a part of the header
      error: m.safetensors: header length 54 exceeds the file size 20; the file is truncated or not safetensors
    the header alone
      error: m.safetensors: tensors need 8 bytes after the header, the file has 0; it is truncated
    all but one byte
      error: m.safetensors: tensors need 8 bytes after the header, the file has 7; it is truncated
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn lengths_that_lie() {
    let header = "{}";
    let cases = [
        ("no header", claiming(0, "", b"")),
        ("a header of one byte", claiming(1, "{", b"")),
        ("a header that ends one byte after the file", claiming(3, header, b"")),
        ("a header of 99 MB", claiming(99_000_000, header, b"")),
        ("a header of more than 100 MB", claiming(100_000_001, header, b"")),
        ("a header of all bytes that there can be", claiming(u64::MAX, header, b"")),
    ];
    assert_snapshot!(refused_files("m.safetensors", &cases), @"
    no header
      error: m.safetensors: header is not valid: EOF while parsing a value at line 1 column 0
    a header of one byte
      error: m.safetensors: header is not valid: EOF while parsing an object at line 1 column 1
    a header that ends one byte after the file
      error: m.safetensors: header length 3 exceeds the file size 10; the file is truncated or not safetensors
    a header of 99 MB
      error: m.safetensors: header length 99000000 exceeds the file size 10; the file is truncated or not safetensors
    a header of more than 100 MB
      error: m.safetensors: header length 100000001 exceeds the file size 10; the file is truncated or not safetensors
    a header of all bytes that there can be
      error: m.safetensors: header length 18446744073709551615 exceeds the file size 10; the file is truncated or not safetensors
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn a_header_that_is_too_large_is_not_read_even_if_it_is_there() {
    let sandbox = Sandbox::new();
    sandbox.file("m.safetensors", claiming(100_000_001, "{", b""));
    let file = std::fs::File::options().append(true).open(sandbox.path("m.safetensors")).unwrap();
    file.set_len(100_000_100).unwrap();
    let before = sandbox.list(".ckpt/packs");
    assert_snapshot!(sandbox.run("commit m.safetensors"), @"
    error: m.safetensors: header length 100000001 exceeds the limit of 100000000
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
    assert_eq!(sandbox.list(".ckpt/packs"), before);
    assert!(sandbox.list(".ckpt/refs/heads").is_empty() && sandbox.list(".ckpt/tmp").is_empty());
}

#[test]
fn headers_that_are_none() {
    let deep = |open: &str| format!(r#"{{"w":{}"#, open.repeat(100_000));
    let cases = [
        ("not UTF-8", file(b"{\"\xff\xfe\":1}", 0)),
        ("not JSON", file("weights!", 0)),
        ("JSON that ends early", file(r#"{"w":"#, 0)),
        ("a list", file("[]", 0)),
        ("text after it", file("{}{}", 0)),
        ("lists in lists in lists", file(deep("["), 0)),
        ("objects in objects in objects", file(deep(r#"{"a":"#), 0)),
        ("zeros", file([0; 64], 0)),
    ];
    assert_snapshot!(refused_files("m.safetensors", &cases), @"
    not UTF-8
      error: m.safetensors: header is not UTF-8: invalid utf-8 sequence of 1 bytes from index 2
    not JSON
      error: m.safetensors: header is not valid: expected value at line 1 column 1
    JSON that ends early
      error: m.safetensors: header is not valid: EOF while parsing a value at line 1 column 5
    a list
      error: m.safetensors: header is not valid: invalid type: sequence, expected an object of tensors at line 1 column 0
    text after it
      error: m.safetensors: header is not valid: trailing characters at line 1 column 3
    lists in lists in lists
      error: m.safetensors: header is not valid: invalid type: sequence, expected a string at line 1 column 6
    objects in objects in objects
      error: m.safetensors: header is not valid: EOF while parsing a value at line 1 column 500005
    zeros
      error: m.safetensors: header is not valid: expected value at line 1 column 1
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn tensors_that_are_not_where_they_are_said_to_be() {
    let cases = [
        ("the same place", at([0, 4], [0, 4], 4)),
        ("an overlap", at([0, 4], [2, 6], 6)),
        ("a gap between two", at([0, 4], [8, 12], 12)),
        ("a gap before the first", at([4, 8], [8, 12], 12)),
        ("bytes after the last", at([0, 4], [4, 8], 9)),
        ("behind the end", at([0, 4], [4, 8], 7)),
        ("end before start", at([0, 4], [8, 4], 8)),
        ("far behind the end", at([0, 4], [u64::MAX - 4, u64::MAX], 8)),
    ];
    assert_snapshot!(refused_files("m.safetensors", &cases), @"
    the same place
      error: m.safetensors: tensor `b` begins at 0, inside another that ends at 4
    an overlap
      error: m.safetensors: tensor `b` begins at 2, inside another that ends at 4
    a gap between two
      error: m.safetensors: tensor `b` begins at 8, leaving a gap from 4
    a gap before the first
      error: m.safetensors: tensor `a` begins at 4, leaving a gap from 0
    bytes after the last
      error: m.safetensors: 1 bytes after the last tensor belong to none
    behind the end
      error: m.safetensors: tensors need 8 bytes after the header, the file has 7; it is truncated
    end before start
      error: m.safetensors: tensor `b` ends at 4, before its begin 8
    far behind the end
      error: m.safetensors: tensor `b` begins at 18446744073709551611, leaving a gap from 4
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn tensors_that_are_not_what_they_are_said_to_be() {
    let cases = [
        ("an unknown dtype", saying(r#"{"dtype":"F33","shape":[2],"data_offsets":[0,8]}"#)),
        (
            "a dtype that breaks the line",
            saying(r#"{"dtype":"F\n\u001b[31m","shape":[2],"data_offsets":[0,8]}"#),
        ),
        ("a shape of other size", saying(r#"{"dtype":"F32","shape":[3],"data_offsets":[0,8]}"#)),
        (
            "a shape of 2^80 elements",
            saying(r#"{"dtype":"F32","shape":[1099511627776,1099511627776],"data_offsets":[0,8]}"#),
        ),
        (
            "a shape of 2^64 elements by way of 0",
            saying(r#"{"dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,8]}"#),
        ),
        ("a negative shape", saying(r#"{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}"#)),
        ("half an element", saying(r#"{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}"#)),
        ("one offset", saying(r#"{"dtype":"F32","shape":[2],"data_offsets":[0]}"#)),
        ("three offsets", saying(r#"{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}"#)),
        ("no offsets", saying(r#"{"dtype":"F32","shape":[2]}"#)),
        ("a number", saying("7")),
    ];
    assert_snapshot!(refused_files("m.safetensors", &cases), @r"
    an unknown dtype
      error: m.safetensors: tensor `w`: unknown dtype `F33`
    a dtype that breaks the line
      error: m.safetensors: tensor `w`: unknown dtype `F\n\u{1b}[31m`
    a shape of other size
      error: m.safetensors: tensor `w` has 8 bytes where its dtype and shape take 12
    a shape of 2^80 elements
      error: m.safetensors: tensor `w`: size of shape [1099511627776, 1099511627776] overflows
    a shape of 2^64 elements by way of 0
      error: m.safetensors: tensor `w`: size of shape [4294967296, 4294967296, 0] overflows
    a negative shape
      error: m.safetensors: header is not valid: invalid value: integer `-2`, expected u64 at line 1 column 31
    half an element
      error: m.safetensors: header is not valid: invalid type: floating point `1.5`, expected u64 at line 1 column 32
    one offset
      error: m.safetensors: header is not valid: invalid length 1, expected a tuple of size 2 at line 1 column 50
    three offsets
      error: m.safetensors: header is not valid: trailing characters at line 1 column 53
    no offsets
      error: m.safetensors: header is not valid: missing field `data_offsets` at line 1 column 32
    a number
      error: m.safetensors: header is not valid: invalid type: integer `7`, expected an object with dtype, shape and data_offsets at line 1 column 6
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn names_that_come_twice() {
    let entry = |offsets: &str| format!(r#"{{"dtype":"U8","shape":[4],"data_offsets":{offsets}}}"#);
    let (a, b) = (entry("[0,4]"), entry("[4,8]"));
    let cases = [
        ("a tensor", file(format!(r#"{{"w":{a},"w":{b}}}"#), 8)),
        ("a tensor, spelled in two ways", file(format!(r#"{{"w":{a},"\u0077":{b}}}"#), 8)),
        (
            "a tensor whose name breaks the line",
            file(format!(r#"{{"w\n\u001b[31m":{a},"w\n\u001b[31m":{b}}}"#), 8),
        ),
        ("the metadata", file(r#"{"__metadata__":{},"__metadata__":{}}"#, 0)),
        (
            "a key of a tensor",
            saying(r#"{"dtype":"U8","dtype":"F64","shape":[8],"data_offsets":[0,8]}"#),
        ),
    ];
    assert_snapshot!(refused_files("m.safetensors", &cases), @r"
    a tensor
    a tensor, spelled in two ways
      error: m.safetensors: tensor `w` appears twice
    a tensor whose name breaks the line
      error: m.safetensors: tensor `w\n\u{1b}[31m` appears twice
    the metadata
      error: m.safetensors: header is not valid: duplicate field `__metadata__` at line 1 column 37
    a key of a tensor
      error: m.safetensors: header is not valid: duplicate field `dtype` at line 1 column 26
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn metadata_that_is_not_texts() {
    let cases = [
        ("a list", file(r#"{"__metadata__":[]}"#, 0)),
        ("a number", file(r#"{"__metadata__":{"epoch":3}}"#, 0)),
    ];
    assert_snapshot!(refused_files("m.safetensors", &cases), @"
    a list
      error: m.safetensors: header is not valid: invalid type: sequence, expected an object of strings at line 1 column 16
    a number
      error: m.safetensors: header is not valid: invalid type: integer `3`, expected a string at line 1 column 26
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn a_broken_file_among_sound_ones_is_named_with_its_folder() {
    let sandbox = Sandbox::with_history();
    sandbox.tensors("run/a.safetensors", &[("w", &[1], &[1.0])]);
    sandbox.file("run/deep/b.safetensors", "no");
    assert_snapshot!(refused(&sandbox, "commit run"), @"
    error: deep/b.safetensors: 2 bytes are too few for a header length; the file is truncated or not safetensors
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
    assert_snapshot!(refused(&sandbox, "commit run --json"), @"
    error: deep/b.safetensors: 2 bytes are too few for a header length; the file is truncated or not safetensors
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}
