//! A crash or a failing disk at any moment leaves a repository that opens and verifies.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{io::ErrorKind, sync::Arc};

use crate::common::{draft, main_branch, signature};
use ckpt_hash::VersionId;
use ckpt_store::{
    Contents, RefKind, RefName, Repository, Result, Role, Silent, Tensor, disk::Disk,
};
use ckpt_testkit::disks::{CrashImage, FailingDisk, Fault, MemDisk};

/// What the workload was told is durable: a ref and where it points, in order.
type Acknowledged = Vec<(RefName, VersionId)>;

const IMAGES: [CrashImage; 3] = [CrashImage::Synced, CrashImage::NamesFirst, CrashImage::Written];

/// Commits, tags and rolls back, noting each step that returned.
fn workload(disk: Arc<dyn Disk>, done: &mut Acknowledged) -> Result<()> {
    let repo = Repository::init_on(disk)?;
    let tag = RefName::new(RefKind::Tag, "v1")?;
    for seed in [1.0, 2.0, 3.0] {
        let large: Vec<f64> = (0..200_000).map(|i| f64::from(i) * seed).collect();
        let contents = Contents::Tensors(vec![Tensor::from_f64("w", Role::Weights, &large)]);
        let draft = draft(seed).with_contents(contents);
        done.push((main_branch(), repo.commit(&main_branch(), &draft)?.version.id));
    }
    repo.set_ref(&tag, repo.resolve("main@2")?, false, "", &signature())?;
    done.push((tag.clone(), repo.resolve("main@2")?));
    let back = repo.rollback(&main_branch(), None, "", &signature())?.record;
    done.push((main_branch(), back.to.expect("a version")));
    done.push((main_branch(), repo.commit(&main_branch(), &draft(4.0))?.version.id));
    Ok(())
}

fn count_changes() -> u64 {
    let disk = Arc::new(FailingDisk::new(Arc::new(MemDisk::new()), Fault::Never));
    workload(Arc::clone(&disk) as Arc<dyn Disk>, &mut Vec::new()).unwrap();
    disk.changes()
}

/// Opens what is left and checks that all that was acknowledged is there.
fn check(disk: MemDisk, done: &Acknowledged, case: &str) {
    let disk = Arc::new(disk);
    let repo = match Repository::open_on(disk) {
        Ok(repo) => repo,
        Err(error) => {
            assert!(done.is_empty(), "{case}: {error}");
            return;
        }
    };
    let report = repo.verify(&Silent).unwrap();
    assert!(report.is_ok(), "{case}: {:?}", report.damage);
    let mut last = std::collections::BTreeMap::new();
    for (name, version) in done {
        repo.version(version).unwrap();
        last.insert(name, version);
    }
    for (name, version) in last {
        let found = repo.target(name).unwrap().unwrap();
        // The step that was cut may have reached its commit point before the cut.
        let next = repo.version(&found).unwrap().record;
        let went_on = next.parents.contains(version) || found == *version;
        let rolled_back = repo.version(version).unwrap().record.parents.contains(&found);
        assert!(went_on || rolled_back, "{case}: {name} is at {found:?}, not at {version:?}");
    }
    // And it goes on working.
    repo.commit(&main_branch(), &draft(9.0)).unwrap();
    assert!(repo.verify(&Silent).unwrap().is_ok(), "{case}");
}

#[test]
fn a_cut_after_any_change_loses_nothing_that_was_acknowledged() {
    let changes = count_changes();
    assert!(changes > 60, "the workload makes {changes} changes");
    for at in 0..changes {
        let inner = MemDisk::new();
        let disk = FailingDisk::new(Arc::new(inner.clone()), Fault::Cut { at });
        let mut done = Vec::new();
        workload(Arc::new(disk), &mut done).unwrap_err();
        for image in IMAGES {
            check(inner.crash(image), &done, &format!("cut at change {at}, {image:?}"));
        }
    }
}

#[test]
fn a_change_that_fails_once_fails_its_step_alone() {
    for kind in [ErrorKind::StorageFull, ErrorKind::PermissionDenied] {
        for at in 0..count_changes() {
            let inner = MemDisk::new();
            let disk = FailingDisk::new(Arc::new(inner.clone()), Fault::Once { at, kind });
            let mut done = Vec::new();
            // Removing a leftover may fail without harm, so the workload may succeed.
            let _ = workload(Arc::new(disk), &mut done);
            let image = inner.crash(CrashImage::Written);
            check(image, &done, &format!("{kind:?} at change {at}"));
        }
    }
}

#[test]
fn a_retry_after_a_failed_commit_makes_durable_what_it_finds() {
    for at in 0..40 {
        let inner = MemDisk::new();
        Repository::init_on(Arc::new(inner.clone())).unwrap();
        let fault = Fault::Once { at, kind: ErrorKind::StorageFull };
        let failing = FailingDisk::new(Arc::new(inner.clone()), fault);
        let repo = Repository::open_on(Arc::new(failing)).unwrap();
        if repo.commit(&main_branch(), &draft(1.0)).is_ok() {
            // The fault lies beyond the commit.
            assert!(at > 5, "change {at}");
            continue;
        }
        let made = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
        let left = Repository::open_on(Arc::new(inner.crash(CrashImage::Synced))).unwrap();
        let report = left.verify(&Silent).unwrap();
        assert!(report.is_ok(), "change {at}: {:?}", report.damage);
        assert_eq!(left.target(&main_branch()).unwrap(), Some(made), "change {at}");
        left.tensor_bytes(
            &left.checkpoint(&left.version(&made).unwrap().record).unwrap().tensors[0],
        )
        .unwrap();
    }
}

#[test]
fn an_interrupted_init_can_be_done_again() {
    let count = Arc::new(FailingDisk::new(Arc::new(MemDisk::new()), Fault::Never));
    Repository::init_on(Arc::clone(&count) as Arc<dyn Disk>).unwrap();
    for at in 0..count.changes() {
        let inner = MemDisk::new();
        let disk = FailingDisk::new(Arc::new(inner.clone()), Fault::Cut { at });
        Repository::init_on(Arc::new(disk)).unwrap_err();
        for image in IMAGES {
            let disk = inner.crash(image);
            if disk.kind("format").unwrap().is_none() {
                let repo = Repository::init_on(Arc::new(disk)).unwrap();
                repo.commit(&main_branch(), &draft(1.0)).unwrap();
            }
        }
    }
}
