//! Random histories and random policies: what is kept comes back exactly, what is dropped says so,
//! and what happened is what the plan said.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU64,
};

use crate::common::{
    draft,
    look::{check_depths, read},
    main_branch, open, repository, signature, unmerged,
};
use ckpt_hash::VersionId;
use ckpt_store::{
    Contents, Draft, Error, NewNote, Parents, Policy, PruneOptions, RefKind, RefName, Repository,
    RestoreOptions, Role, Rule, Signature, Silent, Tensor,
};
use ckpt_tensor::Dtype;
use ckpt_testkit::{
    disks::MemDisk,
    sequences::{Sequence, Training},
};
use proptest::prelude::*;

/// A version to be made: on which of two branches, with which metrics (-1 is none, 3 is NaN).
type Made = (bool, i8, i8);

fn metrics(loss: i8, f1: i8) -> BTreeMap<String, f64> {
    let value = |value: i8| if value == 3 { f64::NAN } else { f64::from(value) };
    let all = [("loss", loss), ("f1", f1)];
    let given = all.into_iter().filter(|(_, metric)| *metric >= 0);
    given.map(|(name, metric)| (name.to_owned(), value(metric))).collect()
}

fn version_of(bytes: &[u8], loss: i8, f1: i8, minute: i64) -> Draft {
    let shape = [bytes.len() as u64 / 4];
    let tensor = Tensor::new("w", Dtype::F32, shape, Role::Weights, bytes.to_vec()).unwrap();
    let signature = Signature::new(signature().author, signature().time_ms + 60_000 * minute);
    let contents = Contents::Tensors(vec![tensor]);
    draft(1.0).with_contents(contents).with_metrics(metrics(loss, f1)).with_signature(signature)
}

/// A repository with a history, and the bytes of each version's tensor.
struct World {
    disk: MemDisk,
    repo: Repository,
    made: Vec<(VersionId, Vec<u8>)>,
    now: Signature,
}

fn world(history: &[Made]) -> World {
    let (disk, repo) = if history.len().is_multiple_of(2) { repository() } else { unmerged() };
    let side = RefName::branch("side").unwrap();
    let mut bytes = Sequence::new(Training::LateF32, 300, 9);
    let mut made = Vec::new();
    for (minute, (on_side, loss, f1)) in (1..).zip(history) {
        let bytes = bytes.next().unwrap();
        let mut draft = version_of(&bytes, *loss, *f1, minute);
        let mut branch = main_branch();
        if *on_side {
            branch = side.clone();
            if repo.target(&side).unwrap().is_none() {
                let parents = repo.target(&main_branch()).unwrap().into_iter().collect();
                draft.parents = Parents::NewBranch(parents);
            }
        }
        made.push((repo.commit(&branch, &draft).unwrap().version.id, bytes));
    }
    let time_ms = signature().time_ms + 60_000 * history.len() as i64;
    World { disk, repo, made, now: Signature::new(signature().author, time_ms) }
}

fn policies() -> impl Strategy<Value = Policy> {
    let best = prop::collection::vec(
        (prop::bool::ANY, prop::sample::select(vec!["loss", "f1"]), 0..3_u64).prop_map(
            |(is_max, metric, count)| {
                let word = if is_max { "max" } else { "min" };
                format!("{word}:{metric}:{count}").parse().unwrap()
            },
        ),
        0..2,
    );
    let front = prop::collection::vec(
        Just(vec!["min:loss".parse().unwrap(), "max:f1".parse().unwrap()]),
        0..2,
    );
    let younger = prop::option::of((0..12_u32).prop_map(|n| format!("{n}m").parse().unwrap()));
    (prop::option::of(0..4_u64), best, prop::option::of(1..5_u64), younger, front).prop_map(
        |(keep_last, keep_best, every, keep_younger, pareto)| Policy {
            keep_last,
            keep_best,
            keep_every: every.and_then(NonZeroU64::new),
            keep_younger,
            pareto,
            aliased_before: None,
        },
    )
}

fn restores(repo: &Repository, id: &VersionId, bytes: &[u8]) -> bool {
    let version = repo.version(id).unwrap().record;
    let target = MemDisk::new();
    match repo.plan_restore(&version, &target, &RestoreOptions::default()) {
        Ok(plan) => {
            repo.apply_restore(&plan, &target).unwrap();
            assert!(read(&target, "model.safetensors").ends_with(bytes));
            true
        }
        Err(Error::Removed(removed)) => {
            assert_eq!((removed.version, &*removed.author), (*id, "ada"));
            false
        }
        Err(error) => panic!("{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_happens_is_what_the_plan_says(
        history in prop::collection::vec((prop::bool::weighted(0.3), -1..4_i8, -1..4_i8), 1..24),
        tagged in prop::option::of(0..24_usize),
        policy in policies(),
        again in policies(),
    ) {
        let World { disk, repo, made, now } = world(&history);
        if let Some((id, _)) = tagged.and_then(|tagged| made.get(tagged)) {
            let tag = RefName::new(RefKind::Tag, "v1").unwrap();
            repo.set_ref(&tag, *id, false, "", &now).unwrap();
        }
        let mut gone = BTreeSet::new();
        for policy in [policy, again] {
            let options = PruneOptions::new(policy, now.clone());
            if options.policy.is_empty() {
                prop_assert!(matches!(repo.plan_prune(&options), Err(Error::Config(_))));
                continue;
            }
            let plan = repo.plan_prune(&options).unwrap();
            prop_assert_eq!(&repo.plan_prune(&options).unwrap(), &plan, "a plan changes nothing");
            let dropped: BTreeSet<VersionId> = plan.dropped().map(|version| version.id).collect();
            let report = repo.prune(&options).unwrap();
            prop_assert_eq!(&report.versions, &dropped.iter().copied().collect::<Vec<_>>());
            gone.extend(dropped);
            let repo = open(&disk);
            let report = repo.verify(&Silent).unwrap();
            prop_assert!(report.is_ok(), "{:#?}", report.damage);
            check_depths(&disk);
            for (id, bytes) in &made {
                prop_assert_eq!(restores(&repo, id, bytes), !gone.contains(id));
            }
        }
    }
}

fn rules(repo: &Repository, options: &PruneOptions) -> Vec<(u64, Vec<String>)> {
    let plan = repo.plan_prune(options).unwrap();
    let texts = |rules: &BTreeSet<Rule>| rules.iter().map(Rule::to_string).collect();
    plan.versions.iter().map(|version| (version.number, texts(&version.rules))).collect()
}

#[test]
fn each_rule_says_what_it_keeps_and_they_never_evict_each_other() {
    let history =
        [(false, 2, 0), (false, 0, 1), (false, 3, 3), (false, 1, 2), (false, 0, 2), (false, -1, 0)];
    let World { repo, made, now, .. } = world(&history);
    let tag = RefName::new(RefKind::Tag, "v1").unwrap();
    repo.set_ref(&tag, made[0].0, false, "", &now).unwrap();
    let policy = Policy {
        keep_last: Some(2),
        keep_best: vec!["min:loss:2".parse().unwrap()],
        keep_younger: Some("1m".parse().unwrap()),
        pareto: vec![vec!["min:loss".parse().unwrap(), "max:f1".parse().unwrap()]],
        ..Policy::default()
    };
    let options = PruneOptions::new(policy, now.clone());
    let found = rules(&repo, &options);
    let expected: [(u64, &[&str]); 6] = [
        (6, &["tip of main", "last 2 of main", "younger than 1m"]),
        (
            5,
            &[
                "last 2 of main",
                "best 2 of 2 by min:loss of main",
                "front of min:loss and max:f1 of main",
            ],
        ),
        (4, &[]),
        // NaN wins nothing.
        (3, &[]),
        // Of equal ones the older comes first.
        (2, &["best 1 of 2 by min:loss of main"]),
        (1, &["tag v1"]),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(n, rules)| (*n, rules.iter().map(|rule| (*rule).to_owned()).collect::<Vec<_>>()))
        .collect();
    assert_eq!(found, expected);
    // What a note says of a metric counts first.
    let metrics = BTreeMap::from([("loss".to_owned(), -1.0)]);
    repo.note(&NewNote::new(vec![made[3].0], signature()).with_metrics(metrics)).unwrap();
    let found = rules(&repo, &options);
    assert_eq!(found[2].1[0], "best 1 of 2 by min:loss of main");
}

#[test]
fn a_branch_alone_may_be_pruned() {
    let history = [(false, 0, 0), (false, 0, 0), (true, 0, 0), (true, 0, 0), (false, 0, 0)];
    let World { repo, now, .. } = world(&history);
    let policy = Policy { keep_last: Some(1), ..Policy::default() };
    let branch = Some(RefName::branch("side").unwrap());
    let options = PruneOptions::new(policy, now).with_branch(branch);
    let plan = repo.plan_prune(&options).unwrap();
    assert_eq!(plan.versions.len(), 4, "main's newest version is not on that line");
    assert_eq!(plan.dropped().count(), 3);
    let options = options.with_branch(Some(RefName::branch("x").unwrap()));
    assert!(matches!(repo.plan_prune(&options), Err(Error::NoRef(_))));
}

#[test]
fn what_a_version_frees_is_what_nothing_else_needs() {
    let (_, repo) = repository();
    let large: Vec<u8> =
        (0..100_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let commit = |bytes: &[u8]| {
        let made = repo.commit(&main_branch(), &version_of(bytes, 0, 0, 0)).unwrap();
        made.stored_bytes
    };
    let stored = commit(&large);
    commit(&large);
    commit(b"\x01\0\0\0");
    let policy = Policy { keep_last: Some(1), ..Policy::default() };
    let options = PruneOptions::new(policy, signature());
    let plan = repo.plan_prune(&options).unwrap();
    let bytes: Vec<u64> = plan.versions.iter().map(|version| version.bytes).collect();
    // Two versions share a block: either alone frees nothing, both free it.
    assert_eq!(bytes, [68, 0, 0]);
    assert!(plan.bytes > 9 * stored / 10 && plan.bytes < stored, "{} of {stored}", plan.bytes);
    let report = repo.prune(&options).unwrap();
    assert_eq!(report.gc.saved_bytes(), plan.bytes);
}
