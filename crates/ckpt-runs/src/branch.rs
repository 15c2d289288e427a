//! Which branch the versions of a run go to, and how they get there.

use std::sync::Arc;

use ckpt_hash::VersionId;
use ckpt_store::{
    Commit, Draft, Error as StoreError, Parents, RefName, Repository, Session, SessionOptions,
};

use crate::error::{Error, Result};

/// The branch of the first run; the next ones get a number behind it.
const DEFAULT_BRANCH: &str = "train";

/// The branch that a run adds versions to.
pub(crate) struct Branch {
    repository: Arc<Repository>,
    name: RefName,
    /// Whether the name was left to this module.
    is_unasked: bool,
    /// Whether the usual name was taken.
    is_renamed: bool,
    parents: Parents,
    /// What writes all versions but the first.
    session: Option<Session>,
    /// The versions that are durable.
    done: Vec<Commit>,
}

impl Branch {
    /// Takes the branch that is named, or a fresh one; `from` is the version that the first one continues.
    pub(crate) fn choose(
        repository: Arc<Repository>,
        named: Option<RefName>,
        from: Option<VersionId>,
    ) -> Result<Self> {
        let is_unasked = named.is_none();
        let (name, is_renamed) = match named {
            Some(name) => (name, false),
            None => fresh(&repository)?,
        };
        let parents = match (repository.target(&name)?, from) {
            (None, from) => Parents::NewBranch(from.into_iter().collect()),
            (Some(tip), Some(from)) if tip == from => Parents::Expected(from),
            (Some(tip), None) => return Err(Error::BranchExists { branch: name, tip }),
            (Some(tip), Some(expected)) => {
                return Err(Error::BranchElsewhere { branch: name, tip, expected });
            }
        };
        Ok(Self {
            repository,
            name,
            is_unasked,
            is_renamed,
            parents,
            session: None,
            done: Vec::new(),
        })
    }

    pub(crate) const fn name(&self) -> &RefName {
        &self.name
    }

    pub(crate) const fn is_renamed(&self) -> bool {
        self.is_renamed
    }

    pub(crate) fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Returns how many versions are durable.
    pub(crate) fn added(&mut self) -> usize {
        self.done.extend(self.session.iter().flat_map(Session::take_done));
        self.done.len()
    }

    /// Adds a version. The first is durable when this returns, since only then the branch is taken;
    /// the others are written while training goes on.
    pub(crate) fn commit(&mut self, mut draft: Draft) -> Result<()> {
        if let Some(session) = &self.session {
            return Ok(session.commit(draft)?);
        }
        draft.parents = self.parents.clone();
        let commit = self.first(&draft)?;
        if self.repository.head()? != self.name {
            self.repository.set_head(&self.name)?;
        }
        self.parents = Parents::Expected(commit.version.id);
        self.done.push(commit);
        let (repository, name) = (Arc::clone(&self.repository), self.name.clone());
        self.session = Some(Session::start(repository, name, SessionOptions::default())?);
        Ok(())
    }

    fn first(&mut self, draft: &Draft) -> Result<Commit> {
        loop {
            match self.repository.commit(&self.name, draft) {
                // Another run that started at the same time took the name: the next one is free.
                Err(StoreError::Conflict(_) | StoreError::RefExists { .. }) if self.is_unasked => {
                    (self.name, self.is_renamed) = fresh(&self.repository)?;
                }
                other => return Ok(other?),
            }
        }
    }

    /// Waits until all versions are durable.
    pub(crate) fn flush(&self) -> Result<()> {
        self.session.as_ref().map_or(Ok(()), |session| Ok(session.flush()?))
    }

    /// Waits until all versions are durable and returns them.
    pub(crate) fn finish(&mut self) -> Result<Vec<Commit>> {
        self.flush()?;
        self.added();
        Ok(std::mem::take(&mut self.done))
    }
}

/// Finds the first branch of `train`, `train-2`, ... that does not exist.
fn fresh(repository: &Repository) -> Result<(RefName, bool)> {
    let mut name = RefName::branch(DEFAULT_BRANCH).map_err(StoreError::from)?;
    let mut count = 1;
    while repository.target(&name)?.is_some() {
        count += 1;
        name = RefName::branch(&format!("{DEFAULT_BRANCH}-{count}")).map_err(StoreError::from)?;
    }
    Ok((name, count > 1))
}
