//! Merges in JSON.

use std::collections::BTreeMap;

use ckpt_hash::VersionId;
use ckpt_store::{ConflictKind, MergeItem, MergePlan, Outcome, Resolution, Side, Strategy};
use serde::Serialize;

use super::VersionKeys;

/// What `merge` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Merge {
    /// `merged`, `fast-forward`, `up-to-date`, `planned` or `undecided`.
    pub(crate) result: &'static str,
    /// The version that the branch is at now; without a plan's or undecided merge's.
    #[serde(flatten)]
    pub(crate) version: Option<VersionKeys>,
    /// What both sides come from; null for unrelated versions.
    pub(crate) base: Option<VersionId>,
    pub(crate) ours: VersionId,
    pub(crate) theirs: VersionId,
    /// What decides conflicts that no rule takes; null if nothing does.
    pub(crate) strategy: Option<String>,
    #[serde(flatten)]
    pub(crate) parts: Option<Parts>,
    /// The size of the result; null if nothing was committed, as is `stored_bytes`.
    pub(crate) logical_bytes: Option<u64>,
    pub(crate) stored_bytes: Option<u64>,
}

/// What becomes of all that either side has; there is nothing of it to say where nothing is merged.
#[derive(Debug, Serialize)]
pub(crate) struct Parts {
    pub(crate) tensors: Tally,
    pub(crate) files: Tally,
    #[serde(rename = "parameters")]
    pub(crate) params: Tally,
    /// `data`, `code` and `seed`.
    pub(crate) inputs: Tally,
}

/// What becomes of things of one kind: how many are as where, and which are in conflict.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Tally {
    /// Alike on both sides.
    pub(crate) same: usize,
    /// As ours, because we alone changed them or because a strategy says so; `theirs` likewise.
    pub(crate) ours: usize,
    pub(crate) theirs: usize,
    /// Merged element by element.
    pub(crate) merged: usize,
    /// Files whose tensors stand by themselves now.
    pub(crate) dissolved: usize,
    pub(crate) conflicts: Vec<Conflict>,
    /// How many are merged by each strategy.
    #[serde(skip)]
    pub(crate) by_strategy: BTreeMap<String, usize>,
}

/// Something that both sides changed, differently.
#[derive(Debug, Serialize)]
pub(crate) struct Conflict {
    pub(crate) name: String,
    /// `changed`, `added`, `removed-by-us`, `removed-by-them`, `retyped` or `reshaped`.
    pub(crate) kind: &'static str,
    /// `ours`, `theirs` or what merges it, such as `average:0.5`; null if nothing decides it.
    pub(crate) resolution: Option<String>,
    /// Why the strategy does not decide it; null if there is none, or it does.
    pub(crate) reason: Option<&'static str>,
}

impl Parts {
    pub(crate) fn new(plan: &MergePlan) -> Self {
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
pub(crate) struct Replay {
    pub(crate) version: VersionId,
    /// Whether the recipe makes the same weights again.
    pub(crate) same: bool,
    /// The model of the version.
    pub(crate) model: ckpt_hash::ModelId,
    /// What its recipe makes.
    pub(crate) replayed: ckpt_hash::ModelId,
}
