//! Archives of PyTorch that no fixture has: names, element types, views, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::archive::archive;
use crate::common::pickle::{Pickle, View};
use ckpt_formats::{Format, Segment, Segmentation, segment, segment_as};
use ckpt_tensor::Dtype;

/// An archive of a pickle and one storage of four floats.
fn file(pickle: Pickle) -> Vec<u8> {
    archive(&[("a/data.pkl", &pickle.end()), ("a/data/0", &[7; 16])])
}

fn read(pickle: Pickle) -> Segmentation {
    let file = file(pickle);
    let found = segment_as(Format::Pytorch, &file).unwrap();
    assert_eq!(segment(&file).unwrap(), found);
    found
}

/// Gives the names of the tensors, sorted.
fn names(pickle: Pickle) -> Vec<String> {
    let found = read(pickle);
    assert_eq!(found.note, None);
    let owner = |segment: Segment| match segment {
        Segment::Tensor { name, .. } => Some(name),
        Segment::Opaque { .. } => None,
    };
    let mut names: Vec<String> = found.segments.into_iter().filter_map(owner).collect();
    names.extend(found.tied.into_iter().map(|tied| tied.name));
    names.sort();
    names
}

/// Gives why a file is opaque as a whole.
fn note(pickle: Pickle) -> String {
    let found = read(pickle);
    assert_eq!((found.reader, found.segments.len()), ("pytorch", 1));
    found.note.unwrap()
}

/// Gives what contradicts the claim.
fn refuse(file: &[u8]) -> String {
    let error = segment_as(Format::Pytorch, &file).unwrap_err().to_string();
    let found = segment(&file).unwrap();
    assert_eq!(found.note.unwrap(), format!("not pytorch: {error}"));
    error
}

fn refuse_pickle(pickle: Pickle) -> String {
    refuse(&file(pickle))
}

#[test]
fn one_wrapper_is_left_out_of_names() {
    let wrappers =
        ["model", "model_state_dict", "state_dict", "net", "network", "module", "weights"];
    for key in wrappers {
        let pickle = Pickle::new().dict(|p| p.entries(key, &["a", "b.c"]).entry("x"));
        assert_eq!(names(pickle), ["a", "b.c", "x"], "{key}");
    }
    let bare = Pickle::new().dict(|p| p.entry("a").entry("b.c"));
    assert_eq!(names(bare), ["a", "b.c"]);
    let other = Pickle::new().dict(|p| p.entries("ema", &["a"]));
    assert_eq!(names(other), ["ema.a"]);
}

#[test]
fn wrappers_stay_where_leaving_them_out_says_less() {
    let both = Pickle::new().dict(|p| p.entries("model", &["a"]).entries("net", &["b"]));
    assert_eq!(names(both), ["model.a", "net.b"]);
    let empty = Pickle::new().dict(|p| p.entries("model", &["a"]).entries("net", &[]));
    assert_eq!(names(empty), ["a"]);
    let collision = Pickle::new().dict(|p| p.entries("model", &["a", "b"]).entry("a"));
    assert_eq!(names(collision), ["a", "model.a", "model.b"]);
    let tensor = Pickle::new().dict(|p| p.entry("model"));
    assert_eq!(names(tensor), ["model"]);
    let list =
        Pickle::new().dict(|p| p.text("weights").raw(b"]").tensor(("0", 4, 0, &[], &[])).raw(b"a"));
    assert_eq!(names(list), ["weights.0"]);
    let inner = Pickle::new().dict(|p| p.text("x").dict(|p| p.entries("model", &["a"])));
    assert_eq!(names(inner), ["x.model.a"]);
    let parallel = Pickle::new().dict(|p| p.entries("model", &["module.a"]));
    assert_eq!(names(parallel), ["module.a"]);
}

#[test]
fn names_are_keys_and_places() {
    let view = ("0", 4, 1, &[][..], &[][..]);
    let pickle = Pickle::new().dict(|p| {
        let p =
            p.text("s").dict(|p| p.raw(b"K\x05").tensor(view).raw(b"\x8a\x01\xff").tensor(view));
        p.text("l").raw(b"](N").tensor(view).raw(b"N").tensor(view).raw(b"\x86e")
    });
    // The list holds None, and a pair of two tensors made of what stood on the stack.
    let pickle = names(pickle);
    assert_eq!(pickle, ["l.1", "l.2.1", "s.-1", "s.5"]);
    assert_eq!(names(Pickle::new().tensor(view)), ["tensor"]);
    assert_eq!(names(Pickle::new().raw(b"](").tensor(view).tensor(view).raw(b"e")), ["0", "1"]);
}

#[test]
fn tensors_without_a_name_of_their_own_leave_the_file_opaque() {
    let twice = Pickle::new().dict(|p| p.entries("a", &["b"]).entry("a.b"));
    assert_eq!(note(twice), "two tensors would have the name `a.b`");
    let view = ("0", 4, 0, &[][..], &[][..]);
    let pair = Pickle::new().dict(|p| p.raw(b"K\x01K\x02\x86").tensor(view));
    assert_eq!(note(pair), "a tensor's key is neither text nor an integer");
    let broken_text = Pickle::new().dict(|p| p.raw(b"X\x01\0\0\0\xff").tensor(view));
    assert_eq!(note(broken_text), "a tensor's key is neither text nor an integer");
    let harmless = Pickle::new().dict(|p| p.raw(b"K\x01K\x02\x86]").entry("a"));
    assert_eq!(names(harmless), ["a"]);
}

/// A tensor as PyTorch 2 saves those whose storages have no class of their own.
fn version_3(dtype: &str, count: u32) -> Pickle {
    let call = Pickle::new().global("torch._utils", "_rebuild_tensor_v3").raw(b"(");
    let call = call.storage(("torch.storage", "UntypedStorage"), "0", 16).int(0);
    let size = [b"J".as_slice(), &count.to_le_bytes(), b"\x85"].concat();
    let call =
        call.raw(&size).raw(b"K\x01\x85\x89").global("collections", "OrderedDict").raw(b")R");
    call.global("torch", dtype).raw(b"}tR")
}

#[test]
fn storages_of_bytes_have_the_dtype_beside_them() {
    for (dtype, count, expected) in [
        ("float8_e4m3fn", 16, Dtype::F8E4M3),
        ("float8_e5m2", 16, Dtype::F8E5M2),
        ("uint16", 8, Dtype::U16),
        ("uint64", 2, Dtype::U64),
    ] {
        let found = read(version_3(dtype, count));
        assert_eq!(found.note, None);
        let Segment::Tensor { dtype, len, .. } = found.segments[1] else { panic!("a tensor") };
        assert_eq!((dtype, len), (expected, 16));
    }
    let unknown = read(version_3("float4_e2m1fn_x2", 16));
    assert_eq!(unknown.note.unwrap(), "tensor `tensor` is opaque: dtype float4_e2m1fn_x2");
    let long = refuse_pickle(version_3("uint16", 9));
    assert_eq!(long, "tensor `tensor` does not fit its storage: it ends beyond it");
}

#[test]
fn tensors_with_attributes_are_read() {
    let start = Pickle::new().global("torch._tensor", "_rebuild_from_type_v2");
    let start = start.raw(b"(").global("torch._utils", "_rebuild_tensor_v2");
    let start = start.global("torch.nn.parameter", "Parameter").raw(b"(");
    let inner =
        start.storage(("torch", "FloatStorage"), "0", 4).raw(b"K\0K\x04\x85K\x01\x85\x89Nt");
    assert_eq!(names(inner.raw(b"}tR")), ["tensor"]);
}

/// PyTorch 2 says beside a view whether its numbers are to be conjugated or negated.
#[test]
fn views_that_say_more_than_their_bytes_are_not_read() {
    let with = |metadata: &[u8]| {
        let call = Pickle::new().global("torch._utils", "_rebuild_tensor_v2").raw(b"(");
        let call = call.storage(("torch", "FloatStorage"), "0", 4);
        read(call.raw(b"K\0K\x04\x85K\x01\x85\x89N").raw(metadata).raw(b"tR")).note
    };
    let why = "tensor `tensor` is opaque: PyTorch conjugates or negates its bytes on loading";
    assert_eq!(with(b"}X\x04\0\0\0conj\x88s").unwrap(), why);
    assert_eq!(with(b"K\x01").unwrap(), why);
    assert_eq!([with(b""), with(b"}"), with(b"N")], [None, None, None]);
}

#[test]
fn byte_orders() {
    let pickle = Pickle::new().entries_alone();
    let with = |order: &[u8]| {
        archive(&[("a/data.pkl", &pickle), ("a/byteorder", order), ("a/data/0", &[7; 16])])
    };
    let little = segment_as(Format::Pytorch, &with(b"little")).unwrap();
    assert_eq!((little.note, little.segments.len()), (None, 3));
    let big = segment_as(Format::Pytorch, &with(b"big")).unwrap();
    assert_eq!(big.note.unwrap(), "the storages are big-endian");
    let other = refuse(&with(b"middle\n"));
    assert_eq!(other, "member `byteorder` is `middle\\n`, neither little nor big");
}

impl Pickle {
    /// A dictionary of one tensor.
    fn entries_alone(self) -> Vec<u8> {
        self.dict(|pickle| pickle.entry("w")).end()
    }
}

#[test]
fn names_that_no_state_dict_has_leave_the_file_opaque() {
    for (module, name) in [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("__builtin__", "getattr"),
        ("torch", "load"),
        ("torch._utils", "_rebuild_qtensor"),
        ("numpy", "load"),
        ("argparse", "Namespace"),
        ("torch", "Size.x"),
    ] {
        let pickle = Pickle::new().global(module, name).text("touch x").raw(b"\x85R");
        assert_eq!(note(pickle), format!("data.pkl uses the global {module}.{name}"));
    }
    let stacked = Pickle::new().text("os").text("system").raw(b"\x93");
    assert_eq!(note(stacked), "data.pkl uses the global os.system");
    let adversarial = note(Pickle::new().global("a\x1b[2J", &"x".repeat(9999)));
    assert!(adversarial.starts_with("data.pkl uses the global a\\u{1b}[2J.xxx"), "{adversarial}");
    assert!(adversarial.len() < 300, "{}", adversarial.len());
    for opcode in [b'i', b'o', b'P', b'S', b'L', 0x81, 0x82, 0x92, 0x97, 0xff] {
        let expected = format!("data.pkl uses the pickle instruction 0x{opcode:02x}");
        assert_eq!(note(Pickle::new().raw(&[opcode])), expected);
    }
    assert_eq!(note(Pickle(b"\x80\x06N".to_vec())), "data.pkl has protocol 6");
    let state = note(Pickle::new().tensor(("0", 4, 0, &[4], &[1])).raw(b"}b"));
    assert_eq!(state, "data.pkl sets the state of a tensor");
    let foreign = note(Pickle::new().text("x").raw(b"Q"));
    assert_eq!(foreign, "data.pkl refers to something outside of it that is no storage");
}

#[test]
fn pickles_that_are_none() {
    for (instructions, problem) in [
        (&b""[..], "byte 3: takes from an empty stack"),
        (b"K", "byte 4: ends within an instruction"),
        (b"X\xff\0\0\0abc", "byte 7: ends within an instruction"),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc", "byte 11: ends within an instruction"),
        (b"\x8b\xff\xff\xff\xffabc", "byte 7: ends within an instruction"),
        (b"cno line", "byte 3: ends within an instruction"),
        (b"t", "byte 3: returns to a mark never set"),
        (b"K\x01\x86", "byte 5: takes from an empty stack"),
        (b"K\x01(\x85", "byte 6: takes from an empty stack"),
        (b"K\x01(0", "byte 6: takes from an empty stack"),
        (b"h\0", "byte 4: fetches what was never put aside"),
        (b"j\xff\xff\xff\xff", "byte 7: fetches what was never put aside"),
        (b"K\x01q\0h\x01", "byte 8: fetches what was never put aside"),
        (b"K\x01K\x02a", "byte 7: adds items to what cannot hold them"),
        (b"]K\x01K\x02s", "byte 8: adds items to what cannot hold them"),
        (b"}(K\x01u", "byte 7: adds items to what cannot hold them"),
        (b"K\x01K\x02R", "byte 7: calls what is no function"),
        (b"ctorch\nSize\nK\x01R", "byte 17: calls with what are no arguments"),
        (b"ctorch\nSize\n)R", "byte 16: calls a function with arguments that it does not take"),
        (b"ctorch\nfloat32\n)R", "byte 19: calls a function with arguments that it does not take"),
        (b"K\x01K\x02\x93", "byte 7: names no global"),
        (b"K\x01K\x02b", "byte 7: sets attributes of what has none"),
    ] {
        let expected = format!("data.pkl, {problem}");
        assert_eq!(refuse_pickle(Pickle::new().raw(instructions)), expected);
    }
}

#[test]
fn storages_that_the_archive_does_not_have() {
    let tensor = |view: View<'_>| refuse_pickle(Pickle::new().tensor(view));
    assert_eq!(tensor(("1", 4, 0, &[1], &[1])), "member `data/1` is missing");
    let short = tensor(("0", 5, 0, &[1], &[1]));
    assert_eq!(short, "member `data/0` has 16 bytes where data.pkl says 5 elements of 4");
    let whole = "tensor `tensor` does not fit its storage: ";
    assert_eq!(tensor(("0", 4, 0, &[5], &[1])), format!("{whole}it ends beyond it"));
    assert_eq!(tensor(("0", 4, 3, &[2], &[1])), format!("{whole}it ends beyond it"));
    assert_eq!(tensor(("0", 4, 4, &[], &[])), format!("{whole}it ends beyond it"));
    assert_eq!(tensor(("0", 4, 0, &[2], &[4])), format!("{whole}it ends beyond it"));
    let most = i32::MAX as u32;
    let overflow = tensor(("0", 4, most, &[most], &[most]));
    assert_eq!(overflow, format!("{whole}it ends beyond it"));
    let overflow = tensor(("0", 4, 0, &[most; 3], &[0; 3]));
    assert!(overflow.ends_with("overflows"), "{overflow}");
    let rank = tensor(("0", 4, 0, &[1, 1], &[1]));
    assert_eq!(rank, format!("{whole}it has not as many strides as extents"));
    let negative = refuse_pickle(Pickle::new().tensor(("0", 4, u32::MAX, &[1], &[1])));
    assert!(negative.ends_with("calls a function with arguments that it does not take"));
    let deep = note(Pickle::new().tensor(("0", 4, 0, &[1; 65], &[1; 65])));
    assert_eq!(deep, "a tensor has more than 64 dimensions");
}

#[test]
fn views_that_repeat_elements_are_not_read() {
    let found = read(Pickle::new().tensor(("0", 4, 0, &[1000, 2], &[0, 1])));
    let expected = "tensor `tensor` is opaque: not row-major (shape [1000, 2], strides [0, 1])";
    assert_eq!(found.note.unwrap(), expected);
}

#[test]
fn structures_beyond_all_measure() {
    let view = ("0", 4, 0, &[][..], &[][..]);
    let nested = |depth: usize| {
        let start = Pickle::new().raw(&b"]".repeat(depth)).tensor(view);
        start.raw(&b"a".repeat(depth))
    };
    assert_eq!(names(nested(64)).len(), 1);
    assert_eq!(note(nested(65)), "data.pkl nests containers too deeply");
    assert_eq!(note(nested(100_000)), "data.pkl nests containers too deeply");
    // A list that holds itself.
    let circle = Pickle::new().raw(b"]q\0h\0a");
    assert_eq!(note(circle), "data.pkl repeats itself too often");
    // Each list holds the one before it ten times.
    let laughs = (0..20).fold(Pickle::new().raw(b"]q\0").tensor(view).raw(b"a"), |pickle, _| {
        pickle.raw(b"0](").raw(&b"h\0".repeat(10)).raw(b"eq\0")
    });
    assert_eq!(note(laughs), "data.pkl repeats itself too often");
    // One long key for many tensors.
    let key = "k".repeat(10_000);
    let long = Pickle::new().text(&key).raw(b"q\x010}(h\x01}(");
    let long = (0..100).fold(long, |pickle, number| pickle.int(number).entry_value());
    assert_eq!(note(long.raw(b"uu")), "data.pkl repeats itself too often");
}

/// Two lists: the outer has the inner again and again, and that has one tensor. Bytes before them
/// allow for many visits.
fn repeated(before: usize, outer: usize, inner: usize, rank: usize) -> Pickle {
    let start = Pickle::new().text(&"x".repeat(before)).raw(b"0");
    let list =
        start.raw(b"]q\0(").tensor(("0", 4, 0, &vec![1; rank], &vec![1; rank])).raw(b"q\x01");
    let list = list.raw(&b"h\x01".repeat(inner - 1)).raw(b"e0](");
    list.raw(&b"h\0".repeat(outer)).raw(b"e")
}

#[test]
fn tensors_without_number_leave_the_file_opaque() {
    assert_eq!(names(repeated(0, 10, 10, 2)).len(), 100);
    let most = repeated(500_000, 256, 1024, 0);
    assert_eq!(names(most).len(), 1 << 18);
    let more = repeated(500_000, 257, 1024, 0);
    assert_eq!(note(more), "more than 262144 tensors, the most read");
    // Few enough, and their shapes are longer than all that is in the file.
    let wide = repeated(100_000, 10, 1000, 64);
    assert_eq!(note(wide), "data.pkl repeats itself too often");
    assert_eq!(names(repeated(100_000, 10, 1000, 1)).len(), 10_000);
}

impl Pickle {
    fn entry_value(self) -> Self {
        self.tensor(("0", 4, 0, &[1], &[1]))
    }
}

#[test]
fn files_from_before_the_archives_are_told_by_their_beginning() {
    let legacy =
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.".to_vec();
    let found = segment(&legacy).unwrap();
    assert_eq!((found.reader, found.segments.len()), ("pytorch", 1));
    assert_eq!(found.note.unwrap(), "not pytorch: no zip archive (a legacy or other file)");
    let other_pickle = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x21\x6a\xa8\x50\x19.".to_vec();
    assert_eq!(segment(&other_pickle).unwrap().reader, "opaque");
    assert_eq!(segment(&legacy[..9].to_vec()).unwrap().reader, "opaque");
}

#[test]
fn archives_that_are_no_checkpoints() {
    let other = archive(&[("word/document.xml", b"<x/>")]);
    let found = segment(&other).unwrap();
    assert_eq!(
        (found.reader, found.note.as_deref()),
        ("opaque", Some("no known checkpoint format"))
    );
    let claimed = segment_as(Format::Pytorch, &other).unwrap();
    assert_eq!(claimed.note.unwrap(), "not pytorch: no data.pkl in the zip archive");
    let claimed = segment_as(Format::Npz, &other).unwrap();
    assert_eq!(claimed.note.unwrap(), "not npz: no array in the zip archive");
    let two = archive(&[("a/data.pkl", b"\x80\x02N."), ("b/data.pkl", b"\x80\x02N.")]);
    assert_eq!(segment(&two).unwrap().note.unwrap(), "not one data.pkl but several");
    let none = archive(&[("a/data.pkl", b"\x80\x02N.")]);
    let found = segment(&none).unwrap();
    assert_eq!((found.reader, found.note, found.segments.len()), ("pytorch", None, 1));
}
