//! Many writers at once, and a verification alongside them.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::common::{draft, main_branch, open, repository};
use ckpt_hash::VersionId;
use ckpt_store::{Error, RefName, Repository, Silent};
use ckpt_testkit::disks::{SpyDisk, Step};

/// Commits until `count` versions were acknowledged; returns them and those kept in conflicts.
fn commit_through(
    repo: &Repository,
    branch: &RefName,
    writer: u32,
    count: u32,
) -> (Vec<VersionId>, Vec<VersionId>) {
    let (mut done, mut kept) = (Vec::new(), Vec::new());
    let mut seed = f64::from(1 + writer * 1000);
    while done.len() < count as usize {
        match repo.commit(branch, &draft(seed)) {
            Ok(commit) => done.push(commit.version.id),
            Err(Error::Conflict(conflict)) => kept.extend(conflict.kept),
            Err(error) => panic!("{error}"),
        }
        seed += 1.0;
    }
    (done, kept)
}

#[test]
fn of_eight_writers_of_one_branch_none_loses_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let shared = Repository::init(folder.path()).unwrap();
    // Half of the writers share one repository, the others have their own, as processes do.
    let written = thread::scope(|scope| {
        let start = |writer| {
            let (shared, folder) = (&shared, folder.path());
            scope.spawn(move || match writer % 2 {
                0 => commit_through(shared, &main_branch(), writer, 4),
                _ => {
                    let own = Repository::open(folder).unwrap();
                    commit_through(&own, &main_branch(), writer, 4)
                }
            })
        };
        let writers: Vec<_> = (0..8).map(start).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect::<Vec<_>>()
    });
    let repo = Repository::open(folder.path()).unwrap();
    let tip = repo.target(&main_branch()).unwrap().unwrap();
    let line: BTreeSet<_> = repo.log(tip).map(|version| version.unwrap().id).collect();
    let done: BTreeSet<_> = written.iter().flat_map(|(done, _)| done.iter().copied()).collect();
    assert_eq!(line.len(), 32);
    assert_eq!(line, done);
    for id in written.iter().flat_map(|(_, kept)| kept) {
        assert!(!line.contains(id));
        repo.version(id).unwrap();
    }
    assert!(repo.verify(&Silent).unwrap().is_ok());
}

#[test]
fn writers_of_different_branches_never_conflict() {
    let (disk, _) = repository();
    thread::scope(|scope| {
        for writer in 0..8 {
            let repo = open(&disk);
            scope.spawn(move || {
                let branch = RefName::branch(&format!("b{writer}")).unwrap();
                let (_, kept) = commit_through(&repo, &branch, writer, 10);
                assert!(kept.is_empty());
                assert_eq!(repo.log(repo.target(&branch).unwrap().unwrap()).count(), 10);
            });
        }
    });
    assert!(open(&disk).verify(&Silent).unwrap().is_ok());
}

#[test]
fn a_verification_beside_a_writer_finds_nothing_wrong() {
    let (disk, repo) = repository();
    repo.commit(&main_branch(), &draft(1.0)).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            commit_through(&repo, &main_branch(), 0, 150);
            done.store(true, Ordering::SeqCst);
        });
        while !done.load(Ordering::SeqCst) {
            let report = open(&disk).verify(&Silent).unwrap();
            assert!(report.is_ok(), "{:#?}", report.damage);
        }
    });
}

#[test]
fn a_commit_right_after_packs_are_listed_is_not_missed() {
    for folder in ["packs", "refs/heads"] {
        let (disk, repo) = repository();
        repo.commit(&main_branch(), &draft(1.0)).unwrap();
        let (armed, beside) = (Arc::new(AtomicBool::new(false)), disk.clone());
        let trap = Arc::clone(&armed);
        let spy = SpyDisk::new(disk, move |step, path| {
            if step == Step::Listed && path == folder && trap.swap(false, Ordering::SeqCst) {
                let branch = RefName::branch("another").unwrap();
                open(&beside).commit(&main_branch(), &draft(2.0)).unwrap();
                open(&beside).commit(&branch, &draft(3.0)).unwrap();
            }
            Ok(())
        });
        let repo = Repository::open_on(Arc::new(spy)).unwrap();
        armed.store(true, Ordering::SeqCst);
        let report = repo.verify(&Silent).unwrap();
        assert!(report.is_ok(), "{folder}: {:#?}", report.damage);
        assert!(!armed.load(Ordering::SeqCst));
    }
}
