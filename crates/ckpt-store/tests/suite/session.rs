//! Sessions: versions that are written in the background, in groups.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use crate::common::{draft, main_branch, one_thread, open, repository};
use ckpt_hash::VersionId;
use ckpt_store::{
    Contents, Draft, Effort, Error, InputFile, Parents, Recipe, RefName, Repository, Role, Session,
    SessionOptions, Signature, Silent, Tensor,
    disk::{Disk, LockGuard, LockMode},
};
use ckpt_testkit::disks::{CrashImage, FailingDisk, Fault, MemDisk, counting};
use safetensors::{Dtype as SafeDtype, serialize, tensor::TensorView};

/// What a session keeps for its buffers, as its options say.
const BUFFERS: u64 = 64 << 20;

fn start(repository: Repository) -> Session {
    Session::start(Arc::new(repository), main_branch(), SessionOptions::default()).unwrap()
}

/// A model of some blocks that every version changes a little, with a part that stays.
fn large(epoch: u32) -> Draft {
    sized(epoch, 100_000)
}

fn sized(epoch: u32, unit: u32) -> Draft {
    let drift = |i: u32| (f64::from(i) * 0.7).sin() + f64::from(epoch) * 1e-9 * f64::from(i % 7);
    let moving: Vec<f64> = (0..3 * unit).map(drift).collect();
    let fixed: Vec<f64> = (0..2 * unit).map(f64::from).collect();
    let tensors = vec![
        Tensor::from_f64("moving", Role::Weights, &moving),
        Tensor::from_f64("fixed", Role::Weights, &fixed),
    ];
    draft(f64::from(epoch)).with_contents(Contents::Tensors(tensors))
}

/// Keeps every writer of a repository waiting.
fn stop_writers(disk: &MemDisk) -> Box<dyn LockGuard> {
    disk.lock("locks/writers", LockMode::Exclusive, Duration::ZERO).unwrap()
}

fn packs(disk: &MemDisk) -> usize {
    disk.list("packs").unwrap().len()
}

#[test]
fn a_session_makes_the_versions_that_single_commits_make() {
    let (_, one_by_one) = repository();
    let expected: Vec<VersionId> = (1..=12)
        .map(|epoch| one_by_one.commit(&main_branch(), &large(epoch)).unwrap().version.id)
        .collect();
    let (disk, together) = repository();
    let stop = stop_writers(&disk);
    let session = start(together);
    (1..=12).for_each(|epoch| session.commit(large(epoch)).unwrap());
    drop(stop);
    session.flush().unwrap();
    let done = session.take_done();
    assert_eq!(done.iter().map(|commit| commit.version.id).collect::<Vec<_>>(), expected);
    let left = open(&disk);
    assert!(left.verify(&Silent).unwrap().is_ok());
    // All but the first are deltas to blocks that were in no pack yet.
    let logical: u64 = done[1..].iter().map(|commit| commit.logical_bytes).sum();
    let stored: u64 = done[1..].iter().map(|commit| commit.stored_bytes).sum();
    assert!(stored * 5 < logical, "{stored} of {logical} bytes");
    for (epoch, id) in (1..=12).zip(&expected) {
        let record = left.version(id).unwrap().record;
        let tensor = &left.checkpoint(&record).unwrap().tensors[1];
        assert_eq!(tensor.name, "moving");
        let bytes = left.tensor_bytes(tensor).unwrap();
        let again = one_by_one.version(id).unwrap().record;
        let again = &one_by_one.checkpoint(&again).unwrap().tensors[1];
        assert!(bytes == one_by_one.tensor_bytes(again).unwrap(), "epoch {epoch}");
    }
}

#[test]
fn versions_that_wait_share_a_pack_and_a_move() {
    let (disk, repository) = repository();
    let stop = stop_writers(&disk);
    let session = start(repository);
    (1..=100).for_each(|epoch| session.commit(draft(f64::from(epoch))).unwrap());
    assert_eq!(session.take_done(), []);
    drop(stop);
    session.flush().unwrap();
    assert_eq!(session.take_done().len(), 100);
    // The first may have been taken alone before the others came.
    assert!(packs(&disk) <= 3, "{} packs", packs(&disk));
    assert_eq!(open(&disk).resolve("main@100").unwrap(), open(&disk).resolve("main").unwrap());
    let report = open(&disk).verify(&Silent).unwrap();
    assert!(report.is_ok(), "{:?}", report.damage);
}

#[test]
fn what_stored_bytes_say_adds_up() {
    let (disk, repository) = repository();
    let stop = stop_writers(&disk);
    let session = start(repository);
    (1..=5).for_each(|epoch| session.commit(large(epoch)).unwrap());
    drop(stop);
    session.flush().unwrap();
    let stored: u64 = session.take_done().iter().map(|commit| commit.stored_bytes).sum();
    let len = |name: &String| disk.open(&format!("packs/{name}")).unwrap().len().unwrap();
    assert_eq!(stored, disk.list("packs").unwrap().iter().map(len).sum::<u64>());
}

#[test]
fn training_that_goes_on_is_on_record() {
    let (_, repository) = repository();
    let repository = Arc::new(repository);
    let options = SessionOptions::default();
    let session = Session::start(Arc::clone(&repository), main_branch(), options).unwrap();
    for epoch in 1..=3 {
        session.commit(draft(f64::from(epoch)).continuing()).unwrap();
    }
    session.flush().unwrap();
    let done = session.take_done();
    let recipe = |at: usize| repository.recipe(&done[at].version.record).unwrap();
    assert_eq!(recipe(0), Recipe::default());
    assert_eq!(recipe(1).parent_state, Some(done[0].version.record.state));
    assert_eq!(recipe(2).parent_state, Some(done[1].version.record.state));
}

#[test]
fn memory_that_is_full_makes_the_caller_wait() {
    let (disk, repository) = repository();
    let stop = stop_writers(&disk);
    // Room for three versions of 4 MB; what is being written counts, too.
    let options = SessionOptions::default().with_memory(BUFFERS + (13 << 20));
    let session = Session::start(Arc::new(repository), main_branch(), options).unwrap();
    let handed_over = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for epoch in 1..=8 {
                session.commit(large(epoch)).unwrap();
                handed_over.fetch_add(1, Ordering::SeqCst);
            }
        });
        while handed_over.load(Ordering::SeqCst) < 3 {
            thread::yield_now();
        }
        // Time for a fourth, which would be wrong; without it the test proves less but passes.
        thread::sleep(Duration::from_millis(50));
        assert_eq!(handed_over.load(Ordering::SeqCst), 3);
        drop(stop);
    });
    session.flush().unwrap();
    assert_eq!(session.take_done().len(), 8);
}

#[test]
fn a_version_larger_than_the_memory_goes_alone() {
    let (disk, repository) = repository();
    let options = SessionOptions::default().with_memory(0);
    let session = Session::start(Arc::new(repository), main_branch(), options).unwrap();
    (1..=4).for_each(|epoch| session.commit(large(epoch)).unwrap());
    session.flush().unwrap();
    assert_eq!(session.take_done().len(), 4);
    assert!(open(&disk).verify(&Silent).unwrap().is_ok());
}

#[test]
fn files_and_tensors_may_alternate() {
    let (disk, repository) = repository();
    let session = start(repository);
    let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(|i| (i / 5).to_le_bytes()).collect();
    for epoch in 1..=3_u8 {
        session.commit(large(u32::from(epoch))).unwrap();
        let mut bytes = bytes.clone();
        bytes[1_000_000] = epoch;
        let file = InputFile::new("a.bin", Box::new(bytes), None).unwrap();
        let contents = Contents::Files(vec![file]);
        session
            .commit(Draft::new(contents, Signature::new("", 0)).with_effort(Effort::Fast))
            .unwrap();
    }
    session.flush().unwrap();
    let done = session.take_done();
    let numbers: Vec<u64> = done.iter().map(|commit| commit.version.record.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    assert!(open(&disk).verify(&Silent).unwrap().is_ok());
}

#[test]
fn blocks_of_files_stay_at_hand_for_the_next_version() {
    let reads = |cache: usize| {
        let (disk, _) = repository();
        let (counting, counts) = counting(&disk, "packs/");
        let repository = Repository::open_on(counting).unwrap().with_block_cache(cache);
        let pool = Some(Arc::new(one_thread()));
        let options = SessionOptions::default().with_pool(pool);
        let session = Session::start(Arc::new(repository), main_branch(), options).unwrap();
        for epoch in 1..=6 {
            let values: Vec<f32> =
                (0..1 << 20).map(|i| (i as f32 * 0.7).sin() + epoch as f32 * 1e-6).collect();
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let view = TensorView::new(SafeDtype::F32, vec![values.len()], &bytes).unwrap();
            let file = serialize([("w", view)], None).unwrap();
            let file = InputFile::new("m.safetensors", Box::new(file), None).unwrap();
            let contents = Contents::Files(vec![file]);
            session.commit(Draft::new(contents, Signature::new("", 0))).unwrap();
            // A group of its own for each version, however quick the session is.
            session.flush().unwrap();
        }
        assert!(open(&disk).verify(&Silent).unwrap().is_ok());
        let stored: u64 = session.take_done().iter().map(|commit| commit.stored_bytes).sum();
        (counts.take().1, stored)
    };
    let (without, with) = (reads(0), reads(64 << 20));
    assert_eq!(with.1, without.1, "the same is stored");
    // Each of four blocks of each later version is decoded along its chain without it.
    assert!(with.0 + 4 * (1 + 2 + 3 + 4) <= without.0, "{} and {} reads", with.0, without.0);
}

#[test]
fn a_session_applies_the_rules_of_the_settings() {
    let (disk, _) = repository();
    let rules = "[retention]\nkeep_last = 3\nkeep_best = [\"min:loss:2\"]\n";
    disk.corrupt("config.toml", |text| *text = rules.as_bytes().to_vec()).unwrap();
    let session = start(open(&disk));
    // The loss falls until epoch 70, and rises again.
    for epoch in 1..=150_u32 {
        let loss = f64::from(epoch.abs_diff(70));
        let metrics = [("loss".to_owned(), loss)].into();
        session.commit(sized(epoch, 100).with_metrics(metrics)).unwrap();
        if epoch % 50 == 0 {
            session.flush().unwrap();
        }
    }
    session.flush().unwrap();
    drop(session);
    let left = open(&disk);
    let has_content = |number: u64| {
        let id = left.resolve(&format!("main@{number}")).unwrap();
        left.removed(&id).unwrap().is_none()
    };
    let kept: Vec<u64> = (1..=150).filter(|number| has_content(*number)).collect();
    // The latest and the best: neither evicts the other. Of 69 and 71 the older one is kept.
    assert_eq!(kept, [69, 70, 148, 149, 150]);
    assert_eq!(left.resolve("min:loss").unwrap(), left.resolve("main@70").unwrap());
    assert!(left.verify(&Silent).unwrap().is_ok());
}

#[test]
fn settings_that_say_nothing_clear_start_no_session() {
    let (disk, _) = repository();
    disk.corrupt("config.toml", |text| *text = b"[retention]\nkeep_all = 1\n".to_vec()).unwrap();
    let options = SessionOptions::default();
    let error = Session::start(Arc::new(open(&disk)), main_branch(), options).unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error}");
}

#[test]
fn a_conflict_reaches_the_next_call_and_nothing_is_lost() {
    let (disk, repository) = repository();
    let session = start(repository);
    session.commit(draft(1.0)).unwrap();
    session.flush().unwrap();
    let mine = session.take_done()[0].version.id;
    let theirs = open(&disk).commit(&main_branch(), &draft(100.0)).unwrap().version.id;
    session.commit(draft(2.0)).unwrap();
    let Error::Conflict(conflict) = session.flush().unwrap_err() else { panic!() };
    assert_eq!((conflict.expected, conflict.found), (Some(mine), Some(theirs)));
    let error = session.commit(draft(3.0)).unwrap_err();
    assert!(matches!(error, Error::SessionEnded), "{error}");
    assert!(matches!(session.flush(), Err(Error::SessionEnded)));
    // What was not written goes to another branch, as it was to be.
    let unsaved = session.take_unsaved();
    assert_eq!(unsaved.len(), 1);
    let rescue = RefName::branch("rescue").unwrap();
    let parents = Parents::NewBranch(vec![mine]);
    let draft = unsaved.into_iter().next().unwrap().with_parents(parents);
    assert_eq!(open(&disk).commit(&rescue, &draft).unwrap().version.record.number, 2);
}

#[test]
fn what_cannot_be_versioned_ends_the_session_after_what_came_before() {
    let (disk, repository) = repository();
    let stop = stop_writers(&disk);
    let session = start(repository);
    session.commit(draft(1.0)).unwrap();
    session.commit(draft(2.0)).unwrap();
    let twice = vec![Tensor::from_f64("w", Role::Weights, &[1.0]); 2];
    session.commit(Draft::new(Contents::Tensors(twice), Signature::new("", 0))).unwrap();
    session.commit(draft(3.0)).unwrap();
    drop(stop);
    let error = session.flush().unwrap_err().to_string();
    assert_eq!(error, "two tensors are named w");
    assert_eq!(session.take_done().len(), 2);
    assert_eq!(session.take_unsaved().len(), 2);
    assert!(open(&disk).verify(&Silent).unwrap().is_ok());
}

#[test]
fn only_branches_have_sessions() {
    let (_, repository) = repository();
    let tag = RefName::new(ckpt_store::RefKind::Tag, "v1").unwrap();
    let error = Session::start(Arc::new(repository), tag, SessionOptions::default()).unwrap_err();
    assert!(matches!(error, Error::NotBranch(_)), "{error}");
}

#[test]
fn dropping_a_session_writes_what_waits() {
    let (disk, repository) = repository();
    let session = start(repository);
    (1..=20).for_each(|epoch| session.commit(draft(f64::from(epoch))).unwrap());
    drop(session);
    assert_eq!(
        open(&disk).version(&open(&disk).resolve("main").unwrap()).unwrap().record.number,
        20
    );
}

/// Runs a session until its disk fails; returns what it said is durable.
fn run(disk: Arc<dyn Disk>) -> Vec<VersionId> {
    let mut done = Vec::new();
    let Ok(repository) = Repository::open_on(disk) else { return done };
    let session = start(repository);
    for epoch in 1..=6 {
        let handed_over = session.commit(sized(epoch, 4000));
        // Groups of one, of two, and whatever comes.
        let flushed = if epoch % 3 == 1 { session.flush() } else { Ok(()) };
        if handed_over.and(flushed).is_err() {
            break;
        }
    }
    let _ = session.flush();
    done.extend(session.take_done().iter().map(|commit| commit.version.id));
    done
}

fn check(disk: MemDisk, done: &[VersionId], case: &str) {
    let left = open(&disk);
    let report = left.verify(&Silent).unwrap();
    assert!(report.is_ok(), "{case}: {:?}", report.damage);
    let tip = left.target(&main_branch()).unwrap();
    let line: Vec<VersionId> =
        tip.map_or_else(Vec::new, |tip| left.log(tip).map(|version| version.unwrap().id).collect());
    assert!(done.iter().all(|id| line.contains(id)), "{case}: {done:?} of {line:?}");
}

#[test]
fn a_cut_at_any_change_loses_nothing_that_a_session_said_is_durable() {
    let fresh = || {
        let disk = MemDisk::new();
        Repository::init_on(Arc::new(disk.clone())).unwrap();
        disk
    };
    let counted = Arc::new(FailingDisk::new(Arc::new(fresh()), Fault::Never));
    assert_eq!(run(Arc::clone(&counted) as Arc<dyn Disk>).len(), 6);
    let images = [CrashImage::Synced, CrashImage::NamesFirst, CrashImage::Written];
    for at in 0..counted.changes() {
        let inner = fresh();
        let fault = Fault::Cut { at };
        let done = run(Arc::new(FailingDisk::new(Arc::new(inner.clone()), fault)));
        for image in images {
            check(inner.crash(image), &done, &format!("cut at {at}, {image:?}"));
        }
        let inner = fresh();
        let fault = Fault::Once { at, kind: ErrorKind::StorageFull };
        let done = run(Arc::new(FailingDisk::new(Arc::new(inner.clone()), fault)));
        check(inner.crash(CrashImage::Written), &done, &format!("full at {at}"));
    }
}
