//! Which branch the versions of a run go to, and what the run starts from.

use std::{path::PathBuf, sync::Arc};

use anyhow::bail;
use ckpt_store::{
    Commit, Draft, Error, Parents, RefKind, RefName, Repository, Session, SessionOptions, Version,
    record::{DataRecord, RecipeRecord},
};
use ckpt_train::TrainState;

use super::{epoch, inputs, settings::Settings};

/// The branch of the first run; the next ones get a number behind it.
const DEFAULT_BRANCH: &str = "train";

/// The version that a run resumes from.
pub(crate) struct Start {
    version: Version,
    recipe: RecipeRecord,
    state: TrainState,
    /// The branch that the revision named or that the current branch is at.
    branch: Option<RefName>,
}

impl Start {
    pub(crate) fn state(&self) -> &TrainState {
        &self.state
    }

    /// Reads the settings of the run that made the version.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        let seed = self.recipe.seed.unwrap_or_default();
        Settings::of_version(&self.recipe.params, seed, &self.version.record.environment)
    }

    /// Returns where the data was when the version was made.
    pub(crate) fn data_path(&self) -> Option<PathBuf> {
        inputs::recorded_path(&self.version.record.environment)
    }

    /// Refuses data that the version was not trained on.
    pub(crate) fn check_data(&self, data: &DataRecord) -> anyhow::Result<()> {
        match &self.recipe.data[..] {
            [trained] if trained.id == data.id => Ok(()),
            [trained] => bail!(
                "{} is not the data that version {} was trained on ({}, id {}); name that with --data",
                data.label.name,
                self.version.id.short(),
                trained.label.name,
                trained.id.short()
            ),
            _ => bail!("version {} does not say what it was trained on", self.version.id.short()),
        }
    }
}

/// Reads the version to resume from.
pub(crate) fn resume(repository: &Repository, revision: &str) -> anyhow::Result<Start> {
    let id = repository.resolve(revision)?;
    let version = repository.version(&id)?;
    let recipe = repository.recipe(&version.record)?;
    let state = epoch::state(repository, &version.record)?;
    let named = repository.find_ref(revision)?.map(|(name, _)| name);
    let mut branch = named.filter(|name| name.kind() == RefKind::Branch);
    if branch.is_none() {
        // A run that ended here goes on where it was.
        let head = repository.head()?;
        branch = (repository.target(&head)? == Some(id)).then_some(head);
    }
    Ok(Start { version, recipe, state, branch })
}

/// The line of versions that a run adds to.
pub(crate) struct Line {
    branch: RefName,
    /// Whether the name was left to this module.
    unasked: bool,
    /// Whether the usual name was taken.
    renamed: bool,
    /// How many epochs were done before this run.
    epochs_done: u64,
    parents: Parents,
    /// What writes all versions but the first.
    session: Option<Session>,
    /// The versions that are durable.
    done: Vec<Commit>,
}

/// Chooses the branch: the one asked for, the one resumed, or a fresh one.
pub(crate) fn choose(
    repository: &Repository,
    asked: Option<RefName>,
    start: Option<Start>,
) -> anyhow::Result<Line> {
    let named = asked.or_else(|| start.as_ref().and_then(|start| start.branch.clone()));
    let unasked = named.is_none();
    let (name, renamed) = named.map_or_else(|| fresh(repository), |name| Ok((name, false)))?;
    let from = start.as_ref().map(|start| start.version.id);
    let parents = match (repository.target(&name)?, from) {
        (None, from) => Parents::NewBranch(from.into_iter().collect()),
        (Some(tip), Some(from)) if tip == from => Parents::Expected(from),
        (Some(tip), None) => bail!(
            "{name} already exists, at version {}; choose another name, or go on from it with --resume {}",
            tip.short(),
            name.short()
        ),
        (Some(tip), Some(from)) => bail!(
            "{name} is at version {}, not at {}; choose another name with --branch",
            tip.short(),
            from.short()
        ),
    };
    let epochs_done = start.map_or(0, |start| start.state.epoch());
    Ok(Line {
        branch: name,
        unasked,
        renamed,
        epochs_done,
        parents,
        session: None,
        done: Vec::new(),
    })
}

/// Finds the first branch of `train`, `train-2`, ... that does not exist.
fn fresh(repository: &Repository) -> anyhow::Result<(RefName, bool)> {
    let mut name = RefName::branch(DEFAULT_BRANCH)?;
    let mut count = 1;
    while repository.target(&name)?.is_some() {
        count += 1;
        name = RefName::branch(&format!("{DEFAULT_BRANCH}-{count}"))?;
    }
    Ok((name, count > 1))
}

impl Line {
    pub(crate) fn branch(&self) -> &RefName {
        &self.branch
    }

    pub(crate) fn is_renamed(&self) -> bool {
        self.renamed
    }

    /// Returns how many epochs were done before this run.
    pub(crate) fn epochs_done(&self) -> u64 {
        self.epochs_done
    }

    /// Returns how many versions are durable.
    pub(crate) fn added(&mut self) -> usize {
        self.done.extend(self.session.iter().flat_map(Session::take_done));
        self.done.len()
    }

    /// Adds a version. The first is durable when it returns, since only then the branch is taken;
    /// the others are written while training goes on.
    pub(crate) fn commit(
        &mut self,
        repository: &Arc<Repository>,
        mut draft: Draft,
    ) -> anyhow::Result<()> {
        if let Some(session) = &self.session {
            return Ok(session.commit(draft)?);
        }
        draft.parents = self.parents.clone();
        let commit = self.first(repository, &draft)?;
        if repository.head()? != self.branch {
            repository.set_head(&self.branch)?;
        }
        let (repository, branch) = (Arc::clone(repository), self.branch.clone());
        self.parents = Parents::Expected(commit.version.id);
        self.done.push(commit);
        self.session = Some(Session::start(repository, branch, SessionOptions::default())?);
        Ok(())
    }

    fn first(&mut self, repository: &Repository, draft: &Draft) -> anyhow::Result<Commit> {
        loop {
            match repository.commit(&self.branch, draft) {
                // Another run that started at the same time took the name: the next one is free.
                Err(Error::Conflict(_) | Error::RefExists { .. }) if self.unasked => {
                    (self.branch, self.renamed) = fresh(repository)?;
                }
                other => return Ok(other?),
            }
        }
    }

    /// Waits until all versions are durable.
    pub(crate) fn flush(&self) -> anyhow::Result<()> {
        self.session.as_ref().map_or(Ok(()), |session| Ok(session.flush()?))
    }

    /// Waits until all versions are durable and returns them.
    pub(crate) fn finish(&mut self) -> anyhow::Result<Vec<Commit>> {
        self.flush()?;
        self.added();
        Ok(std::mem::take(&mut self.done))
    }
}
