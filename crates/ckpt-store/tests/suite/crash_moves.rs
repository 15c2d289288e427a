//! A crash or a failing disk while guards are set, versions noted, promoted and refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, io::ErrorKind, sync::Arc};

use crate::common::{draft, look::read, main_branch, repository, signature};
use ckpt_hash::{AnnotationId, MoveId, VersionId};
use ckpt_store::{
    Error, GuardChange, InputFile, NewNote, RefKind, RefName, Repository, RestoreOptions, Result,
    Silent, disk::Disk,
};
use ckpt_testkit::disks::{CrashImage, FailingDisk, Fault, MemDisk};

/// What was reported as done.
#[derive(Default)]
struct Done {
    moves: Vec<(RefName, MoveId)>,
    noted: bool,
    adopted: bool,
    kept: Option<VersionId>,
}

fn alias() -> RefName {
    RefName::new(RefKind::Alias, "production").unwrap()
}

/// Makes a repository with one version, which is what happens before.
fn before() -> (MemDisk, VersionId) {
    let (disk, repo) = repository();
    let one = repo.commit(&main_branch(), &draft(2.0)).unwrap().version.id;
    (disk, one)
}

/// Has another repository note something on the same version, and returns that note and its pack.
fn from_elsewhere(one: VersionId) -> (AnnotationId, Vec<u8>) {
    let (disk, same) = before();
    assert_eq!(same, one);
    let theirs = Repository::open_on(Arc::new(disk)).unwrap();
    let metrics = BTreeMap::from([("recall".to_owned(), 0.7)]);
    let note = NewNote::new(vec![one], signature()).with_metrics(metrics);
    let note = theirs.note(&note).unwrap().id;
    let target = MemDisk::new();
    let pack = theirs.export_pack([note.into()], &|_| None, &target).unwrap().unwrap();
    (note, read(&target, &pack.name))
}

fn workload(disk: Arc<dyn Disk>, one: VersionId, done: &mut Done) -> Result<()> {
    let repo = Repository::open_on(disk)?;
    let conditions = vec!["loss < 0.6".parse().unwrap()];
    let change = GuardChange::Add(conditions.clone());
    let guarded = repo.guard(&main_branch(), &change, "policy", &signature())?.unwrap();
    done.moves.push((main_branch(), guarded.id));
    repo.note(
        &NewNote::new(vec![one], signature())
            .with_metrics(BTreeMap::from([("f1".to_owned(), 0.5)]))
            .with_files(vec![InputFile::new("report", Box::new(b"words".to_vec()), None)?]),
    )?;
    done.noted = true;
    let (note, pack) = from_elsewhere(one);
    repo.adopt_pack(&pack)?;
    repo.adopt_annotations(&[note])?;
    done.adopted = true;
    let promoted = repo.promote(&alias(), one, &conditions, "", &signature())?;
    done.moves.push((alias(), promoted.id));
    match repo.commit(&main_branch(), &draft(1.0)) {
        Err(Error::FailedChecks(unmet)) => done.kept = unmet.kept,
        other => return other.map(|_| panic!("a guard was passed by")),
    }
    let deleted = repo.delete_ref(&alias(), "", &signature())?;
    done.moves.push((alias(), deleted.id));
    Ok(())
}

fn check(disk: MemDisk, one: VersionId, done: &Done, case: &str) {
    let repo = Repository::open_on(Arc::new(disk)).unwrap();
    let report = repo.verify(&Silent).unwrap();
    assert!(report.is_ok(), "{case}: {:?}", report.damage);
    for (name, id) in &done.moves {
        let found = repo.audit(name).unwrap().any(|movement| movement.unwrap().id == *id);
        assert!(found, "{case}: a move of {name} is lost");
    }
    if done.noted {
        let target = MemDisk::new();
        let plan = repo.plan_restore_notes(&one, &target, &RestoreOptions::default()).unwrap();
        repo.apply_restore(&plan, &target).unwrap();
        assert_eq!(repo.notes().unwrap().on(&one).unwrap().metrics["f1"], 0.5, "{case}");
    }
    if done.adopted {
        assert_eq!(repo.notes().unwrap().on(&one).unwrap().metrics["recall"], 0.7, "{case}");
    }
    if let Some(kept) = done.kept {
        assert_eq!(repo.version(&kept).unwrap().record.parents, [one], "{case}");
    }
    assert_eq!(repo.target(&main_branch()).unwrap(), Some(one), "{case}");
    // And it goes on working.
    repo.commit(&main_branch(), &draft(9.0)).unwrap();
    assert!(repo.verify(&Silent).unwrap().is_ok(), "{case}");
}

fn count_changes() -> u64 {
    let (disk, one) = before();
    let disk = Arc::new(FailingDisk::new(Arc::new(disk), Fault::Never));
    workload(Arc::clone(&disk) as Arc<dyn Disk>, one, &mut Done::default()).unwrap();
    disk.changes()
}

#[test]
fn a_cut_after_any_change_loses_no_move_and_no_note_that_was_acknowledged() {
    let changes = count_changes();
    assert!(changes > 40, "the workload makes {changes} changes");
    for at in 0..changes {
        let (inner, one) = before();
        let disk = FailingDisk::new(Arc::new(inner.clone()), Fault::Cut { at });
        let mut done = Done::default();
        workload(Arc::new(disk), one, &mut done).unwrap_err();
        for image in [CrashImage::Synced, CrashImage::NamesFirst, CrashImage::Written] {
            check(inner.crash(image), one, &done, &format!("cut at change {at}, {image:?}"));
        }
    }
}

#[test]
fn a_change_that_fails_once_fails_its_move_or_note_alone() {
    for at in 0..count_changes() {
        let (inner, one) = before();
        let fault = Fault::Once { at, kind: ErrorKind::StorageFull };
        let mut done = Done::default();
        let disk = FailingDisk::new(Arc::new(inner.clone()), fault);
        // Removing a leftover may fail without harm, so the workload may succeed.
        let _ = workload(Arc::new(disk), one, &mut done);
        check(inner.crash(CrashImage::Written), one, &done, &format!("change {at} fails"));
    }
}
