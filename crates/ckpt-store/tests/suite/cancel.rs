//! Work that is stopped: it says so, and nothing has changed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::common::{draft, look::read, main_branch, open, repository, signature};
use ckpt_store::{
    CompareOptions, Contents, Draft, Error, ErrorKind, GcOptions, MergeOptions, Progress,
    Repository, RestoreOptions, Result, Role, Silent, Tensor, disk::Disk,
};
use ckpt_testkit::disks::{CrashImage, MemDisk};

/// Elements of the tensor of each version.
const LEN: usize = 1_150_000;

/// Stops the work once it was told of so many steps; counts these, and what was said to be all.
struct StopAfter {
    most: u64,
    told: AtomicU64,
    total: AtomicU64,
}

impl StopAfter {
    fn new(most: u64) -> Self {
        Self { most, told: AtomicU64::new(0), total: AtomicU64::new(0) }
    }
}

impl Progress for StopAfter {
    fn update(&self, done: u64, total: u64) {
        assert!(done <= total, "{done} of {total}");
        self.total.store(total, Ordering::Relaxed);
        self.told.fetch_add(1, Ordering::Relaxed);
    }

    fn is_cancelled(&self) -> bool {
        self.told.load(Ordering::Relaxed) > self.most
    }
}

fn noise(len: usize, mut seed: u64) -> Vec<f64> {
    let mut step = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as f64
    };
    (0..len).map(|_| step()).collect()
}

/// A tensor of 9 MB: more than a batch takes at once.
fn large(seed: u64) -> Draft {
    let tensor = Tensor::from_f64("w", Role::Weights, &noise(LEN, seed));
    draft(1.0).with_contents(Contents::Tensors(vec![tensor]))
}

/// Two versions of a line and one beside it, which no ref leads to.
fn world() -> (MemDisk, Repository) {
    let (disk, repo) = repository();
    let first = repo.commit(&main_branch(), &large(1)).unwrap().version.id;
    repo.commit(&main_branch(), &large(5)).unwrap();
    repo.rollback(&main_branch(), Some(first), "", &signature()).unwrap();
    repo.commit(&main_branch(), &large(9)).unwrap();
    (disk, repo)
}

/// Returns every file of a disk but locks.
fn all_files(disk: &MemDisk) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for name in disk.list(&folder).unwrap() {
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            match disk.kind(&path).unwrap() {
                Some(ckpt_store::disk::FileKind::Dir) => folders.push(path),
                _ if path.starts_with("locks/") => {}
                _ => {
                    files.insert(path.clone(), read(disk, &path));
                }
            }
        }
    }
    files
}

/// Does something that is stopped at its first, second, fourth and so on step until it comes through;
/// each time the disk must be as it was.
fn stop_everywhere(disk: &MemDisk, act: impl Fn(&Repository, &StopAfter) -> Result<()>) {
    let before = all_files(disk);
    let mut stopped = 0;
    for most in [0].into_iter().chain((0..20).map(|power| 1 << power)) {
        let disk = disk.crash(CrashImage::Written);
        let progress = StopAfter::new(most);
        match act(&open(&disk), &progress) {
            Ok(()) => {
                assert!(stopped > 0, "it tells nobody how far it is");
                return;
            }
            Err(error) => {
                assert!(matches!(error, Error::Cancelled), "{error}");
                assert_eq!(error.kind(), ErrorKind::Cancelled);
                assert!(all_files(&disk) == before, "stopped after {most} steps");
                stopped += 1;
            }
        }
    }
    panic!("it never ends");
}

#[test]
fn a_commit_that_is_stopped_leaves_nothing() {
    let (disk, _) = world();
    stop_everywhere(&disk, |repo, progress| {
        let made = repo.commit_with(&main_branch(), &large(20), progress).map(drop);
        assert_eq!(progress.total.load(Ordering::Relaxed), 8 * LEN as u64);
        made
    });
}

#[test]
fn a_merge_that_is_stopped_leaves_nothing() {
    let (disk, repo) = repository();
    let base = repo.commit(&main_branch(), &large(1)).unwrap().version.id;
    let ours = repo.commit(&main_branch(), &large(5)).unwrap().version.id;
    repo.rollback(&main_branch(), Some(base), "", &signature()).unwrap();
    let theirs = repo.commit(&main_branch(), &large(9)).unwrap().version.id;
    repo.set_ref(&main_branch(), ours, true, "", &signature()).unwrap();
    stop_everywhere(&disk, |repo, progress| {
        let mut options = MergeOptions::default();
        options.strategies.default = Some("average".parse().unwrap());
        let plan = repo.plan_merge(ours, theirs, options)?;
        let draft = Draft::new(Contents::Nothing, signature());
        repo.merge_versions_with(&main_branch(), &plan, draft, progress).map(drop)
    });
}

#[test]
fn a_restore_that_is_stopped_leaves_the_target_as_it_was() {
    let (disk, _) = world();
    stop_everywhere(&disk, |repo, progress| {
        let version = repo.version(&repo.resolve("main")?)?.record;
        let target = MemDisk::new();
        target.create("model.safetensors").unwrap().write_all(b"other").unwrap();
        let options = RestoreOptions::default().with_force(true);
        let plan = repo.plan_restore(&version, &target, &options)?;
        let restored = repo.apply_restore_with(&plan, &target, progress);
        if restored.is_err() {
            assert_eq!(target.list("").unwrap(), ["model.safetensors"]);
            assert_eq!(read(&target, "model.safetensors"), b"other");
        }
        restored
    });
}

#[test]
fn reading_that_is_stopped_says_so() {
    let (disk, _) = world();
    stop_everywhere(&disk, |repo, progress| repo.verify(progress).map(drop));
    stop_everywhere(&disk, |repo, progress| {
        let [a, b] = ["main@1", "main@2"].map(|name| repo.resolve(name).unwrap());
        let [a, b] = [a, b].map(|id| repo.version(&id).unwrap());
        let options = CompareOptions::default().with_progress(progress);
        repo.compare_with(a, b, &options).map(drop)
    });
    stop_everywhere(&disk, |repo, progress| {
        let version = repo.version(&repo.resolve("main@2")?)?;
        // Without what was computed before, which is no change either.
        let patterns = ["*".parse().unwrap()];
        repo.statistics(&[version], &patterns, progress).map(drop)
    });
}

#[test]
fn gc_and_repair_that_are_stopped_take_nothing_away() {
    let (disk, repo) = world();
    let count = |repo: &Repository| {
        ["main@1", "main@2"].map(|name| repo.version(&repo.resolve(name).unwrap()).unwrap())
    };
    let versions = count(&repo);
    for most in 0..3 {
        let disk = disk.crash(CrashImage::Written);
        let repo = open(&disk);
        let gc = repo.gc_with(&GcOptions::new(signature()), &StopAfter::new(most));
        if !matches!(gc, Err(Error::Cancelled)) {
            assert!(most > 0, "it tells nobody how far it is");
            break;
        }
        assert_eq!((count(&repo), repo.notes().unwrap().iter().count()), (versions.clone(), 0));
        assert!(disk.list("trash").unwrap().is_empty());
        assert!(repo.verify(&Silent).unwrap().is_ok());
        // What was written anew so far may stay; it is of use to the next.
        repo.gc(&GcOptions::new(signature())).unwrap();
        assert!(repo.verify(&Silent).unwrap().is_ok());
    }
    disk.corrupt(&crate::common::look::packs(&disk, "packs")[0], |bytes| bytes[100] ^= 1).unwrap();
    let before = all_files(&disk);
    let stopped = open(&disk).repair(&signature(), &StopAfter::new(0));
    assert!(matches!(stopped, Err(Error::Cancelled)));
    assert!(all_files(&disk) == before);
}
