//! PyTorch files whose archive or pickle is broken, lies, or asks to run something.

use insta::assert_snapshot;

use super::{assert_refused_alone, kept_files, refused, refused_files, zip::Zip};
use crate::sandbox::Sandbox;

/// A file with this `data.pkl` and two storages of 8 bytes.
fn file(pickle: &[u8]) -> Zip {
    Zip::new(&[
        ("m/data.pkl", pickle),
        ("m/data/0", &[0; 8]),
        ("m/data/1", &[0; 8]),
        ("m/version", b"3\n"),
    ])
}

fn text(text: &str) -> Vec<u8> {
    let len = u32::try_from(text.len()).unwrap().to_le_bytes();
    [b"X", &len[..], text.as_bytes()].concat()
}

fn number(number: i32) -> Vec<u8> {
    [b"J", &number.to_le_bytes()[..]].concat()
}

/// A storage of f32, by its key and how many elements it is said to have.
fn storage(key: &str, len: i32) -> Vec<u8> {
    let (kind, key, place) = (text("storage"), text(key), text("cpu"));
    [b"(", &kind[..], b"ctorch\nFloatStorage\n", &key, &place, &number(len), b"tQ"].concat()
}

/// A tensor of one dimension in a storage.
fn tensor(storage: &[u8], [offset, size, stride]: [i32; 3]) -> Vec<u8> {
    let [offset, size, stride] = [offset, size, stride].map(number);
    let start = [b"ctorch._utils\n_rebuild_tensor_v2\n(", storage, &offset].concat();
    let extents = [b"(", &size[..], b"t(", &stride, b"t"].concat();
    [&start[..], &extents, b"\x89ccollections\nOrderedDict\n)RtR"].concat()
}

/// A state dict of some values, each pickled already.
fn state(values: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<u8> =
        values.iter().flat_map(|(name, value)| [text(name), value.clone()].concat()).collect();
    [b"\x80\x02}(", &items[..], b"u."].concat()
}

/// A state dict of the tensor "w".
fn with(storage: &[u8], extents: [i32; 3]) -> Vec<u8> {
    file(&state(&[("w", tensor(storage, extents))])).bytes
}

fn sound() -> Vec<u8> {
    state(&[("w", tensor(&storage("0", 2), [0, 2, 1]))])
}

#[test]
fn archives_that_end_too_early() {
    let zip = file(&sound());
    let cases = [
        ("all but one byte", zip.bytes[..zip.bytes.len() - 1].to_vec()),
        ("half", zip.bytes[..zip.bytes.len() / 2].to_vec()),
        ("members that overlap", zip.entry(2, 42, &[0; 4])),
        ("a member behind the end", zip.entry(0, 42, &[0, 0, 0, 0x40])),
    ];
    assert_snapshot!(refused_files("x.pt", &cases), @"
    all but one byte
    half
      error: x.pt: the zip archive has no end record; it is truncated
    members that overlap
      error: x.pt: member `m/data/1` begins inside another
    a member behind the end
      error: x.pt: member `m/data.pkl` begins beyond the archive's content
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
    assert_eq!(
        refused_files("x.pth", &cases),
        refused_files("x.pt", &cases).replace("x.pt:", "x.pth:")
    );
}

#[test]
fn pickles_that_are_broken() {
    let sound = sound();
    let pickle = |bytes: &[u8]| file(bytes).bytes;
    let cases = [
        ("nothing", pickle(b"")),
        ("no end", pickle(&sound[..sound.len() - 1])),
        ("an instruction that is cut off", pickle(&sound[..30])),
        ("a call with nothing on the stack", pickle(b"\x80\x02R.")),
        ("a text of 2 GiB", pickle(b"\x80\x02X\xff\xff\xff\x7fabc.")),
        ("bytes of all there can be", pickle(b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc.")),
        ("something that was never put aside", pickle(b"\x80\x02h\x05.")),
    ];
    assert_snapshot!(refused_files("x.pt", &cases), @"
    nothing
      error: x.pt: data.pkl, byte 0: ends within an instruction
    no end
      error: x.pt: data.pkl, byte 148: ends within an instruction
    an instruction that is cut off
      error: x.pt: data.pkl, byte 24: ends within an instruction
    a call with nothing on the stack
      error: x.pt: data.pkl, byte 3: takes from an empty stack
    a text of 2 GiB
      error: x.pt: data.pkl, byte 7: ends within an instruction
    bytes of all there can be
      error: x.pt: data.pkl, byte 11: ends within an instruction
    something that was never put aside
      error: x.pt: data.pkl, byte 4: fetches what was never put aside
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

#[test]
fn tensors_that_lie() {
    let cases = [
        ("a storage that is not there", with(&storage("7", 2), [0, 2, 1])),
        ("a storage that is elsewhere", with(&storage("../../x", 2), [0, 2, 1])),
        ("a storage that breaks the line", with(&storage("\x1b[31m\n", 2), [0, 2, 1])),
        ("a storage that is shorter", with(&storage("0", 1000), [0, 1000, 1])),
        ("a storage that is longer", with(&storage("0", 1), [0, 1, 1])),
        ("a tensor beyond its storage", with(&storage("0", 2), [1, 2, 1])),
        ("a tensor before its storage", with(&storage("0", 2), [-1, 2, 1])),
    ];
    assert_snapshot!(refused_files("x.pt", &cases), @r"
    a storage that is not there
      error: x.pt: member `data/7` is missing
    a storage that is elsewhere
      error: x.pt: member `data/../../x` is missing
    a storage that breaks the line
      error: x.pt: member `data/\u{1b}[31m\n` is missing
    a storage that is shorter
      error: x.pt: member `data/0` has 8 bytes where data.pkl says 1000 elements of 4
    a storage that is longer
      error: x.pt: member `data/0` has 8 bytes where data.pkl says 1 elements of 4
    a tensor beyond its storage
      error: x.pt: tensor `w` does not fit its storage: it ends beyond it
    a tensor before its storage
      error: x.pt: data.pkl, byte 147: calls a function with arguments that it does not take
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
}

/// A call of a global with one text, which nobody should make.
fn call(global: &str) -> Vec<u8> {
    [b"c", global.as_bytes(), b"\n", &text("touch made"), b"\x85R"].concat()
}

/// A file whose pickle holds one value.
fn holding(value: &[u8]) -> Vec<u8> {
    file(&[b"\x80\x04", value, b"."].concat()).bytes
}

#[test]
fn what_asks_for_more_than_data_is_kept_as_bytes_and_says_why() {
    let stacked = [&text("posix")[..], &text("system"), b"\x93", &text("touch made"), b"\x85R"];
    let cases = [
        ("a command", holding(&call("posix\nsystem"))),
        ("a command, named on the stack", holding(&stacked.concat())),
        ("a command as a tensor", file(&state(&[("w", call("posix\nsystem"))])).bytes),
        ("code", holding(&call("__builtin__\neval"))),
        ("a global that breaks the line", holding(&call("po\x1b[31m\nsys\x07"))),
        ("an old instruction", holding(b"(S'touch made'\niposix\nsystem\n")),
        ("an unknown instruction", holding(b"\xff")),
    ];
    assert_snapshot!(kept_files("x.pt", &cases), @r#"
    a command: [] "data.pkl uses the global posix.system"
    a command, named on the stack: [] "data.pkl uses the global posix.system"
    a command as a tensor: [] "data.pkl uses the global posix.system"
    code: [] "data.pkl uses the global __builtin__.eval"
    a global that breaks the line: [] "data.pkl uses the global po\\u{1b}[31m.sys\\u{7}"
    an old instruction: [] "data.pkl uses the pickle instruction 0x53"
    an unknown instruction: [] "data.pkl uses the pickle instruction 0xff"
    "#);
}

#[test]
fn what_takes_too_much_is_kept_as_bytes_and_says_why() {
    let (lists, ends) = (b"]".repeat(100_000), b"a".repeat(99_999));
    // Each tuple has the one before it three times.
    let tuples = (0..60).flat_map(|n| [b'(', b'h', n, b'h', n, b'h', n, b't', b'q', n + 1]);
    let tuples: Vec<u8> = b"]q\0".iter().copied().chain(tuples).collect();
    let twice = ["0", "1"].map(|key| ("w", tensor(&storage(key, 2), [0, 2, 1])));
    let cases = [
        ("lists in lists in lists", holding(&[lists, ends].concat())),
        ("3^60 lists", holding(&tuples)),
        ("2^30 elements in 8 bytes", with(&storage("0", 2), [0, 1 << 30, 0])),
        ("two tensors of one name", file(&state(&twice)).bytes),
        ("two pickles", Zip::new(&[("a/data.pkl", &sound()), ("b/data.pkl", &sound())]).bytes),
    ];
    assert_snapshot!(kept_files("x.pt", &cases), @r#"
    lists in lists in lists: [] "data.pkl nests containers too deeply"
    3^60 lists: [] "data.pkl repeats itself too often"
    2^30 elements in 8 bytes: [] "tensor `w` is opaque: not row-major (shape [1073741824], strides [0])"
    two tensors of one name: [] "two tensors would have the name `w`"
    two pickles: [] "not one data.pkl but several"
    "#);
}

#[test]
fn nothing_in_a_pickle_is_executed() {
    let sandbox = Sandbox::new();
    let made = sandbox.path("made");
    let command = text(&format!("touch '{}'", made.display()));
    sandbox.file("x.pt", holding(&[b"cposix\nsystem\n", &command[..], b"\x85R"].concat()));
    for line in ["commit x.pt", "verify", "compare HEAD HEAD", "restore HEAD -o back.pt"] {
        sandbox.ok(line);
    }
    let shown = sandbox.ok("show");
    assert!(shown.contains("posix.system"), "{shown}");
    assert_snapshot!(refused(&sandbox, "export HEAD -o out.npz"), @"
    error: there is nothing to export: the version has no tensors
    hint: `ckpt show REV` lists tensors
    [exit code 1]
    ");
    assert!(!made.exists());
    assert_eq!(sandbox.read("back.pt"), sandbox.read("x.pt"));
}

#[test]
fn what_is_no_archive_is_not_taken_for_one() {
    for path in ["x.pt", "x.pth"] {
        assert_refused_alone(path, b"");
    }
}
