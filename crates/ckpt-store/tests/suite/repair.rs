//! Packs with damage are quarantined, and nothing else is lost by it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::{draft, main_branch, open, repository, signature};
use ckpt_hash::VersionId;
use ckpt_store::{
    Contents, Draft, RepairReport, Repository, Role, Signature, Silent, Tensor, disk::Disk,
};
use ckpt_testkit::disks::MemDisk;

/// A version of some blocks that differ little from those of other epochs.
fn large(epoch: u32) -> Draft {
    let value = |i: u32| (f64::from(i) * 0.7).sin() + f64::from(epoch) * 1e-9 * f64::from(i % 7);
    let values: Vec<f64> = (0..140_000).map(value).collect();
    let contents = Contents::Tensors(vec![Tensor::from_f64("w", Role::Weights, &values)]);
    draft(f64::from(epoch)).with_contents(contents)
}

fn repair(disk: &MemDisk) -> RepairReport {
    open(disk).repair(&signature(), &Silent).unwrap()
}

fn is_whole(repository: &Repository, id: &VersionId) -> bool {
    let record = repository.version(id).unwrap().record;
    let checkpoint = repository.checkpoint(&record).unwrap();
    checkpoint.tensors.iter().all(|tensor| repository.tensor_bytes(tensor).is_ok())
}

/// Commits three versions and returns the packs, each with its version, in order.
fn three() -> (MemDisk, Vec<(String, VersionId)>) {
    let (disk, repository) = repository();
    let mut known = Vec::new();
    let commit = |epoch| {
        let id = repository.commit(&main_branch(), &large(epoch)).unwrap().version.id;
        let packs = disk.list("packs").unwrap();
        let new = packs.into_iter().find(|pack| !known.contains(pack)).unwrap();
        known.push(new.clone());
        (format!("packs/{new}"), id)
    };
    let packs = (1..=3).map(commit).collect();
    (disk, packs)
}

#[test]
fn without_damage_nothing_changes() {
    let (disk, _) = three();
    let before = disk.list("packs").unwrap();
    let report = repair(&disk);
    assert!(report.found.is_ok() && report.left.is_ok());
    assert_eq!((report.set_aside, report.versions), (Vec::new(), Vec::new()));
    assert_eq!(disk.list("packs").unwrap(), before);
    assert_eq!(disk.list("trash").unwrap(), Vec::<String>::new());
}

#[test]
fn what_is_undamaged_is_kept_and_the_rest_can_be_committed_again() {
    // In the last version's pack, whose blocks no other one builds on.
    let (disk, packs) = three();
    let (path, id) = &packs[2];
    disk.corrupt(path, |bytes| bytes[40] ^= 1).unwrap();
    let report = repair(&disk);
    assert_eq!(report.set_aside, std::slice::from_ref(path));
    assert_eq!(report.versions, [*id]);
    let missing = report.left.damage.iter().all(|damage| damage.what == "it is missing");
    assert!(missing && !report.left.is_ok(), "{:?}", report.left.damage);
    let repository = open(&disk);
    assert!(is_whole(&repository, &packs[0].1) && is_whole(&repository, &packs[1].1));
    assert!(!is_whole(&repository, id));
    // The same content again makes it whole, though it is another version.
    repository.commit(&main_branch(), &large(3).with_message("again")).unwrap();
    assert!(is_whole(&open(&disk), id));
    assert!(repair(&disk).found.is_ok());
}

#[test]
fn what_builds_on_damage_lacks_it_too() {
    let (disk, packs) = three();
    disk.corrupt(&packs[0].0, |bytes| bytes[40] ^= 1).unwrap();
    let report = repair(&disk);
    let mut harmed: Vec<VersionId> = packs.iter().map(|(_, id)| *id).collect();
    harmed.sort();
    assert_eq!(report.versions, harmed);
    // History is whole, and goes on.
    let repository = open(&disk);
    assert_eq!(repository.log(packs[2].1).filter(Result::is_ok).count(), 3);
    for epoch in 1..=3 {
        repository.commit(&main_branch(), &large(epoch)).unwrap();
    }
    assert!(repair(&disk).left.is_ok());
}

#[test]
fn a_pack_that_cannot_be_opened_is_quarantined_and_restored_when_mended() {
    let (disk, packs) = three();
    let (path, id) = &packs[1];
    let mut whole = Vec::new();
    disk.corrupt(path, |bytes| {
        whole.clone_from(bytes);
        bytes.truncate(100);
    })
    .unwrap();
    let report = repair(&disk);
    assert_eq!(report.set_aside, std::slice::from_ref(path));
    assert!(disk.kind(path).unwrap().is_none());
    assert!(!report.left.is_ok());
    // Another process has a copy of the pack.
    let mut file = disk.create(path).unwrap();
    file.write_all(&whole).unwrap();
    drop(file);
    assert!(is_whole(&open(&disk), id));
    assert!(repair(&disk).found.is_ok());
}

#[test]
fn damage_that_another_copy_makes_up_for_harms_nobody() {
    let (disk, packs) = three();
    // The same content in another repository, whose pack has the same blocks under another name.
    let (other, _) = repository();
    open(&other).commit(&main_branch(), &large(3)).unwrap();
    let copy = format!("packs/{}", other.list("packs").unwrap()[0]);
    let mut bytes = Vec::new();
    other.corrupt(&copy, |copy| bytes.clone_from(copy)).unwrap();
    let mut file = disk.create(&copy).unwrap();
    file.write_all(&bytes).unwrap();
    drop(file);
    disk.corrupt(&packs[2].0, |bytes| bytes[40] ^= 1).unwrap();
    let report = repair(&disk);
    assert_eq!(report.set_aside, std::slice::from_ref(&packs[2].0));
    assert_eq!(report.versions, []);
    assert!(report.left.is_ok(), "{:?}", report.left.damage);
    assert!(is_whole(&open(&disk), &packs[2].1));
}

#[test]
fn a_repair_that_fails_sets_nothing_aside() {
    let (disk, packs) = three();
    disk.corrupt(&packs[2].0, |bytes| bytes[40] ^= 1).unwrap();
    let _writers = disk
        .lock("locks/mergers", ckpt_store::disk::LockMode::Exclusive, std::time::Duration::ZERO)
        .unwrap();
    let failed = open(&disk).repair(&Signature::new("", 0), &Silent).unwrap_err();
    assert!(matches!(failed, ckpt_store::Error::Locked { .. }), "{failed}");
    assert!(disk.kind(&packs[2].0).unwrap().is_some());
}
