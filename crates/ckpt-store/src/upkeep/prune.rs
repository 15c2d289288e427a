//! Retention: a plan that says which versions keep their content and why, and its execution.

mod sizes;

use std::collections::{BTreeSet, HashSet};

use ckpt_hash::VersionId;

use self::sizes::Sizes;
use crate::{
    error::{Error, Result},
    record::ContentChange,
    refs::name::RefName,
    repo::Repository,
    signature::Signature,
    upkeep::{
        gc::{GcOptions, GcReport},
        policy::Policy,
        retention::{Retention, Rule},
    },
};

/// What is to be kept, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PruneOptions {
    /// The rules.
    pub policy: Policy,
    /// The branch whose line of first parents alone may lose something; any version if there is
    /// none. Rules keep versions of all branches in any case.
    pub branch: Option<RefName>,
    /// Who and when. The time decides which versions are young.
    pub signature: Signature,
    /// Milliseconds for which what is removed can be restored, as in
    /// [`GcOptions`](crate::GcOptions).
    pub grace_ms: Option<i64>,
}

impl PruneOptions {
    /// Keeps what a policy says, of all branches.
    pub fn new(policy: Policy, signature: Signature) -> Self {
        Self { policy, branch: None, signature, grace_ms: None }
    }

    /// Sets the branch that alone may lose something.
    #[must_use]
    pub fn with_branch(self, branch: impl Into<Option<RefName>>) -> Self {
        Self { branch: branch.into(), ..self }
    }

    /// Sets for how many milliseconds what is removed can be restored.
    #[must_use]
    pub fn with_grace_ms(self, grace_ms: impl Into<Option<i64>>) -> Self {
        Self { grace_ms: grace_ms.into(), ..self }
    }
}

/// Which versions keep their content, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrunePlan {
    /// The versions that have content and that a ref leads to, greater numbers first, then later
    /// ones; of one branch alone, if the options say so.
    pub versions: Vec<PlannedVersion>,
    /// Bytes of packs that dropping all that is to be dropped would free, once what builds on it has
    /// been encoded again: an estimate like that of each version.
    pub bytes: u64,
}

/// What a plan says of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedVersion {
    /// The version.
    pub id: VersionId,
    /// Its number.
    pub number: u64,
    /// When it was made.
    pub time_ms: i64,
    /// The rules that keep it; none if its content is to be dropped.
    pub rules: BTreeSet<Rule>,
    /// Bytes of packs that dropping this version alone would free.
    ///
    /// That is what is stored for it and for no other version, which is exact, less the growth of
    /// what is stored as a delta to that, which is an estimate: a delta across several
    /// versions is taken to be as long as those between them together, or as the whole block that
    /// they build on, if that is less.
    pub bytes: u64,
}

/// What pruning did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PruneReport {
    /// The versions that lost their content.
    pub versions: Vec<VersionId>,
    /// What the removal did.
    pub gc: GcReport,
}

impl PrunePlan {
    /// Returns the versions whose content is to be dropped.
    pub fn dropped(&self) -> impl Iterator<Item = &PlannedVersion> {
        self.versions.iter().filter(|version| version.rules.is_empty())
    }
}

impl Repository {
    /// Returns the policy of config.toml; `None` if it has none.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub fn policy(&self) -> Result<Option<Policy>> {
        Ok(self.read_config()?.retention)
    }

    /// Tells which versions keep their content by which rules, and what dropping each would free.
    ///
    /// # Errors
    /// [`Error::Config`] for a policy without rules; damage in versions and what leads to their
    /// content.
    pub fn plan_prune(&self, options: &PruneOptions) -> Result<PrunePlan> {
        let PruneOptions { policy, branch, signature, .. } = options;
        if policy.is_empty() {
            let what = "no rule says what to keep: [retention] has keep_last, keep_best, \
                        keep_every, keep_younger, pareto";
            return Err(Error::Config(what.to_owned()));
        }
        let retention = Retention::of(self, policy, signature.time_ms)?;
        let sizes = Sizes::measure(self, &retention)?;
        let of_branch = match branch {
            None => None,
            Some(branch) => {
                let line = retention.lines.iter().find(|(name, _)| name == branch);
                let (_, line) = line.ok_or_else(|| Error::NoRef(branch.clone()))?;
                Some(line.iter().copied().collect::<HashSet<VersionId>>())
            }
        };
        let mut versions = Vec::new();
        for (id, (version, rules)) in retention.versions {
            if of_branch.as_ref().is_none_or(|line| line.contains(&id)) {
                let bytes = sizes.freed_by(self, std::slice::from_ref(&version.record))?;
                let (number, time_ms) = (version.record.number, version.record.time_ms);
                versions
                    .push((PlannedVersion { id, number, time_ms, rules, bytes }, version.record));
            }
        }
        versions.sort_by_key(|(version, _)| {
            std::cmp::Reverse((version.number, version.time_ms, version.id))
        });
        let dropped = versions.iter().filter(|(version, _)| version.rules.is_empty());
        let dropped: Vec<_> = dropped.map(|(_, record)| record.clone()).collect();
        let bytes = sizes.freed_by(self, &dropped)?;
        Ok(PrunePlan {
            versions: versions.into_iter().map(|(version, _)| version).collect(),
            bytes,
        })
    }

    /// Drops the content of versions that no rule keeps, and takes away what nothing needs any more,
    /// like [`gc`](Self::gc). The versions stay, with their metrics, recipes and lists of contents.
    ///
    /// Before anything goes, a note says of which versions, by whom, when and by which rules.
    ///
    /// # Errors
    /// Those of [`plan_prune`](Self::plan_prune) and [`gc`](Self::gc).
    pub fn prune(&self, options: &PruneOptions) -> Result<PruneReport> {
        let plan = self.plan_prune(options)?;
        let planned: BTreeSet<VersionId> = plan.dropped().map(|version| version.id).collect();
        let PruneOptions { policy, signature, grace_ms, .. } = options;
        let options = GcOptions { signature: signature.clone(), grace_ms: *grace_ms };
        self.drop_content(planned, &policy.to_string(), &options, |is_pointed_at, content| {
            !is_pointed_at && content.is_none()
        })
    }

    /// Drops the content of versions whatever the policy says of them, like [`prune`](Self::prune):
    /// of those that were restored, too, but of none to which a ref points.
    ///
    /// # Errors
    /// [`Error::PointedAt`], [`Error::AliasedBefore`]; [`Error::Missing`] for a version that is not there; those of
    /// [`gc`](Self::gc).
    pub fn remove_content(
        &self,
        versions: &[VersionId],
        why: &str,
        options: &GcOptions,
    ) -> Result<PruneReport> {
        let versions: BTreeSet<VersionId> = versions.iter().copied().collect();
        versions.iter().try_for_each(|version| self.version(version).map(|_| ()))?;
        if let Some((name, at)) = self.tips()?.into_iter().find(|(_, at)| versions.contains(at)) {
            return Err(Error::PointedAt { name, at });
        }
        let before = self.aliased_before(options.signature.time_ms)?;
        if let Some((name, at)) = before.into_iter().find(|(_, at)| versions.contains(at)) {
            return Err(Error::AliasedBefore { name, at });
        }
        self.drop_content(versions, why, options, |is_pointed_at, content| {
            !is_pointed_at && content != Some(ContentChange::Removed)
        })
    }

    /// Prunes by the policy of config.toml; does nothing if it has none.
    ///
    /// # Errors
    /// Those of [`prune`](Self::prune).
    pub fn apply_policy(&self, signature: &Signature) -> Result<Option<PruneReport>> {
        let Some(policy) = self.policy()? else { return Ok(None) };
        let options = PruneOptions::new(policy, signature.clone());
        self.prune(&options).map(Some)
    }

    /// Notes that versions lose their content, as far as `goes` says so of them: whether a ref points
    /// to it by now, and what notes say by now; then takes the content away.
    fn drop_content(
        &self,
        mut versions: BTreeSet<VersionId>,
        why: &str,
        options: &GcOptions,
        goes: impl Fn(bool, Option<ContentChange>) -> bool,
    ) -> Result<PruneReport> {
        if !versions.is_empty() {
            let _alone = self.refs.alone()?;
            loop {
                let notes = self.notes()?;
                let tips: BTreeSet<VersionId> =
                    self.tips()?.into_iter().map(|(_, at)| at).collect();
                versions.retain(|id| goes(tips.contains(id), notes.content(id)));
                let (newest, content) = (notes.newest(), ContentChange::Removed);
                if self.push_removal_onto(newest, &versions, content, why, &options.signature)? {
                    break;
                }
            }
        }
        let gc = self.gc(options)?;
        Ok(PruneReport { versions: versions.into_iter().collect(), gc })
    }
}
