//! A crash or a failing disk while content is taken away or restored loses nothing that counts.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, io::ErrorKind, sync::Arc};

use crate::common::{
    draft,
    look::{check_depths, read},
    main_branch, signature,
};
use ckpt_hash::VersionId;
use ckpt_store::{
    Contents, Draft, Error, GcOptions, Policy, PruneOptions, RefKind, RefName, Repository,
    RestoreOptions, Result, Role, Signature, Silent, Tensor, disk::Disk,
};
use ckpt_tensor::Dtype;
use ckpt_testkit::{
    disks::{CrashImage, FailingDisk, Fault, MemDisk},
    sequences::{Sequence, Training},
};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// What was acknowledged: versions with the bytes of their tensor, and whether these must be there.
/// From the start of a step that may remove them on, they may be gone, but then say so.
type Acknowledged = BTreeMap<VersionId, (Vec<u8>, bool)>;

fn later(days: i64) -> Signature {
    Signature::new(signature().author, signature().time_ms + days * DAY)
}

fn gc(days: i64) -> GcOptions {
    GcOptions::new(later(days)).with_grace_ms(None)
}

fn version_of(bytes: &[u8]) -> Draft {
    let shape = [bytes.len() as u64 / 4];
    let tensor = Tensor::new("w", Dtype::F32, shape, Role::Weights, bytes.to_vec()).unwrap();
    draft(1.0).with_contents(Contents::Tensors(vec![tensor]))
}

fn may_go<'a>(done: &mut Acknowledged, versions: impl IntoIterator<Item = &'a VersionId>) {
    for version in versions {
        done.get_mut(version).unwrap().1 = false;
    }
}

/// Commits, tags, rolls back, takes away, prunes, restores, and takes away for good.
fn workload(disk: Arc<dyn Disk>, done: &mut Acknowledged) -> Result<()> {
    let repo = Repository::init_on(disk)?;
    let mut line = Sequence::new(Training::LateF32, 400, 5);
    let mut made = Vec::new();
    let mut commit = |repo: &Repository, done: &mut Acknowledged| -> Result<VersionId> {
        let bytes = line.next().unwrap();
        let id = repo.commit(&main_branch(), &version_of(&bytes))?.version.id;
        done.insert(id, (bytes, true));
        made.push(id);
        Ok(id)
    };
    for _ in 0..7 {
        commit(&repo, done)?;
    }
    let ids: Vec<VersionId> = done.keys().copied().collect();
    let by_number = |n| repo.resolve(&format!("main@{n}"));
    let (two, five, six, seven) = (by_number(2)?, by_number(5)?, by_number(6)?, by_number(7)?);
    repo.set_ref(&RefName::new(RefKind::Tag, "v1")?, two, false, "", &signature())?;
    may_go(done, [&six, &seven]);
    repo.rollback(&main_branch(), Some(five), "", &signature())?;
    assert_eq!(repo.gc(&gc(0))?.unreachable.len(), 2);
    commit(&repo, done)?;
    let policy = Policy { keep_last: Some(2), ..Policy::default() };
    let options = PruneOptions::new(policy, later(1));
    let dropped: Vec<VersionId> = repo.plan_prune(&options)?.dropped().map(|v| v.id).collect();
    may_go(done, &dropped);
    assert_eq!(repo.prune(&options)?.versions.len(), 3, "{ids:?}");
    repo.undelete(&[dropped[0], seven], &later(2))?;
    for back in [dropped[0], seven] {
        done.get_mut(&back).unwrap().1 = true;
    }
    commit(&repo, done)?;
    repo.gc(&gc(20))?;
    repo.gc(&gc(40))?;
    commit(&repo, done)?;
    Ok(())
}

/// Checks that what must be there is there, and that what is not says so.
fn check(disk: MemDisk, done: &Acknowledged, case: &str) {
    let disk = Arc::new(disk);
    let Ok(repo) = Repository::open_on(Arc::clone(&disk) as Arc<dyn Disk>) else {
        assert!(done.is_empty(), "{case}");
        return;
    };
    for round in ["", ", and after gc"] {
        if !round.is_empty() {
            repo.gc(&gc(60)).unwrap_or_else(|error| panic!("{case}: {error:?}"));
        }
        check_depths(&disk);
        let report = repo.verify(&Silent).unwrap();
        assert!(report.is_ok(), "{case}{round}: {:#?}", report.damage);
        for (id, (bytes, must)) in done {
            let version = repo.version(id).unwrap().record;
            let target = MemDisk::new();
            match repo.plan_restore(&version, &target, &RestoreOptions::default()) {
                Ok(plan) => {
                    repo.apply_restore(&plan, &target)
                        .unwrap_or_else(|error| panic!("{case}{round}: {error}"));
                    assert!(read(&target, "model.safetensors").ends_with(bytes), "{case}{round}");
                }
                Err(Error::Removed(_)) => assert!(!must, "{case}{round}: {}", id.short()),
                Err(error) => panic!("{case}{round}: {error}"),
            }
        }
    }
    repo.commit(&main_branch(), &draft(9.0)).unwrap();
}

fn count_changes() -> u64 {
    let disk = Arc::new(FailingDisk::new(Arc::new(MemDisk::new()), Fault::Never));
    workload(Arc::clone(&disk) as Arc<dyn Disk>, &mut BTreeMap::new()).unwrap();
    disk.changes()
}

#[test]
fn a_cut_after_any_change_loses_nothing_that_counts() {
    for at in 0..count_changes() {
        let inner = MemDisk::new();
        let disk = FailingDisk::new(Arc::new(inner.clone()), Fault::Cut { at });
        let mut done = BTreeMap::new();
        let _ = workload(Arc::new(disk), &mut done);
        for image in [CrashImage::Synced, CrashImage::NamesFirst, CrashImage::Written] {
            check(inner.crash(image), &done, &format!("cut at change {at}, {image:?}"));
        }
    }
}

#[test]
fn a_change_that_fails_once_loses_nothing_that_counts() {
    for at in 0..count_changes() {
        let inner = MemDisk::new();
        let fault = Fault::Once { at, kind: ErrorKind::StorageFull };
        let disk = FailingDisk::new(Arc::new(inner.clone()), fault);
        let mut done = BTreeMap::new();
        let _ = workload(Arc::new(disk), &mut done);
        check(inner.crash(CrashImage::Written), &done, &format!("change {at}"));
    }
}
