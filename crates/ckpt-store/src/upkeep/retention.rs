//! Which rules keep which versions.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
    sync::Arc,
};

use ckpt_hash::VersionId;

use crate::{
    error::Result,
    history::notes::Notes,
    record::{ContentChange, Version},
    refs::name::{RefKind, RefName},
    repo::Repository,
    upkeep::policy::{Goal, Period, Policy, list},
};

/// Why a version keeps its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rule {
    /// A branch, tag or alias points to it.
    Ref(RefName),
    /// An alias pointed to it within the grace period.
    AliasedBefore(RefName),
    /// It was restored, and nobody removed it since.
    Kept,
    /// It is one of the last of a branch.
    Last {
        /// How many are kept.
        count: u64,
        /// The branch.
        of: RefName,
    },
    /// It is one of the best of a branch.
    Best {
        /// Its place among them, from 1.
        rank: u64,
        /// How many are kept.
        count: u64,
        /// By which metric.
        goal: Goal,
        /// The branch.
        of: RefName,
    },
    /// Its number on a branch is divided by this.
    Every {
        /// The divisor.
        every: u64,
        /// The branch.
        of: RefName,
    },
    /// It is younger than this.
    Younger(Period),
    /// No other version of a branch is better in one of these metrics and as good in the others.
    Front {
        /// The metrics.
        goals: Vec<Goal>,
        /// The branch.
        of: RefName,
    },
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ref(name) if name.kind() == RefKind::Branch => {
                write!(f, "tip of {}", name.short())
            }
            Self::Ref(name) => write!(f, "{name}"),
            Self::AliasedBefore(name) => write!(f, "{name} before"),
            Self::Kept => f.write_str("brought back"),
            Self::Last { count, of } => write!(f, "last {count} of {}", of.short()),
            Self::Best { rank, count, goal, of } => {
                write!(f, "best {rank} of {count} by {goal} of {}", of.short())
            }
            Self::Every { every, of } => write!(f, "every {every} of {}", of.short()),
            Self::Younger(period) => write!(f, "younger than {period}"),
            Self::Front { goals, of } => write!(f, "front of {} of {}", list(goals), of.short()),
        }
    }
}

/// All versions that have content and that a ref leads to, with the rules that keep them.
pub(crate) struct Retention {
    pub(crate) notes: Arc<Notes>,
    /// By id: the version and its rules.
    pub(crate) versions: BTreeMap<VersionId, (Version, BTreeSet<Rule>)>,
    /// The line of first parents of each branch, newest first.
    pub(crate) lines: Vec<(RefName, Vec<VersionId>)>,
}

impl Retention {
    /// Finds out which rules of a policy keep which versions, at a time.
    pub(crate) fn of(repository: &Repository, policy: &Policy, now_ms: i64) -> Result<Self> {
        let (versions, lines) = (BTreeMap::new(), Vec::new());
        let mut retention = Self { notes: repository.notes()?, versions, lines };
        let tips = repository.tips()?;
        let before = match policy.aliased_before {
            Some(false) => Vec::new(),
            _ => repository.aliased_before(now_ms)?,
        };
        let mut seen = HashSet::new();
        for (_, tip) in tips.iter().chain(&before) {
            retention.walk(repository, *tip, &mut seen)?;
        }
        for (name, version) in before {
            retention.keep(&version, Rule::AliasedBefore(name));
        }
        for (name, tip) in tips {
            if name.kind() == RefKind::Branch {
                let line = retention.line(repository, tip)?;
                retention.keep_of_line(policy, &name, &line);
                retention.lines.push((name.clone(), line));
            }
            retention.keep(&tip, Rule::Ref(name));
        }
        retention.keep_anywhere(policy, now_ms);
        Ok(retention)
    }

    /// Adds a version and its ancestors, as far as they have content.
    fn walk(
        &mut self,
        repository: &Repository,
        from: VersionId,
        seen: &mut HashSet<VersionId>,
    ) -> Result<()> {
        let mut next = vec![from];
        while let Some(id) = next.pop() {
            if seen.insert(id) {
                let version = repository.version(&id)?;
                next.extend(&version.record.parents);
                if !self.notes.is_removed(&id) {
                    self.versions.insert(id, (version, BTreeSet::new()));
                }
            }
        }
        Ok(())
    }

    /// Returns the versions of a line of first parents that have content.
    fn line(&self, repository: &Repository, tip: VersionId) -> Result<Vec<VersionId>> {
        let mut line = Vec::new();
        let mut next = Some(tip);
        while let Some(id) = next {
            next = match self.versions.get(&id) {
                Some((version, _)) => {
                    line.push(id);
                    version.record.parents.first().copied()
                }
                None => repository.version(&id)?.record.parents.first().copied(),
            };
        }
        Ok(line)
    }

    fn keep(&mut self, id: &VersionId, rule: Rule) {
        if let Some((_, rules)) = self.versions.get_mut(id) {
            rules.insert(rule);
        }
    }

    fn keep_of_line(&mut self, policy: &Policy, of: &RefName, line: &[VersionId]) {
        if let Some(count) = policy.keep_last {
            for id in line.iter().take(usize::try_from(count).unwrap_or(usize::MAX)) {
                self.keep(id, Rule::Last { count, of: of.clone() });
            }
        }
        for best in &policy.keep_best {
            let (goal, count) = (&best.goal, best.count);
            for (rank, id) in (1..=count).zip(self.ranked(goal, line)) {
                self.keep(&id, Rule::Best { rank, count, goal: goal.clone(), of: of.clone() });
            }
        }
        if let Some(every) = policy.keep_every {
            for id in line {
                if self.versions[id].0.record.number % every == 0 {
                    self.keep(id, Rule::Every { every: every.get(), of: of.clone() });
                }
            }
        }
        for goals in &policy.pareto {
            for id in self.front(goals, line) {
                self.keep(&id, Rule::Front { goals: goals.clone(), of: of.clone() });
            }
        }
    }

    fn keep_anywhere(&mut self, policy: &Policy, now_ms: i64) {
        for (id, (version, rules)) in &mut self.versions {
            let age = now_ms.saturating_sub(version.record.time_ms);
            let period = policy.keep_younger.filter(|period| age < period.ms());
            rules.extend(period.map(Rule::Younger));
            if self.notes.content(id) == Some(ContentChange::Kept) {
                rules.insert(Rule::Kept);
            }
        }
    }

    /// Returns the value of a metric, if it is a finite number. What notes say counts first.
    fn metric(&self, id: &VersionId, goal: &Goal) -> Option<f64> {
        let value = self.notes.metric(&self.versions[id].0, &goal.metric);
        value.filter(|value| value.is_finite())
    }

    /// Returns the versions that have a metric, best first; of equal ones, the older comes first.
    fn ranked(&self, goal: &Goal, line: &[VersionId]) -> Vec<VersionId> {
        let value = |id: &VersionId| Some((self.metric(id, goal)?, *id));
        let mut ranked: Vec<(f64, VersionId)> = line.iter().rev().filter_map(value).collect();
        ranked.sort_by(|(a, _), (b, _)| goal.beats(*b, *a).cmp(&goal.beats(*a, *b)));
        ranked.into_iter().map(|(_, id)| id).collect()
    }

    /// Returns the versions that have all metrics and that no other one is better than in one, and
    /// as good as in the others.
    fn front(&self, goals: &[Goal], line: &[VersionId]) -> Vec<VersionId> {
        let mut front: Vec<(Vec<f64>, VersionId)> = Vec::new();
        for id in line {
            let values: Option<Vec<f64>> = goals.iter().map(|goal| self.metric(id, goal)).collect();
            let Some(values) = values.filter(|values| !values.is_empty()) else { continue };
            if !front.iter().any(|(other, _)| dominates(goals, other, &values)) {
                front.retain(|(other, _)| !dominates(goals, &values, other));
                front.push((values, *id));
            }
        }
        front.into_iter().map(|(_, id)| id).collect()
    }
}

/// Tells whether values are nowhere worse than others, and better somewhere.
fn dominates(goals: &[Goal], values: &[f64], others: &[f64]) -> bool {
    let mut all = goals.iter().zip(values.iter().zip(others));
    let worse = all.clone().any(|(goal, (value, other))| goal.beats(*other, *value));
    !worse && all.any(|(goal, (value, other))| goal.beats(*value, *other))
}
