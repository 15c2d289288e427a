//! Tables that were damaged in every way are refused or read, in memory that is bounded.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use ckpt_data::{NpyRows, Table};
use ckpt_testkit::damage::Damage;
use ckpt_testkit::peak::peak;

use crate::common::adversarial;

/// The files of an extension beside these tests.
fn corpus(extension: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let of_kind = paths.into_iter().filter(|path| path.extension().is_some_and(|e| e == extension));
    of_kind.map(|path| fs::read(path).unwrap()).collect()
}

/// Bytes for buffers.
const BUFFERS: usize = 256 << 10;

/// Drives a reader with every file and mutations of it. It may take `times` the bytes of a file,
/// and `free` ones.
fn drive(extension: &str, rounds: usize, times: usize, free: usize, read: fn(&[u8]) -> bool) {
    let (corpus, mut damage) = (corpus(extension), Damage::new(2));
    assert!(corpus.len() > 1, "{extension}");
    let good = corpus.iter().filter(|file| read(file)).count();
    assert!(good > 0, "{extension}");
    let mut read_all_the_same = 0;
    for round in 0..rounds {
        for (i, file) in corpus.iter().enumerate() {
            let input = damage.mutate(file, &corpus[(i + round) % corpus.len()]);
            let mut is_table = false;
            let most = peak(|| is_table = read(&input));
            read_all_the_same += usize::from(is_table);
            let bound = times * input.len() + free;
            assert!(most <= bound, "{most} bytes for {} of {extension}", input.len());
        }
    }
    // Some damage does no harm; if all or none did, this would test little.
    let all = rounds * corpus.len();
    assert!(read_all_the_same > 0 && read_all_the_same < all, "{read_all_the_same} of {all}");
}

#[test]
fn damaged_csv_files_are_refused_or_read() {
    drive("csv", 5000, 64, BUFFERS, adversarial::csv);
}

#[test]
fn damaged_npy_files_are_refused_or_read() {
    drive("npy", 1000, 64, BUFFERS, adversarial::npy);
}

/// Where a damaged file can be read by rows, they are those of its table.
#[test]
fn rows_of_damaged_npy_files_are_refused_or_those_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input.npy");
    let (corpus, mut damage) = (corpus("npy"), Damage::new(3));
    let mut opened = 0;
    for round in 0..500 {
        for (i, file) in corpus.iter().enumerate() {
            let input = damage.mutate(file, &corpus[(i + round) % corpus.len()]);
            // A file that is written again may be brought to the disk first, which takes its time.
            let _ = fs::remove_file(&path);
            fs::write(&path, input).unwrap();
            let Ok(rows) = NpyRows::open(&path) else {
                continue;
            };
            opened += 1;
            let table = Table::read(&path).unwrap();
            assert_eq!((rows.rows(), rows.columns()), (table.rows(), table.columns().len()));
            assert_eq!(rows.id().unwrap(), table.id());
        }
    }
    assert!(opened > 100, "{opened}");
}

/// Deflated content is at most 1,032 times as long as what it is deflated to.
#[test]
fn damaged_npz_files_are_refused_or_read() {
    drive("npz", 1500, 8 * 1032, BUFFERS, adversarial::npz);
}

/// 16 MiB are free for what small files may hold, and again for a page and the decoders.
///
/// There is no fuzzer of it: libFuzzer ends at the first panic, caught or not, and the library that
/// reads the pages has some.
#[cfg(feature = "parquet")]
#[test]
fn damaged_parquet_files_are_refused_or_read() {
    drive("parquet", 1000, 2 * 1032, 48 << 20, |input| {
        adversarial::check(|| Table::read_parquet(input, "input.parquet"))
    });
}
