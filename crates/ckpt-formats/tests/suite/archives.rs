//! Zip archives that contradict themselves, one test for each way, and unusual ones that do not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::archive::archive;
use ckpt_formats::{Format, ReadAt, Segment, Segmentation, npy_header, segment, segment_as};
use ckpt_tensor::{Dtype, Shape};

/// An array of three bytes.
fn array() -> Vec<u8> {
    let mut bytes = npy_header(Dtype::U8, &Shape::from([3])).unwrap();
    bytes.extend([1, 2, 3]);
    bytes
}

/// An archive of the arrays `a` and `b`.
fn two() -> Vec<u8> {
    archive(&[("a.npy", &array()), ("b.npy", &array())])
}

fn names(found: &Segmentation) -> Vec<&str> {
    let tensors = found.segments.iter().filter_map(|segment| match segment {
        Segment::Tensor { name, .. } => Some(name.as_str()),
        Segment::Opaque { .. } => None,
    });
    tensors.collect()
}

/// Refuses the file as NPZ and gives the message; without the claim it is kept whole.
fn refuse(file: &dyn ReadAt) -> String {
    let error = segment_as(Format::Npz, file).unwrap_err().to_string();
    let found = segment(file).unwrap();
    assert_eq!(found.segments, [Segment::Opaque { offset: 0, len: file.len().unwrap() }]);
    assert!(found.note.unwrap().ends_with(&error));
    error
}

/// Gives where the n-th record of a kind begins.
fn record(file: &[u8], kind: &[u8; 2], n: usize) -> usize {
    let signature = [b"PK", kind.as_slice()].concat();
    let places = file.windows(4).enumerate().filter(|(_, window)| *window == signature);
    places.map(|(place, _)| place).nth(n).unwrap()
}

/// Changes bytes in the n-th record of a kind.
fn patched(mut file: Vec<u8>, kind: &[u8; 2], n: usize, at: usize, bytes: &[u8]) -> Vec<u8> {
    let start = record(&file, kind, n) + at;
    file[start..start + bytes.len()].copy_from_slice(bytes);
    file
}

const LOCAL: &[u8; 2] = b"\x03\x04";
const ENTRY: &[u8; 2] = b"\x01\x02";
const END: &[u8; 2] = b"\x05\x06";

#[test]
fn whole_archives() {
    let found = segment(&two()).unwrap();
    assert_eq!((found.reader, names(&found), found.note.as_deref()), ("npz", vec!["a", "b"], None));
    let mut commented = patched(two(), END, 0, 20, &[9, 0]);
    commented.extend(b"a comment");
    assert_eq!(names(&segment(&commented).unwrap()), ["a", "b"]);
    // Local headers may leave lengths and checksums to the directory.
    let streamed = patched(
        two(),
        LOCAL,
        0,
        6,
        &[8, 0, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    );
    assert_eq!(names(&segment(&streamed).unwrap()), ["a", "b"]);
}

#[test]
fn archives_cut_off() {
    let file = two();
    for len in 4..file.len() {
        assert_eq!(
            refuse(&file[..len].to_vec()),
            "the zip archive has no end record; it is truncated"
        );
    }
    for junk in [b"\0".as_slice(), b"and more"] {
        let longer = [file.as_slice(), junk].concat();
        assert_eq!(refuse(&longer), "the zip archive has no end record; it is truncated");
    }
}

/// Whatever such a file is called, weights may be in it.
#[test]
fn archives_that_are_broken_are_no_files_of_unknown_formats() {
    let mut cut = two();
    cut.truncate(cut.len() - 30);
    let found = segment(&cut).unwrap();
    assert_eq!((found.reader, found.segments.len()), ("pytorch", 1));
    let note = "a zip archive that is broken: the zip archive has no end record; it is truncated";
    assert_eq!(found.note.unwrap(), note);
}

/// A directory of 40 MB, in an archive of PyTorch's or not.
#[test]
fn archives_whose_directory_is_not_read_are_no_files_of_unknown_formats() {
    let mut file = b"PK\x03\x04".to_vec();
    file.resize(40 << 20, 0);
    let end =
        [&b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..], &(file.len() as u32 - 4).to_le_bytes()].concat();
    file.extend([end.as_slice(), &[4, 0, 0, 0, 0, 0]].concat());
    let found = segment(&file).unwrap();
    assert_eq!((found.reader, found.segments.len()), ("pytorch", 1));
    let note = "the zip directory has 41943036 bytes, the most read is 33554432";
    assert_eq!(found.note.as_deref(), Some(note));
    assert_eq!(segment_as(Format::Pytorch, &file).unwrap(), found);
}

#[test]
fn directories_that_lie() {
    let end = |at, bytes: &[u8]| refuse(&patched(two(), END, 0, at, bytes));
    let elsewhere = "the zip archive has a directory that does not end where the end record begins";
    assert_eq!(end(16, &[0]), elsewhere);
    assert_eq!(end(16, &[0xff; 4]), elsewhere);
    assert_eq!(end(12, &[0]), elsewhere);
    let more = "the zip archive has more members than its directory can hold";
    assert_eq!(end(10, &[0xff, 0xff]), more);
    let cut = "the zip archive has a directory with an entry cut off";
    let few = "the zip archive has bytes in its directory that belong to no member";
    assert_eq!(end(10, &[1]), few);
    let entry = |n, at, bytes: &[u8]| refuse(&patched(two(), ENTRY, n, at, bytes));
    assert_eq!(entry(0, 0, b"X"), cut);
    assert_eq!(entry(1, 28, &[0xff, 0xff]), cut);
    assert_eq!(entry(1, 32, &[1]), cut);
    assert_eq!(entry(0, 30, &[1]), cut);
}

#[test]
fn members_that_are_not_where_they_should_be() {
    let entry = |n, at, bytes: &[u8]| refuse(&patched(two(), ENTRY, n, at, bytes));
    let second = record(&two(), LOCAL, 1) as u32;
    // Both entries of one member.
    assert_eq!(entry(1, 42, &[0; 4]), "member `b.npy` begins inside another");
    let foreign = "member `a.npy` has a local header that is not its own";
    assert_eq!(entry(0, 42, &1u32.to_le_bytes()), foreign);
    let inside = "member `a.npy` begins inside another";
    assert_eq!(entry(0, 42, &(second + 1).to_le_bytes()), inside);
    let beyond = "member `a.npy` begins beyond the archive's content";
    assert_eq!(entry(0, 42, &[0xff, 0xff, 0xff, 0x7f]), beyond);
    // Both lengths, since members are stored.
    let ends = "member `b.npy` ends beyond the archive's content";
    assert_eq!(entry(1, 20, &[0xff, 0, 0, 0, 0xff, 0, 0, 0]), ends);
    let overlap = entry(0, 20, &[0xff, 0, 0, 0, 0xff, 0, 0, 0]);
    assert_eq!(overlap, "member `b.npy` begins inside another");
    let sizes = entry(0, 20, &[1, 0, 0, 0, 2, 0, 0, 0]);
    assert_eq!(sizes, "member `a.npy` is stored in 1 bytes but has 2");
    let name = refuse(&patched(two(), LOCAL, 0, 30, b"c"));
    assert_eq!(name, foreign);
    let twice = archive(&[("a.npy", &array()), ("a.npy", &array())]);
    assert_eq!(refuse(&twice), "member `a.npy` appears twice");
}

/// Adds the records of 64-bit archives, with the directory's place and length as given.
fn with_end64(file: &[u8], locator: u64, count: u64, len: u64, start: u64) -> Vec<u8> {
    let at = record(file, END, 0);
    let mut end64 = b"PK\x06\x06".to_vec();
    end64.extend(44u64.to_le_bytes());
    end64.extend([0; 12]);
    end64.extend([count, count, len, start].map(u64::to_le_bytes).concat());
    end64.extend(b"PK\x06\x07\0\0\0\0");
    end64.extend(locator.to_le_bytes());
    end64.extend(1u32.to_le_bytes());
    [&file[..at], &end64, &file[at..]].concat()
}

#[test]
fn records_of_64_bits() {
    let file = two();
    let (start, at) = (record(&file, ENTRY, 0) as u64, record(&file, END, 0) as u64);
    let wide = |locator, count, len, start| with_end64(&file, locator, count, len, start);
    assert_eq!(names(&segment(&wide(at, 2, at - start, start)).unwrap()), ["a", "b"]);
    let outside = "the zip archive has a zip64 end record outside of the file";
    assert_eq!(refuse(&wide(u64::MAX, 2, at - start, start)), outside);
    assert_eq!(refuse(&wide(at + 1, 2, at - start, start)), outside);
    let missing = "the zip archive has no zip64 end record where it should be";
    assert_eq!(refuse(&wide(at - 1, 2, at - start, start)), missing);
    let elsewhere = "the zip archive has a directory that does not end where the end record begins";
    assert_eq!(refuse(&wide(at, 2, u64::MAX, start)), elsewhere);
    let more = "the zip archive has more members than its directory can hold";
    assert_eq!(refuse(&wide(at, u64::MAX, at - start, start)), more);
}

#[test]
fn sizes_of_64_bits_that_are_missing_are_taken_as_they_stand() {
    let ends = "member `b.npy` ends beyond the archive's content";
    assert_eq!(refuse(&patched(two(), ENTRY, 1, 20, &[0xff; 8])), ends);
}

#[test]
fn compressed_and_encrypted_members_stay_opaque() {
    let note = |file| segment(&file).unwrap().note.unwrap();
    let deflated = patched(two(), ENTRY, 0, 10, &[8]);
    let expected = "tensor `a` is opaque: compressed (savez_compressed)";
    assert_eq!(note(deflated), expected);
    assert_eq!(note(patched(two(), ENTRY, 0, 8, &[1])), "tensor `a` is opaque: encrypted");
}

#[test]
fn members_that_are_no_arrays() {
    let note = |members: &[(&str, &[u8])]| segment(&archive(members)).unwrap().note.unwrap();
    let array = array();
    let text = note(&[("a.npy", &array), ("b.txt", b"text"), ("c.npy", b"\x93NUMP")]);
    assert_eq!(text, "2 tensors are opaque, first `b.txt`: the member is no NPY file");
    let refuse = |content: &[u8]| refuse(&archive(&[("a.npy", content)]));
    let cut = refuse(&array[..array.len() - 1]);
    let expected = "member `a.npy` is no array: the array needs 3 bytes after its header, there \
                    are 2; it is truncated";
    assert_eq!(cut, expected);
    assert_eq!(refuse(&array[..100]), "member `a.npy` is no array: NPY header is cut off");
    assert_eq!(refuse(&array[..6]), "member `a.npy` is no array: NPY header is cut off");
}

/// An archive whose directory has many bytes, all of them zero.
struct Large(u64);

impl ReadAt for Large {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
        assert!(buf.len() < 100, "the directory is not read");
        buf.fill(0);
        if offset == 0 {
            let len = buf.len().min(4);
            buf[..len].copy_from_slice(&b"PK\x03\x04"[..len]);
        } else if offset == self.0 - 22 {
            buf[..4].copy_from_slice(b"PK\x05\x06");
            buf[12..16].copy_from_slice(&((self.0 - 26) as u32).to_le_bytes());
            buf[16] = 4;
        }
        Ok(())
    }

    fn len(&self) -> std::io::Result<u64> {
        Ok(self.0)
    }
}

#[test]
fn directories_over_the_limit_are_left_unread() {
    let found = segment_as(Format::Npz, &Large(1 << 26)).unwrap();
    let expected = "the zip directory has 67108838 bytes, the most read is 33554432";
    assert_eq!(found.note.unwrap(), expected);
}
