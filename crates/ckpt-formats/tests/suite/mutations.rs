//! Files that were damaged in every way are segmented all the same, in memory that is bounded.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use crate::common::{adversarial, archive::archive};
use ckpt_formats::segment;
use ckpt_testkit::damage::Damage;
use ckpt_testkit::peak::peak;

/// Valid files of several sorts.
fn corpus() -> Vec<Vec<u8>> {
    let file = |header: &str, data: usize| {
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend_from_slice(header.as_bytes());
        file.resize(file.len() + data, 7);
        file
    };
    let one = |i: usize| {
        let (start, end) = (i * 8, i * 8 + 8);
        format!(r#""layer.{i}":{{"dtype":"F32","shape":[1,2],"data_offsets":[{start},{end}]}}"#)
    };
    let many: Vec<String> = (0..20).map(one).collect();
    vec![
        include_bytes!("../data/mixed.safetensors").to_vec(),
        include_bytes!("../data/empty.safetensors").to_vec(),
        file(
            r#"{"__metadata__":{"a":"b"},"w":{"dtype":"F4","shape":[6],"data_offsets":[0,3]}}"#,
            3,
        ),
        file(
            r#"{"s":{"dtype":"U64","shape":[],"data_offsets":[0,8]},"é\"":{"dtype":"BF16","shape":[0,9],"data_offsets":[8,8]}}  "#,
            8,
        ),
        file(&format!("{{{}}}", many.join(",")), 160),
    ]
}

#[test]
fn damaged_files_are_segmented_in_bounded_memory() {
    let (corpus, mut damage) = (corpus(), Damage::new(1));
    assert!(corpus.iter().all(|file| adversarial::segments(file)));
    // Found by a fuzzer: a header that does not begin with its brace.
    assert!(!adversarial::segments(b"\x08\0\0\0\0\0\0\0 {}     "));
    let mut understood = 0;
    for round in 0..4000 {
        for (i, file) in corpus.iter().enumerate() {
            let input = damage.mutate(file, &corpus[(i + round) % corpus.len()]);
            understood += usize::from(in_bounds(&input));
        }
    }
    // Some damage does no harm; if all or none did, this would test little.
    assert!((200..19_000).contains(&understood), "{understood} of 20000");
}

/// Bytes of memory for each byte of a file, where that is an instruction of a pickle: a value, its
/// place on the stack, and room to grow.
const PICKLE: usize = 128;

/// Segments a file, in memory that its length bounds; tells whether all of it was understood.
fn in_bounds(input: &[u8]) -> bool {
    let mut is_understood = false;
    let most = peak(|| is_understood = adversarial::segments(input));
    // What the header says, a few times over: names, shapes and what sorts them, twice.
    let bound = PICKLE * input.len() + 4096;
    assert!(most <= bound, "{most} bytes for {}", input.len());
    is_understood
}

/// The files of Python packages that are neither safetensors nor unreasonably large.
fn fixtures() -> Vec<Vec<u8>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let is_fixture = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("npy" | "npz" | "pt" | "pth" | "gguf"))
    };
    let paths = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths.filter(is_fixture).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn damaged_fixtures_are_segmented_in_bounded_memory() {
    let (corpus, mut damage) = (fixtures(), Damage::new(2));
    assert!(corpus.len() > 25);
    let mut understood = 0;
    for round in 0..300 {
        for (i, file) in corpus.iter().enumerate() {
            let input = damage.mutate(file, &corpus[(i + round) % corpus.len()]);
            understood += usize::from(in_bounds(&input));
        }
    }
    let total = 300 * corpus.len();
    assert!((total / 40..total / 2).contains(&understood), "{understood} of {total}");
}

#[test]
fn fixtures_cut_anywhere_are_segmented() {
    for file in fixtures() {
        for len in 0..file.len() {
            let is_padding = file[len..].iter().all(|&byte| byte == 0);
            let is_understood = adversarial::segments(&file[..len]);
            assert!(!is_understood || is_padding, "{len} of {}", file.len());
        }
    }
}

/// An archive's members.
type Members = Vec<(String, Vec<u8>)>;

fn unpack(file: Vec<u8>) -> Members {
    let mut members = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let count = members.len();
    let unpack = |index| {
        let mut member = members.by_index(index).unwrap();
        let mut content = Vec::new();
        member.read_to_end(&mut content).unwrap();
        (member.name().to_owned(), content)
    };
    (0..count).map(unpack).collect()
}

fn pack(members: &Members) -> Vec<u8> {
    let borrowed: Vec<(&str, &[u8])> =
        members.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    archive(&borrowed)
}

/// Damage inside members, in archives that are themselves whole.
#[test]
fn damaged_members_are_segmented_in_bounded_memory() {
    let archives = fixtures().into_iter().filter(|file| file.starts_with(b"PK\x03\x04"));
    let (archives, mut damage) = (archives.map(unpack).collect::<Vec<_>>(), Damage::new(3));
    assert!(archives.len() > 12);
    let mut understood = 0;
    for round in 0..400 {
        for members in &archives {
            let mut members = members.clone();
            // The first member is the pickle, or an array.
            let other = members[round % members.len()].1.clone();
            members[0].1 = damage.mutate(&members[0].1, &other);
            understood += usize::from(in_bounds(&pack(&members)));
        }
    }
    let total = 400 * archives.len();
    assert!((total / 20..total / 2).contains(&understood), "{understood} of {total}");
}

/// Pickles that make the most values of the fewest bytes.
#[test]
fn extreme_pickles_take_bounded_memory() {
    let patterns: [&[u8]; 12] = [
        b")",
        b"]",
        b"}",
        b"(",
        b"N",
        b"(t",
        b"]K\x01a",
        b"}K\x01K\x01s",
        b"K\x01q\x01",
        b"K\x01\x94",
        b"(K\x01tK\x01\x86",
        b"\x8c\0",
    ];
    for pattern in patterns {
        let many = pattern.repeat((1 << 20) / pattern.len());
        let pickle = [b"\x80\x02", many.as_slice(), b"."];
        let file = archive(&[("a/data.pkl", &pickle.concat())]);
        let most = peak(|| drop(segment(&file).unwrap()));
        assert!(most <= PICKLE * file.len(), "{most} bytes for {pattern:?}");
    }
}

/// Headers that describe the most tensors in the fewest bytes.
#[test]
fn many_small_tensors_take_bounded_memory() {
    let mut gguf = [b"GGUF\x03\0\0\0".as_slice(), &50_000u64.to_le_bytes(), &[0; 8]].concat();
    for index in 0..50_000u64 {
        let (name, offset) = (format!("{index:05}"), (index * 4).to_le_bytes());
        // No dimension, floats.
        gguf.extend([&5u64.to_le_bytes(), name.as_bytes(), &[0; 8], &offset].concat());
    }
    gguf.resize(gguf.len().next_multiple_of(32) + 200_000, 0);
    assert_eq!(segment(&gguf).unwrap().segments.len(), 50_001);
    let names: Vec<String> = (0..50_000).map(|index| format!("{index}.npy")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &[][..])).collect();
    for file in [gguf, archive(&members)] {
        let most = peak(|| drop(segment(&file).unwrap()));
        assert!(most <= PICKLE * file.len(), "{most} bytes for {}", file.len());
    }
}

#[test]
fn pickles_of_too_many_values_are_not_read() {
    for instruction in [b'N', b'(', b']'] {
        let pickle =
            [b"\x80\x02".to_vec(), vec![instruction; (1 << 22) + 1], b".".to_vec()].concat();
        let file = archive(&[("a/data.pkl", &pickle)]);
        let mut note = None;
        let most = peak(|| note = segment(&file).unwrap().note);
        assert_eq!(note.unwrap(), "data.pkl has more than 4194304 values, the most read");
        assert!(most < 300 << 20, "{most} bytes");
    }
}
