//! One test for each thing that a safetensors file is refused for.

use crate::common::file;
use ckpt_formats::{Format, FormatError, Segment, segment, segment_as};

/// Refuses the file and gives the message, which must also be the note of the opaque file.
fn refuse(file: &[u8]) -> String {
    let error = segment_as(Format::Safetensors, &file).expect_err("the file contradicts itself");
    let opaque = segment(&file).expect("bytes in memory can be read");
    // Longer headers are refused, and tell no other file from text with a brace.
    let is_recognised = file.get(8) == Some(&b'{') && file[4..8] == [0; 4];
    assert_eq!(opaque.reader, if is_recognised { "safetensors" } else { "opaque" });
    let len = file.len() as u64;
    let whole = [Segment::Opaque { offset: 0, len }];
    assert_eq!(opaque.segments, if len == 0 { &[] } else { &whole[..] });
    if is_recognised {
        assert_eq!(opaque.note, Some(format!("not safetensors: {error}")));
    }
    error.to_string()
}

#[test]
fn files_shorter_than_a_header_length() {
    let message = refuse(b"1234567");
    assert!(message.starts_with("7 bytes are too few for a header length"), "{message}");
    refuse(b"");
}

#[test]
fn headers_that_end_after_the_file() {
    let mut bytes = file("{}", &[0; 110]);
    bytes[..8].copy_from_slice(&9999u64.to_le_bytes());
    let expected = "header length 9999 exceeds the file size 120; \
                    the file is truncated or not safetensors";
    assert_eq!(refuse(&bytes), expected);

    // Eight bytes of prefix and a length whose sum overflows.
    bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(refuse(&bytes).starts_with("header length 18446744073709551615 exceeds"));
}

/// A file that claims to be long without holding anything, as a sparse file does.
struct Sparse(u64);

impl ckpt_formats::ReadAt for Sparse {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
        assert_eq!((offset, buf.len()), (0, 8), "nothing but the length is read");
        buf.copy_from_slice(&100_000_001u64.to_le_bytes());
        Ok(())
    }

    fn len(&self) -> std::io::Result<u64> {
        Ok(self.0)
    }
}

#[test]
fn headers_over_the_limit_are_refused_unread() {
    let error = segment_as(Format::Safetensors, &Sparse(1 << 40)).unwrap_err();
    assert_eq!(error.to_string(), "header length 100000001 exceeds the limit of 100000000");
}

#[test]
fn headers_that_are_no_text() {
    let mut bytes = file(r#"{"__metadata__":{"k":"v"}}"#, &[]);
    bytes[26] = 0xff;
    assert!(refuse(&bytes).starts_with("header is not UTF-8"));
}

#[test]
fn headers_that_are_no_json_object_of_tensors() {
    let broken = [
        "",
        "{",
        "[]",
        "{}x",
        r#"{"a":{"dtype":"U8","shape":[],"data_offsets":[0]}}"#,
        r#"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1,1]}}"#,
        r#"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}"#,
        r#"{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}"#,
        r#"{"a":{"dtype":"U8","shape":[1]}}"#,
        r#"{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#,
        r#"{"__metadata__":{"a":1}}"#,
        r#"{"__metadata__":{},"__metadata__":{}}"#,
    ];
    for header in broken {
        let message = refuse(&file(header, &[0]));
        assert!(message.starts_with("header is not valid: "), "{header}: {message}");
    }
}

/// Nesting costs a reader stack, where it is not bounded.
#[test]
fn headers_nested_beyond_all_measure() {
    let nested = "[".repeat(100_000);
    for start in [r#"{"a":{"shape":"#, r#"{"a":{"ignored":"#, r#"{"__metadata__":"#] {
        let message = refuse(&file(&format!("{start}{nested}"), &[]));
        assert!(message.starts_with("header is not valid: "), "{message}");
    }
}

#[test]
fn tensors_and_metadata_that_appear_twice() {
    let entry = r#"{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#;
    let header = format!(r#"{{"a":{entry},"b":{entry},"a":{entry}}}"#);
    assert_eq!(refuse(&file(&header, &[0])), "tensor `a` appears twice");
    let header = r#"{"__metadata__":{"k":"1","k":"2"}}"#;
    assert_eq!(refuse(&file(header, &[])), "metadata key `k` appears twice");
}

/// Names of 3 MB, shapes of 200,000 extents, and other texts without end.
#[test]
fn messages_do_not_grow_with_the_file() {
    let name = "n".repeat(3_000_000);
    let shape = vec!["9"; 200_000].join(",");
    let cut = format!("`{}...`", "n".repeat(120));
    let message = |members: &str| {
        let file = file(&format!("{{{members}}}"), &[0; 2]);
        segment_as(Format::Safetensors, &file).expect_err("it contradicts itself").to_string()
    };
    let entry = |shape: &str, offsets: &str| {
        format!(r#""{name}":{{"dtype":"U8","shape":[{shape}],"data_offsets":[{offsets}]}}"#)
    };
    let one = |shape: &str, offsets: &str| message(&entry(shape, offsets));
    assert_eq!(one("1", "2,1"), format!("tensor {cut} ends at 1, before its begin 2"));
    assert_eq!(one("1", "1,2"), format!("tensor {cut} begins at 1, leaving a gap from 0"));
    let found = "has 2 bytes where its dtype and shape take 1";
    assert_eq!(one("1", "0,2"), format!("tensor {cut} {found}"));
    let short = "[9, 9, 9, 9, 9, 9, 9, 9, ..., 200000 extents]";
    assert_eq!(one(&shape, "0,1"), format!("tensor {cut}: size of shape {short} overflows"));
    let entry = entry("1", "0,1");
    let twice = message(&format!("{entry},{entry}"));
    assert_eq!(twice, format!("tensor {cut} appears twice"));
    let metadata = message(&format!(r#""__metadata__":{{"{name}":"1","{name}":"2"}}"#));
    assert_eq!(metadata, format!("metadata key {cut} appears twice"));
    let kind = message(&format!(r#""w":"{name}""#));
    assert!(kind.starts_with("header is not valid: ") && kind.len() < 500, "{}", kind.len());
}

/// Refuses a file of one tensor.
fn refuse_one(dtype: &str, shape: &str, offsets: &str, data: usize) -> String {
    let header =
        format!(r#"{{"w":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#);
    refuse(&file(&header, &vec![0; data]))
}

#[test]
fn tensors_that_cannot_be() {
    assert_eq!(refuse_one("F99", "[1]", "[0,4]", 4), "tensor `w`: unknown dtype `F99`");
    let message = refuse_one("U8", "[4294967296,4294967296]", "[0,0]", 0);
    assert_eq!(message, "tensor `w`: size of shape [4294967296, 4294967296] overflows");
    let message = refuse_one("F64", "[1152921504606846976]", "[0,0]", 0);
    assert_eq!(message, "tensor `w`: size of shape [1152921504606846976] overflows");
    let message = refuse_one("F4", "[3]", "[0,2]", 2);
    assert_eq!(message, "tensor `w`: shape [3] of F4 does not end on a whole byte");
}

#[test]
fn offsets_that_contradict_the_tensor() {
    assert_eq!(refuse_one("U8", "[4]", "[4,0]", 4), "tensor `w` ends at 0, before its begin 4");
    let message = refuse_one("F32", "[2]", "[0,4]", 4);
    assert_eq!(message, "tensor `w` has 4 bytes where its dtype and shape take 8");
}

#[test]
fn offsets_that_contradict_the_file() {
    let message = refuse_one("U8", "[5]", "[0,5]", 4);
    assert_eq!(message, "tensors need 5 bytes after the header, the file has 4; it is truncated");
    assert_eq!(refuse_one("U8", "[3]", "[0,3]", 4), "1 bytes after the last tensor belong to none");
    assert_eq!(refuse_one("U8", "[3]", "[1,4]", 4), "tensor `w` begins at 1, leaving a gap from 0");
}

#[test]
fn tensors_that_share_bytes_or_leave_some() {
    let two = |begin: u8, end: u8| {
        let header = format!(
            r#"{{"a":{{"dtype":"U8","shape":[2],"data_offsets":[0,2]}},"b":{{"dtype":"U8","shape":[2],"data_offsets":[{begin},{end}]}}}}"#
        );
        refuse(&file(&header, &[0; 8]))
    };
    assert_eq!(two(1, 3), "tensor `b` begins at 1, inside another that ends at 2");
    assert_eq!(two(0, 2), "tensor `b` begins at 0, inside another that ends at 2");
    assert_eq!(two(3, 5), "tensor `b` begins at 3, leaving a gap from 2");
}

#[test]
fn sources_that_cannot_be_read_are_no_opaque_files() {
    struct Failing;
    impl ckpt_formats::ReadAt for Failing {
        fn read_at(&self, _: u64, _: &mut [u8]) -> std::io::Result<()> {
            Err(std::io::ErrorKind::PermissionDenied.into())
        }
        fn len(&self) -> std::io::Result<u64> {
            Ok(100)
        }
    }
    assert_eq!(segment(&Failing).unwrap_err().kind(), std::io::ErrorKind::PermissionDenied);
    let error = segment_as(Format::Safetensors, &Failing).unwrap_err();
    assert!(matches!(error, FormatError::Read(_)));
}
