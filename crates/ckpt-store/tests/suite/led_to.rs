//! What a ref leads to has its content.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ckpt_hash::VersionId;
use ckpt_store::{
    Error, ErrorKind, GcOptions, Move, Policy, PruneOptions, RefKind, RefName, Repository,
    RestoreOptions, Result, Signature, Silent,
};
use ckpt_testkit::disks::MemDisk;

use crate::common::{
    by_hand::remove_by_hand, configure, draft, main_branch, open, repository, signature,
};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn later(days: i64) -> Signature {
    Signature::new("ada", signature().time_ms + days * DAY)
}

fn alias() -> RefName {
    RefName::new(RefKind::Alias, "production").unwrap()
}

/// A repository with so many versions on main.
fn versions(count: u32) -> (MemDisk, Repository, Vec<VersionId>) {
    let (disk, repo) = repository();
    let commit = |n| repo.commit(&main_branch(), &draft(f64::from(n))).unwrap().version.id;
    let ids = (0..count).map(commit).collect();
    (disk, repo, ids)
}

fn promote(repo: &Repository, to: VersionId, days: i64) -> Result<Move> {
    repo.promote(&alias(), to, &[], "", &later(days))
}

/// Drops all content but the last version's.
fn prune(repo: &Repository, days: i64) -> Vec<VersionId> {
    let policy = Policy { keep_last: Some(1), ..Policy::default() };
    repo.prune(&PruneOptions::new(policy, later(days))).unwrap().versions
}

fn gc(repo: &Repository, days: i64, grace_days: i64) {
    repo.gc(&GcOptions::new(later(days)).with_grace_ms(grace_days * DAY)).unwrap();
}

fn restores(disk: &MemDisk, id: &VersionId) -> bool {
    let repo = open(disk);
    let record = repo.version(id).unwrap().record;
    let target = MemDisk::new();
    let options = RestoreOptions::default().with_state(true);
    let plan = repo.plan_restore(&record, &target, &options);
    plan.and_then(|plan| repo.apply_restore(&plan, &target)).is_ok()
}

fn is_sound(disk: &MemDisk) -> bool {
    open(disk).verify(&Silent).unwrap().is_ok()
}

#[test]
fn a_rollback_restores_what_an_alias_pointed_to_before() {
    let (disk, repo, ids) = versions(4);
    promote(&repo, ids[1], 0).unwrap();
    promote(&repo, ids[2], 1).unwrap();
    assert_eq!(prune(&repo, 2), [ids[0]]);
    gc(&repo, 3, 0);
    let back = repo.rollback(&alias(), None, "B is broken", &later(4)).unwrap();
    assert_eq!(back.record.to, Some(ids[1]));
    assert!(restores(&disk, &ids[1]) && is_sound(&disk));
    // The one before the rollback counts, too.
    assert_eq!(prune(&repo, 5), []);
}

#[test]
fn what_an_alias_pointed_to_is_kept_for_the_grace_period_unless_settings_say_otherwise() {
    let (_, repo, ids) = versions(3);
    promote(&repo, ids[0], 0).unwrap();
    promote(&repo, ids[2], 1).unwrap();
    let error = repo.remove_content(&[ids[0]], "too large", &GcOptions::new(later(2)));
    assert!(matches!(error, Err(Error::AliasedBefore { at, .. }) if at == ids[0]));
    assert_eq!(prune(&repo, 14), [ids[1]]);
    assert_eq!(prune(&repo, 16), [ids[0]]);

    let (disk, repo, ids) = versions(3);
    promote(&repo, ids[0], 0).unwrap();
    promote(&repo, ids[2], 1).unwrap();
    configure(&disk, "[retention]\naliased_before = false\n");
    let repo = (drop(repo), open(&disk)).1;
    let mut dropped = prune(&repo, 2);
    dropped.sort_by_key(|id| *id != ids[0]);
    assert_eq!(dropped, [ids[0], ids[1]]);
}

#[test]
fn what_an_alias_pointed_to_stays_although_no_branch_leads_to_it() {
    let (disk, repo, ids) = versions(3);
    promote(&repo, ids[2], 0).unwrap();
    promote(&repo, ids[0], 1).unwrap();
    repo.rollback(&main_branch(), Some(ids[0]), "", &later(1)).unwrap();
    gc(&repo, 2, 0);
    assert!(restores(&disk, &ids[2]));
    gc(&repo, 20, 0);
    assert!(!restores(&disk, &ids[2]));
}

#[test]
fn a_move_brings_back_what_is_in_trash() {
    let moves: [fn(&Repository, VersionId) -> Result<Move>; 4] = [
        |repo, id| promote(repo, id, 2),
        |repo, id| repo.rollback(&main_branch(), Some(id), "", &later(2)),
        |repo, id| repo.set_ref(&RefName::branch("b")?, id, false, "", &later(2)),
        |repo, id| repo.set_ref(&RefName::new(RefKind::Tag, "v1")?, id, false, "", &later(2)),
    ];
    for act in moves {
        let (disk, repo, ids) = versions(3);
        assert_eq!(prune(&repo, 1).len(), 2);
        assert!(!restores(&disk, &ids[0]));
        act(&repo, ids[0]).unwrap();
        assert!(restores(&disk, &ids[0]) && is_sound(&disk));
        assert!(!restores(&disk, &ids[1]));
        // It stays, whatever is taken away later.
        gc(&repo, 3, 0);
        assert!(restores(&disk, &ids[0]));
    }
}

#[test]
fn a_move_to_what_is_gone_is_refused_and_names_what_could_serve() {
    let (disk, repo, ids) = versions(4);
    repo.set_ref(&RefName::new(RefKind::Tag, "v1").unwrap(), ids[0], false, "", &signature())
        .unwrap();
    promote(&repo, ids[3], 0).unwrap();
    assert_eq!(prune(&repo, 1).len(), 2);
    gc(&repo, 2, 0);
    let error = promote(&repo, ids[2], 3).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let Error::NoContent { name, instead, .. } = error else { panic!("{error}") };
    // The nearest ancestor that has its content, then the tip of main.
    assert_eq!((name, instead), (alias(), vec![ids[0], ids[3]]));
    assert_eq!(open(&disk).target(&alias()).unwrap(), Some(ids[3]));
    assert!(is_sound(&disk));
}

#[test]
fn gc_brings_back_what_a_ref_leads_to_and_verify_reports_it() {
    let (disk, repo, ids) = versions(2);
    remove_by_hand(&disk, vec![ids[1]]);
    let report = open(&disk).verify(&Silent).unwrap();
    let [damage] = &report.damage[..] else { panic!("{report:?}") };
    assert_eq!(damage.place, "branch main");
    assert_eq!(damage.what, "it leads to a version whose content was removed");
    assert_eq!(damage.versions, [ids[1]]);
    gc(&(drop(repo), open(&disk)).1, 1, 0);
    assert!(restores(&disk, &ids[1]) && is_sound(&disk));
}
