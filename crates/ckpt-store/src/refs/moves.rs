//! The refs of a repository: where they point, and how they are moved.

use std::collections::{BTreeMap, HashSet, VecDeque};

use ckpt_hash::{MoveId, VersionId};

use crate::{
    error::{Conflict, Error, Result},
    record::{MoveKind, MoveRecord},
    refs::{
        condition::Condition,
        gates::{Reason, Step, To},
        name::{RefKind, RefName},
    },
    repo::Repository,
    signature::Signature,
};

/// What the journal says of removed content that was restored since a ref came to lead to it.
pub(crate) const LED_TO: &str = "a ref leads to it";

/// How many versions are named that could serve in the place of one without content, and how many of
/// them are ancestors.
const NEAR: usize = 3;
const NEAR_ANCESTORS: usize = 2;

/// A move and its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// The id.
    pub id: MoveId,
    /// What it says.
    pub record: MoveRecord,
}

impl Repository {
    /// Returns the current branch, which may not exist yet.
    ///
    /// # Errors
    /// [`Error::Damaged`] if HEAD does not name a branch.
    pub fn head(&self) -> Result<RefName> {
        self.refs.head()
    }

    /// Makes a branch the current one. It need not exist yet.
    ///
    /// # Errors
    /// [`Error::NotBranch`]; whatever the disk refuses.
    pub fn set_head(&self, branch: &RefName) -> Result<()> {
        require_branch(branch)?;
        self.refs.set_head(branch)
    }

    /// Returns where a ref points; `None` if it does not exist or was deleted.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Missing`].
    pub fn target(&self, name: &RefName) -> Result<Option<VersionId>> {
        Ok(self.refs.tip(&self.objects, name)?.and_then(|tip| tip.version))
    }

    /// Lists the refs of a kind with the versions they point to, sorted by name.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Missing`].
    pub fn list(&self, kind: RefKind) -> Result<Vec<(RefName, VersionId)>> {
        let mut refs = Vec::new();
        for name in self.refs.list(kind)? {
            if let Some(version) = self.target(&name)? {
                refs.push((name, version));
            }
        }
        Ok(refs)
    }

    /// Returns where all refs point.
    pub(crate) fn tips(&self) -> Result<Vec<(RefName, VersionId)>> {
        let kinds = RefKind::ALL.into_iter().map(|kind| self.list(kind));
        Ok(kinds.collect::<Result<Vec<_>>>()?.concat())
    }

    /// Lists the refs that point to each version: branches first, then tags, then aliases.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Missing`].
    pub fn refs_at(&self) -> Result<BTreeMap<VersionId, Vec<RefName>>> {
        let mut refs: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, version) in self.tips()? {
            refs.entry(version).or_default().push(name);
        }
        Ok(refs)
    }

    /// Lists files in the folders of refs that are no refs, such as those that a file manager leaves
    /// there. Nothing else sees them.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn stray_files(&self) -> Result<Vec<String>> {
        let strays: Result<Vec<_>> =
            RefKind::ALL.into_iter().map(|kind| self.refs.strays(kind)).collect();
        strays.map(|strays| strays.concat())
    }

    /// Points a ref to a version that meets its guards.
    ///
    /// With `force` it may exist and is moved; the move is on record like every other.
    ///
    /// # Errors
    /// [`Error::RefExists`] without `force`; [`Error::FailedChecks`], unless the reason overrides it;
    /// [`Error::Conflict`] if another writer was faster.
    pub fn set_ref<'a>(
        &self,
        name: &RefName,
        to: VersionId,
        force: bool,
        reason: impl Into<Reason<'a>>,
        signature: &Signature,
    ) -> Result<Move> {
        let version = self.version(&to)?;
        let tip = self.refs.tip(&self.objects, name)?;
        match tip.and_then(|tip| tip.version) {
            Some(at) if !force => Err(Error::RefExists { name: name.clone(), at }),
            _ => self.record_move(&Step {
                name,
                tip,
                kind: MoveKind::Set,
                to: To::Version { version: &version, parent: None },
                gate: &[],
                reason: reason.into(),
                signature,
            }),
        }
    }

    /// Moves an alias to a version that meets a gate and the alias's guards, and records by which
    /// values. The alias need not exist yet.
    ///
    /// # Errors
    /// [`Error::NotAlias`]; [`Error::FailedChecks`], unless the reason overrides it; [`Error::Conflict`]
    /// if another writer was faster.
    pub fn promote<'a>(
        &self,
        alias: &RefName,
        to: VersionId,
        gate: &[Condition],
        reason: impl Into<Reason<'a>>,
        signature: &Signature,
    ) -> Result<Move> {
        if alias.kind() != RefKind::Alias {
            return Err(Error::NotAlias(alias.clone()));
        }
        self.record_move(&Step {
            name: alias,
            tip: self.refs.tip(&self.objects, alias)?,
            kind: MoveKind::Promote,
            to: To::Version { version: &self.version(&to)?, parent: None },
            gate,
            reason: reason.into(),
            signature,
        })
    }

    /// Deletes a ref. Its history stays, and so do its guards: they are in force again if it is
    /// made anew.
    ///
    /// # Errors
    /// [`Error::NoRef`]; [`Error::Conflict`] if another writer moved it in the meantime.
    pub fn delete_ref(&self, name: &RefName, reason: &str, signature: &Signature) -> Result<Move> {
        let tip = self.refs.tip(&self.objects, name)?;
        if tip.and_then(|tip| tip.version).is_none() {
            return Err(Error::NoRef(name.clone()));
        }
        let (to, reason) = (To::Nothing, reason.into());
        self.record_move(&Step {
            name,
            tip,
            kind: MoveKind::Delete,
            to,
            gate: &[],
            reason,
            signature,
        })
    }

    /// Writes a move into a pack of its own and swaps the ref to it.
    pub(crate) fn record_move(&self, step: &Step<'_>) -> Result<Move> {
        let writing = self.refs.writing()?;
        let mut generation = self.generation()?;
        let record = self.movement(step)?;
        let target = match &step.to {
            To::Version { version, .. } => Some(version.id),
            To::Nothing | To::Guards(_) => None,
        };
        // What a ref leads to has its content: before it does, and if packs are taken away meanwhile.
        if let Some(target) = target {
            generation = self.restore_target(step, target, generation)?;
        }
        let id = self.objects.write_record(&record, MoveId::of)?;
        self.move_ref(step.name, &record, id, None)?;
        if let Some(target) = target {
            self.restore_target(step, target, generation)?;
        }
        drop(writing);
        self.compact_if_due();
        Ok(Move { id, record })
    }

    /// Makes sure that the version that a ref is moved to has its content; returns the generation then.
    fn restore_target(&self, step: &Step<'_>, target: VersionId, since: u64) -> Result<u64> {
        let held = self.hold(since, &[target], LED_TO, step.signature);
        held.or_else(|error| match (error, self.removed(&target)?) {
            (Error::Missing(_), Some(removed)) => Err(Error::NoContent {
                name: step.name.clone(),
                removed: Box::new(removed),
                instead: self.with_content_near(target)?,
            }),
            (error, _) => Err(error),
        })
    }

    /// Finds versions that have their content and could serve in the place of another: its nearest
    /// ancestors, then tips of branches.
    fn with_content_near(&self, version: VersionId) -> Result<Vec<VersionId>> {
        let notes = self.notes()?;
        let mut next: VecDeque<VersionId> = self.objects.version(&version)?.parents.into();
        let (mut seen, mut found) = (HashSet::from([version]), Vec::new());
        while let Some(id) = next.pop_front().filter(|_| found.len() < NEAR_ANCESTORS) {
            if seen.insert(id) {
                match notes.is_removed(&id) {
                    true => next.extend(self.objects.version(&id)?.parents),
                    false => found.push(id),
                }
            }
        }
        for (_, tip) in self.list(RefKind::Branch)? {
            if found.len() < NEAR && !found.contains(&tip) && !notes.is_removed(&tip) {
                found.push(tip);
            }
        }
        Ok(found)
    }

    /// Lists where aliases were since a time, but are no more: what a rollback may go back to.
    pub(crate) fn aliased_since(&self, since_ms: i64) -> Result<Vec<(RefName, VersionId)>> {
        let mut found = Vec::new();
        for name in self.refs.list(RefKind::Alias)? {
            for movement in self.audit(&name)? {
                let MoveRecord { from, to, time_ms, .. } = movement?.record;
                if time_ms < since_ms {
                    break;
                }
                let left = from.filter(|from| Some(*from) != to);
                found.extend(left.map(|left| (name.clone(), left)));
            }
        }
        Ok(found)
    }

    /// Lists where aliases were within the grace period before a time, unless config.toml has
    /// `aliased_before = false`.
    pub(crate) fn aliased_before(&self, now_ms: i64) -> Result<Vec<(RefName, VersionId)>> {
        let config = self.read_config()?;
        let policy = self.policy()?.unwrap_or_default();
        match policy.aliased_before {
            Some(false) => Ok(Vec::new()),
            _ => self.aliased_since(now_ms.saturating_sub(config.trash.grace_ms())),
        }
    }

    /// Swaps a ref to a stored move, or reports which version it is at in place of that expected.
    pub(crate) fn move_ref(
        &self,
        name: &RefName,
        movement: &MoveRecord,
        to: MoveId,
        kept: Option<VersionId>,
    ) -> Result<()> {
        if self.refs.swap(name, movement.previous, to)?.is_ok() {
            return Ok(());
        }
        let found = self.target(name)?;
        Err(Conflict { name: name.clone(), expected: movement.from, found, kept }.into())
    }
}

/// Checks that a ref is a branch.
pub(crate) fn require_branch(name: &RefName) -> Result<()> {
    match name.kind() {
        RefKind::Branch => Ok(()),
        RefKind::Tag | RefKind::Alias => Err(Error::NotBranch(name.clone())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ckpt_testkit::disks::MemDisk;

    use super::*;
    use crate::{Contents, Draft};

    #[test]
    fn moves_of_push_and_fetch_are_kept_like_others() {
        let disk = MemDisk::new();
        let repository = Repository::init_on(Arc::new(disk.clone())).unwrap();
        let signature = Signature::new("ada", 0);
        let main = RefName::branch("main").unwrap();
        let draft = Draft::new(Contents::Nothing, signature.clone());
        let version = repository.commit(&main, &draft).unwrap().version;
        let other = RefName::branch("other").unwrap();
        for kind in [MoveKind::Fetch, MoveKind::Push] {
            let step = Step {
                name: &other,
                tip: repository.refs.tip(&repository.objects, &other).unwrap(),
                kind,
                to: To::Version { version: &version, parent: None },
                gate: &[],
                reason: "origin".into(),
                signature: &signature,
            };
            repository.record_move(&step).unwrap();
        }
        let repository = Repository::open_on(Arc::new(disk)).unwrap();
        assert!(repository.verify(&crate::Silent).unwrap().is_ok());
        let moves = repository.audit(&other).unwrap().map(|found| found.unwrap().record.kind);
        assert_eq!(moves.collect::<Vec<_>>(), [MoveKind::Push, MoveKind::Fetch]);
    }
}
