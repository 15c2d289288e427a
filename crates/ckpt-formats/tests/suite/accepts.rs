//! Files that are understood, and the files that this crate lays out.

use std::collections::BTreeMap;
use std::path::Path;

use crate::common::file;
use ckpt_formats::{
    Format, FormatError, ReadAt, Segment, TensorMeta, safetensors_layout, segment, segment_as,
};
use ckpt_tensor::{Dtype, Shape};
use proptest::prelude::*;

fn tensor(name: &str, dtype: Dtype, shape: &[u64], offset: u64, len: u64) -> Segment {
    Segment::Tensor { name: name.to_owned(), dtype, shape: Shape::from(shape), offset, len }
}

#[test]
fn a_file_written_by_the_python_package() {
    let bytes = include_bytes!("../data/mixed.safetensors");
    let found = segment(&bytes.as_slice()).unwrap();
    assert_eq!((found.reader, found.reader_version, &found.note), ("safetensors", 1, &None));
    assert_eq!(found.metadata, BTreeMap::from([("format".to_owned(), "np".to_owned())]));
    let start = found.segments[0].byte_len();
    assert_eq!(found.segments[0], Segment::Opaque { offset: 0, len: start });
    let expected = [
        tensor("step", Dtype::I64, &[], start, 8),
        tensor("nothing", Dtype::F64, &[0, 4], start + 8, 0),
        tensor("layer.weight", Dtype::F32, &[2, 3], start + 8, 24),
        tensor("layer.bias", Dtype::F16, &[2], start + 32, 4),
        tensor("größe \"q\"", Dtype::U8, &[2], start + 36, 2),
        tensor("mask", Dtype::Bool, &[3], start + 38, 3),
    ];
    assert_eq!(found.segments[1..], expected);

    let mut step = [0; 8];
    bytes.as_slice().read_at(start, &mut step).unwrap();
    assert_eq!(i64::from_le_bytes(step), 12);
}

#[test]
fn a_file_without_tensors() {
    let bytes = include_bytes!("../data/empty.safetensors").as_slice();
    let found = segment(&bytes).unwrap();
    assert_eq!(found.reader, "safetensors");
    assert_eq!(found.segments, [Segment::Opaque { offset: 0, len: bytes.len() as u64 }]);
}

#[test]
fn files_on_disk_read_like_bytes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mixed.safetensors");
    let on_disk = std::fs::File::open(&path).unwrap();
    let in_memory = std::fs::read(&path).unwrap();
    assert_eq!(segment(&on_disk).unwrap(), segment(&in_memory).unwrap());
    let error = on_disk.read_at(in_memory.len() as u64 - 1, &mut [0; 2]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn bytes_past_the_end_are_not_read() {
    let bytes = [1u8, 2, 3].as_slice();
    let mut buf = [0; 2];
    bytes.read_at(1, &mut buf).unwrap();
    assert_eq!(buf, [2, 3]);
    for offset in [2, 4, u64::MAX] {
        let error = bytes.read_at(offset, &mut buf).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    }
    bytes.read_at(3, &mut []).unwrap();
}

#[test]
fn other_files_are_opaque() {
    let source = b"int f() { return 0; }".as_slice();
    for bytes in [b"".as_slice(), b"text", b"a longer text that is no header at all", source] {
        let found = segment(&bytes).unwrap();
        assert_eq!(found.reader, "opaque");
        assert_eq!(found.note.as_deref(), Some("no known checkpoint format"));
        let len: u64 = found.segments.iter().map(Segment::byte_len).sum();
        assert_eq!(len, bytes.len() as u64);
    }
}

#[test]
fn the_extension_claims_the_format() {
    let claimed = |name: &str| Format::from_path(Path::new(name));
    assert_eq!(claimed("dir/model.safetensors"), Some(Format::Safetensors));
    assert_eq!(claimed("MODEL.SafeTensors"), Some(Format::Safetensors));
    assert_eq!(claimed("model.safetensors.index.json"), None);
    assert_eq!(claimed("safetensors"), None);
}

/// Headers of old writers: any order, no padding, white space, keys that say nothing here.
#[test]
fn unusual_headers_are_understood() {
    let header = r#" {"b":{"shape":[1],"extra":{"x":[1]},"data_offsets":[1,2],"dtype":"U8"},
        "__metadata__":null,"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}"#;
    let bytes = file(header, &[7, 8]);
    let found = segment_as(Format::Safetensors, &bytes).unwrap();
    let start = bytes.len() as u64 - 2;
    let expected =
        [tensor("a", Dtype::I8, &[1], start, 1), tensor("b", Dtype::U8, &[1], start + 1, 1)];
    assert_eq!(found.segments[1..], expected);
}

fn meta(name: &str, dtype: Dtype, shape: &[u64]) -> TensorMeta {
    TensorMeta { name: name.to_owned(), dtype, shape: Shape::from(shape) }
}

#[test]
fn the_canonical_header_is_fixed() {
    let tensors = [meta("b", Dtype::F32, &[2, 3]), meta("a\n", Dtype::Bool, &[3])];
    let metadata = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    let layout = safetensors_layout(&tensors, &metadata).unwrap();
    let json = concat!(
        r#"{"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"#,
        r#""a\n":{"dtype":"BOOL","shape":[3],"data_offsets":[24,27]}}"#,
        "    "
    );
    assert_eq!(layout.header, file(json, &[]));
    assert_eq!(json.len() % 8, 0);
    let start = layout.header.len() as u64;
    let placed: Vec<_> = layout.tensors.iter().map(|t| (t.index, t.offset, t.len)).collect();
    assert_eq!(placed, [(0, start, 24), (1, start + 24, 3)]);
    assert_eq!(layout.file_len, start + 27);
}

#[test]
fn no_layout_for_tensors_that_cannot_be_written() {
    let error = |tensors: &[TensorMeta]| {
        safetensors_layout(tensors, &BTreeMap::new()).unwrap_err().to_string()
    };
    let twice = [meta("a", Dtype::U8, &[1]), meta("a", Dtype::U8, &[2])];
    assert_eq!(error(&twice), "tensor `a` appears twice");
    let reserved = [meta("__metadata__", Dtype::U8, &[1])];
    assert_eq!(error(&reserved), "tensor name `__metadata__` is reserved");
    let narrow = [meta("a", Dtype::F4, &[3])];
    assert_eq!(error(&narrow), "tensor `a`: shape [3] of F4 does not end on a whole byte");
    let huge = [meta("a", Dtype::U8, &[1 << 60]), meta("b", Dtype::U8, &[1 << 60])];
    assert!(safetensors_layout(&huge, &BTreeMap::new()).is_ok());
    let overflow: Vec<_> =
        (0..9).map(|i| meta(&i.to_string(), Dtype::U8, &[(1 << 61) - 1])).collect();
    assert_eq!(error(&overflow), "tensors overflow the file at `8`");
    let long = BTreeMap::from([("k".to_owned(), "x".repeat(100_000_000))]);
    let error = safetensors_layout(&[], &long).unwrap_err();
    assert!(matches!(error, FormatError::HeaderTooLarge { .. }));
}

fn any_tensors() -> impl Strategy<Value = Vec<TensorMeta>> {
    let entry = (prop::sample::select(Dtype::ALL.to_vec()), prop::collection::vec(0u64..4, 0..4));
    prop::collection::btree_map(any::<String>(), entry, 0..8).prop_map(|tensors| {
        let metas = tensors.into_iter().map(|(name, (dtype, mut shape))| {
            // Four elements of any width fill whole bytes.
            shape.push(4);
            meta(&name, dtype, &shape)
        });
        metas.collect()
    })
}

proptest! {
    #[test]
    fn what_is_laid_out_is_found(
        tensors in any_tensors().prop_shuffle(),
        metadata in prop::collection::btree_map(any::<String>(), any::<String>(), 0..3),
    ) {
        let layout = safetensors_layout(&tensors, &metadata).unwrap();
        let mut bytes = layout.header.clone();
        bytes.resize(layout.file_len as usize, 0);
        let found = segment(&bytes).unwrap();
        prop_assert_eq!(found.note, None);
        prop_assert_eq!(&found.metadata, &metadata);
        let header = Segment::Opaque { offset: 0, len: layout.header.len() as u64 };
        let mut expected = vec![header];
        expected.extend(layout.tensors.iter().map(|placed| {
            let TensorMeta { name, dtype, shape } = &tensors[placed.index];
            tensor(name, *dtype, shape.dims(), placed.offset, placed.len)
        }));
        // Tensors without elements share their place with others; here only names order them.
        let by_place = |segment: &Segment| {
            let name = match segment {
                Segment::Tensor { name, .. } => name.clone(),
                Segment::Opaque { .. } => String::new(),
            };
            (segment.offset(), segment.offset() + segment.byte_len(), name)
        };
        expected.sort_by_key(by_place);
        prop_assert_eq!(found.segments, expected);

        let theirs = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        prop_assert_eq!(theirs.len(), tensors.len());
    }
}
