//! What nothing needs goes, what is needed stays, and what went can be restored for a while.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;

use crate::common::{
    by_hand::remove_by_hand,
    configure, draft,
    look::{check_depths, objects, packs},
    main_branch, open, repository, signature, unmerged,
};
use ckpt_hash::VersionId;
use ckpt_store::{
    Contents, Draft, Error, GcOptions, InputFile, NewNote, PruneOptions, RefKind, RefName,
    Repository, RestoreOptions, Role, Signature, Silent, Tensor,
};
use ckpt_tensor::Dtype;
use ckpt_testkit::{
    disks::MemDisk,
    sequences::{Sequence, Training},
};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn later(days: i64) -> Signature {
    Signature::new(signature().author, signature().time_ms + days * DAY)
}

fn gc(days: i64) -> GcOptions {
    GcOptions::new(later(days)).with_grace_ms(None)
}

fn first_tensor(repo: &Repository, id: &VersionId) -> ckpt_store::Result<Vec<u8>> {
    let checkpoint = repo.checkpoint(&repo.version(id)?.record)?;
    repo.tensor_bytes(&checkpoint.tensors[0])
}

/// Restores a version as a user would; returns the bytes of its one file.
fn restore(repo: &Repository, id: &VersionId) -> ckpt_store::Result<Vec<u8>> {
    let target = MemDisk::new();
    let version = repo.version(id)?.record;
    let plan = repo.plan_restore(&version, &target, &RestoreOptions::default())?;
    repo.apply_restore(&plan, &target)?;
    Ok(crate::common::look::read(&target, "model.safetensors"))
}

fn version_of(bytes: &[u8]) -> Draft {
    let shape = [bytes.len() as u64 / 4];
    let tensor = Tensor::new("w", Dtype::F32, shape, Role::Weights, bytes.to_vec()).unwrap();
    draft(1.0).with_contents(Contents::Tensors(vec![tensor]))
}

/// A chain of deltas on main.
fn line(repo: &Repository, count: usize) -> Vec<(VersionId, Vec<u8>)> {
    let versions = Sequence::new(Training::LateF32, 2000, 3).take(count);
    let commit = |bytes: Vec<u8>| {
        (repo.commit(&main_branch(), &version_of(&bytes)).unwrap().version.id, bytes)
    };
    versions.map(commit).collect()
}

fn sound(disk: &MemDisk) -> Repository {
    check_depths(disk);
    let repo = open(disk);
    let report = repo.verify(&Silent).unwrap();
    assert!(report.is_ok(), "{:#?}", report.damage);
    repo
}

fn last(count: u64) -> PruneOptions {
    let policy = ckpt_store::Policy { keep_last: Some(count), ..Default::default() };
    PruneOptions::new(policy, later(0))
}

#[test]
fn what_refs_lead_to_stays() {
    let (disk, repo) = repository();
    let made = line(&repo, 12);
    let plan = repo.plan_gc(&gc(0)).unwrap();
    assert_eq!((plan.objects, plan.bytes, plan.unreachable.len()), (0, 0, 0));
    assert_eq!(repo.gc(&gc(0)).unwrap().unreachable, []);
    // Chains are short now: nothing is left to do, and nothing was moved to trash that has no copy.
    let before = packs(&disk, "packs");
    assert_eq!(repo.gc(&gc(0)).unwrap().packs, 0);
    assert_eq!((packs(&disk, "packs"), disk_trash(&disk)), (before, 0));
    let repo = sound(&disk);
    made.iter().for_each(|(id, bytes)| assert!(first_tensor(&repo, id).unwrap() == *bytes));
}

#[test]
fn what_is_written_anew_is_told() {
    let (disk, repo) = unmerged();
    let made = line(&repo, 4);
    repo.rollback(&main_branch(), Some(made[0].0), "", &signature()).unwrap();
    let told = Mutex::new(Vec::new());
    let report =
        repo.gc_with(&gc(0), &|done, total| told.lock().unwrap().push((done, total))).unwrap();
    assert!(report.packs > 0, "{report:?}");
    let told = told.into_inner().unwrap();
    let total = told[0].1;
    assert!(total > 0 && told.is_sorted(), "{told:?}");
    assert_eq!(told.last(), Some(&(total, total)));
    sound(&disk);
}

#[test]
fn content_that_no_ref_leads_to_goes_and_comes_back() {
    let (disk, repo) = unmerged();
    let made = line(&repo, 4);
    let side = RefName::branch("side").unwrap();
    repo.set_ref(&side, made[3].0, false, "", &signature()).unwrap();
    let other = repo.commit(&side, &draft(7.0)).unwrap().version.id;
    repo.delete_ref(&side, "", &signature()).unwrap();
    repo.rollback(&main_branch(), Some(made[1].0), "", &signature()).unwrap();
    let plan = repo.plan_gc(&gc(0)).unwrap();
    let mut gone = vec![made[2].0, made[3].0, other];
    gone.sort();
    assert_eq!(plan.unreachable, gone);
    let report = repo.gc(&gc(0)).unwrap();
    assert_eq!(report.unreachable, gone);
    assert!(report.saved_bytes() > 0, "{report:?}");
    // Their records stay, and say what became of the content.
    let repo = sound(&disk);
    for id in &gone {
        let error = restore(&repo, id).unwrap_err();
        let expected = format!(
            "the content of version {} was removed on 2023-11-14 by ada: no ref leads to it",
            id.short()
        );
        assert!(matches!(error, Error::Removed(_)), "{error}");
        assert_eq!(error.to_string(), expected);
    }
    assert!(first_tensor(&repo, &made[1].0).unwrap() == made[1].1);
    let can = repo.undeletable().unwrap();
    assert_eq!(can.len(), 3);
    assert!(can.iter().all(|can| can.until_ms == Some(later(14).time_ms)), "{can:?}");
    // Back it comes, and stays.
    assert_eq!(repo.undelete(&[made[3].0], &later(1)).unwrap(), [made[3].0]);
    let repo = sound(&disk);
    assert!(first_tensor(&repo, &made[3].0).unwrap() == made[3].1);
    // Its packs came back with others' content, which now is moved to trash anew.
    repo.gc(&gc(30)).unwrap();
    repo.gc(&gc(44)).unwrap();
    let repo = sound(&disk);
    assert!(first_tensor(&repo, &made[3].0).unwrap() == made[3].1);
    // What nobody asked for is gone for good.
    assert_eq!(repo.undeletable().unwrap(), []);
    let error = repo.undelete(&[other], &later(44)).unwrap_err().to_string();
    assert!(error.ends_with("; it cannot be restored any more"), "{error}");
    let error = first_tensor(&repo, &made[2].0).unwrap_err();
    assert!(matches!(error, Error::Removed(_)), "{error}");
}

#[test]
fn what_is_pruned_keeps_its_record_and_what_builds_on_it_is_encoded_again() {
    let (disk, repo) = unmerged();
    let made = line(&repo, 9);
    let plan = repo.plan_prune(&last(1)).unwrap();
    assert_eq!(plan.dropped().count(), 8);
    assert!(plan.bytes > 0);
    let report = repo.prune(&last(1)).unwrap();
    let mut dropped: Vec<_> = plan.dropped().map(|version| version.id).collect();
    dropped.sort();
    assert_eq!(report.versions, dropped);
    assert!(report.gc.saved_bytes() > 0);
    let repo = sound(&disk);
    assert!(restore(&repo, &made[8].0).is_ok());
    assert!(first_tensor(&repo, &made[8].0).unwrap() == made[8].1);
    let error = restore(&repo, &made[0].0).unwrap_err().to_string();
    assert!(error.ends_with("was removed on 2023-11-14 by ada: keep last 1"), "{error}");
    for (id, _) in &made {
        let version = repo.version(id).unwrap();
        assert_eq!(repo.checkpoint(&version.record).unwrap().tensors.len(), 1);
        repo.recipe(&version.record).unwrap();
    }
    let (a, b) = (repo.version(&made[7].0).unwrap(), repo.version(&made[8].0).unwrap());
    assert!(matches!(repo.compare(a.clone(), b), Err(Error::Removed(_))));
    assert!(repo.compare(a.clone(), a).is_ok());
    // A child of a pruned version is stored whole.
    let next: Vec<u8> = made[8].1.iter().map(|byte| byte ^ 1).collect();
    let branch = RefName::branch("b").unwrap();
    repo.set_ref(&branch, made[7].0, false, "", &signature()).unwrap();
    let id = repo.commit(&branch, &version_of(&next)).unwrap().version.id;
    let repo = sound(&disk);
    assert!(first_tensor(&repo, &id).unwrap() == next);
    // All of it can be restored; the branch that was set brought one back.
    let all: Vec<VersionId> = made.iter().map(|(id, _)| *id).collect();
    assert_eq!(repo.undelete(&all, &later(2)).unwrap().len(), 7);
    let repo = sound(&disk);
    made.iter().for_each(|(id, bytes)| assert!(first_tensor(&repo, id).unwrap() == *bytes));
    // And no policy drops it again, but who names it does.
    assert_eq!(repo.plan_prune(&last(1)).unwrap().dropped().count(), 0);
    let report = repo.remove_content(&[made[2].0], "too large", &gc(3)).unwrap();
    assert_eq!(report.versions, [made[2].0]);
    let error = restore(&sound(&disk), &made[2].0).unwrap_err().to_string();
    assert!(error.ends_with("on 2023-11-17 by ada: too large"), "{error}");
    let error = repo.remove_content(&[made[8].0], "", &gc(3)).unwrap_err().to_string();
    let version = made[8].0.short();
    let expected = format!("branch main points to version {version}, which keeps its content");
    assert_eq!(error, expected);
}

#[test]
fn kept_blocks_in_the_middle_of_chains_are_read_after_all_around_them_went() {
    for every in 2..6 {
        let (disk, repo) = repository();
        let made = line(&repo, 25);
        let policy = ckpt_store::Policy {
            keep_every: std::num::NonZeroU64::new(every),
            ..Default::default()
        };
        let options = PruneOptions::new(policy, later(0));
        repo.prune(&options).unwrap();
        let repo = sound(&disk);
        for (number, (id, bytes)) in (1..).zip(&made) {
            let kept = number % every == 0 || number == 25;
            match restore(&repo, id) {
                Ok(_) => assert!(kept && first_tensor(&repo, id).unwrap() == *bytes),
                Err(error) => assert!(!kept && matches!(error, Error::Removed(_)), "{error}"),
            }
        }
        // Nothing is left to do.
        let plan = repo.plan_gc(&gc(0)).unwrap();
        assert_eq!((plan.objects, plan.packs), (0, 0), "every {every}");
        // The rest is enough without what was moved to trash.
        repo.gc(&gc(15)).unwrap();
        assert_eq!(packs(&disk, "trash"), [""; 0]);
        sound(&disk);
    }
}

#[test]
fn tagged_versions_are_stored_whole_and_old_chains_become_short() {
    let (disk, repo) = unmerged();
    let made = line(&repo, 9);
    let tag = RefName::new(RefKind::Tag, "v1").unwrap();
    repo.set_ref(&tag, made[6].0, false, "", &signature()).unwrap();
    repo.gc(&gc(0)).unwrap();
    sound(&disk);
    let digest = *ckpt_hash::leaf_hash(&made[6].1).digest();
    let all: Vec<_> = packs(&disk, "packs").iter().flat_map(|pack| objects(&disk, pack)).collect();
    let tagged = all.iter().filter(|object| object.digest == *digest.as_bytes());
    assert_eq!(tagged.map(|object| object.depth).min(), Some(0));
    assert!(all.iter().all(|object| object.depth <= 3));
    let plan = repo.plan_gc(&gc(0)).unwrap();
    assert_eq!(plan.packs, 0, "{plan:?}");
}

#[test]
fn files_of_notes_stay() {
    let (disk, repo) = repository();
    let id = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let file = InputFile::new("report.txt", Box::new(b"all is well".to_vec()), None).unwrap();
    let note = NewNote::new(vec![id], signature()).with_files(vec![file]);
    repo.note(&note).unwrap();
    repo.commit(&main_branch(), &draft(2.0)).unwrap();
    repo.rollback(&main_branch(), None, "", &signature()).unwrap();
    assert_eq!(repo.gc(&gc(0)).unwrap().unreachable.len(), 1);
    repo.gc(&gc(20)).unwrap();
    let repo = sound(&disk);
    let target = MemDisk::new();
    let plan = repo.plan_restore_notes(&id, &target, &RestoreOptions::default()).unwrap();
    repo.apply_restore(&plan, &target).unwrap();
    assert_eq!(crate::common::look::read(&target, "report.txt"), b"all is well");
}

#[test]
fn the_same_version_made_again_has_its_content_again() {
    let (disk, repo) = repository();
    let first = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let second = repo.commit(&main_branch(), &draft(2.0)).unwrap().version.id;
    repo.rollback(&main_branch(), Some(first), "", &signature()).unwrap();
    repo.gc(&gc(0)).unwrap();
    assert!(restore(&repo, &second).is_err());
    let again = repo.commit(&main_branch(), &draft(2.0)).unwrap().version.id;
    assert_eq!(again, second);
    repo.gc(&gc(30)).unwrap();
    assert!(restore(&sound(&disk), &second).is_ok());
}

#[test]
fn the_grace_period_is_that_of_the_settings() {
    let (disk, repo) = repository();
    configure(&disk, "[trash]\ngrace = \"3d\"\n");
    repo.commit(&main_branch(), &draft(1.0)).unwrap();
    repo.commit(&main_branch(), &draft(2.0)).unwrap();
    repo.rollback(&main_branch(), None, "", &signature()).unwrap();
    repo.gc(&gc(0)).unwrap();
    assert_eq!(repo.undeletable().unwrap()[0].until_ms, Some(later(3).time_ms));
    repo.gc(&gc(2)).unwrap();
    assert_eq!(repo.undeletable().unwrap().len(), 1);
    let plan = repo.plan_gc(&gc(3)).unwrap();
    assert!(plan.expired > 0 && plan.expired_bytes > 0);
    let report = repo.gc(&gc(3)).unwrap();
    assert!(report.removed >= plan.expired && report.removed_bytes >= plan.expired_bytes);
    assert_eq!(disk_trash(&disk), 0);
    configure(&disk, "[trash]\ngrace = 3\n");
    let error = open(&disk).gc(&gc(0)).unwrap_err().to_string();
    assert!(error.starts_with("config.toml: line 2, grace: "), "{error}");
}

fn disk_trash(disk: &MemDisk) -> usize {
    ckpt_store::disk::Disk::list(disk, "trash").unwrap().len()
}

#[test]
fn damage_stops_it_and_nothing_goes() {
    let (disk, repo) = unmerged();
    let made = line(&repo, 3);
    repo.rollback(&main_branch(), Some(made[1].0), "", &signature()).unwrap();
    let before = packs(&disk, "packs");
    // A byte of the first version's block, on which the second one builds.
    let first = before.iter().find(|pack| {
        let digest = *ckpt_hash::leaf_hash(&made[0].1).digest();
        objects(&disk, pack).iter().any(|object| object.digest == *digest.as_bytes())
    });
    disk.corrupt(first.unwrap(), |bytes| bytes[70] ^= 1).unwrap();
    let repo = open(&disk);
    remove_by_hand(&disk, vec![made[0].0]);
    let error = repo.gc(&gc(0)).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert!(before.iter().all(|pack| packs(&disk, "packs").contains(pack)));
}
