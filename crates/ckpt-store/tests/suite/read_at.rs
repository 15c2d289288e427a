//! Ranges of files and tensors: the bytes that a restore gives, from the blocks that they touch alone.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;

use crate::common::{
    configure, draft, look::packs, main_branch, one_thread, open, repository, signature,
};
use ckpt_hash::VersionId;
use ckpt_store::{
    Contents, Draft, Error, ErrorKind, GcOptions, InputFile, Repository, RestoreOptions, Role,
    Tensor,
    disk::{Disk, ReadAt},
};
use ckpt_tensor::Dtype;
use ckpt_testkit::disks::{CrashImage, MemDisk, counting};
use proptest::prelude::*;
use safetensors::{serialize, tensor::TensorView};

const LEAF: usize = 1 << 20;

/// Bytes that follow no pattern, so that none are stored twice.
fn noise(len: usize, mut seed: u64) -> Vec<u8> {
    let mut step = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as u8
    };
    (0..len).map(|_| step()).collect()
}

/// Commits a safetensors file of three tensors, of which one has several leaves, and an opaque file of
/// many chunks; returns the version and both files.
fn with_files(repo: &Repository) -> (VersionId, [(&'static str, Vec<u8>); 2]) {
    let tensors = [("a", noise(5, 1)), ("b", noise(3 * LEAF + 11, 2)), ("c", noise(LEAF, 3))];
    let view = |(name, bytes): &'static (&'static str, Vec<u8>)| {
        (*name, TensorView::new(safetensors::Dtype::U8, vec![bytes.len()], bytes).unwrap())
    };
    let tensors: &'static _ = Box::leak(Box::new(tensors));
    let weights = serialize(tensors.iter().map(view), None).unwrap();
    let files = [("w.safetensors", weights), ("log.bin", noise(2 * LEAF + 77, 4))];
    let input = |(path, bytes): &(&str, Vec<u8>)| {
        InputFile::new(*path, Box::new(bytes.clone()), None).unwrap()
    };
    let contents = Contents::Files(files.iter().map(input).collect());
    let made = repo.commit(&main_branch(), &Draft::new(contents, signature())).unwrap();
    (made.version.id, files)
}

/// Commits tensors from memory, one of them state; returns the version and what it restores to.
fn from_memory(repo: &Repository) -> (VersionId, Vec<(String, Vec<u8>)>) {
    let tensor = |name: &str, role, len, seed| {
        Tensor::new(name, Dtype::U8, [len as u64], role, noise(len, seed)).unwrap()
    };
    let tensors = vec![
        tensor("w", Role::Weights, 2 * LEAF + 3, 5),
        tensor("empty", Role::Weights, 0, 6),
        tensor("m", Role::State, 100, 7),
    ];
    let contents = Contents::Tensors(tensors);
    let version = repo.commit(&main_branch(), &Draft::new(contents, signature())).unwrap().version;
    let target = MemDisk::new();
    let options = RestoreOptions::default().with_state(true);
    let plan = repo.plan_restore(&version.record, &target, &options).unwrap();
    repo.apply_restore(&plan, &target).unwrap();
    let names = target.list("").unwrap();
    let read = |name: String| {
        let file = target.open(&name).unwrap();
        let mut bytes = vec![0; file.len().unwrap() as usize];
        file.read_at(0, &mut bytes).unwrap();
        (name, bytes)
    };
    (version.id, names.into_iter().map(read).collect())
}

fn range(source: &dyn ReadAt, start: usize, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0xaa; len];
    source.read_at(start as u64, &mut bytes)?;
    Ok(bytes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn ranges_are_those_of_the_whole(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 30),
    ) {
        let (_, repo) = repository();
        let (version, files) = with_files(&repo);
        let (memory, restored) = from_memory(&repo);
        prop_assert_eq!(restored.len(), 2);
        let files = files.into_iter().map(|(path, bytes)| (version, path.to_owned(), bytes));
        let restored = restored.into_iter().map(|(path, bytes)| (memory, path, bytes));
        for (version, path, whole) in files.chain(restored) {
            let file = repo.open_file(&version, &path).unwrap();
            prop_assert_eq!(file.len().unwrap(), whole.len() as u64);
            for (start, end) in &places {
                let (a, b) = (start.index(whole.len() + 1), end.index(whole.len() + 1));
                let (start, end) = (a.min(b), a.max(b));
                prop_assert!(range(&file, start, end - start).unwrap() == whole[start..end]);
            }
            let beyond = range(&file, whole.len(), 1).unwrap_err();
            prop_assert_eq!(beyond.kind(), io::ErrorKind::UnexpectedEof);
            let far = file.read_at(u64::MAX, &mut [0; 2]).unwrap_err();
            prop_assert_eq!(far.kind(), io::ErrorKind::UnexpectedEof);
        }
        let tensor = repo.open_tensor(&version, "b").unwrap();
        let whole = noise(3 * LEAF + 11, 2);
        for (start, end) in places {
            let (a, b) = (start.index(whole.len()), end.index(whole.len()));
            let (start, end) = (a.min(b), a.max(b));
            prop_assert!(range(&tensor, start, end - start).unwrap() == whole[start..end]);
        }
    }
}

#[test]
fn a_range_reads_the_blocks_that_it_touches() {
    let (disk, repo) = repository();
    let (version, _) = with_files(&repo);
    let (counted, counts) = counting(&disk, "packs/");
    let repo = Repository::open_on(counted).unwrap().with_block_cache(0);
    let tensor = repo.open_tensor(&version, "b").unwrap();
    let reads = |start, len| {
        counts.take();
        one_thread().install(|| range(&tensor, start, len)).unwrap();
        counts.take().1
    };
    // The list of leaves, once, and a block for each leaf of which there is a byte.
    assert_eq!(reads(10, 1), 1 + 1);
    assert_eq!(reads(10, 1), 1);
    assert_eq!(reads(LEAF - 1, 2), 2);
    assert_eq!(reads(LEAF, LEAF), 1);
    assert_eq!(reads(0, 3 * LEAF + 11), 4);
    assert_eq!(reads(3 * LEAF + 11, 0), 0);
    let file = repo.open_file(&version, "w.safetensors").unwrap();
    counts.take();
    one_thread().install(|| range(&file, 0, 8)).unwrap();
    assert_eq!(counts.take().1, 1, "the header is a block of its own");
}

#[test]
fn a_block_of_which_a_part_was_read_is_at_hand_for_the_next() {
    let (disk, repo) = repository();
    let (version, _) = with_files(&repo);
    let (counted, counts) = counting(&disk, "packs/");
    let repo = Repository::open_on(counted).unwrap();
    let tensor = repo.open_tensor(&version, "b").unwrap();
    range(&tensor, 0, 1000).unwrap();
    counts.take();
    (1..1000).for_each(|part| drop(range(&tensor, 1000 * part, 1000).unwrap()));
    assert_eq!(counts.take().1, 0);
}

#[test]
fn what_is_not_there_is_named() {
    let (_, repo) = repository();
    let (version, _) = with_files(&repo);
    let metrics =
        repo.commit(&main_branch(), &draft(1.0).with_contents(Contents::Nothing)).unwrap();
    for (id, path) in [(version, "w.txt"), (metrics.version.id, "model.safetensors")] {
        let error = repo.open_file(&id, path).unwrap_err();
        assert_eq!(error.to_string(), format!("version {} has no file {path:?}", id.short()));
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    let error = repo.open_tensor(&version, "x").unwrap_err();
    assert_eq!(error.to_string(), format!("version {} has no tensor \"x\"", version.short()));
    assert!(matches!(repo.open_tensor(&VersionId::of(b"x"), "b"), Err(Error::Missing(_))));
}

#[test]
fn damage_is_an_error_where_it_is_read_and_removed_content_says_so() {
    let (disk, repo) = repository();
    let (version, _) = with_files(&repo);
    // Blocks are written in the order of the content, behind a header of 32 bytes; the opaque file
    // comes first by its path.
    let damaged = disk.crash(CrashImage::Written);
    damaged.corrupt(&packs(&disk, "packs")[0], |bytes| bytes[100] ^= 1).unwrap();
    let damaged = open(&damaged);
    let file = damaged.open_file(&version, "log.bin").unwrap();
    let error = range(&file, 0, 10).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(error.to_string().contains("damaged"), "{error}");
    assert_eq!(range(&file, 2 * LEAF, 77).unwrap(), noise(2 * LEAF + 77, 4)[2 * LEAF..]);
    let (last, _) = from_memory(&repo);
    configure(&disk, "[trash]\ngrace = \"7d\"\n");
    repo.remove_content(&[version], "too large", &GcOptions::new(signature())).unwrap();
    assert!(matches!(repo.open_file(&version, "log.bin"), Err(Error::Removed(_))));
    assert!(repo.open_file(&last, "model.safetensors").is_ok());
}
