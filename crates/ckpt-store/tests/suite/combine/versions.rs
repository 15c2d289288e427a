//! Which versions are merged, and what of it can be made again.

use super::*;

#[test]
fn a_merge_is_made_again_from_its_recipe() {
    for strategy in ["average:0.3", "task-arithmetic:0.7", "ties:0.5,0.9", "slerp:0.4", "theirs"] {
        let fork =
            Fork::of_states(&[[A, B, C], [A, A, C], [I32([1, 1]), I32([2, 2]), I32([3, 3])]]);
        let merged = fork.merge(&fork.plan(Some(strategy)));
        let record = &merged.version.record;
        assert_eq!(fork.repository.replay_merge(&merged.version).unwrap(), record.model);
        let ours = fork.repository.version(&fork.ours).unwrap();
        assert_ne!(ours.record.model, record.model);
        let error = fork.repository.replay_merge(&ours).unwrap_err();
        assert!(matches!(error, Error::NotMerged(id) if id == fork.ours));
    }
}

#[test]
fn a_recipe_that_did_not_make_a_merge_replays_to_something_else() {
    let fork = Fork::of_states(&[[A, B, C]]);
    let merged = fork.merge(&fork.plan(Some("average")));
    let mut recipe = fork.repository.recipe(&merged.version.record).unwrap();
    recipe.merge.as_mut().unwrap().default = Some(ckpt_store::MergeStrategy::Theirs);
    let tensors = Contents::Tensors(vec![A.tensor("t0").unwrap()]);
    let draft = Draft::new(tensors, signature()).with_recipe(recipe);
    let lying = fork.repository.commit(&main_branch(), &draft).unwrap().version;
    assert_ne!(fork.repository.replay_merge(&lying).unwrap(), lying.record.model);
}

#[test]
fn a_branch_goes_on_to_a_version_that_continues_it_and_to_no_other() {
    let fork = Fork::of_states(&[[A, B, C]]);
    let forward = |branch: &str, from, to| {
        let branch = RefName::branch(branch).unwrap();
        fork.repository.fast_forward(&branch, from, to, "on", &signature())
    };
    let behind = RefName::branch("behind").unwrap();
    fork.repository.set_ref(&behind, fork.base, false, "", &signature()).unwrap();
    let error = forward("main", fork.ours, fork.theirs).unwrap_err();
    let (ours, theirs) = (fork.ours.short(), fork.theirs.short());
    assert_eq!(error.to_string(), format!("version {theirs} does not continue version {ours}"));
    let error = forward("main", fork.base, fork.theirs).unwrap_err();
    assert!(matches!(error, Error::Conflict(conflict) if conflict.found == Some(fork.ours)));
    let moved = forward("behind", fork.base, fork.theirs).unwrap();
    assert_eq!((moved.record.from, moved.record.to), (Some(fork.base), Some(fork.theirs)));
    assert_eq!(fork.repository.target(&behind).unwrap(), Some(fork.theirs));
}

#[test]
fn a_version_merged_with_itself_is_itself() {
    let fork = Fork::of_states(&[[A, B, C], [I32([1, 1]), I32([2, 1]), I32([3, 1])]]);
    for strategy in [None, Some("average"), Some("ties"), Some("slerp"), Some("theirs")] {
        let default = strategy.map(|strategy| strategy.parse().unwrap());
        let strategies = Strategies { default, rules: Vec::new() };
        // From itself, from before itself, and from nothing.
        for base in [Some(fork.ours), Some(fork.base), None] {
            let options = MergeOptions::default()
                .with_base(base)
                .with_unrelated(true)
                .with_strategies(strategies.clone());
            let plan = fork.repository.plan_merge(fork.ours, fork.ours, options).unwrap();
            assert!(plan.items().all(|item| item.outcome == Same), "{strategy:?}");
            assert_eq!(plan.tensors.len(), 3);
        }
    }
}

#[test]
fn unrelated_versions_are_merged_only_if_that_is_wanted() {
    let (_, repository) = repository();
    let commit = |branch: &str, states: &[State]| {
        let branch = RefName::branch(branch).unwrap();
        repository.commit(&branch, &version(states)).unwrap().version.id
    };
    let (ours, theirs) = (commit("main", &[A]), commit("other", &[B, C]));
    let error = repository.plan_merge(ours, theirs, MergeOptions::default()).unwrap_err();
    let message =
        format!("versions {} and {} have no common ancestor", ours.short(), theirs.short());
    assert_eq!(error.to_string(), message);
    let options = MergeOptions::default().with_unrelated(true);
    let plan = repository.plan_merge(ours, theirs, options).unwrap();
    assert_eq!((plan.base.as_ref(), plan.undecided()), (None, 1));
    assert_eq!(
        plan.tensors.iter().map(|item| &item.name).collect::<Vec<_>>(),
        ["constant", "t0", "t1"]
    );
    // A base that is no ancestor of either may be named, too.
    let base = commit("third", &[A]);
    let options = MergeOptions::default().with_base(Some(base));
    let plan = repository.plan_merge(ours, theirs, options).unwrap();
    assert_eq!((plan.undecided(), plan.base.map(|base| base.id)), (0, Some(base)));
}
