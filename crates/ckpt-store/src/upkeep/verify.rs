//! Checks every byte of a repository and every link between its objects.

mod checkpoint;
mod forest;
mod journal;
mod packs;
mod refs;
mod repair;
mod versions;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ckpt_hash::{CheckpointId, ModelId, RecipeId, StateId, VersionId};
use ckpt_pack::{ObjectId, Progress};

use self::repair::Faults;
pub use self::repair::RepairReport;
use crate::{
    content::objects::Content,
    error::{Error, Result},
    history::notes::Notes,
    repo::Repository,
};

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Objects that were read and checked.
    pub objects: u64,
    /// Bytes of those objects when decoded.
    pub bytes: u64,
    /// Versions whose content was found complete or reported.
    pub versions: u64,
    /// What is wrong, in the order in which it was found.
    pub damage: Vec<Damage>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// The file, the object or the ref.
    pub place: String,
    /// What is wrong with it.
    pub what: String,
    /// The versions that cannot be restored because of it.
    pub versions: Vec<VersionId>,
}

impl VerifyReport {
    /// Tells whether nothing is wrong.
    pub fn is_ok(&self) -> bool {
        self.damage.is_empty()
    }
}

impl Repository {
    /// Reads every object of every pack, checks it against its id, and follows every ref, every
    /// version and every note to the last block.
    ///
    /// `progress` is told how many steps are done, of how many known so far: an object to read, a
    /// chunk list to put together, a version or a ref to follow. Others may go on writing: what
    /// they add is followed as far as a version or ref found at the start leads there.
    ///
    /// Damage is a finding, not an error.
    ///
    /// # Errors
    /// A folder that cannot be listed; [`Error::Cancelled`].
    pub fn verify(&self, progress: &dyn Progress) -> Result<VerifyReport> {
        Ok(self.examine(progress)?.report)
    }

    fn examine<'a>(&'a self, progress: &'a dyn Progress) -> Result<Check<'a>> {
        let mut check = Check::new(self, progress);
        check.packs()?;
        let versions = check.known_versions();
        let failed = check.follow(&versions)?;
        let tips = check.tips()?;
        let newest_entry = check.newest_entry();
        // Refs may have moved on since the packs were listed, and packs may have been merged: what
        // seemed missing then is missing only if it is in no pack that there is now.
        check.packs()?;
        for (id, problem) in check.follow(&failed.into_keys().collect())? {
            check.blame(id, problem);
        }
        for (name, newest) in &tips {
            check.chain(name, *newest);
            check.step()?;
        }
        check.journal(newest_entry);
        Ok(check)
    }
}

/// The state of a verification.
struct Check<'a> {
    repository: &'a Repository,
    progress: &'a dyn Progress,
    report: VerifyReport,
    done: u64,
    total: u64,
    /// Packs that were read or reported, by name.
    packs: HashSet<String>,
    /// What is wrong in them.
    faults: Faults,
    /// Objects that were read and found right.
    good: HashSet<ObjectId>,
    /// Objects that were found damaged, with their place in the report.
    bad: HashMap<ObjectId, usize>,
    /// What was found when objects were read, by place and finding, with its place in the report.
    object_errors: HashMap<(String, String), usize>,
    /// Contents, checkpoints and recipes that were found whole, with what the versions that have
    /// them must say.
    contents: HashSet<Content>,
    checkpoints: HashMap<CheckpointId, (ModelId, StateId)>,
    recipes: HashSet<RecipeId>,
    /// What was noted of versions, of their content above all.
    notes: Arc<Notes>,
}

/// Why a version is not whole.
#[derive(Debug)]
enum Problem {
    /// For a reason that was reported already, at this place.
    Known(usize),
    /// For a new reason: what is wrong with which object.
    New(ObjectId, String),
}

impl<'a> Check<'a> {
    fn new(repository: &'a Repository, progress: &'a dyn Progress) -> Self {
        Self {
            repository,
            progress,
            report: VerifyReport::default(),
            done: 0,
            total: 0,
            packs: HashSet::new(),
            faults: Faults::default(),
            good: HashSet::new(),
            bad: HashMap::new(),
            object_errors: HashMap::new(),
            contents: HashSet::new(),
            checkpoints: HashMap::new(),
            recipes: HashSet::new(),
            notes: Arc::default(),
        }
    }

    fn step(&mut self) -> Result<()> {
        self.done += 1;
        self.tell()
    }

    /// Tells how much is done, and stops if that is wanted.
    fn tell(&self) -> Result<()> {
        self.progress.update(self.done, self.total);
        if self.progress.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    fn damage(&mut self, place: impl Into<String>, what: impl Into<String>) -> usize {
        let damage = Damage { place: place.into(), what: what.into(), versions: Vec::new() };
        self.report.damage.push(damage);
        self.report.damage.len() - 1
    }

    /// Reports an error at the place that it names, or else at `place`.
    fn error(&mut self, place: impl Into<String>, error: &Error) -> usize {
        match error {
            Error::Damaged { place, what } => self.damage(place, what),
            other => self.damage(place, explain(other)),
        }
    }

    /// Checks that an object was found, and found right.
    fn need(&self, id: impl Into<ObjectId>) -> Result<(), Problem> {
        let id = id.into();
        if self.good.contains(&id) {
            return Ok(());
        }
        Err(match self.bad.get(&id) {
            Some(place) => Problem::Known(*place),
            None => Problem::New(id, "it is missing".to_owned()),
        })
    }
}

impl Problem {
    /// Blames an object for an error that came up when it was read.
    fn with(id: impl Into<ObjectId>) -> impl FnOnce(Error) -> Self {
        let id = id.into();
        move |error| match error {
            Error::Damaged { place, what } if place == id.to_string() => Self::New(id, what),
            other => Self::New(id, explain(&other)),
        }
    }
}

/// Writes an error with its cause on one line.
fn explain(error: &Error) -> String {
    match error {
        Error::Io { source, .. } => format!("{error}: {source}"),
        other => other.to_string(),
    }
}
