//! Stretches of history, by their two ends.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::{draft, history::plant_history, main_branch, open, repository};
use ckpt_store::{Parents, RefName, Repository};

fn numbers(repo: &Repository, range: &str) -> Vec<u64> {
    repo.resolve_range(range).unwrap().iter().map(|version| version.record.number).collect()
}

#[test]
fn a_range_starts_after_its_first_end_and_holds_its_second() {
    let (disk, _) = repository();
    let tip = plant_history(&disk, 9);
    let repo = open(&disk);
    assert_eq!(numbers(&repo, "main@3..main@6"), [4, 5, 6]);
    assert_eq!(numbers(&repo, "main~2.."), [8, 9]);
    assert_eq!(numbers(&repo, "main"), (1..=9).collect::<Vec<_>>());
    assert_eq!(numbers(&repo, "main..main"), [0; 0]);
    let ends = repo.range_ends("main@3..main").unwrap();
    assert_eq!(ends, (Some(repo.resolve("main@3").unwrap()), tip));
    assert_eq!(repo.range_ends("main@3").unwrap().0, None);
}

#[test]
fn a_range_follows_first_parents_and_starts_on_their_line() {
    let (_, repo) = repository();
    let commit = |branch: &RefName, seed, parents| {
        let draft = draft(seed).with_parents(parents);
        repo.commit(branch, &draft).unwrap().version.id
    };
    let trial = RefName::branch("trial").unwrap();
    let root = commit(&main_branch(), 1.0, Parents::Tip);
    let side = commit(&trial, 2.0, Parents::NewBranch(vec![root]));
    let expected = commit(&main_branch(), 3.0, Parents::Tip);
    let joined = commit(&main_branch(), 4.0, Parents::Merge { expected, others: vec![side] });
    assert_eq!(numbers(&repo, &format!("{root}..main")), [2, 3]);
    for range in ["trial..main", "main..trial", "main..main~"] {
        let error = repo.resolve_range(range).unwrap_err().to_string();
        assert!(error.contains("is not on the line of first parents of"), "{range}: {error}");
    }
    let error = repo.resolve_range("trial..main").unwrap_err().to_string();
    assert!(error.contains(&side.short()) && error.ends_with(&joined.short()), "{error}");
    let error = repo.resolve_range("main..nowhere").unwrap_err().to_string();
    assert_eq!(error, "no version is called \"nowhere\"");
}
