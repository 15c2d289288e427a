//! Versions are merged three ways.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod versions;

use std::collections::BTreeMap;

use crate::common::{main_branch, repository, signature};
use ckpt_hash::VersionId;
use ckpt_store::{
    Commit, ConflictKind, Contents, DataInput, Draft, Error, MergeItem, MergeOptions, MergePlan,
    Outcome, ParamValue, Parents, Recipe, RefName, Repository, Resolution, Role, Side, Strategies,
    Tensor,
};
use ckpt_tensor::{Arithmetic, Dtype};

use Outcome::{Same, Taken};
use Side::{Ours, Theirs};

/// One state of a tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// It is not there.
    No,
    /// Two floats.
    F32([f32; 2]),
    /// Two floats, one above the other.
    Column([f32; 2]),
    /// Two integers.
    I32([i32; 2]),
}

use State::{Column, F32, I32, No};

const A: State = F32([1.0, 2.0]);
const B: State = F32([3.0, 2.0]);
const C: State = F32([1.0, 5.0]);

impl State {
    fn tensor(self, name: &str) -> Option<Tensor> {
        let floats = |values: [f32; 2]| values.map(f32::to_le_bytes).concat();
        let (dtype, shape, bytes) = match self {
            No => return None,
            F32(values) => (Dtype::F32, vec![2], floats(values)),
            Column(values) => (Dtype::F32, vec![2, 1], floats(values)),
            I32(values) => (Dtype::I32, vec![2], values.map(i32::to_le_bytes).concat()),
        };
        Some(Tensor::new(name, dtype, shape, Role::Weights, bytes).unwrap())
    }
}

/// A version of tensors `t0`, `t1` and so on in some states, and of one that never changes.
fn version(states: &[State]) -> Draft {
    let tensors = states.iter().enumerate().filter_map(|(n, s)| s.tensor(&format!("t{n}")));
    let constant = A.tensor("constant").unwrap();
    Draft::new(Contents::Tensors(tensors.chain([constant]).collect()), signature())
}

/// A base, and a version on the branches `main` and `side` each that continues it.
struct Fork {
    repository: Repository,
    base: VersionId,
    ours: VersionId,
    theirs: VersionId,
}

impl Fork {
    fn new(base: Draft, ours: Draft, theirs: Draft) -> Self {
        let (_, repository) = repository();
        let main = main_branch();
        let commit =
            |branch: &RefName, draft: &Draft| repository.commit(branch, draft).unwrap().version.id;
        let base = commit(&main, &base);
        let side = Parents::NewBranch(vec![base]);
        let theirs = commit(&RefName::branch("side").unwrap(), &theirs.with_parents(side));
        let ours = commit(&main, &ours);
        Self { repository, base, ours, theirs }
    }

    fn of_states(rows: &[[State; 3]]) -> Self {
        let side = |side: usize| version(&rows.iter().map(|row| row[side]).collect::<Vec<_>>());
        Self::new(side(0), side(1), side(2))
    }

    fn plan(&self, strategy: Option<&str>) -> MergePlan {
        let default = strategy.map(|strategy| strategy.parse().unwrap());
        let strategies = Strategies { default, rules: Vec::new() };
        let options = MergeOptions::default().with_strategies(strategies);
        self.repository.plan_merge(self.ours, self.theirs, options).unwrap()
    }

    fn merge(&self, plan: &MergePlan) -> Commit {
        let draft = Draft::new(Contents::Nothing, signature());
        self.repository.merge_versions(&main_branch(), plan, draft).unwrap()
    }
}

fn outcome(items: &[MergeItem], name: &str) -> Option<Outcome> {
    items.iter().find(|item| item.name == name).map(|item| item.outcome)
}

/// Reads a tensor of a version back.
fn state(repository: &Repository, commit: &Commit, name: &str) -> State {
    let checkpoint = repository.checkpoint(&commit.version.record).unwrap();
    let Some(tensor) = checkpoint.tensors.iter().find(|tensor| tensor.name == name) else {
        return No;
    };
    let bytes = repository.tensor_bytes(tensor).unwrap();
    let words = |place: usize| <[u8; 4]>::try_from(&bytes[place..place + 4]).unwrap();
    let floats = [f32::from_le_bytes(words(0)), f32::from_le_bytes(words(4))];
    match (tensor.dtype, &tensor.shape[..]) {
        (Dtype::F32, [2]) => F32(floats),
        (Dtype::F32, [2, 1]) => Column(floats),
        (Dtype::I32, [2]) => I32([i32::from_le_bytes(words(0)), i32::from_le_bytes(words(4))]),
        other => panic!("{other:?} was never committed"),
    }
}

/// Every way in which base, ours and theirs can stand to each other: what comes of it, and the
/// result where one side's change alone counts.
#[test]
fn what_one_side_changed_is_taken() {
    let table = [
        ([A, A, A], Some(Same), A),
        ([A, B, A], Some(Taken(Ours)), B),
        ([A, A, B], Some(Taken(Theirs)), B),
        ([A, B, B], Some(Same), B),
        ([No, A, No], Some(Taken(Ours)), A),
        ([No, No, A], Some(Taken(Theirs)), A),
        ([No, A, A], Some(Same), A),
        ([A, No, A], Some(Taken(Ours)), No),
        ([A, A, No], Some(Taken(Theirs)), No),
        ([A, No, No], None, No),
        ([A, Column([1.0, 2.0]), A], Some(Taken(Ours)), Column([1.0, 2.0])),
        ([A, A, I32([1, 2])], Some(Taken(Theirs)), I32([1, 2])),
    ];
    let fork = Fork::of_states(&table.map(|(states, ..)| states));
    let plan = fork.plan(None);
    assert_eq!((plan.undecided(), plan.base.as_ref().map(|base| base.id)), (0, Some(fork.base)));
    let merged = fork.merge(&plan);
    for (place, (states, expected, result)) in table.into_iter().enumerate() {
        let name = format!("t{place}");
        assert_eq!(outcome(&plan.tensors, &name), expected, "{states:?}");
        assert_eq!(state(&fork.repository, &merged, &name), result, "{states:?}");
    }
    let record = &merged.version.record;
    assert_eq!((&record.parents[..], record.number), (&[fork.ours, fork.theirs][..], 3));
    assert!(record.metrics.is_empty());
}

#[test]
fn what_both_changed_is_a_conflict_that_strategies_decide() {
    use ConflictKind::{BothAdded, BothChanged, RemovedByThem, RemovedByUs, Reshaped, Retyped};
    let average = Resolution::Merged(Arithmetic::Average { weight: 0.5 });
    let removed = Resolution::Open(Some("one side removed it"));
    let unlike = Resolution::Open(Some("its elements cannot be paired"));
    let ours = Resolution::Taken(Ours);
    let table = [
        ([A, B, C], BothChanged, average, F32([2.0, 3.5])),
        ([No, B, C], BothAdded, average, F32([2.0, 3.5])),
        ([A, No, B], RemovedByUs, removed, No),
        ([A, B, No], RemovedByThem, removed, B),
        ([A, B, Column([1.0, 2.0])], Reshaped, unlike, B),
        ([A, B, I32([1, 2])], Retyped, unlike, B),
        ([I32([1, 1]), I32([2, 1]), I32([3, 1])], BothChanged, ours, I32([2, 1])),
    ];
    let fork = Fork::of_states(&table.map(|(states, ..)| states));
    let [undecided, left, right, mean] =
        [None, Some("ours"), Some("theirs"), Some("average")].map(|name| fork.plan(name));
    for (place, (states, kind, resolution, _)) in table.into_iter().enumerate() {
        let found = |plan: &MergePlan| outcome(&plan.tensors, &format!("t{place}")).unwrap();
        let conflict = |resolution| Outcome::Conflict { kind, resolution };
        assert_eq!(found(&undecided), conflict(Resolution::Open(None)), "{states:?}");
        assert_eq!(found(&left), conflict(Resolution::Taken(Ours)), "{states:?}");
        assert_eq!(found(&right), conflict(Resolution::Taken(Theirs)), "{states:?}");
        assert_eq!(found(&mean), conflict(resolution), "{states:?}");
    }
    assert_eq!((undecided.undecided(), mean.undecided()), (7, 4));
    let draft = || Draft::new(Contents::Nothing, signature());
    let error = fork.repository.merge_versions(&main_branch(), &mean, draft()).unwrap_err();
    assert_eq!(error.to_string(), "4 conflicts of the merge are not decided");
    let rules = vec![("t[2345]".parse().unwrap(), ckpt_store::Strategy::Ours)];
    let strategies = Strategies { rules, ..mean.strategies };
    let options = MergeOptions::default().with_strategies(strategies);
    let plan = fork.repository.plan_merge(fork.ours, fork.theirs, options).unwrap();
    let merged = fork.merge(&plan);
    for (place, (states, .., expected)) in table.into_iter().enumerate() {
        let found = state(&fork.repository, &merged, &format!("t{place}"));
        assert_eq!(found, expected, "{states:?}");
    }
}

#[test]
fn a_side_is_taken_as_it_is() {
    let rows = [[A, B, C], [A, No, C], [A, B, No], [A, B, Column([1.0, 2.0])], [No, B, C]];
    for (strategy, side) in [("ours", 1), ("theirs", 2)] {
        let fork = Fork::of_states(&rows);
        let merged = fork.merge(&fork.plan(Some(strategy)));
        for (place, states) in rows.into_iter().enumerate() {
            assert_eq!(state(&fork.repository, &merged, &format!("t{place}")), states[side]);
        }
    }
}

#[test]
fn rules_decide_by_name_before_the_default() {
    let rows = [[A, B, C], [A, B, C], [A, B, C], [A, No, C]];
    let fork = Fork::of_states(&rows);
    let rule =
        |pattern: &str, strategy: &str| (pattern.parse().unwrap(), strategy.parse().unwrap());
    let strategies = Strategies {
        default: Some("average:0.25".parse().unwrap()),
        rules: vec![rule("t1", "theirs"), rule("t[12]", "ours"), rule("t3", "theirs")],
    };
    let options = MergeOptions::default().with_strategies(strategies);
    let plan = fork.repository.plan_merge(fork.ours, fork.theirs, options).unwrap();
    let merged = fork.merge(&plan);
    let found = |name| state(&fork.repository, &merged, name);
    assert_eq!(found("t0"), F32([2.5, 2.75]));
    assert_eq!([found("t1"), found("t2"), found("t3")], [C, B, C]);
}

#[test]
fn state_comes_from_ours_unless_a_rule_names_it() {
    let (_, repository) = repository();
    let version = |momentum: &[f64]| {
        Draft::new(
            Contents::Tensors(vec![
                Tensor::from_f64("weight", Role::Weights, &momentum[..1]),
                Tensor::from_f64("momentum", Role::State, momentum),
            ]),
            signature(),
        )
    };
    let base = repository.commit(&main_branch(), &version(&[1.0])).unwrap().version;
    let parents = Parents::NewBranch(vec![base.id]);
    let theirs = version(&[2.0, 2.0]).with_parents(parents);
    let theirs = repository.commit(&RefName::branch("b").unwrap(), &theirs).unwrap().version;
    let ours = repository.commit(&main_branch(), &version(&[3.0])).unwrap().version;
    let plan = |rule: Option<(&str, &str)>| {
        let rules = rule.map(|(name, strategy)| (name.parse().unwrap(), strategy.parse().unwrap()));
        let default = Some("average".parse().unwrap());
        let strategies = Strategies { default, rules: rules.into_iter().collect() };
        let options = MergeOptions::default().with_strategies(strategies);
        repository.plan_merge(ours.id, theirs.id, options).unwrap()
    };
    // They are of different lengths, which nothing but a side can decide.
    assert_eq!(plan(None).undecided(), 0);
    assert_eq!(plan(Some(("momentum", "average"))).undecided(), 1);
}

#[test]
fn strategies_that_work_on_changes_need_a_base() {
    let fork = Fork::of_states(&[[No, B, C], [Column([0.0, 0.0]), B, C], [A, B, C]]);
    for strategy in ["task-arithmetic", "ties"] {
        let plan = fork.plan(Some(strategy));
        let why = "the base has none like it";
        for name in ["t0", "t1"] {
            let open = Resolution::Open(Some(why));
            let found = outcome(&plan.tensors, name).unwrap();
            assert!(matches!(found, Outcome::Conflict { resolution, .. } if resolution == open));
        }
        assert!(!outcome(&plan.tensors, "t2").unwrap().is_open());
    }
}

#[test]
fn each_strategy_merges_what_was_stored() {
    for (strategy, expected) in [
        ("average:0.25", [2.5, 2.75]),
        ("task-arithmetic", [3.0, 5.0]),
        ("task-arithmetic:0.5,2", [2.0, 8.0]),
        ("ties:1", [3.0, 5.0]),
        ("ties:0.5", [3.0, 5.0]),
    ] {
        let fork = Fork::of_states(&[[A, B, C]]);
        let merged = fork.merge(&fork.plan(Some(strategy)));
        assert_eq!(state(&fork.repository, &merged, "t0"), F32(expected), "{strategy}");
    }
    let orthogonal = [A, F32([1.0, 0.0]), F32([0.0, 1.0])];
    let fork = Fork::of_states(&[orthogonal]);
    let merged = fork.merge(&fork.plan(Some("slerp")));
    let half = 0.5f64.sqrt() as f32;
    assert_eq!(state(&fork.repository, &merged, "t0"), F32([half, half]));
}

#[test]
fn inputs_are_merged_and_metrics_are_not() {
    let draft = |rate: f64, layers: Option<i64>, data: &[u8], seed| {
        let mut params = BTreeMap::from([("rate".to_owned(), ParamValue::Float(rate))]);
        params.extend(layers.map(|layers| ("layers".to_owned(), ParamValue::Int(layers))));
        let data = vec![DataInput::new("train.csv", ckpt_hash::DataId::of(data))];
        let recipe = Recipe::default().with_params(params).with_data(data).with_seed(seed);
        let metrics = BTreeMap::from([("loss".to_owned(), rate)]);
        version(&[A]).with_recipe(recipe).with_metrics(metrics)
    };
    let fork = Fork::new(
        draft(0.1, None, b"a", Some(1)),
        draft(0.2, None, b"a", Some(2)),
        draft(0.1, Some(4), b"b", Some(3)),
    );
    let undecided = fork.plan(None);
    assert_eq!(undecided.undecided(), 1);
    assert!(outcome(&undecided.inputs, "seed").unwrap().is_open());
    let merged = fork.merge(&fork.plan(Some("average")));
    let recipe = fork.repository.recipe(&merged.version.record).unwrap();
    let expected = [("layers", ParamValue::Int(4)), ("rate", ParamValue::Float(0.2))];
    assert_eq!(recipe.params, expected.map(|(name, value)| (name.to_owned(), value)).into());
    assert_eq!(recipe.data[0].id, ckpt_hash::DataId::of(b"b"));
    assert_eq!((recipe.data[0].label.name.as_str(), recipe.seed), ("train.csv", Some(2)));
    let model = |id: &VersionId| fork.repository.version(id).unwrap().record.model;
    assert_eq!(recipe.bases, [model(&fork.ours), model(&fork.theirs)]);
    assert!(merged.version.record.metrics.is_empty());
}

#[test]
fn the_branch_must_be_where_the_plan_found_it() {
    let fork = Fork::of_states(&[[A, B, C]]);
    let plan = fork.plan(Some("ours"));
    let moved = fork.repository.commit(&main_branch(), &version(&[B])).unwrap().version.id;
    let draft = Draft::new(Contents::Nothing, signature());
    let error = fork.repository.merge_versions(&main_branch(), &plan, draft).unwrap_err();
    assert!(matches!(error, Error::Conflict(conflict) if conflict.found == Some(moved)));
    assert_eq!(fork.repository.target(&main_branch()).unwrap(), Some(moved));
}
