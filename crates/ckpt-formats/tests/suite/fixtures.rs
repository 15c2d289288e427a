//! Files that Python packages wrote, against what those packages say is in them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ckpt_formats::{Format, Segment, Segmentation, segment, segment_as};
use ckpt_tensor::{Dtype, Shape};
use serde_json::Value;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// Dtype, shape and bytes by name.
type Tensors = BTreeMap<String, (Dtype, Shape, Vec<u8>)>;

/// Gives what Python says is in each file; tensors without bytes are those that cannot be read.
fn expected() -> BTreeMap<String, Tensors> {
    let mut files = BTreeMap::new();
    for name in ["expected.json", "expected_torch.json"] {
        let text = fs::read_to_string(data().join(name)).unwrap();
        let json: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(&text).unwrap();
        files.extend(json.into_iter().map(|(file, tensors)| {
            let tensors = tensors.into_iter().filter(|(_, tensor)| !tensor["hex"].is_null());
            (file, tensors.map(|(name, tensor)| (name, described(&tensor))).collect())
        }));
    }
    files
}

fn described(tensor: &Value) -> (Dtype, Shape, Vec<u8>) {
    let dims = tensor["shape"].as_array().unwrap().iter().map(|extent| extent.as_u64().unwrap());
    let digits = tensor["hex"].as_str().unwrap();
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    let bytes = (0..digits.len()).step_by(2).map(byte).collect();
    (tensor["dtype"].as_str().unwrap().parse().unwrap(), dims.collect(), bytes)
}

/// Gives the tensors that were found in a file, tied ones with their segment's bytes.
fn found(file: &[u8], segmentation: &Segmentation) -> Tensors {
    let mut end = 0;
    let mut tensors = Tensors::new();
    let bytes = |segment: &Segment| {
        file[segment.offset() as usize..][..segment.byte_len() as usize].to_vec()
    };
    for segment in &segmentation.segments {
        assert_eq!(segment.offset(), end);
        end += segment.byte_len();
        if let Segment::Tensor { name, dtype, shape, .. } = segment {
            tensors.insert(name.clone(), (*dtype, shape.clone(), bytes(segment)));
        }
    }
    assert_eq!(end, file.len() as u64);
    for tied in &segmentation.tied {
        let segment = &segmentation.segments[tied.segment];
        assert!(matches!(segment, Segment::Tensor { .. }));
        tensors.insert(tied.name.clone(), (tied.dtype, tied.shape.clone(), bytes(segment)));
    }
    tensors
}

/// Files with a note, and the note.
const NOTES: [(&str, &str); 18] = [
    ("big_endian.npy", "big-endian elements `>f4`"),
    ("compressed.npz", "2 tensors are opaque, first `b`: compressed (savez_compressed)"),
    ("dates.npy", "elements of NumPy's type `<M8[D]`"),
    ("dtypes.pt", "tensor `complex128` is opaque: dtype complex128"),
    ("fortran.npy", "the array is in Fortran order"),
    ("legacy.pt", "not pytorch: no zip archive (a legacy or other file)"),
    ("module.pt", "data.pkl uses the global torch.nn.modules.container.Sequential"),
    ("no_arrays.npz", "an archive without arrays"),
    ("object.npy", "elements of NumPy's type `|O`"),
    ("odds.pt", "tensor `array` is opaque: a NumPy array"),
    ("partly.npz", "tensor `kept` is opaque: the array is in Fortran order"),
    ("quantized.gguf", "3 tensors are quantized and opaque: Q8_0 2, Q4_0 1"),
    ("script.pt", "data.pkl uses the global __torch__.torch.nn.modules.container.Sequential"),
    (
        "strided.pt",
        "2 tensors are opaque, first `channels_last`: not row-major (shape [1, 2, 2, 4], strides \
         [16, 1, 8, 2])",
    ),
    ("structured.npy", "the elements are records of several fields"),
    ("text.npy", "elements of NumPy's type `<U2`"),
    ("views.pt", "2 tensors are opaque, first `odd`: not row-major (shape [6], strides [2])"),
    ("wide_complex.npy", "elements of NumPy's type `<c16`"),
];

#[test]
fn tensors_are_those_that_python_wrote() {
    let notes = BTreeMap::from(NOTES);
    for (name, mut tensors) in expected() {
        let file = fs::read(data().join(&name)).unwrap();
        let format = Format::from_path(Path::new(&name)).unwrap();
        let claimed = segment_as(format, &file).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(claimed.note.as_deref(), notes.get(name.as_str()).copied(), "{name}");
        assert_eq!(claimed.reader, format.name());
        if name == "views.pt" {
            // Shares a part of its bytes with the tensor `a`.
            tensors.remove("over");
        }
        assert_eq!(found(&file, &claimed), tensors, "{name}");
        if name != "no_arrays.npz" {
            assert_eq!(segment(&file).unwrap(), claimed, "{name}");
        }
    }
}

#[test]
fn tied_tensors_have_one_segment() {
    let file = fs::read(data().join("tied.pt")).unwrap();
    let found = segment(&file).unwrap();
    let Segment::Tensor { name, .. } = &found.segments[1] else { panic!("a tensor") };
    assert_eq!((found.segments.len(), name.as_str()), (3, "embed.weight"));
    let tied: Vec<_> = found.tied.iter().map(|tied| (tied.name.as_str(), tied.segment)).collect();
    assert_eq!(tied, [("flat", 1), ("lm_head.weight", 1)]);
    assert_eq!(found.tied[0].shape, Shape::from([4]));
}
