//! Merges in JSON.

use std::collections::BTreeMap;

use ckpt_hash::VersionId;
use ckpt_store::{ConflictKind, MergeItem, MergePlan, Outcome, Resolution, Side, Strategy};
use serde::Serialize;

use super::VersionKeys;

/// What `merge` prints.
#[derive(Debug, Serialize)]
pub struct Merge {
    /// `merged`, `fast-forward`, `up-to-date`, `planned` or `undecided`.
    pub result: &'static str,
    /// The version that the branch is at now; without a plan's or undecided merge's.
    #[serde(flatten)]
    pub version: Option<VersionKeys>,
    /// What both sides come from; null for unrelated versions.
    pub base: Option<VersionId>,
    pub ours: VersionId,
    pub theirs: VersionId,
    /// What decides conflicts that no rule takes; null if nothing does.
    pub strategy: Option<String>,
    #[serde(flatten)]
    pub parts: Option<Parts>,
    /// The size of the result; null if nothing was committed, as is `stored_bytes`.
    pub logical_bytes: Option<u64>,
    pub stored_bytes: Option<u64>,
}

/// What becomes of all that either side has; there is nothing of it to say where nothing is merged.
#[derive(Debug, Serialize)]
pub struct Parts {
    pub tensors: Tally,
    pub files: Tally,
    #[serde(rename = "parameters")]
    pub params: Tally,
    /// `data`, `code` and `seed`.
    pub inputs: Tally,
}

/// What becomes of things of one kind: how many are as where, and which are in conflict.
#[derive(Debug, Default, Serialize)]
pub struct Tally {
    /// Alike on both sides.
    pub same: usize,
    /// As ours, because we alone changed them or because a strategy says so; `theirs` likewise.
    pub ours: usize,
    pub theirs: usize,
    /// Merged element by element.
    pub merged: usize,
    /// Files whose tensors stand by themselves now.
    pub dissolved: usize,
    pub conflicts: Vec<Conflict>,
    /// How many are merged by each strategy.
    #[serde(skip)]
    pub by_strategy: BTreeMap<String, usize>,
}

/// Something that both sides changed, differently.
#[derive(Debug, Serialize)]
pub struct Conflict {
    pub name: String,
    /// `changed`, `added`, `removed-by-us`, `removed-by-them`, `retyped` or `reshaped`.
    pub kind: &'static str,
    /// `ours`, `theirs` or what merges it, such as `average:0.5`; null if nothing decides it.
    pub resolution: Option<String>,
    /// Why the strategy does not decide it; null if there is none, or it does.
    pub reason: Option<&'static str>,
}

impl Parts {
    pub fn new(plan: &MergePlan) -> Self {
        Self {
            tensors: Tally::new(&plan.tensors),
            files: Tally::new(&plan.files),
            params: Tally::new(&plan.params),
            inputs: Tally::new(&plan.inputs),
        }
    }
}

impl Tally {
    fn new(items: &[MergeItem]) -> Self {
        let mut tally = Self::default();
        items.iter().for_each(|item| tally.add(item));
        tally
    }

    fn add(&mut self, item: &MergeItem) {
        match item.outcome {
            Outcome::Same => self.same += 1,
            Outcome::Taken(side) => self.add_side(side),
            Outcome::Dissolved => self.dissolved += 1,
            Outcome::Conflict { kind, resolution } => {
                match resolution {
                    Resolution::Taken(side) => self.add_side(side),
                    Resolution::Merged(arithmetic) => {
                        self.merged += 1;
                        let strategy = Strategy::Arithmetic(arithmetic).to_string();
                        *self.by_strategy.entry(strategy).or_default() += 1;
                    }
                    Resolution::Open(_) => {}
                }
                self.conflicts.push(Conflict::new(&item.name, kind, resolution));
            }
        }
    }

    const fn add_side(&mut self, side: Side) {
        match side {
            Side::Ours => self.ours += 1,
            Side::Theirs => self.theirs += 1,
        }
    }
}

impl Conflict {
    fn new(name: &str, kind: ConflictKind, resolution: Resolution) -> Self {
        let (resolution, reason) = match resolution {
            Resolution::Open(reason) => (None, reason),
            Resolution::Taken(Side::Ours) => (Some(Strategy::Ours), None),
            Resolution::Taken(Side::Theirs) => (Some(Strategy::Theirs), None),
            Resolution::Merged(arithmetic) => (Some(Strategy::Arithmetic(arithmetic)), None),
        };
        let resolution = resolution.map(|strategy| strategy.to_string());
        Self { name: name.to_owned(), kind: word(kind), resolution, reason }
    }
}

const fn word(kind: ConflictKind) -> &'static str {
    match kind {
        ConflictKind::BothChanged => "changed",
        ConflictKind::BothAdded => "added",
        ConflictKind::RemovedByUs => "removed-by-us",
        ConflictKind::RemovedByThem => "removed-by-them",
        ConflictKind::Retyped => "retyped",
        ConflictKind::Reshaped => "reshaped",
    }
}

/// What `merge --replay` prints.
#[derive(Debug, Serialize)]
pub struct Replay {
    pub version: VersionId,
    /// Whether the recipe makes the same weights again.
    pub same: bool,
    /// The model of the version.
    pub model: ckpt_hash::ModelId,
    /// What its recipe makes.
    pub replayed: ckpt_hash::ModelId,
}
