//! What happens concurrently: conflicts, folders that went missing, foreign files, failing syncs.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    error::Error as _,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::common::{draft, main_branch, repository, signature};
use ckpt_store::{
    Contents, Error, InputFile, RefKind, RefName, Repository, RestoreOptions, Silent,
    disk::LockMode,
};
use ckpt_testkit::disks::{CrashImage, MemDisk, SpyDisk, Step};

fn open(disk: &MemDisk) -> Repository {
    Repository::open_on(Arc::new(disk.clone())).unwrap()
}

/// Opens a repository whose first exclusive lock is preceded by `other`'s work.
fn interrupted(disk: &MemDisk, other: impl Fn(&Repository) + Send + Sync + 'static) -> Repository {
    let (beside, done) = (disk.clone(), AtomicBool::new(false));
    let spy = SpyDisk::new(disk.clone(), move |step, _| {
        if step == Step::Lock(LockMode::Exclusive) && !done.swap(true, Ordering::SeqCst) {
            other(&open(&beside));
        }
        Ok(())
    });
    Repository::open_on(Arc::new(spy)).unwrap()
}

#[test]
fn the_loser_of_a_race_learns_both_tips_and_what_is_kept() {
    let (disk, repo) = repository();
    let base = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let late = interrupted(&disk, |other| {
        other.commit(&main_branch(), &draft(2.0)).unwrap();
    });
    let error = late.commit(&main_branch(), &draft(3.0)).unwrap_err();
    let Error::Conflict(conflict) = &error else { panic!("{error}") };
    let (found, kept) = (conflict.found.unwrap(), conflict.kept.unwrap());
    assert_eq!(
        error.to_string(),
        format!(
            "branch main is at {}, not at {} as expected; your version {} is kept",
            found.short(),
            base.short(),
            kept.short()
        )
    );
    assert_eq!(repo.version(&kept).unwrap().record.parents, [base]);
}

#[test]
fn a_branch_that_was_moved_away_and_back_is_a_conflict_that_says_so() {
    let (disk, repo) = repository();
    let base = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let late = interrupted(&disk, |other| {
        other.commit(&main_branch(), &draft(2.0)).unwrap();
        other.rollback(&main_branch(), None, "", &signature()).unwrap();
    });
    let error = late.commit(&main_branch(), &draft(3.0)).unwrap_err().to_string();
    let expected =
        format!("branch main was moved by another writer and is back at {}; your", base.short());
    assert!(error.starts_with(&expected), "{error}");
}

#[test]
fn a_move_that_may_not_outlast_a_crash_says_that_it_happened() {
    let (disk, repo) = repository();
    let one = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let spy = SpyDisk::new(disk.clone(), |step, path| match (step, path) {
        (Step::SyncDir, "refs/heads") => Err(io::ErrorKind::StorageFull.into()),
        _ => Ok(()),
    });
    let failing = Repository::open_on(Arc::new(spy)).unwrap();
    let error = failing.commit(&main_branch(), &draft(2.0)).unwrap_err();
    assert_eq!(error.to_string(), "cannot move branch main");
    let source = error.source().unwrap();
    assert_eq!(source.to_string(), "it is in place, but a crash may undo that");
    assert!(source.source().is_some(), "the cause is kept");
    let tip = repo.target(&main_branch()).unwrap().unwrap();
    assert_eq!(repo.version(&tip).unwrap().record.parents, [one]);
}

#[test]
fn restoring_many_files_keeps_one_open() {
    let (_, repo) = repository();
    let file = |index: u32| {
        let bytes = index.to_le_bytes().to_vec();
        InputFile::new(format!("dir/{index}"), Box::new(bytes), None).unwrap()
    };
    let contents = Contents::Files((0..1600).map(file).collect());
    let commit = repo.commit(&main_branch(), &draft(1.0).with_contents(contents)).unwrap();
    let target = SpyDisk::new(MemDisk::new(), |_, _| Ok(()));
    let options = RestoreOptions::default();
    let plan = repo.plan_restore(&commit.version.record, &target, &options).unwrap();
    repo.apply_restore(&plan, &target).unwrap();
    let again = repo.plan_restore(&commit.version.record, &target, &options).unwrap();
    assert_eq!(again.files().len(), 1600);
    assert!(again.files().iter().all(|file| file.action == ckpt_store::RestoreAction::Keep));
    assert_eq!(target.most_writers(), 1);
}

#[test]
fn folders_that_held_nothing_may_be_missing() {
    for gone in ["tmp", "locks", "refs/tags", "refs/aliases", "trash"] {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repository::init(folder.path()).unwrap();
        repo.commit(&main_branch(), &draft(1.0)).unwrap();
        std::fs::remove_dir_all(folder.path().join(".ckpt").join(gone)).unwrap();
        let repo = Repository::open(folder.path()).unwrap();
        assert!(repo.list(RefKind::Tag).unwrap().is_empty(), "{gone}");
        let two = repo.commit(&main_branch(), &draft(2.0)).unwrap().version.id;
        for kind in [RefKind::Tag, RefKind::Alias] {
            let name = RefName::new(kind, "v1").unwrap();
            repo.set_ref(&name, two, false, "", &signature()).unwrap();
            assert_eq!(repo.target(&name).unwrap(), Some(two), "{gone}");
        }
        assert!(repo.verify(&Silent).unwrap().is_ok(), "{gone}");
    }
}

#[test]
fn a_folder_of_refs_made_again_outlasts_a_crash() {
    use ckpt_store::disk::Disk;
    let source = MemDisk::new();
    Repository::init_on(Arc::new(source.clone())).unwrap();
    // The same repository as a copy that leaves out empty folders.
    let disk = MemDisk::new();
    for path in ["format", "HEAD", "config.toml"] {
        let file = source.open(path).unwrap();
        let mut bytes = vec![0; file.len().unwrap() as usize];
        file.read_at(0, &mut bytes).unwrap();
        let mut copy = disk.create(path).unwrap();
        copy.write_all(&bytes).unwrap();
        copy.sync().unwrap();
    }
    disk.create_dir("packs").unwrap();
    disk.sync_dir("").unwrap();
    let one = open(&disk).commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let left = open(&disk.crash(CrashImage::Synced));
    assert_eq!(left.target(&main_branch()).unwrap(), Some(one));
}

#[test]
fn foreign_files_among_refs_are_seen_but_harm_nothing() {
    use ckpt_store::disk::Disk;
    let (disk, repo) = repository();
    let one = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    for path in ["refs/heads/.DS_Store", "refs/tags/Thumbs.db"] {
        drop(disk.create(path).unwrap());
    }
    assert_eq!(repo.list(RefKind::Branch).unwrap(), [(main_branch(), one)]);
    assert!(repo.list(RefKind::Tag).unwrap().is_empty());
    assert_eq!(repo.stray_files().unwrap(), ["refs/heads/.DS_Store", "refs/tags/Thumbs.db"]);
}

#[test]
fn a_ref_that_is_no_regular_file_is_damaged_and_not_absent() {
    use ckpt_store::disk::Disk;
    let (disk, repo) = repository();
    disk.create_dir("refs/heads/main").unwrap();
    for error in [
        repo.target(&main_branch()).unwrap_err(),
        repo.commit(&main_branch(), &draft(1.0)).unwrap_err(),
    ] {
        assert_eq!(error.to_string(), "refs/heads/main is damaged: it is not a regular file");
    }
}

#[test]
fn refs_are_listed_by_version() {
    let (_, repo) = repository();
    let one = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let two = repo.commit(&main_branch(), &draft(2.0)).unwrap().version.id;
    let names = [(RefKind::Alias, "a", two), (RefKind::Tag, "z", two), (RefKind::Tag, "b", one)];
    let [alias, z, b] = names.map(|(kind, name, version)| {
        let name = RefName::new(kind, name).unwrap();
        repo.set_ref(&name, version, false, "", &signature()).unwrap();
        name
    });
    let refs = repo.refs_at().unwrap();
    assert_eq!(refs[&two], [main_branch(), z, alias]);
    assert_eq!(refs[&one], [b]);
}

#[test]
fn of_equal_metrics_the_smallest_number_wins_across_merged_lines() {
    use ckpt_store::Parents;
    let (_, repo) = repository();
    let long: Vec<_> = (2..=6)
        .map(|seed| repo.commit(&main_branch(), &draft(f64::from(seed))).unwrap().version.id)
        .collect();
    let side = RefName::branch("side").unwrap();
    let short = repo.commit(&side, &draft(1.0)).unwrap().version.id;
    let parents = Parents::Merge { expected: short, others: vec![long[4]] };
    // As good as the last one of the long line, whose number is greater.
    let merged = repo.commit(&side, &draft(6.0).with_parents(parents)).unwrap().version;
    let numbers: Vec<_> = repo.log(merged.id).map(|v| v.unwrap().record.number).collect();
    assert_eq!(numbers, [2, 5, 4, 3, 2, 1, 1]);
    assert_eq!(repo.resolve("min:loss@side").unwrap(), merged.id);
}
