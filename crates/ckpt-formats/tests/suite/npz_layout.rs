//! NPZ files that this crate lays out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ckpt_formats::{Part, Segment, TensorMeta, npz_layout, segment};
use ckpt_tensor::{Dtype, Shape};
use proptest::prelude::*;

fn meta(name: &str, dtype: Dtype, shape: &[u64]) -> TensorMeta {
    TensorMeta { name: name.to_owned(), dtype, shape: Shape::from(shape) }
}

/// Writes a file whose tensors' bytes count from their index.
fn write(tensors: &[TensorMeta]) -> Vec<u8> {
    let data: Vec<Vec<u8>> = tensors
        .iter()
        .enumerate()
        .map(|(index, tensor)| {
            let len = tensor.shape.byte_len(tensor.dtype).unwrap();
            (0..len).map(|place| (place as usize + index) as u8).collect()
        })
        .collect();
    let crcs: Vec<u32> = data.iter().map(|bytes| crc32fast::hash(bytes)).collect();
    let layout = npz_layout(tensors, &crcs).unwrap();
    let mut file = Vec::new();
    for part in &layout.parts {
        match part {
            Part::Bytes(bytes) => file.extend_from_slice(bytes),
            Part::Tensor(index) => file.extend_from_slice(&data[*index]),
        }
    }
    assert_eq!(file.len() as u64, layout.file_len);
    file
}

#[test]
fn members_are_sorted_and_aligned() {
    let tensors =
        [meta("b", Dtype::F32, &[3]), meta("größe", Dtype::U8, &[]), meta("a", Dtype::I64, &[0])];
    let file = write(&tensors);
    let found = segment(&file).unwrap();
    assert_eq!((found.reader, &found.note), ("npz", &None));
    let mut names = Vec::new();
    for segment in &found.segments {
        if let Segment::Tensor { name, len, offset, .. } = segment {
            names.push(name.as_str());
            assert!(*len == 0 || offset.is_multiple_of(64), "{name} at {offset}");
        }
    }
    assert_eq!(names, ["a", "b", "größe"]);
    let mut shuffled = tensors.clone();
    shuffled.reverse();
    let header = |file: &[u8]| file[..64].to_vec();
    assert_eq!(header(&write(&shuffled)), header(&file));
}

#[test]
fn checksums_cover_header_and_elements() {
    use std::io::Read;
    let file = write(&[meta("w", Dtype::F16, &[5, 7]), meta("x/y", Dtype::C64, &[2])]);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(file)).unwrap();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).unwrap();
        assert_eq!(member.compression(), zip::CompressionMethod::Stored);
        // Reading to the end compares the checksum.
        member.read_to_end(&mut Vec::new()).unwrap();
    }
}

#[test]
fn no_layout_for_what_numpy_or_a_folder_cannot_hold() {
    let refuse = |tensors: &[TensorMeta]| {
        npz_layout(tensors, &vec![0; tensors.len()]).unwrap_err().to_string()
    };
    assert_eq!(refuse(&[meta("w", Dtype::Bf16, &[1])]), "tensor `w` is BF16, which NumPy lacks");
    let twice = [meta("w", Dtype::U8, &[1]), meta("w", Dtype::U8, &[2])];
    assert_eq!(refuse(&twice), "tensor `w` appears twice");
    for (name, problem) in [
        ("", "is empty"),
        ("a/../../b", "has `..` in it, which leaves the folder on extraction"),
        ("..", "has `..` in it, which leaves the folder on extraction"),
        ("/a", "is absolute, which leaves the folder on extraction"),
        ("C:a", "is absolute, which leaves the folder on extraction"),
        ("a\\b", "has a backslash, which is a separator on some systems"),
        ("a\nb", "has control characters"),
    ] {
        let message = refuse(&[meta(name, Dtype::U8, &[1])]);
        assert_eq!(message, format!("tensor name {name:?} {problem}"));
    }
    let long = "x".repeat(65_532);
    assert!(refuse(&[meta(&long, Dtype::U8, &[1])]).ends_with("is too long for a zip archive"));
    npz_layout(&[meta(&long[1..], Dtype::U8, &[1])], &[0]).unwrap();
    let huge = [meta("a", Dtype::U8, &[(1 << 61) - 1]), meta("b", Dtype::F64, &[1 << 61])];
    assert_eq!(refuse(&huge), "tensor `b`: size of shape [2305843009213693952] overflows");
    let many: Vec<TensorMeta> =
        (0..9).map(|i| meta(&i.to_string(), Dtype::U8, &[(1 << 61) - 1])).collect();
    assert_eq!(refuse(&many), "tensors overflow the file at `7`");
}

/// A file whose tensors read as zeros and take no memory.
struct Sparse {
    pieces: Vec<(u64, Vec<u8>)>,
    len: u64,
}

impl ckpt_formats::ReadAt for Sparse {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
        assert!(offset + buf.len() as u64 <= self.len);
        buf.fill(0);
        let end = offset + buf.len() as u64;
        let first = self.pieces.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
        for (start, bytes) in self.pieces[first..].iter().take_while(|piece| piece.0 < end) {
            let (from, to) = (offset.max(*start), end.min(start + bytes.len() as u64));
            if from < to {
                let piece = &bytes[(from - start) as usize..(to - start) as usize];
                buf[(from - offset) as usize..(to - offset) as usize].copy_from_slice(piece);
            }
        }
        Ok(())
    }

    fn len(&self) -> std::io::Result<u64> {
        Ok(self.len)
    }
}

/// Lays tensors out without their bytes.
fn sparse(tensors: &[TensorMeta]) -> Sparse {
    let layout = npz_layout(tensors, &vec![0; tensors.len()]).unwrap();
    let (mut pieces, mut at) = (Vec::new(), 0);
    for part in layout.parts {
        match part {
            Part::Bytes(bytes) => {
                let start = at;
                at += bytes.len() as u64;
                pieces.push((start, bytes));
            }
            Part::Tensor(index) => {
                at += tensors[index].shape.byte_len(tensors[index].dtype).unwrap();
            }
        }
    }
    assert_eq!(at, layout.file_len);
    Sparse { pieces, len: layout.file_len }
}

#[test]
fn members_and_places_beyond_32_bits() {
    let limit = u64::from(u32::MAX);
    for len in [limit - 200, limit - 128, limit - 127, limit, limit + 1] {
        let tensors = [meta("a", Dtype::U8, &[len]), meta("b", Dtype::F32, &[2])];
        let found = segment(&sparse(&tensors)).unwrap();
        assert_eq!(found.note, None);
        let lens: Vec<u64> = found.segments.iter().map(Segment::byte_len).collect();
        assert_eq!((lens.len(), lens[1], lens[3]), (5, len, 8), "{found:?}");
    }
}

#[test]
fn members_beyond_16_bits_of_count() {
    for count in [65_534, 65_535] {
        let tensors: Vec<_> =
            (0..count).map(|index| meta(&index.to_string(), Dtype::U8, &[1])).collect();
        let found = segment(&sparse(&tensors)).unwrap();
        let is_tensor = |segment: &&Segment| matches!(segment, Segment::Tensor { .. });
        assert_eq!(found.segments.iter().filter(is_tensor).count(), count);
    }
}

fn any_tensors() -> impl Strategy<Value = Vec<TensorMeta>> {
    let known: Vec<Dtype> = Dtype::ALL
        .iter()
        .copied()
        .filter(|dtype| ckpt_formats::npy_header(*dtype, &Shape::default()).is_some())
        .collect();
    let entry = (prop::sample::select(known), prop::collection::vec(0u64..4, 0..4));
    let name = "[a-zäß0-9._]{1,6}(/[a-z]{1,3})?".prop_filter("a name", |name| !name.contains(".."));
    prop::collection::btree_map(name, entry, 1..8).prop_map(|tensors| {
        tensors.into_iter().map(|(name, (dtype, shape))| meta(&name, dtype, &shape)).collect()
    })
}

proptest! {
    #[test]
    fn what_is_laid_out_is_found(tensors in any_tensors().prop_shuffle()) {
        let file = write(&tensors);
        let found = segment(&file).unwrap();
        prop_assert_eq!((found.reader, &found.note), ("npz", &None));
        let mut count = 0;
        for segment in &found.segments {
            let Segment::Tensor { name, dtype, shape, offset, len } = segment else { continue };
            let index = tensors.iter().position(|tensor| tensor.name == *name).unwrap();
            prop_assert_eq!((*dtype, shape), (tensors[index].dtype, &tensors[index].shape));
            let bytes = &file[*offset as usize..][..*len as usize];
            let expected: Vec<u8> = (0..*len).map(|at| (at as usize + index) as u8).collect();
            prop_assert_eq!(bytes, expected);
            count += 1;
        }
        prop_assert_eq!(count, tensors.len());
    }
}
