//! The chain of moves of a ref: gone through, tampered with, cut off.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::{
    by_hand::{Object, plant, point},
    draft, main_branch, open,
    records::{MoveRecord, record_of},
    repository, signature,
};
use ckpt_hash::MoveId;
use ckpt_store::{
    Error, GuardChange, Move, MoveKind, RefKind, RefName, Repository, Result, Silent,
};
use ckpt_testkit::disks::MemDisk;

const MAIN: &str = "refs/heads/main";

/// Makes a branch with one move of each kind that a branch can have; returns them, the newest first.
fn history(repo: &Repository) -> Vec<Move> {
    let main = main_branch();
    for seed in [1.0, 2.0, 3.0] {
        repo.commit(&main, &draft(seed)).unwrap();
    }
    let guards = vec!["loss < 10".parse().unwrap()];
    repo.guard(&main, &GuardChange::Add(guards), "policy", &signature()).unwrap();
    let back = repo.rollback(&main, None, "worse", &signature()).unwrap().record.to;
    repo.delete_ref(&main, "gone", &signature()).unwrap();
    repo.set_ref(&main, back.unwrap(), false, "back", &signature()).unwrap();
    repo.audit(&main).unwrap().collect::<Result<_>>().unwrap()
}

#[test]
fn all_moves_are_given_newest_first() {
    let (_, repo) = repository();
    let moves = history(&repo);
    let kinds: Vec<MoveKind> = moves.iter().map(|movement| movement.record.kind).collect();
    use MoveKind::{Commit, Delete, Guard, Rollback, Set};
    assert_eq!(kinds, [Set, Delete, Rollback, Guard, Commit, Commit, Commit]);
    for pair in moves.windows(2) {
        assert_eq!(pair[0].record.previous, Some(pair[1].id));
        assert_eq!(pair[0].record.from, pair[1].record.to);
    }
    assert_eq!(repo.chains(RefKind::Branch).unwrap(), [main_branch()]);
    let none = RefName::branch("none").unwrap();
    assert_eq!(repo.audit(&none).unwrap().count(), 0);
}

/// Replaces the move at `place` by what `change` makes of it, and those after it so that they follow
/// it; returns what the audit says then.
fn tampered(
    disk: &MemDisk,
    moves: &[Move],
    place: usize,
    change: impl FnOnce(&mut MoveRecord),
) -> Result<Vec<Move>> {
    let mut objects = Vec::new();
    let mut record: MoveRecord = record_of(&moves[place].record);
    change(&mut record);
    let (object, mut id) = Object::movement(&record);
    objects.push(object);
    for later in moves[..place].iter().rev() {
        let record = MoveRecord { previous: Some(id), ..record_of(&later.record) };
        let (object, next) = Object::movement(&record);
        objects.push(object);
        id = next;
    }
    plant(disk, objects);
    point(disk, MAIN, id);
    let repo = open(disk);
    let found = repo.audit(&main_branch()).unwrap().collect::<Result<Vec<_>>>();
    // Whoever verifies is told the same.
    assert_eq!(repo.verify(&Silent).unwrap().is_ok(), found.is_ok());
    found
}

#[test]
fn moves_that_do_not_join_are_found() {
    let (disk, repo) = repository();
    let moves = history(&repo);
    type Change = fn(&mut MoveRecord);
    let cases: [(usize, Change, &str); 7] = [
        (4, |record| record.to = None, "does not lead to where the next one starts"),
        (2, |record| record.from = None, "does not lead to where the next one starts"),
        (2, |record| record.name = "refs/heads/other".to_owned(), "is one of refs/heads/other"),
        (2, |record| record.previous = None, "is the first one and comes from a version"),
        (2, |record| record.guards.clear(), "has other guards than the next one"),
        (3, |record| record.guards.clear(), "has other guards than the next one"),
        (3, |record| record.kind = MoveKind::Set, "has other guards than the next one"),
    ];
    for (place, change, what) in cases {
        let error = tampered(&disk, &moves, place, change).unwrap_err().to_string();
        let start = "branch main is damaged: its chain of moves has a break: move ";
        assert!(error.starts_with(start) && error.contains(what), "{place}: {error}");
    }
    let first = |record: &mut MoveRecord| record.guards = vec!["a < 1".to_owned()];
    let error = tampered(&disk, &moves[6..], 0, first).unwrap_err().to_string();
    assert!(error.ends_with("is the first one and has guards that no move set"), "{error}");
    let moving = |record: &mut MoveRecord| record.from = None;
    let error = tampered(&disk, &moves[3..], 0, moving).unwrap_err().to_string();
    assert!(error.ends_with("changes guards and moves the ref"), "{error}");
}

#[test]
fn a_move_that_is_gone_ends_the_audit() {
    let (disk, repo) = repository();
    let moves = history(&repo);
    let missing = MoveId::of(b"missing");
    let error = tampered(&disk, &moves, 3, |record| record.previous = Some(missing)).unwrap_err();
    assert!(matches!(error, Error::Missing(_)), "{error}");
    let repo = open(&disk);
    let mut audit = repo.audit(&main_branch()).unwrap();
    assert_eq!(audit.by_ref().take_while(Result::is_ok).count(), 4);
    assert!(audit.next().is_none());
}

#[test]
fn a_chain_that_joins_shows_edits_only_by_its_ids() {
    let (disk, repo) = repository();
    let moves = history(&repo);
    // Another process did it, on paper: all joins, but no id from there on is the same.
    let edited = tampered(&disk, &moves, 4, |record| record.author = "eve".to_owned()).unwrap();
    let same: Vec<bool> = edited.iter().zip(&moves).map(|(a, b)| a.id == b.id).collect();
    assert_eq!(same, [false, false, false, false, false, true, true]);
    // The newest moves cut off: all ids that are left are the same, and the remembered one is gone.
    point(&disk, MAIN, moves[2].id);
    let left = open(&disk).audit(&main_branch()).unwrap().collect::<Result<Vec<_>>>().unwrap();
    assert_eq!(left, moves[2..]);
}
