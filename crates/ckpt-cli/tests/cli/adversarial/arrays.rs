//! NPY and NPZ files that are cut off, lie, or are not what their names say.

use insta::assert_snapshot;

use super::{assert_refused_alone, kept_files, refused_files, zip::Zip};

/// An NPY file of version 1 with this header.
fn npy(header: impl AsRef<[u8]>, data: &[u8]) -> Vec<u8> {
    let header = header.as_ref();
    let len = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\0", &len[..], header, data].concat()
}

/// An array of elements of some type, in a shape given in Python's notation, and 24 bytes of data.
fn array(descr: &str, shape: &str) -> Vec<u8> {
    npy(format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n"), &[0; 24])
}

fn sound() -> Vec<u8> {
    array("'<f4'", "(2, 3)")
}

#[test]
fn arrays_that_end_too_early() {
    let whole = sound();
    let cut = |len: usize| whole[..len].to_vec();
    let cases = [
        ("the magic number alone", cut(6)),
        ("a part of the header's length", cut(9)),
        ("a part of the header", cut(40)),
        ("all but one byte", cut(whole.len() - 1)),
        ("a header of 4 GiB", [b"\x93NUMPY\x02\0\xff\xff\xff\xff", &whole[10..]].concat()),
    ];
    assert_snapshot!(refused_files("x.npy", &cases), @"
    the magic number alone
    a part of the header's length
    a part of the header
      error: x.npy: NPY header is cut off
    all but one byte
      error: x.npy: the array needs 24 bytes after its header, there are 23; it is truncated
    a header of 4 GiB
      error: x.npy: NPY header is cut off
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn headers_of_arrays_that_lie() {
    let cases = [
        ("nothing", npy("", b"")),
        ("a list", npy("[1]\n", b"")),
        ("a program", npy("__import__('os').system('touch made')\n", b"")),
        ("bytes that are no text", npy(b"{'descr': '\xff'}\n", b"")),
        ("a key is missing", npy("{'descr': '<f4', 'shape': (1,), }\n", b"0000")),
        ("a key comes twice", npy("{'descr': '<f4', 'descr': '<f4', 'shape': (1,), }\n", b"0000")),
        (
            "a key too many",
            npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'a': 1}\n", b""),
        ),
        ("a negative shape", array("'<f4'", "(-6,)")),
        ("a shape of 2^64 elements", array("'<f4'", "(4611686018427387904, 4)")),
        ("a shape of 100 digits", array("'<f4'", &format!("({},)", "9".repeat(100)))),
        ("a larger shape", array("'<f4'", "(2, 4)")),
    ];
    assert_snapshot!(refused_files("x.npy", &cases), @"
    nothing
    a list
    a program
      error: x.npy: NPY header is not in Python's notation
    bytes that are no text
    a key is missing
    a key comes twice
    a key too many
      error: x.npy: NPY header is no dictionary of descr, fortran_order and shape
    a negative shape
      error: x.npy: NPY header has a shape that is no tuple of extents
    a shape of 2^64 elements
      error: x.npy: array: size of shape [4611686018427387904, 4] overflows
    a shape of 100 digits
      error: x.npy: NPY header has a shape that is no tuple of extents
    a larger shape
      error: x.npy: the array needs 32 bytes after its header, there are 24; it is truncated
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn arrays_that_are_kept_as_bytes_say_why() {
    let cases = [
        ("objects, which are a pickle", array("'|O'", "(1,)")),
        ("records", array("[('a', '<f4'), ('b', '<i4')]", "(3,)")),
        ("an unknown type", array("'<q9'", "(1,)")),
        ("a type that breaks the line", array("'<\x1b[31m\n'", "(1,)")),
        ("big-endian", array("'>f4'", "(6,)")),
        ("another version", [b"\x93NUMPY\x09\0", &sound()[8..]].concat()),
        ("more bytes than the array has", array("'<f4'", "(5,)")),
    ];
    assert_snapshot!(kept_files("x.npy", &cases), @r#"
    objects, which are a pickle: [] "elements of NumPy's type `|O`"
    records: [] "the elements are records of several fields"
    an unknown type: [] "elements of NumPy's type `<q9`"
    a type that breaks the line: [] "elements of NumPy's type `<\\u{1b}[31m\\n`"
    big-endian: [] "big-endian elements `>f4`"
    another version: [] "NPY version 9.0"
    more bytes than the array has: ["array"] "4 bytes after the array are opaque"
    "#);
}

/// An archive of two arrays.
fn pair() -> Zip {
    Zip::new(&[("a.npy", &sound()), ("b.npy", &sound())])
}

#[test]
fn archives_that_end_too_early_or_lie_about_their_directory() {
    let zip = pair();
    let cut = |len: usize| zip.bytes[..len].to_vec();
    let cases = [
        ("all but one byte", cut(zip.bytes.len() - 1)),
        ("no record at the end", cut(zip.end)),
        ("half", cut(zip.bytes.len() / 2)),
        ("three members in place of two", zip.end(8, &[3, 0, 3, 0])),
        ("65535 members", zip.end(8, &[0xff; 4])),
        ("a directory far behind the end", zip.end(16, &[0xf0, 0xff, 0xff, 0xff])),
        ("a directory of no length", zip.end(12, &[0; 4])),
    ];
    assert_snapshot!(refused_files("x.npz", &cases), @"
    all but one byte
    no record at the end
    half
      error: x.npz: the zip archive has no end record; it is truncated
    three members in place of two
    65535 members
      error: x.npz: the zip archive has more members than its directory can hold
    a directory far behind the end
    a directory of no length
      error: x.npz: the zip archive has a directory that does not end where the end record begins
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn members_that_are_not_where_or_what_they_are_said_to_be() {
    let zip = pair();
    let short = &sound()[..sound().len() - 1];
    let cases = [
        ("the second is where the first is", zip.entry(1, 42, &[0; 4])),
        ("one begins inside another", zip.entry(1, 42, &[40, 0, 0, 0])),
        ("one begins behind the end", zip.entry(0, 42, &[0, 0, 0, 0x40])),
        ("one is a gigabyte long", zip.entry(0, 20, &[0, 0, 0, 0x40, 0, 0, 0, 0x40])),
        ("another name at the member itself", zip.patched(30, b"z")),
        ("one name twice", Zip::new(&[("a.npy", &sound()), ("a.npy", &sound())]).bytes),
        ("an array that is cut off", Zip::new(&[("a.npy", short)]).bytes),
    ];
    assert_snapshot!(refused_files("x.npz", &cases), @"
    the second is where the first is
    one begins inside another
      error: x.npz: member `b.npy` begins inside another
    one begins behind the end
      error: x.npz: member `a.npy` begins beyond the archive's content
    one is a gigabyte long
      error: x.npz: member `a.npy` ends beyond the archive's content
    another name at the member itself
      error: x.npz: member `a.npy` has a local header that is not its own
    one name twice
      error: x.npz: member `a.npy` appears twice
    an array that is cut off
      error: x.npz: member `a.npy` is no array: the array needs 24 bytes after its header, there are 23; it is truncated
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn members_that_are_kept_as_bytes_say_why() {
    let zip = pair();
    let cases = [
        ("something else among arrays", Zip::new(&[("a.txt", b"hi"), ("b.npy", &sound())]).bytes),
        ("one that is encrypted", zip.entry(0, 8, &[1, 0])),
        ("one that is compressed", zip.entry(0, 10, &[8, 0])),
        (
            "names that lead elsewhere",
            Zip::new(&[("../../x.npy", &sound()), ("/etc/x.npy", &sound())]).bytes,
        ),
        ("a name that breaks the line", Zip::new(&[("a\x1b[31m\nb.npy", &sound())]).bytes),
    ];
    assert_snapshot!(kept_files("x.npz", &cases), @r#"
    something else among arrays: ["b"] "tensor `a.txt` is opaque: the member is no NPY file"
    one that is encrypted: ["b"] "tensor `a` is opaque: encrypted"
    one that is compressed: ["b"] "tensor `a` is opaque: compressed (savez_compressed)"
    names that lead elsewhere: ["../../x", "/etc/x"] null
    a name that breaks the line: ["a\u001b[31m\nb"] null
    "#);
}

#[test]
fn what_is_no_array_and_no_archive_is_not_taken_for_one() {
    for path in ["x.npy", "x.npz"] {
        assert_refused_alone(path, b"");
        assert_refused_alone(path, b"a text, and not what the name says");
    }
    assert_refused_alone("x.npz", &pair().bytes[10..]);
}
