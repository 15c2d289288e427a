//! Moves a branch on to a version that continues it.

use ckpt_hash::VersionId;

use crate::{
    error::{Conflict, Error, Result},
    record::MoveKind,
    refs::{
        gates::{Reason, Step, To},
        moves::{Move, require_branch},
        name::RefName,
    },
    repo::Repository,
    signature::Signature,
};

impl Repository {
    /// Moves a branch from one version on to another, which has it among its ancestors and meets the
    /// branch's guards: a merge that has nothing to merge.
    ///
    /// # Errors
    /// [`Error::NotBranch`]; [`Error::FailedChecks`], unless the reason overrides it; [`Error::Conflict`]
    /// if the branch is not at `from`; [`Error::Contents`] if `to` does not continue it.
    pub fn fast_forward<'a>(
        &self,
        branch: &RefName,
        from: VersionId,
        to: VersionId,
        reason: impl Into<Reason<'a>>,
        signature: &Signature,
    ) -> Result<Move> {
        require_branch(branch)?;
        if self.merge_base(from, to)? != Some(from) {
            let (from, to) = (from.short(), to.short());
            return Err(Error::Contents(format!("version {to} does not continue version {from}")));
        }
        let tip = self.refs.tip(&self.objects, branch)?;
        let found = tip.and_then(|tip| tip.version);
        if found != Some(from) {
            let (name, expected) = (branch.clone(), Some(from));
            return Err(Conflict { name, expected, found, kept: None }.into());
        }
        self.record_move(&Step {
            name: branch,
            tip,
            kind: MoveKind::Set,
            to: To::Version { version: &self.version(&to)?, parent: None },
            gate: &[],
            reason: reason.into(),
            signature,
        })
    }
}
