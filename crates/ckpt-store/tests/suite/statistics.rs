//! Tensors summed up through history, and what is kept of that.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{io, sync::Arc};

use crate::common::{draft, look, main_branch, one_thread, open, repository};
use ckpt_store::{
    Contents, GcOptions, Pattern, Repository, Role, Signature, Silent, Tensor, Version,
    VersionStatistics, disk::Disk,
};
use ckpt_tensor::Dtype;
use ckpt_testkit::disks::{MemDisk, SpyDisk, Step, counting};

const CACHE: &str = "cache/statistics";

fn commit(repo: &Repository, tensors: Vec<Tensor>) -> Version {
    let draft = draft(1.0).with_contents(Contents::Tensors(tensors));
    repo.commit(&main_branch(), &draft).unwrap().version
}

fn weights(name: &str, values: &[f64]) -> Tensor {
    Tensor::from_f64(name, Role::Weights, values)
}

/// Three versions: `w` moves twice, `fixed` never; and what they are on.
fn history() -> (MemDisk, Vec<Version>) {
    let (disk, repo) = repository();
    let version = |w: &[f64]| commit(&repo, vec![weights("fixed", &[7.0; 4]), weights("w", w)]);
    let versions = vec![
        version(&[3.0, 0.0, -4.0]),
        version(&[3.0, 0.0, -3.0]),
        version(&[3.0, f64::NAN, f64::INFINITY]),
    ];
    (disk, versions)
}

fn all() -> Vec<Pattern> {
    vec!["*".parse().unwrap()]
}

fn statistics(repo: &Repository, versions: &[Version]) -> Vec<VersionStatistics> {
    repo.statistics(versions, &all(), &Silent).unwrap()
}

/// The statistics as another process would give them, and the reads of packs that they take.
fn with_reads(disk: &MemDisk, versions: &[Version]) -> (Vec<VersionStatistics>, u64) {
    let (disk, counts) = counting(disk, "packs/");
    let repo = Repository::open_on(disk).unwrap();
    counts.take();
    let found = one_thread().install(|| statistics(&repo, versions));
    (found, counts.take().1)
}

#[test]
fn tensors_are_summed_up_with_their_updates() {
    let (disk, versions) = history();
    let found = statistics(&open(&disk), &versions);
    let w = |index: usize| found[index].tensors[1].clone();
    assert_eq!((w(0).name.as_str(), w(0).dtype, w(0).shape), ("w", Dtype::F64, vec![3]));
    let first = w(0).summary.unwrap();
    assert_eq!((first.l2, first.max_abs, first.zeros), (5.0, 4.0, 1));
    assert_eq!(w(0).update, None, "nothing came before");
    assert_eq!(w(1).update, Some(1.0 / 5.0));
    let last = w(2).summary.unwrap();
    assert_eq!((last.nan, last.inf, last.finite, last.l2), (1, 1, 1, 3.0));
    assert!(w(2).update.is_some_and(f64::is_nan), "two elements became no numbers");
    let fixed: Vec<_> = found.iter().map(|version| version.tensors[0].update).collect();
    assert_eq!(fixed, [None, Some(0.0), Some(0.0)]);
    // A range that starts later knows what came before it.
    let later = statistics(&open(&disk), &versions[1..]);
    assert_eq!(format!("{later:?}"), format!("{:?}", &found[1..]));
    let one = ["w".parse().unwrap()];
    let only = open(&disk).statistics(&versions, &one, &Silent).unwrap();
    assert!(only.iter().all(|version| version.tensors.len() == 1));
}

#[test]
fn the_second_time_no_tensor_is_read() {
    let (disk, versions) = history();
    let (first, cold) = with_reads(&disk, &versions);
    let (second, warm) = with_reads(&disk, &versions);
    assert_eq!(format!("{first:?}"), format!("{second:?}"), "NaN and all");
    // Lists of tensors alone: one for each version.
    let none = open(&disk).statistics(&versions, &[], &Silent).unwrap();
    assert!(none.iter().all(|version| version.tensors.is_empty()));
    let (disk, counts) = counting(&disk, "packs/");
    let repo = Repository::open_on(disk).unwrap();
    counts.take();
    one_thread().install(|| repo.statistics(&versions, &[], &Silent)).unwrap();
    assert_eq!(warm, counts.take().1);
    assert!(cold > warm, "{cold} reads, then {warm}");
}

#[test]
fn a_damaged_cache_is_as_good_as_none_and_written_again() {
    let (disk, versions) = history();
    let (good, cold) = with_reads(&disk, &versions);
    let bytes = look::read(&disk, CACHE);
    for damage in [
        |bytes: &mut Vec<u8>| bytes[100] ^= 1,
        |bytes: &mut Vec<u8>| bytes.truncate(200),
        |bytes: &mut Vec<u8>| bytes.clear(),
        |bytes: &mut Vec<u8>| bytes.extend([0; 1000]),
    ] {
        disk.corrupt(CACHE, damage).unwrap();
        let (again, reads) = with_reads(&disk, &versions);
        assert_eq!(format!("{again:?}"), format!("{good:?}"));
        assert_eq!(reads, cold, "nothing of it was used");
        assert_eq!(look::read(&disk, CACHE), bytes, "written again");
    }
    disk.remove(CACHE).unwrap();
    assert_eq!(with_reads(&disk, &versions).1, cold);
    assert_eq!(look::read(&disk, CACHE), bytes);
    assert!(open(&disk).verify(&Silent).unwrap().is_ok());
}

#[test]
fn a_repository_that_cannot_be_written_to_is_summed_up_all_the_same() {
    let (disk, versions) = history();
    let spy = SpyDisk::new(disk.clone(), |step, _| match step {
        Step::Create => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
        _ => Ok(()),
    });
    let found = statistics(&Repository::open_on(Arc::new(spy)).unwrap(), &versions);
    assert_eq!(disk.kind(CACHE).unwrap(), None);
    let writable = statistics(&open(&disk), &versions);
    assert_eq!(format!("{found:?}"), format!("{writable:?}"));
}

#[test]
fn of_removed_content_the_cache_tells() {
    let (disk, versions) = history();
    let remove = |version: &Version| {
        let signature = Signature::new("ada", 1_800_000_000_000);
        let gc = GcOptions::new(signature);
        open(&disk).remove_content(&[version.id], "too large", &gc).unwrap();
    };
    let known = statistics(&open(&disk), &versions);
    remove(&versions[0]);
    let after = statistics(&open(&disk), &versions);
    assert!(after[0].is_removed && !after[1].is_removed);
    assert_eq!(after[0].tensors, known[0].tensors);
    assert_eq!(after[1].tensors, known[1].tensors);
    disk.remove(CACHE).unwrap();
    let forgotten = statistics(&open(&disk), &versions);
    let [fixed, w] = &forgotten[0].tensors[..] else { panic!() };
    assert!(w.summary.is_none(), "nobody else has it");
    assert_eq!(fixed.summary, known[1].tensors[0].summary, "the next version has it too");
    assert_eq!(forgotten[1].tensors[1].update, None);
    assert_eq!(forgotten[1].tensors[1].summary, known[1].tensors[1].summary);
}

#[test]
fn a_tensor_that_changed_its_form_has_no_update() {
    let (_, repo) = repository();
    let a = commit(&repo, vec![weights("w", &[1.0, 2.0]), weights("cast", &[1.0])]);
    let cast = Tensor::new("cast", Dtype::F32, [1], Role::Weights, 2.0_f32.to_le_bytes());
    let packed = Tensor::new("six", Dtype::F6E2M3, [4], Role::Weights, vec![1, 2, 3]).unwrap();
    let b = commit(&repo, vec![weights("w", &[1.0]), cast.unwrap(), packed]);
    let found = statistics(&repo, &[a, b]);
    let updates: Vec<_> = found[1].tensors.iter().map(|tensor| tensor.update).collect();
    assert_eq!(updates, [Some(1.0), None, None], "a cast is measured in values");
    assert_eq!(found[1].tensors[1].summary, None, "F6 has no numbers");
}
