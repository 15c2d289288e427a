//! What a repository is, in maps and lists.

use std::collections::BTreeMap;

use ckpt_hash::VersionId;
use ckpt_store::{Error, MoveKind};

use crate::{
    model_based::content::Content,
    model_based::op::{Pick, Ref},
};

/// A version as the model knows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Made {
    pub(crate) id: VersionId,
    pub(crate) parents: Vec<VersionId>,
    pub(crate) number: u64,
    pub(crate) time_ms: i64,
    pub(crate) loss: f64,
    pub(crate) content: Content,
}

/// Where a ref was moved: kind, from, to.
pub(crate) type Move = (MoveKind, Option<VersionId>, Option<VersionId>);

/// A ref with all its moves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    pub(crate) at: Option<VersionId>,
    /// What the moves that still stand had left, the newest last.
    left: Vec<Option<VersionId>>,
    pub(crate) moves: Vec<Move>,
    /// What the loss of a version that it moves to must not be above.
    pub(crate) limits: Vec<i8>,
}

/// Why an operation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Exists,
    NoRef,
    NoEarlier,
    Missing,
    ParentTwice,
    FailedChecks,
}

impl Refusal {
    /// # Panics
    /// For an error that no operation of a healthy repository may end with.
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::RefExists { .. } => Self::Exists,
            Error::NoRef(_) => Self::NoRef,
            Error::NoEarlier(_) => Self::NoEarlier,
            Error::Missing(_) => Self::Missing,
            Error::FailedChecks(_) => Self::FailedChecks,
            Error::Contents(what) if what.ends_with("is given twice as a parent") => {
                Self::ParentTwice
            }
            other => panic!("{other}"),
        }
    }
}

/// The repository.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// In the order in which they were made.
    pub(crate) versions: Vec<Made>,
    pub(crate) refs: BTreeMap<Ref, Line>,
    pub(crate) notes: Vec<(VersionId, f64)>,
}

impl Model {
    /// Returns the version that is meant: one that there is not, while there is none.
    pub(crate) fn pick(&self, Pick(back): Pick) -> VersionId {
        let count = self.versions.len();
        match count.checked_sub(1) {
            Some(newest) => self.versions[newest - back % count].id,
            None => VersionId::of(b"none"),
        }
    }

    pub(crate) fn version(&self, id: VersionId) -> Option<&Made> {
        self.versions.iter().find(|made| made.id == id)
    }

    pub(crate) fn at(&self, name: Ref) -> Option<VersionId> {
        self.refs.get(&name).and_then(|line| line.at)
    }

    /// Returns the parents of a commit, or why there can be none.
    pub(crate) fn parents(
        &self,
        name: Ref,
        start: Option<VersionId>,
        other: Option<VersionId>,
    ) -> Result<Vec<VersionId>, Refusal> {
        let at = self.at(name);
        if start.is_some() && at.is_some() {
            return Err(Refusal::Exists);
        }
        let parents: Vec<VersionId> = at.into_iter().chain(start).chain(other).collect();
        if parents.iter().any(|parent| self.version(*parent).is_none()) {
            return Err(Refusal::Missing);
        }
        match parents[..] {
            [first, second] if first == second => Err(Refusal::ParentTwice),
            _ => Ok(parents),
        }
    }

    /// Adds a version; one with the same id must be the same one.
    pub(crate) fn add(&mut self, made: Made) {
        match self.version(made.id) {
            Some(known) => assert_eq!(*known, made),
            None => self.versions.push(made),
        }
    }

    pub(crate) fn shift(&mut self, name: Ref, kind: MoveKind, to: Option<VersionId>) {
        let line = self.refs.entry(name).or_default();
        let from = std::mem::replace(&mut line.at, to);
        line.moves.push((kind, from, to));
        if kind == MoveKind::Guard {
            return;
        }
        let end = (kind == MoveKind::Rollback)
            .then(|| line.left.iter().rposition(|left| *left == to))
            .flatten();
        match end {
            Some(end) => line.left.truncate(end),
            None => line.left.push(from),
        }
    }

    /// Returns the loss that counts: that of the latest note.
    pub(crate) fn loss(&self, id: VersionId) -> f64 {
        let noted = self.notes.iter().rev().find(|(on, _)| *on == id);
        noted.map_or_else(|| self.version(id).unwrap().loss, |(_, loss)| *loss)
    }

    /// Finds a version that a ref may move to.
    fn allowed(&self, name: Ref, to: VersionId) -> Result<Option<VersionId>, Refusal> {
        let loss = self.loss(to);
        let limits = self.refs.get(&name).map_or(&[][..], |line| &line.limits);
        let is_met = limits.iter().all(|limit| loss <= f64::from(*limit));
        if is_met { Ok(Some(to)) } else { Err(Refusal::FailedChecks) }
    }

    pub(crate) fn set(&mut self, name: Ref, to: VersionId, force: bool) -> Result<(), Refusal> {
        self.version(to).ok_or(Refusal::Missing)?;
        if self.at(name).is_some() && !force {
            return Err(Refusal::Exists);
        }
        self.shift(name, MoveKind::Set, self.allowed(name, to)?);
        Ok(())
    }

    pub(crate) fn promote(&mut self, name: Ref, to: VersionId) -> Result<(), Refusal> {
        self.version(to).ok_or(Refusal::Missing)?;
        if self.at(name).is_some_and(|at| self.loss(to) >= self.loss(at)) {
            return Err(Refusal::FailedChecks);
        }
        self.shift(name, MoveKind::Promote, self.allowed(name, to)?);
        Ok(())
    }

    /// Adds a guard, or takes all away; says whether that changes something.
    pub(crate) fn guard(&mut self, name: Ref, limit: Option<i8>) -> bool {
        let limits = self.refs.get(&name).map_or(&[][..], |line| &line.limits);
        let after = match limit {
            None => Vec::new(),
            Some(limit) if limits.contains(&limit) => limits.to_vec(),
            Some(limit) => [limits, &[limit]].concat(),
        };
        let changes = after != limits;
        if changes {
            self.shift(name, MoveKind::Guard, self.at(name));
            self.refs.entry(name).or_default().limits = after;
        }
        changes
    }

    pub(crate) fn delete(&mut self, name: Ref) -> Result<(), Refusal> {
        self.at(name).ok_or(Refusal::NoRef)?;
        self.shift(name, MoveKind::Delete, None);
        Ok(())
    }

    pub(crate) fn rollback(&mut self, name: Ref, to: Option<VersionId>) -> Result<(), Refusal> {
        let at = self.at(name).ok_or(Refusal::NoRef)?;
        let to = match to {
            Some(to) => self.version(to).map(|made| made.id).ok_or(Refusal::Missing)?,
            None => {
                let mut left = self.refs[&name].left.iter().rev().flatten();
                *left.find(|left| **left != at).ok_or(Refusal::NoEarlier)?
            }
        };
        self.shift(name, MoveKind::Rollback, self.allowed(name, to)?);
        Ok(())
    }

    /// Returns a version and its ancestors in the order of a log.
    pub(crate) fn log(&self, from: VersionId) -> Vec<VersionId> {
        let key = |id: VersionId| {
            let made = self.version(id).unwrap();
            (made.number, made.time_ms, id)
        };
        let (mut waiting, mut seen, mut log) = (vec![key(from)], vec![from], Vec::new());
        while let Some(at) = (0..waiting.len()).max_by_key(|at| waiting[*at]) {
            let (.., id) = waiting.swap_remove(at);
            log.push(id);
            for parent in &self.version(id).unwrap().parents {
                if !seen.contains(parent) {
                    seen.push(*parent);
                    waiting.push(key(*parent));
                }
            }
        }
        log
    }

    /// Returns the line of first parents, newest first.
    pub(crate) fn line(&self, from: VersionId) -> Vec<VersionId> {
        let parent = |id: &VersionId| self.version(*id).unwrap().parents.first().copied();
        std::iter::successors(Some(from), parent).collect()
    }

    /// Returns the ancestor of least or of greatest loss: of several the one of the least number,
    /// of these the first of the log.
    pub(crate) fn best(&self, from: VersionId, sign: f64) -> VersionId {
        let made = self.log(from).into_iter().map(|id| self.version(id).unwrap());
        let key = |made: &&Made| (sign * self.loss(made.id), made.number);
        made.min_by(|a, b| key(a).partial_cmp(&key(b)).unwrap()).unwrap().id
    }
}
