//! Makes moves: what a ref may move to, and what is recorded of it.
//!
//! A ref's guards stand in its newest move, and every move carries them on. A move that leads to a
//! version is checked against them, and holds what was found. The swap of the ref file states the
//! newest move that it replaces, so the guards that were checked are those in force.

use std::collections::{BTreeMap, HashSet};

use ckpt_hash::VersionId;

use crate::{
    error::{Error, FailedChecks, Result},
    record::{CheckResult, MoveKind, MoveRecord, Version},
    refs::{
        condition::{Condition, Measured},
        name::RefName,
        store::Tip,
    },
    repo::Repository,
    signature::Signature,
};

/// Why a ref is moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reason<'a> {
    /// Why.
    pub text: &'a str,
    /// Why it is moved even if conditions are not met. If some are not, this is what is recorded.
    pub override_reason: Option<&'a str>,
}

impl<'a> From<&'a str> for Reason<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, override_reason: None }
    }
}

/// A move to be made.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    pub(crate) name: &'a RefName,
    /// Where the ref is expected to stand.
    pub(crate) tip: Option<Tip>,
    pub(crate) kind: MoveKind,
    pub(crate) to: To<'a>,
    /// What is asked of the version in addition to the guards.
    pub(crate) gate: &'a [Condition],
    pub(crate) reason: Reason<'a>,
    pub(crate) signature: &'a Signature,
}

/// Where a move leads.
#[derive(Debug)]
pub(crate) enum To<'a> {
    /// To a version. Its first parent is given where no pack has it yet.
    Version { version: &'a Version, parent: Option<&'a Version> },
    /// To nothing: the ref is deleted.
    Nothing,
    /// To where the ref is, under these guards.
    Guards(Vec<String>),
}

impl Repository {
    /// Makes the record of a move, which holds the ref's guards and what was found when a version
    /// was checked against them. Nothing is written.
    ///
    /// # Errors
    /// [`Error::FailedChecks`], unless the reason overrides it; an override without a reason; damage.
    pub(crate) fn movement(&self, step: &Step<'_>) -> Result<MoveRecord> {
        let Step { name, tip, kind, signature, reason, .. } = step;
        if reason.override_reason.is_some_and(|text| text.trim().is_empty()) {
            return Err(Error::Contents("an override needs a reason".to_owned()));
        }
        let from = tip.and_then(|tip| tip.version);
        let in_force = self.guards_at(*tip)?;
        let (to, guards, evidence) = match &step.to {
            To::Version { version, parent } => {
                let evidence = self.evidence(&in_force, step.gate, (version, *parent), from)?;
                (Some(version.id), in_force, evidence)
            }
            To::Nothing => (None, in_force, Vec::new()),
            To::Guards(guards) => (from, guards.clone(), Vec::new()),
        };
        let is_met = evidence.iter().all(|evidence| evidence.met);
        let text = match (is_met, reason.override_reason, to) {
            (false, Some(text), _) => text,
            (false, None, Some(version)) => {
                let name = (*name).clone();
                return Err(FailedChecks { name, version, evidence, kept: None }.into());
            }
            _ => reason.text,
        };
        Ok(MoveRecord {
            name: name.full(),
            kind: *kind,
            from,
            to,
            previous: tip.map(|tip| tip.movement),
            author: signature.author.clone(),
            time_ms: signature.time_ms,
            reason: text.to_owned(),
            guards,
            evidence,
        })
    }

    /// Reads the guards of a ref at its tip.
    pub(crate) fn guards_at(&self, tip: Option<Tip>) -> Result<Vec<String>> {
        let movement = tip.map(|tip| self.objects.movement(&tip.movement)).transpose()?;
        Ok(movement.map(|movement| movement.guards).unwrap_or_default())
    }

    /// Decides guards and further conditions for a version that a ref is to move to from another.
    fn evidence(
        &self,
        guards: &[String],
        gate: &[Condition],
        to: (&Version, Option<&Version>),
        from: Option<VersionId>,
    ) -> Result<Vec<CheckResult>> {
        if guards.is_empty() && gate.is_empty() {
            return Ok(Vec::new());
        }
        let metrics = self.gate_metrics(to, from)?;
        let measured = metrics.measured();
        let judge = |guard: &String| match guard.parse::<Condition>() {
            Ok(condition) => condition.evaluate(&measured),
            Err(_) => unreadable(guard),
        };
        let mut evidence: Vec<CheckResult> = guards.iter().map(judge).collect();
        evidence.extend(gate.iter().map(|condition| condition.evaluate(&measured)));
        let mut seen = HashSet::new();
        evidence.retain(|evidence| seen.insert(evidence.condition.clone()));
        Ok(evidence)
    }

    fn gate_metrics(
        &self,
        (version, parent): (&Version, Option<&Version>),
        from: Option<VersionId>,
    ) -> Result<GateMetrics> {
        let notes = self.notes()?;
        let stored = |id: &VersionId| self.version(id).map(|version| notes.metrics(&version));
        let parent = match (parent, version.record.parents.first()) {
            (Some(parent), _) => Some(notes.metrics(parent)),
            (None, parent) => parent.map(stored).transpose()?,
        };
        let current = from.as_ref().map(stored).transpose()?;
        Ok(GateMetrics { version: notes.metrics(version), parent, current })
    }

    /// Decides conditions for a version that a ref is at or could move to, notes included. What
    /// `current.` stands for is given.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`].
    pub fn check(
        &self,
        conditions: &[Condition],
        version: &Version,
        current: Option<VersionId>,
    ) -> Result<Vec<CheckResult>> {
        self.evidence(&[], conditions, (version, None), current)
    }
}

/// The metrics that the conditions of a move are about.
struct GateMetrics {
    version: BTreeMap<String, f64>,
    parent: Option<BTreeMap<String, f64>>,
    current: Option<BTreeMap<String, f64>>,
}

impl GateMetrics {
    const fn measured(&self) -> Measured<'_> {
        let Self { version, parent, current } = self;
        Measured { version, parent: parent.as_ref(), current: current.as_ref() }
    }
}

/// Says of a guard that is no condition that it is not met: who may override it is told why.
fn unreadable(guard: &str) -> CheckResult {
    CheckResult { condition: guard.to_owned(), met: false, values: BTreeMap::new() }
}
