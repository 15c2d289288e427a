//! The version that two versions come from.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::common::{history::plant_history, repository};
use ckpt_hash::VersionId;
use ckpt_store::{Contents, Draft, Parents, RefName, Repository, Signature};
use ckpt_testkit::disks::{MemDisk, counting};
use proptest::prelude::*;

/// Makes a version with these parents, at a time.
fn commit(repository: &Repository, parents: &[VersionId], time_ms: i64) -> VersionId {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let draft = Draft::new(Contents::Nothing, Signature::new("ada", time_ms))
        .with_parents(Parents::NewBranch(parents.to_vec()))
        .with_message(format!("version {number}"));
    let branch = RefName::branch(&format!("b{number}")).unwrap();
    repository.commit(&branch, &draft).unwrap().version.id
}

/// Looks for the base from both ends, which must find the same.
fn base(repository: &Repository, a: VersionId, b: VersionId) -> Option<VersionId> {
    let found = repository.merge_base(a, b).unwrap();
    assert_eq!(repository.merge_base(b, a).unwrap(), found);
    found
}

#[test]
fn lines_that_part_meet_where_they_parted() {
    let (_, repo) = repository();
    let root = commit(&repo, &[], 1);
    let fork = commit(&repo, &[root], 2);
    let a = commit(&repo, &[fork], 3);
    let b = commit(&repo, &[commit(&repo, &[fork], 4)], 5);
    assert_eq!(base(&repo, a, b), Some(fork));
    assert_eq!(base(&repo, a, fork), Some(fork));
    assert_eq!(base(&repo, a, root), Some(root));
    assert_eq!(base(&repo, a, a), Some(a));
    assert_eq!(base(&repo, a, commit(&repo, &[], 6)), None);
}

#[test]
fn what_was_merged_before_is_the_next_base() {
    let (_, repo) = repository();
    let root = commit(&repo, &[], 1);
    // The side is longer, so that the merge has a smaller number than its second parent.
    let side = (2..8).fold(root, |last, time| commit(&repo, &[last], time));
    let merged = commit(&repo, &[commit(&repo, &[root], 2), side], 9);
    let ours = commit(&repo, &[merged], 10);
    let theirs = commit(&repo, &[side], 11);
    assert_eq!(base(&repo, ours, theirs), Some(side));
}

#[test]
fn after_a_criss_cross_number_then_time_then_id_decide() {
    let crossed = |left: i64, right: i64, longer: bool| {
        let (_, repo) = repository();
        let root = commit(&repo, &[], 1);
        let a = commit(&repo, &[root], left);
        let a = if longer { commit(&repo, &[a], left) } else { a };
        let b = commit(&repo, &[root], right);
        let (ab, ba) = (commit(&repo, &[a, b], 20), commit(&repo, &[b, a], 21));
        let (ours, theirs) = (commit(&repo, &[ab], 22), commit(&repo, &[ba], 23));
        (a, b, base(&repo, ours, theirs))
    };
    let (a, _, found) = crossed(5, 9, true);
    assert_eq!(found, Some(a), "the greater number");
    let (_, b, found) = crossed(5, 9, false);
    assert_eq!(found, Some(b), "the later time");
    let (a, b, found) = crossed(5, 5, false);
    assert_eq!(found, Some(a.min(b)), "the smaller id");
}

#[test]
fn long_histories_are_not_walked() {
    let disk = MemDisk::new();
    Repository::init_on(Arc::new(disk.clone())).unwrap();
    let tip = plant_history(&disk, 3_000);
    let repo = Repository::open_on(Arc::new(disk.clone())).unwrap();
    let at = |number| repo.resolve(&format!("main@{number}")).unwrap();
    let (old, fork) = (at(7), at(2_990));
    let side = commit(&repo, &[commit(&repo, &[fork], 1)], 2);
    let (counted, counts) = counting(&disk, "packs/");
    let repo = Repository::open_on(counted).unwrap();
    counts.take();
    assert_eq!(base(&repo, tip, side), Some(fork));
    let (_, reads) = counts.take();
    assert!(reads < 400, "{reads} reads for 12 versions");
    assert_eq!(base(&repo, tip, old), Some(old));
    let (_, reads) = counts.take();
    assert!(reads < 400, "{reads} reads along skip pointers");
}

/// The best common ancestors by their definition.
fn best(
    parents: &BTreeMap<VersionId, Vec<VersionId>>,
    a: VersionId,
    b: VersionId,
) -> BTreeSet<VersionId> {
    let ancestors = |from: VersionId| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(id) = next.pop() {
            if seen.insert(id) {
                next.extend(&parents[&id]);
            }
        }
        seen
    };
    let common: BTreeSet<VersionId> = ancestors(a).intersection(&ancestors(b)).copied().collect();
    let is_best =
        |id: &VersionId| !common.iter().any(|other| other != id && ancestors(*other).contains(id));
    common.iter().copied().filter(is_best).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// In any history at all, with versions that have up to three parents and times out of order.
    #[test]
    fn what_is_found_is_a_best_common_ancestor(
        history in prop::collection::vec((prop::collection::vec(0usize..9, 0..4), 0..4i64), 2..9)
    ) {
        let (_, repo) = repository();
        let mut ids: Vec<VersionId> = Vec::new();
        let mut parents = BTreeMap::new();
        for (places, time) in history {
            let mut chosen: Vec<VersionId> = Vec::new();
            for place in places {
                let id = ids.get(place % (ids.len() + 1)).copied();
                chosen.extend(id.filter(|id| !chosen.contains(id)));
            }
            let id = commit(&repo, &chosen, time);
            parents.insert(id, chosen);
            ids.push(id);
        }
        for &a in &ids {
            for &b in &ids {
                let best = best(&parents, a, b);
                let rank = |id: &VersionId| {
                    let record = repo.version(id).unwrap().record;
                    (record.number, record.time_ms, std::cmp::Reverse(*id))
                };
                prop_assert_eq!(repo.merge_base(a, b).unwrap(), best.into_iter().max_by_key(rank));
            }
        }
    }
}
