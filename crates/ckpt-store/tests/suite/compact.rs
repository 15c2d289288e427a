//! Small packs become few.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use crate::common::{
    configure, draft,
    look::{check_depths, objects, packs},
    main_branch, open, repository, unmerged,
};
use ckpt_hash::VersionId;
use ckpt_store::{
    Contents, Draft, Error, Parents, RefName, Repository, Role, Silent, Tensor,
    disk::{Disk, LockMode},
};
use ckpt_tensor::Dtype;
use ckpt_testkit::{
    disks::{BetweenDisk, CrashImage, FailingDisk, Fault, MemDisk},
    sequences::{Sequence, Training},
};

fn first_tensor(repo: &Repository, id: &VersionId) -> ckpt_store::Result<Vec<u8>> {
    let checkpoint = repo.checkpoint(&repo.version(id)?.record)?;
    repo.tensor_bytes(&checkpoint.tensors[0])
}

/// A version of one tensor of f32.
fn version_of(bytes: &[u8]) -> Draft {
    let shape = [bytes.len() as u64 / 4];
    let tensor = Tensor::new("w", Dtype::F32, shape, Role::Weights, bytes.to_vec()).unwrap();
    draft(1.0).with_contents(Contents::Tensors(vec![tensor]))
}

/// Checks that each version has its bytes, by a handle that knows of nothing yet.
fn check(disk: &MemDisk, made: &[(VersionId, Vec<u8>)]) {
    let repo = open(disk);
    for (id, bytes) in made {
        assert!(first_tensor(&repo, id).unwrap() == *bytes);
    }
    let report = repo.verify(&Silent).unwrap();
    assert!(report.is_ok(), "{:#?}", report.damage);
    check_depths(disk);
}

#[test]
fn any_number_of_commits_is_in_few_packs() {
    let (disk, repo) = repository();
    let made: Vec<_> = (1..=600_u32)
        .map(|seed| repo.commit(&main_branch(), &draft(f64::from(seed))).unwrap().version.id)
        .collect();
    let (live, trash) = (packs(&disk, "packs"), packs(&disk, "trash"));
    assert!(live.len() <= 3 * 7, "{} packs", live.len());
    assert!(trash.len() <= 3 * 8, "{} packs in trash", trash.len());
    let repo = open(&disk);
    for (number, id) in (1..).zip(&made) {
        assert_eq!(repo.version(id).unwrap().record.number, number);
    }
    assert!(repo.verify(&Silent).unwrap().is_ok());
}

#[test]
fn a_merged_pack_has_history_in_order() {
    let (disk, repo) = repository();
    (1..=8).for_each(|seed| {
        repo.commit(&main_branch(), &draft(f64::from(seed))).unwrap();
    });
    let [pack] = &packs(&disk, "packs")[..] else { panic!("eight packs become one") };
    let objects = objects(&disk, pack);
    let kinds: Vec<u8> = objects.iter().map(|object| object.kind).collect();
    let runs = kinds.chunk_by(|a, b| a == b).map(|run| (run[0], run.len()));
    // Versions, moves, the one recipe, checkpoints, blocks.
    assert_eq!(runs.collect::<Vec<_>>(), [(5, 8), (7, 8), (6, 1), (4, 8), (1, 16)]);
    let numbers = objects[..8].iter().map(|object| {
        let id = VersionId::from_digest(ckpt_hash::Digest::from_bytes(object.digest));
        repo.version(&id).unwrap().record.number
    });
    assert!(numbers.eq((1..=8).rev()));
}

#[test]
fn chains_become_skip_deltas() {
    let (disk, repo) = unmerged();
    let versions: Vec<_> = Sequence::new(Training::LateF32, 2000, 3).take(9).collect();
    let made: Vec<_> = versions
        .iter()
        .map(|bytes| {
            (repo.commit(&main_branch(), &version_of(bytes)).unwrap().version.id, bytes.clone())
        })
        .collect();
    repo.compact().unwrap();
    let [pack] = &packs(&disk, "packs")[..] else { panic!("nine packs become one") };
    let blocks: Vec<_> =
        objects(&disk, pack).into_iter().filter(|object| object.kind == 1).collect();
    let place = |bytes: &[u8]| {
        let digest = *ckpt_hash::leaf_hash(bytes).digest();
        blocks.iter().position(|block| block.digest == *digest.as_bytes()).unwrap()
    };
    let of = |n: usize| &blocks[place(&versions[n])];
    let depths: Vec<u8> = (0..9).map(|n| of(n).depth).collect();
    // Those of depth 3 at most stay as they are; the others skip.
    assert_eq!(depths, [0, 1, 2, 3, 1, 2, 2, 3, 1]);
    for (n, base) in [(4, 0), (5, 4), (6, 4), (7, 6), (8, 0)] {
        assert_eq!(of(n).base, Some(of(base).digest), "{n}");
    }
    check(&disk, &made);
}

#[test]
fn chains_stay_in_order_whoever_commits_and_compacts() {
    let (disk, _) = repository();
    let handles: Vec<Repository> = (0..3).map(|_| open(&disk)).collect();
    let mut made: Vec<(VersionId, Vec<u8>)> = Vec::new();
    let mut lines: Vec<_> =
        (0..3).map(|seed| Sequence::new(Training::LateF32, 500, seed)).collect();
    let names = ["main", "a", "b"].map(|name| RefName::branch(name).unwrap());
    for step in 0..90_usize {
        // Handles take turns on branches, so that each builds on what others merged.
        let (handle, line) = (&handles[step % 3], step / 2 % 3);
        let bytes = lines[line].next().unwrap();
        let commit = handle.commit(&names[line], &version_of(&bytes)).unwrap();
        made.push((commit.version.id, bytes));
        check_depths(&disk);
    }
    assert!(packs(&disk, "packs").len() < 20);
    check(&disk, &made);
}

#[test]
fn a_damaged_pack_is_left_out_and_all_others_are_compacted() {
    let (disk, repo) = unmerged();
    let made: Vec<_> = (1..=10)
        .map(|seed| repo.commit(&main_branch(), &draft(f64::from(seed))).unwrap().version.id)
        .collect();
    let damaged = packs(&disk, "packs").remove(4);
    disk.corrupt(&damaged, |bytes| bytes[40] ^= 1).unwrap();
    let repo = open(&disk);
    let error = repo.compact().unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    let left = packs(&disk, "packs");
    assert!(left.len() == 2 && left.contains(&damaged), "{left:?}");
    for id in made {
        repo.version(&id).unwrap();
    }
    // Commits go on, and do not mind.
    configure(&disk, "");
    let repo = open(&disk);
    for seed in 20..40 {
        repo.commit(&main_branch(), &draft(f64::from(seed))).unwrap();
    }
    assert!(disk.kind(&damaged).unwrap().is_some());
    assert!(packs(&disk, "packs").len() < 12);
}

#[test]
fn only_one_merges_and_nobody_waits() {
    let (disk, repo) = repository();
    let held = disk.lock("locks/mergers", LockMode::Exclusive, Duration::ZERO).unwrap();
    for seed in 1..=10 {
        repo.commit(&main_branch(), &draft(f64::from(seed))).unwrap();
    }
    assert_eq!(packs(&disk, "packs").len(), 10);
    let error = repo.compact().unwrap_err();
    assert_eq!(error.to_string(), "another process holds the packs; gave up after 0 s");
    drop(held);
    let merged = repo.compact().unwrap();
    assert_eq!((merged.packs, merged.into), (10, 1));
    assert_eq!(packs(&disk, "packs").len(), 1);
}

#[test]
fn two_that_compact_the_same_packs_lose_nothing() {
    let (disk, repo) = unmerged();
    let versions: Vec<_> = Sequence::new(Training::LateF32, 500, 5).take(9).collect();
    let made: Vec<_> = versions
        .into_iter()
        .map(|bytes| (repo.commit(&main_branch(), &version_of(&bytes)).unwrap().version.id, bytes))
        .collect();
    let count = Arc::new(BetweenDisk::new(disk.clone(), |_| ()));
    let image = disk.crash(CrashImage::Written);
    Repository::open_on(Arc::clone(&count) as Arc<dyn Disk>).unwrap().compact().unwrap();
    for at in 0..count.steps() {
        let disk = image.crash(CrashImage::Written);
        let other = disk.clone();
        let between = BetweenDisk::new(disk.clone(), move |step| {
            if step == at {
                Repository::open_on(Arc::new(BetweenDisk::new(other.clone(), |_| ())))
                    .unwrap()
                    .compact()
                    .unwrap();
            }
        });
        // The slower one may miss what the faster one moved, which ends its merge.
        let _ = Repository::open_on(Arc::new(between)).and_then(|repo| repo.compact());
        check(&disk, &made);
    }
}

/// Commits until packs are merged, and on; returns what was acknowledged.
fn workload(disk: Arc<dyn Disk>, made: &mut Vec<(VersionId, Vec<u8>)>) -> ckpt_store::Result<()> {
    let repo = Repository::init_on(disk)?;
    for bytes in Sequence::new(Training::LateF32, 300, 5).take(17) {
        let id = repo.commit(&main_branch(), &version_of(&bytes))?.version.id;
        made.push((id, bytes));
    }
    Ok(())
}

#[test]
fn a_cut_after_any_change_of_a_compaction_loses_nothing() {
    let count = Arc::new(FailingDisk::new(Arc::new(MemDisk::new()), Fault::Never));
    workload(Arc::clone(&count) as Arc<dyn Disk>, &mut Vec::new()).unwrap();
    for at in 0..count.changes() {
        let inner = MemDisk::new();
        let disk = FailingDisk::new(Arc::new(inner.clone()), Fault::Cut { at });
        let mut made = Vec::new();
        // What is cut after the commit point of the last commit is its merge, which may fail.
        let _ = workload(Arc::new(disk), &mut made);
        for image in [CrashImage::Synced, CrashImage::NamesFirst, CrashImage::Written] {
            let left = inner.crash(image);
            if left.kind("format").unwrap().is_none() {
                continue;
            }
            check(&left, &made);
            let repo = open(&left);
            if let Some((last, _)) = made.last() {
                let tip = repo.target(&main_branch()).unwrap().unwrap();
                let went_on = repo.version(&tip).unwrap().record.parents.contains(last);
                assert!(tip == *last || went_on, "change {at}, {image:?}");
            }
            let draft = draft(9.0).with_parents(Parents::Tip);
            repo.commit(&main_branch(), &draft).unwrap();
        }
    }
}

#[test]
fn a_change_that_fails_once_in_a_compaction_fails_no_commit() {
    let count = Arc::new(FailingDisk::new(Arc::new(MemDisk::new()), Fault::Never));
    workload(Arc::clone(&count) as Arc<dyn Disk>, &mut Vec::new()).unwrap();
    for at in 0..count.changes() {
        let inner = MemDisk::new();
        let kind = std::io::ErrorKind::StorageFull;
        let disk = FailingDisk::new(Arc::new(inner.clone()), Fault::Once { at, kind });
        let mut made = Vec::new();
        let _ = workload(Arc::new(disk), &mut made);
        if inner.kind("format").unwrap().is_some() {
            check(&inner, &made);
        }
    }
}
