//! Versions go from one repository to another as packs: what one side lacks and no more, read whole
//! before it is seen, wherever the power fails.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    io::ErrorKind,
    sync::Arc,
};

use crate::common::{
    configure, draft,
    look::{check_depths, packs, read},
    main_branch, open, repository, signature,
};
use ckpt_hash::VersionId;
use ckpt_store::{
    Adopted, Contents, Draft, Error, GcOptions, InputFile, NewNote, ObjectId, ObjectKind, Parents,
    Reachability, RefName, Repository, RestoreOptions, Result, Role, Silent, Tensor,
    disk::{Disk, ReadAt},
};
use ckpt_tensor::Dtype;
use ckpt_testkit::{
    disks::{CrashImage, FailingDisk, Fault, MemDisk},
    sequences::{Sequence, Training},
};
use proptest::prelude::*;

fn version_of(bytes: &[u8]) -> Draft {
    let shape = [bytes.len() as u64 / 4];
    let tensor = Tensor::new("w", Dtype::F32, shape, Role::Weights, bytes.to_vec()).unwrap();
    draft(1.0).with_contents(Contents::Tensors(vec![tensor]))
}

/// Makes a repository with a line of versions, whose blocks are deltas to each other, and an opaque
/// file of many chunks at its end; returns the versions.
fn line(count: usize) -> (MemDisk, Repository, Vec<VersionId>) {
    let (disk, repo) = repository();
    let mut ids: Vec<VersionId> = Sequence::new(Training::LateF32, 600, 3)
        .take(count)
        .map(|bytes| repo.commit(&main_branch(), &version_of(&bytes)).unwrap().version.id)
        .collect();
    let bytes: Vec<u8> =
        (0..1_500_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let file = InputFile::new("log.bin", Box::new(bytes), None).unwrap();
    let files = draft(1.0).with_contents(Contents::Files(vec![file]));
    ids.push(repo.commit(&main_branch(), &files).unwrap().version.id);
    (disk, repo, ids)
}

/// Exports what the other side lacks of versions; returns the bytes of the pack.
fn export(
    from: &Repository,
    to: &Repository,
    want: &[VersionId],
    have: &[VersionId],
) -> Option<Vec<u8>> {
    let lacking = Reachability::between(from, want, have).unwrap();
    let target = MemDisk::new();
    let has = |id: &ObjectId| to.depth_of(id).unwrap();
    let pack = from.export_pack(lacking.objects().copied(), &has, &target).unwrap()?;
    assert_eq!(target.list("").unwrap().join(" "), pack.name);
    let bytes = read(&target, &pack.name);
    assert_eq!(bytes.len() as u64, pack.len);
    Some(bytes)
}

/// Gives the other side versions and moves its branch there.
fn push(
    from: &Repository,
    to: &Repository,
    want: VersionId,
    have: &[VersionId],
) -> Option<Adopted> {
    let adopted = export(from, to, &[want], have).map(|pack| to.adopt_pack(&pack).unwrap());
    to.set_ref(&main_branch(), want, true, "pushed", &signature()).unwrap();
    adopted
}

fn files(repo: &Repository, version: &VersionId) -> BTreeMap<String, Vec<u8>> {
    let record = repo.version(version).unwrap().record;
    let target = MemDisk::new();
    let plan = repo.plan_restore(&record, &target, &RestoreOptions::default()).unwrap();
    repo.apply_restore(&plan, &target).unwrap();
    let names = target.list("").unwrap();
    names.into_iter().map(|name| (name.clone(), read(&target, &name))).collect()
}

fn assert_whole(repo: &Repository, original: &Repository, versions: &[VersionId]) {
    let report = repo.verify(&Silent).unwrap();
    assert!(report.is_ok(), "{:?}", report.damage);
    for version in versions {
        assert_eq!(files(repo, version), files(original, version));
    }
}

#[test]
fn what_is_lacking_goes_over_and_no_more() {
    let (_, ours, ids) = line(6);
    let (disk, theirs) = repository();
    let first = push(&ours, &theirs, ids[3], &[]).unwrap();
    assert!(first.is_new);
    assert_whole(&theirs, &ours, &ids[..4]);
    // One more version: its records, and a delta to a block that is there.
    let pack = export(&ours, &theirs, &[ids[4]], &[ids[3]]).unwrap();
    assert!((pack.len() as u64) < first.len / 2, "{} of {} bytes", pack.len(), first.len);
    let adopted = theirs.adopt_pack(&pack).unwrap();
    assert_eq!((adopted.len, adopted.is_new), (pack.len() as u64, true));
    theirs.set_ref(&main_branch(), ids[4], true, "", &signature()).unwrap();
    assert_whole(&theirs, &ours, &ids[..5]);
    // Once more changes nothing, and nothing is lacking then.
    let packs = packs(&disk, "packs");
    assert!(!theirs.adopt_pack(&pack).unwrap().is_new);
    assert_eq!(crate::common::look::packs(&disk, "packs"), packs);
    assert_eq!(export(&ours, &theirs, &[ids[4]], &[]), None);
    let rest = push(&ours, &theirs, ids[6], &[ids[4]]).unwrap();
    assert!(rest.is_new);
    assert_whole(&theirs, &ours, &ids);
    check_depths(&disk);
}

#[test]
fn a_delta_takes_its_base_along_where_that_lies_too_deep() {
    let (_, ours, ids) = line(6);
    let (disk, theirs) = repository();
    push(&ours, &theirs, ids[4], &[]).unwrap();
    // Nobody knows how deep the other side has anything: what is at the border is named as had, but a
    // delta needs its base in a certain depth.
    let lacking = Reachability::between(&ours, &[ids[5]], &[ids[4]]).unwrap();
    let target = MemDisk::new();
    let objects = || lacking.objects().copied();
    let pack = ours.export_pack(objects(), &|_| None, &target).unwrap().unwrap();
    let alone = repository().1;
    alone.adopt_pack(&read(&target, &pack.name)).unwrap();
    // With what the other side has at a depth that is too great, it is the same.
    let deep = |id: &ObjectId| theirs.depth_of(id).unwrap().map(|_| 8);
    let all = MemDisk::new();
    let again = ours.export_pack(objects(), &deep, &all).unwrap().unwrap();
    assert_eq!(again.len, pack.len);
    theirs.adopt_pack(&read(&all, &again.name)).unwrap();
    theirs.set_ref(&main_branch(), ids[5], true, "", &signature()).unwrap();
    assert_whole(&theirs, &ours, &ids[..6]);
    check_depths(&disk);
}

#[test]
fn what_a_pack_builds_on_must_be_here() {
    let (_, ours, ids) = line(6);
    let (_, theirs) = repository();
    push(&ours, &theirs, ids[4], &[]).unwrap();
    let thin = export(&ours, &theirs, &[ids[5]], &[ids[4]]).unwrap();
    let (disk, other) = repository();
    assert!(matches!(other.adopt_pack(&thin), Err(Error::Missing(_))));
    assert!(disk.list("packs").unwrap().is_empty() && disk.list("tmp").unwrap().is_empty());
    // Chunks that the receiver was said to have, and has not.
    let lacking = Reachability::between(&ours, &[ids[6]], &[ids[5]]).unwrap();
    let target = MemDisk::new();
    let lists = lacking.objects().copied().filter(|id| id.kind != ObjectKind::Block);
    let pack = ours.export_pack(lists, &|_| None, &target).unwrap().unwrap();
    assert!(matches!(other.adopt_pack(&read(&target, &pack.name)), Err(Error::Missing(_))));
}

#[test]
fn annotations_go_along_with_their_files() {
    let (_, ours, ids) = line(3);
    let (_, theirs) = repository();
    let file = || InputFile::new("eval.json", Box::new(b"{}".to_vec()), None).unwrap();
    let note = |versions: &[VersionId], text: &str| {
        let note = NewNote::new(versions.to_vec(), signature()).with_text(text);
        ours.note(&note.with_files(vec![file()])).unwrap().id
    };
    let (first, both, later) = (
        note(&ids[..1], "first"),
        note(&ids[..2], "both"),
        note(&[ids[1], ids[2]], "on one that does not go"),
    );
    let mut sorted = vec![first, both];
    sorted.sort();
    let lacking = Reachability::between(&ours, &ids[1..2], &[]).unwrap();
    assert_eq!(lacking.annotations(), sorted);
    push(&ours, &theirs, ids[1], &[]).unwrap();
    assert_eq!(theirs.adopt_annotations(&sorted).unwrap(), sorted);
    let texts = |repo: &Repository, id| -> Vec<String> {
        let notes = repo.notes().unwrap();
        notes.on(id).unwrap().notes.iter().map(|note| note.record.text.clone()).collect()
    };
    assert_eq!(texts(&theirs, &ids[0]), ["both", "first"]);
    assert!(theirs.verify(&Silent).unwrap().is_ok());
    // With what comes next goes what is on both, and nothing that is there.
    let rest = Reachability::between(&ours, &ids[2..3], &ids[1..2]).unwrap();
    assert_eq!(rest.annotations(), [later]);
    push(&ours, &theirs, ids[2], &ids[1..2]).unwrap();
    theirs.adopt_annotations(rest.annotations()).unwrap();
    assert_eq!(theirs.notes().unwrap().on(&ids[1]), ours.notes().unwrap().on(&ids[1]));
}

#[test]
fn removed_content_does_not_go_along() {
    let (disk, ours, ids) = line(4);
    configure(&disk, "[trash]\ngrace = \"7d\"\n");
    ours.remove_content(&[ids[1]], "too large", &GcOptions::new(signature())).unwrap();
    let (_, theirs) = repository();
    push(&ours, &theirs, ids[4], &[]).unwrap();
    assert_eq!(theirs.version(&ids[1]).unwrap(), ours.version(&ids[1]).unwrap());
    for version in [0, 2, 3, 4] {
        assert_eq!(files(&theirs, &ids[version]), files(&ours, &ids[version]));
    }
    let tensor = theirs.open_tensor(&ids[1], "w").unwrap();
    assert!(tensor.read_at(0, &mut [0; 4]).is_err());
}

#[test]
fn every_damaged_byte_of_a_pack_is_noticed_before_it_is_seen() {
    let (_, ours, ids) = line(3);
    let (disk, theirs) = repository();
    let pack = export(&ours, &theirs, &[ids[2]], &[]).unwrap();
    for at in 0..pack.len() {
        // Every byte of the records and the index, and some of the blocks.
        if at % 7 != 0 && at + 4000 < pack.len() {
            continue;
        }
        let mut damaged = pack.clone();
        damaged[at] ^= 0x10;
        let error = theirs.adopt_pack(&damaged).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "byte {at}: {error}");
    }
    for len in [0, 1, 63, 200, pack.len() / 2, pack.len() - 1] {
        assert!(theirs.adopt_pack(&pack[..len].to_vec()).is_err(), "{len} bytes");
    }
    assert!(disk.list("packs").unwrap().is_empty() && disk.list("tmp").unwrap().is_empty());
    theirs.adopt_pack(&pack).unwrap();
}

/// Adopts a pack and moves the branch there.
fn workload(
    disk: Arc<dyn Disk>,
    pack: &dyn ReadAt,
    tip: VersionId,
    is_done: &mut bool,
) -> Result<()> {
    let repo = Repository::open_on(disk)?;
    repo.adopt_pack(pack)?;
    *is_done = true;
    repo.set_ref(&main_branch(), tip, true, "pushed", &signature())?;
    Ok(())
}

/// Runs the workload on a disk with a fault and looks at what a crash leaves; returns how many changes
/// it made.
fn with_fault(fault: Fault, images: &[CrashImage]) -> u64 {
    let (_, ours, ids) = line(3);
    let (disk, theirs) = repository();
    push(&ours, &theirs, ids[1], &[]).unwrap();
    let pack = export(&ours, &theirs, &[ids[3]], &[ids[1]]).unwrap();
    let failing = Arc::new(FailingDisk::new(Arc::new(disk.clone()), fault));
    let mut is_done = false;
    let result = workload(Arc::clone(&failing) as Arc<dyn Disk>, &pack, ids[3], &mut is_done);
    for image in images {
        let repo = open(&disk.crash(*image));
        let report = repo.verify(&Silent).unwrap();
        assert!(report.is_ok(), "{fault:?}, {image:?}: {:?}", report.damage);
        let tip = repo.target(&main_branch()).unwrap().unwrap();
        assert!(tip == ids[1] || tip == ids[3]);
        assert!(result.is_err() || tip == ids[3], "{fault:?}, {image:?}");
        assert_eq!(files(&repo, &tip), files(&ours, &tip));
        if is_done {
            assert_eq!(files(&repo, &ids[3]), files(&ours, &ids[3]), "{fault:?}, {image:?}");
        }
        // And it can be done again.
        repo.adopt_pack(&pack).unwrap();
        repo.set_ref(&main_branch(), ids[3], true, "again", &signature()).unwrap();
        assert_whole(&repo, &ours, &ids);
    }
    failing.changes()
}

#[test]
fn a_cut_after_any_change_leaves_the_pack_whole_or_not_there() {
    let changes = with_fault(Fault::Never, &[CrashImage::Synced]);
    assert!(changes > 10, "{changes} changes");
    for at in 0..changes {
        let images = [CrashImage::Synced, CrashImage::NamesFirst, CrashImage::Written];
        with_fault(Fault::Cut { at }, &images);
    }
}

#[test]
fn a_change_that_fails_once_fails_its_step_alone() {
    for at in 0..with_fault(Fault::Never, &[]) {
        with_fault(Fault::Once { at, kind: ErrorKind::StorageFull }, &[CrashImage::Written]);
    }
}

#[test]
fn an_export_that_fails_leaves_no_pack() {
    let (_, ours, ids) = line(2);
    let lacking = Reachability::between(&ours, &ids, &[]).unwrap();
    let export = |target: &dyn Disk| {
        ours.export_pack(lacking.objects().copied(), &|_| None, target).map(drop)
    };
    let counted = FailingDisk::new(Arc::new(MemDisk::new()), Fault::Never);
    export(&counted).unwrap();
    // The last change syncs the folder: the pack is whole by then.
    for at in 0..counted.changes() - 1 {
        let inner = MemDisk::new();
        let target = FailingDisk::new(Arc::new(inner.clone()), Fault::Cut { at });
        export(&target).unwrap_err();
        let names = inner.crash(CrashImage::Synced).list("").unwrap();
        assert!(names.iter().all(|name| !name.ends_with(".pack")), "{at}: {names:?}");
    }
}

/// What another process does in the source repository: commits to one of two branches, or merges the other.
#[derive(Debug, Clone)]
enum Act {
    Commit { side: bool, seed: u8 },
    Merge,
    Push,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (any::<bool>(), 1..6_u8).prop_map(|(side, seed)| Act::Commit { side, seed }),
        1 => Just(Act::Merge),
        2 => Just(Act::Push),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_was_pushed_before_the_rest_goes_over(acts in prop::collection::vec(act(), 1..24)) {
        let (_, ours) = repository();
        let (disk, theirs) = repository();
        let branch = |side: bool| RefName::branch(if side { "side" } else { "main" }).unwrap();
        let tip = |side: bool| ours.target(&branch(side)).unwrap();
        let mut had: Vec<VersionId> = Vec::new();
        for act in acts.into_iter().chain([Act::Push]) {
            match act {
                Act::Commit { side, seed } => {
                    ours.commit(&branch(side), &draft(f64::from(seed))).unwrap();
                }
                Act::Merge => {
                    let (Some(expected), Some(other)) = (tip(false), tip(true)) else { continue };
                    let parents = Parents::Merge { expected, others: vec![other] };
                    // They may be the same.
                    let _ = ours.commit(&branch(false), &draft(9.0).with_parents(parents));
                }
                Act::Push => {
                    let want: Vec<VersionId> = [tip(false), tip(true)].into_iter().flatten().collect();
                    let lacking = Reachability::between(&ours, &want, &had).unwrap();
                    let all = Reachability::between(&ours, &want, &[]).unwrap();
                    let all: BTreeSet<ObjectId> = all.objects().copied().collect();
                    let named: BTreeSet<ObjectId> = lacking.objects().copied().collect();
                    prop_assert!(named.is_subset(&all));
                    let left = all.difference(&named);
                    prop_assert!(left.copied().all(|id| theirs.depth_of(&id).unwrap().is_some()));
                    if let Some(pack) = export(&ours, &theirs, &want, &had) {
                        theirs.adopt_pack(&pack).unwrap();
                    }
                    for side in [false, true] {
                        if let Some(tip) = tip(side) {
                            theirs.set_ref(&branch(side), tip, true, "", &signature()).unwrap();
                        }
                    }
                    had = want;
                }
            }
        }
        let report = theirs.verify(&Silent).unwrap();
        prop_assert!(report.is_ok());
        for side in [false, true] {
            let Some(tip) = tip(side) else { continue };
            for version in ours.log(tip) {
                let id = version.unwrap().id;
                prop_assert_eq!(files(&theirs, &id), files(&ours, &id));
            }
        }
        check_depths(&disk);
    }
}
