//! Files that were damaged in every way are segmented all the same, in memory that is bounded.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../fuzz/shared/damage.rs"]
mod damage;
#[path = "common/hostile.rs"]
mod hostile;
#[path = "../../../fuzz/shared/peak.rs"]
mod peak;

use std::fs;
use std::path::{Path, PathBuf};

use damage::Damage;
use peak::peak;

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
        include_bytes!("data/mixed.safetensors").to_vec(),
        include_bytes!("data/empty.safetensors").to_vec(),
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
    assert!(corpus.iter().all(|file| hostile::segments(file)));
    // Found by a fuzzer: a header that does not begin with its brace.
    assert!(!hostile::segments(b"\x08\0\0\0\0\0\0\0 {}     "));
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

/// Segments a file, in memory that its length bounds; tells whether all of it was understood.
fn in_bounds(input: &[u8]) -> bool {
    let mut is_understood = false;
    let most = peak(|| is_understood = hostile::segments(input));
    // What the header says, a few times over: names, shapes and what sorts them, twice. The
    // buffers for the ends of zip archives and for the headers of GGUF files are of one size.
    let bound = 64 * input.len() + 4096;
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
            let is_understood = hostile::segments(&file[..len]);
            assert!(!is_understood || is_padding, "{len} of {}", file.len());
        }
    }
}
