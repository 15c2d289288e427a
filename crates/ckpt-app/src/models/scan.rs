//! Finds models and their lines, reading each version once and no tensor at all.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use ckpt_hash::VersionId;
use ckpt_store::{Goal, Notes, RefKind, RefName, Repository, Version};

use super::size::Size;
use crate::{
    failure::Failure,
    metrics::{Direction, Directions},
};

/// A model, or one line of it.
#[derive(Debug)]
pub struct Entry {
    /// The model's name, or the whole name of the branch.
    pub name: String,
    /// Its branches.
    pub branches: Vec<RefName>,
    /// How many versions its branches come from, themselves included.
    pub versions: u64,
    /// The newest of its tips.
    pub newest: Newest,
    /// The best version, if there is one by the metric that was asked for, or a known one.
    pub best: Option<Best>,
    /// The tags and aliases that point to one of its versions.
    pub refs: Vec<RefName>,
}

/// The newest version of a model.
#[derive(Debug)]
pub struct Newest {
    /// The branch that it is the tip of.
    pub branch: RefName,
    /// The version.
    pub version: Version,
    /// How large it is.
    pub size: Size,
}

/// The best version of a model by some metric.
#[derive(Debug)]
pub struct Best {
    /// The metric, and which way it is better.
    pub goal: Goal,
    /// Its value.
    pub value: f64,
    /// The version.
    pub version: VersionId,
    /// Its number.
    pub number: u64,
}

/// What is kept of a version that was read.
#[derive(Debug)]
struct Node {
    parents: Vec<VersionId>,
    number: u64,
    metrics: BTreeMap<String, f64>,
}

/// Reads what models consist of.
#[derive(Debug)]
pub struct Scan<'a> {
    repository: &'a Repository,
    notes: Arc<Notes>,
    goal: Option<Goal>,
    directions: Directions,
    tips: Vec<(RefName, VersionId)>,
    marks: Vec<(RefName, VersionId)>,
    nodes: HashMap<VersionId, Node>,
}

/// Names the model that a branch is a line of.
fn model_of(branch: &RefName) -> &str {
    let name = branch.short();
    name.split_once('/').map_or(name, |(model, _)| model)
}

/// Names all models, sorted.
pub fn names(repository: &Repository) -> Result<BTreeSet<String>, Failure> {
    let branches = repository.list(RefKind::Branch)?;
    Ok(branches.iter().map(|(branch, _)| model_of(branch).to_owned()).collect())
}

impl<'a> Scan<'a> {
    /// Reads refs and notes; `goal` is what the best version is best by.
    pub fn new(repository: &'a Repository, goal: Option<Goal>) -> Result<Self, Failure> {
        let mut marks = repository.list(RefKind::Tag)?;
        marks.extend(repository.list(RefKind::Alias)?);
        let tips = repository.list(RefKind::Branch)?;
        let notes = repository.notes()?;
        let directions = Directions::read(repository)?;
        let nodes = HashMap::new();
        Ok(Self { repository, notes, goal, directions, tips, marks, nodes })
    }

    /// Finds all models, sorted by name.
    pub fn models(&mut self) -> Result<Vec<Entry>, Failure> {
        let mut models: BTreeMap<String, Vec<(RefName, VersionId)>> = BTreeMap::new();
        for (branch, tip) in &self.tips {
            let lines = models.entry(model_of(branch).to_owned()).or_default();
            lines.push((branch.clone(), *tip));
        }
        models.into_iter().map(|(name, lines)| self.entry(name, &lines)).collect()
    }

    /// Finds the lines of one model, sorted by name; none if there is no such model.
    pub fn lines(&mut self, model: &str) -> Result<Vec<Entry>, Failure> {
        let mut lines = self.tips.clone();
        lines.retain(|(branch, _)| model_of(branch) == model);
        let line = |line: (RefName, VersionId)| self.entry(line.0.short().to_owned(), &[line]);
        lines.into_iter().map(line).collect()
    }

    /// Names the metrics of the versions that were read.
    pub fn metrics(&self) -> BTreeSet<&str> {
        self.nodes.values().flat_map(|node| node.metrics.keys()).map(String::as_str).collect()
    }

    fn entry(&mut self, name: String, lines: &[(RefName, VersionId)]) -> Result<Entry, Failure> {
        let versions = self.ancestors(lines.iter().map(|(_, tip)| *tip))?;
        let marks = self.marks.iter().filter(|(_, version)| versions.contains(version));
        Ok(Entry {
            name,
            branches: lines.iter().map(|(branch, _)| branch.clone()).collect(),
            versions: versions.len() as u64,
            newest: self.newest(lines)?,
            best: self.best(&versions),
            refs: marks.map(|(name, _)| name.clone()).collect(),
        })
    }

    /// Finds versions and all that they come from.
    fn ancestors(
        &mut self,
        tips: impl Iterator<Item = VersionId>,
    ) -> Result<HashSet<VersionId>, Failure> {
        let mut found = HashSet::new();
        let mut waiting: Vec<VersionId> = tips.collect();
        while let Some(id) = waiting.pop() {
            if found.insert(id) {
                waiting.extend(&self.node(id)?.parents);
            }
        }
        Ok(found)
    }

    fn node(&mut self, id: VersionId) -> Result<&Node, Failure> {
        if !self.nodes.contains_key(&id) {
            let version = self.repository.version(&id)?;
            let metrics = self.notes.metrics(&version);
            let Version { record, .. } = version;
            self.nodes.insert(id, Node { parents: record.parents, number: record.number, metrics });
        }
        Ok(&self.nodes[&id])
    }

    /// Finds the newest of the tips of lines; of several of one time, the one of the first line.
    fn newest(&self, lines: &[(RefName, VersionId)]) -> Result<Newest, Failure> {
        let mut newest: Option<(RefName, Version)> = None;
        for (branch, tip) in lines {
            let version = self.repository.version(tip)?;
            let is_newer =
                |(_, newest): &(RefName, Version)| version.record.time_ms > newest.record.time_ms;
            if newest.as_ref().is_none_or(is_newer) {
                newest = Some((branch.clone(), version));
            }
        }
        let (branch, version) = newest.expect("a model has at least one line");
        let size = Size::of(&self.repository.checkpoint(&version.record)?);
        Ok(Newest { branch, version, size })
    }

    /// Finds the best version; of equal ones, the one of the smallest number, then of the smallest
    /// id.
    fn best(&self, versions: &HashSet<VersionId>) -> Option<Best> {
        let goal = self.goal.clone().or_else(|| self.common_goal(versions))?;
        let mut best: Option<Best> = None;
        for version in versions {
            let Node { number, metrics, .. } = &self.nodes[version];
            let Some(value) = metrics.get(&goal.metric).filter(|value| value.is_finite()) else {
                continue;
            };
            let is_better = |best: &Best| {
                let age = (number, version) < (&best.number, &best.version);
                goal.beats(*value, best.value) || (*value == best.value && age)
            };
            if best.as_ref().is_none_or(is_better) {
                let goal = goal.clone();
                best = Some(Best { goal, value: *value, version: *version, number: *number });
            }
        }
        best
    }

    /// Chooses the metric of a known direction that most versions have; of several, the one of the
    /// best [`rank`](Directions::rank).
    fn common_goal(&self, versions: &HashSet<VersionId>) -> Option<Goal> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for name in versions.iter().flat_map(|version| self.nodes[version].metrics.keys()) {
            *counts.entry(name).or_default() += 1;
        }
        let known = counts.into_iter().filter_map(|(name, count)| {
            let is_max = self.directions.of(name)? == Direction::Higher;
            Some((usize::MAX - count, self.directions.rank(name), name, is_max))
        });
        let (.., metric, is_max) = known.min()?;
        Some(Goal { is_max, metric: metric.to_owned() })
    }
}
