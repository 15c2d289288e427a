//! NPY files that contradict themselves, one test for each way, and those that are not read.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ckpt_formats::{Format, Segment, npy_header, segment, segment_as};
use ckpt_tensor::{Dtype, Shape};

/// A file of version 1 with a header of this text.
fn file(header: &str, data: usize) -> Vec<u8> {
    let mut file = b"\x93NUMPY\x01\0".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    file.resize(file.len() + data, 7);
    file
}

fn header(descriptor: &str, is_fortran: &str, shape: &str) -> String {
    format!("{{'descr': {descriptor}, 'fortran_order': {is_fortran}, 'shape': {shape}, }}")
}

/// Refuses the file and gives the message, which must also be in the note of the opaque file.
fn refuse(file: &[u8]) -> String {
    let error = segment_as(Format::Npy, &file).unwrap_err();
    let found = segment(&file).unwrap();
    assert_eq!((found.reader, found.segments.len()), ("npy", 1));
    assert_eq!(found.note.unwrap(), format!("not npy: {error}"));
    error.to_string()
}

/// Gives why a file is opaque as a whole.
fn note(file: &[u8]) -> String {
    let found = segment_as(Format::Npy, &file).unwrap();
    assert_eq!(found, segment(&file).unwrap());
    assert_eq!(found.segments, [Segment::Opaque { offset: 0, len: file.len() as u64 }]);
    found.note.unwrap()
}

#[test]
fn arrays_cut_off() {
    let whole = file(&header("'<f4'", "False", "(2, 3)"), 24);
    let start = whole.len() - 24;
    for len in 6..start {
        assert_eq!(refuse(&whole[..len]), "NPY header is cut off", "{len}");
    }
    for len in start..whole.len() {
        let found = len - start;
        let expected = format!(
            "the array needs 24 bytes after its header, there are {found}; it is truncated"
        );
        assert_eq!(refuse(&whole[..len]), expected);
    }
}

#[test]
fn lengths_that_lie() {
    let mut long = file(&header("'<f4'", "False", "(2, 3)"), 24);
    long[8..10].copy_from_slice(&[0xff, 0xff]);
    assert_eq!(refuse(&long), "NPY header is cut off");
    long[6] = 3;
    long[8..12].copy_from_slice(&[0xff; 4]);
    assert_eq!(refuse(&long), "NPY header is cut off");
    let mut large = b"\x93NUMPY\x02\0\x01\0\x01\0".to_vec();
    large.resize(100_000, b' ');
    assert_eq!(note(&large), "the NPY header has 65537 bytes, the most read is 65536");
}

#[test]
fn sizes_that_cannot_be() {
    let most = u64::MAX;
    let overflow = refuse(&file(&header("'<f4'", "False", &format!("({most}, 2)")), 0));
    assert_eq!(overflow, format!("array: size of shape [{most}, 2] overflows"));
    let huge = refuse(&file(&header("'|u1'", "False", "(1152921504606846976,)"), 10));
    assert!(huge.starts_with("the array needs 1152921504606846976 bytes"), "{huge}");
}

#[test]
fn headers_that_are_none() {
    let wrong = "NPY header is no dictionary of descr, fortran_order and shape";
    assert_eq!(refuse(&file("{}", 0)), wrong);
    assert_eq!(refuse(&file("", 0)), "NPY header is not in Python's notation");
    // Brackets in brackets cost nothing here.
    let nested = format!("{{'shape': {}", "(".repeat(60_000));
    assert_eq!(refuse(&file(&nested, 0)), "NPY header has a shape that is no tuple of extents");
}

#[test]
fn other_versions_and_types_are_not_read() {
    let mut newer = file(&header("'<f4'", "False", "()"), 4);
    newer[6..8].copy_from_slice(&[4, 1]);
    assert_eq!(note(&newer), "NPY version 4.1");
    let records = header("[('a', '<i4')]", "False", "(1,)");
    assert_eq!(note(&file(&records, 4)), "the elements are records of several fields");
    let long = header(&format!("'{}'", "x".repeat(1000)), "False", "(1,)");
    assert!(note(&file(&long, 4)).len() < 200);
}

#[test]
fn orders_differ_only_where_two_extents_do() {
    for (shape, is_read) in
        [("()", true), ("(3,)", true), ("(1, 3, 1)", true), ("(3, 2)", false), ("(0, 2, 3)", false)]
    {
        let data = if shape.starts_with("(0") { 0 } else { 6 };
        let found = segment(&file(&header("'|i1'", "True", shape), data)).unwrap();
        assert_eq!(found.segments.len() > 1, is_read, "{shape}");
    }
}

#[test]
fn bytes_after_an_array_are_told_of() {
    let mut file = npy_header(Dtype::F32, &Shape::from([2])).unwrap();
    let start = file.len() as u64;
    file.resize(file.len() + 11, 0);
    let found = segment(&file).unwrap();
    assert_eq!(found.note.unwrap(), "3 bytes after the array are opaque");
    assert_eq!(found.segments[2], Segment::Opaque { offset: start + 8, len: 3 });
    let Segment::Tensor { name, .. } = &found.segments[1] else { panic!("a tensor") };
    assert_eq!(name, "array");
}

#[test]
fn other_files_under_the_name_are_refused() {
    for bytes in [b"\x93NUMP".as_slice(), b"text", b"\x80\x04K\x01."] {
        for format in [Format::Npy, Format::Npz] {
            let error = segment_as(format, &bytes).unwrap_err();
            let expected = format!("not {}: the file begins otherwise", format.name());
            assert_eq!(error.to_string(), expected);
        }
    }
    for format in [Format::Npy, Format::Npz, Format::Pytorch] {
        let error = segment_as(format, &b"".as_slice()).unwrap_err();
        assert_eq!(error.to_string(), format!("not {}: the file is empty", format.name()));
    }
}

#[test]
fn headers_are_those_of_numpy() {
    let header = npy_header(Dtype::F32, &Shape::from([2, 3])).unwrap();
    assert_eq!(header, include_bytes!("../data/matrix.npy")[..header.len()]);
    let header = npy_header(Dtype::F64, &Shape::default()).unwrap();
    assert_eq!(header, include_bytes!("../data/scalar.npy")[..header.len()]);
    let header = npy_header(Dtype::C64, &Shape::from([2])).unwrap();
    assert_eq!(header, include_bytes!("../data/complex.npy")[..header.len()]);
    assert_eq!(npy_header(Dtype::Bf16, &Shape::from([2])), None);
}
