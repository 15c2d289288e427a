//! Taking content away alongside writers, without any lock: between each two steps of one, all of
//! the other. What was acknowledged is there afterwards.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use crate::common::{
    draft,
    look::{read, without_base},
    main_branch, open, repository, signature,
};
use ckpt_hash::VersionId;
use ckpt_store::{
    Contents, Draft, Error, GcOptions, InputFile, NewNote, ObjectId, Policy, PruneOptions,
    Reachability, RefKind, RefName, Repository, RestoreOptions, Result, Role, Signature, Silent,
    Tensor, disk::Disk,
};
use ckpt_tensor::Dtype;
use ckpt_testkit::{
    disks::{BetweenDisk, CrashImage, MemDisk},
    sequences::{Sequence, Training},
};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// What another process does; the versions that are acknowledged are noted, with the bytes of their
/// first tensor.
type Acts = fn(&Repository, &World, &Mutex<Vec<(VersionId, Vec<u8>)>>) -> Result<()>;

/// A repository with a line, of which the last versions can be reached no more.
struct World {
    disk: MemDisk,
    versions: Vec<Vec<u8>>,
    ids: Vec<VersionId>,
    /// The last of `versions`, made elsewhere on top of the last of `ids`: a pack of deltas.
    pack: Vec<u8>,
    pushed: VersionId,
}

/// Versions of the line that main leads to.
const KEPT: usize = 3;

fn world() -> World {
    let versions: Vec<_> = Sequence::new(Training::LateF32, 600, 3).take(7).collect();
    let (disk, repo) = repository();
    let commit =
        |bytes: &Vec<u8>| repo.commit(&main_branch(), &version_of(bytes)).unwrap().version.id;
    let ids: Vec<VersionId> = versions[..6].iter().map(commit).collect();
    let elsewhere = open(&disk.crash(CrashImage::Written));
    let pushed = elsewhere.commit(&main_branch(), &version_of(&versions[6])).unwrap().version.id;
    let lacking = Reachability::between(&elsewhere, &[pushed], &ids[5..]).unwrap();
    let (target, has) = (MemDisk::new(), |id: &ObjectId| repo.depth_of(id).unwrap());
    let objects = lacking.objects().copied();
    let pack = elsewhere.export_pack(objects, &has, &target).unwrap().unwrap();
    let pack = read(&target, &pack.name);
    repo.rollback(&main_branch(), Some(ids[KEPT - 1]), "", &signature()).unwrap();
    World { disk, versions, ids, pack, pushed }
}

fn version_of(bytes: &[u8]) -> Draft {
    let shape = [bytes.len() as u64 / 4];
    let tensor = Tensor::new("w", Dtype::F32, shape, Role::Weights, bytes.to_vec()).unwrap();
    draft(1.0).with_contents(Contents::Tensors(vec![tensor]))
}

fn later(days: i64) -> Signature {
    Signature::new(signature().author, signature().time_ms + days * DAY)
}

fn unlocked(disk: &MemDisk) -> Result<Repository> {
    Repository::open_on(Arc::new(BetweenDisk::new(disk.clone(), |_| ())))
}

fn collect(repo: &Repository, _: &World, _: &Mutex<Vec<(VersionId, Vec<u8>)>>) -> Result<()> {
    repo.gc(&GcOptions::new(later(0)).with_grace_ms(None)).map(|_| ())
}

fn prune(repo: &Repository, _: &World, _: &Mutex<Vec<(VersionId, Vec<u8>)>>) -> Result<()> {
    let policy = Policy { keep_last: Some(1), ..Policy::default() };
    let options = PruneOptions::new(policy, later(0));
    repo.prune(&options).map(|_| ())
}

/// Commits what is new, then what only an unreachable version has, then what builds on that.
fn commit(repo: &Repository, world: &World, done: &Mutex<Vec<(VersionId, Vec<u8>)>>) -> Result<()> {
    for n in [6, 4, 5] {
        let bytes = &world.versions[n];
        let made = repo.commit(&main_branch(), &version_of(bytes))?;
        done.lock().unwrap().push((made.version.id, bytes.clone()));
    }
    Ok(())
}

/// Goes on from a version that cannot be reached, on a branch of its own.
fn branch(repo: &Repository, world: &World, done: &Mutex<Vec<(VersionId, Vec<u8>)>>) -> Result<()> {
    let parents = ckpt_store::Parents::NewBranch(vec![world.ids[5]]);
    let draft = version_of(&world.versions[6]).with_parents(parents);
    let made = repo.commit(&RefName::branch("side")?, &draft)?;
    done.lock().unwrap().push((made.version.id, world.versions[6].clone()));
    Ok(())
}

/// Tags a version that cannot be reached, if it has its content.
fn tag(repo: &Repository, world: &World, done: &Mutex<Vec<(VersionId, Vec<u8>)>>) -> Result<()> {
    let had_content = repo.removed(&world.ids[5])?.is_none();
    repo.set_ref(&RefName::new(RefKind::Tag, "v1")?, world.ids[5], false, "", &signature())?;
    // It may have gone before the tag was begun.
    if had_content && repo.removed(&world.ids[5])?.is_none() {
        done.lock().unwrap().push((world.ids[5], world.versions[5].clone()));
    }
    Ok(())
}

/// Adopts a pack whose deltas build on a version that cannot be reached, and tags what it brought.
fn adopt(repo: &Repository, world: &World, done: &Mutex<Vec<(VersionId, Vec<u8>)>>) -> Result<()> {
    match repo.adopt_pack(&world.pack) {
        // What it builds on may have gone before.
        Err(Error::Missing(_)) => return Ok(()),
        adopted => adopted?,
    };
    repo.set_ref(&RefName::new(RefKind::Tag, "v2")?, world.pushed, false, "", &signature())?;
    // No ref led to it in between.
    if repo.removed(&world.pushed)?.is_none() {
        done.lock().unwrap().push((world.pushed, world.versions[6].clone()));
    }
    Ok(())
}

fn note(repo: &Repository, world: &World, done: &Mutex<Vec<(VersionId, Vec<u8>)>>) -> Result<()> {
    let file = InputFile::new("a.txt", Box::new(vec![7; 3000]), None)?;
    let (versions, files) = (vec![world.ids[0]], vec![file]);
    repo.note(&NewNote::new(versions, signature()).with_files(files))?;
    done.lock().unwrap().push((world.ids[KEPT - 1], world.versions[KEPT - 1].clone()));
    Ok(())
}

/// Brings everything back, after it was removed.
fn undelete(
    repo: &Repository,
    world: &World,
    done: &Mutex<Vec<(VersionId, Vec<u8>)>>,
) -> Result<()> {
    repo.gc(&GcOptions::new(later(0)).with_grace_ms(None))?;
    repo.undelete(&world.ids, &later(1))?;
    let all = world.ids.iter().zip(&world.versions).map(|(id, bytes)| (*id, bytes.clone()));
    // Only what nobody removed since, which the other one may have done.
    for (id, bytes) in all {
        if repo.removed(&id)?.is_none() {
            done.lock().unwrap().push((id, bytes));
        }
    }
    Ok(())
}

/// Checks what was acknowledged, and that nothing is missing or wrong.
fn check(disk: &MemDisk, done: &[(VersionId, Vec<u8>)], case: &str) {
    let wrong = without_base(disk);
    assert!(wrong.is_empty(), "{case}: {wrong:?}");
    let repo = open(disk);
    let report = repo.verify(&Silent).unwrap();
    assert!(report.is_ok(), "{case}: {:#?}", report.damage);
    for (id, bytes) in done {
        let version = repo.version(id).unwrap().record;
        let target = MemDisk::new();
        let plan = repo.plan_restore(&version, &target, &RestoreOptions::default());
        let plan = plan.unwrap_or_else(|error| panic!("{case}: {error}"));
        repo.apply_restore(&plan, &target).unwrap();
        assert!(read(&target, "model.safetensors").ends_with(bytes), "{case}");
    }
}

/// Between any two steps of `slow`, does all of `fast`.
fn interleave(name: &str, slow: Acts, fast: Acts, must_succeed: bool) {
    let world = world();
    let count = Arc::new(BetweenDisk::new(world.disk.crash(CrashImage::Written), |_| ()));
    let repo = Repository::open_on(Arc::clone(&count) as Arc<dyn Disk>).unwrap();
    slow(&repo, &world, &Mutex::default()).unwrap();
    let world = Arc::new(world);
    for at in 0..=count.steps() {
        let case = format!("{name}, step {at}");
        let disk = world.disk.crash(CrashImage::Written);
        let done: Arc<Mutex<Vec<_>>> = Arc::default();
        let (other, seen, around) = (disk.clone(), Arc::clone(&done), Arc::clone(&world));
        let between = BetweenDisk::new(disk.clone(), move |step| {
            if step == at {
                let result = unlocked(&other).and_then(|repo| fast(&repo, &around, &seen));
                assert!(result.is_ok(), "the fast one at step {at}: {result:?}");
            }
        });
        let slow =
            Repository::open_on(Arc::new(between)).and_then(|repo| slow(&repo, &world, &done));
        let case = format!("{case}, which ended with {:?}", slow.as_ref().err());
        assert!(slow.is_ok() || !must_succeed, "{case}");
        let done = done.lock().unwrap().clone();
        check(&disk, &done, &case);
        // Once more, and nothing that counts goes, and nothing is left in trash.
        let repo = open(&disk);
        repo.gc(&GcOptions::new(later(30)).with_grace_ms(None)).unwrap();
        repo.gc(&GcOptions::new(later(60)).with_grace_ms(None)).unwrap();
        check(&disk, &done, &format!("{case}, and after that"));
        assert_eq!(disk.list("trash").unwrap(), [""; 0], "{case}");
    }
}

#[test]
fn gc_beside_a_commit_removes_nothing_that_it_uses() {
    interleave("gc within commits", commit, collect, true);
}

#[test]
fn commits_beside_gc_lose_nothing() {
    interleave("commits within gc", collect, commit, false);
}

#[test]
fn pruning_beside_commits_loses_nothing_that_is_new() {
    interleave("prune within commits", branch, prune, false);
    interleave("commits within prune", prune, branch, false);
}

#[test]
fn gc_beside_a_new_branch_leaves_it_whole() {
    interleave("gc within a new branch", branch, collect, true);
    interleave("a new branch within gc", collect, branch, false);
}

#[test]
fn gc_beside_a_tag_leaves_it_whole() {
    interleave("gc within a tag", tag, collect, true);
    interleave("a tag within gc", collect, tag, false);
}

#[test]
fn gc_during_a_pack_that_is_adopted_leaves_it_whole() {
    interleave("gc within an adoption", adopt, collect, true);
    interleave("an adoption within gc", collect, adopt, false);
}

#[test]
fn gc_beside_a_note_leaves_its_files() {
    interleave("gc within a note", note, collect, true);
    interleave("a note within gc", collect, note, false);
}

#[test]
fn gc_beside_gc_and_undelete_loses_nothing() {
    interleave("gc within gc", collect, collect, false);
    interleave("gc within undelete", undelete, collect, false);
    interleave("undelete within gc", collect, undelete, false);
}
