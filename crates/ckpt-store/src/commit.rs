//! Makes versions out of what a caller hands over.

mod group;
mod hold;
pub(crate) mod session;

use std::{collections::BTreeMap, slice};

use ckpt_codec::Effort;
use ckpt_hash::VersionId;
use ckpt_pack::{Progress, Silent};

use self::group::Group;
use crate::{
    content::{contents::Contents, ingest::Recent, roles::RoleRules},
    error::{Conflict, Error, Result},
    recipe::Recipe,
    record::Version,
    refs::{moves::require_branch, name::RefName},
    repo::Repository,
    signature::Signature,
};

/// A version to be made.
///
/// ```
/// use ckpt_store::{Contents, Draft, Signature};
///
/// let ada = Signature::new("ada", 1_700_000_000_000);
/// let draft = Draft::new(Contents::Nothing, ada).with_message("only numbers");
/// assert_eq!(draft.message, "only numbers");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Draft {
    /// The content.
    pub contents: Contents,
    /// Inputs.
    pub recipe: Recipe,
    /// Metrics.
    pub metrics: BTreeMap<String, f64>,
    /// Where: machine, tools, revision of the code.
    pub environment: BTreeMap<String, String>,
    /// Why.
    pub message: String,
    /// Who and when.
    pub signature: Signature,
    /// What the version continues.
    pub parents: Parents,
    /// Whether training went on from the first parent's state: then the recipe is made to say so,
    /// by its `parent_state`.
    pub continues: bool,
    /// Which tensors of files are weights or state, before the rules of config.toml and the
    /// built-in ones.
    pub roles: RoleRules,
    /// How much time a smaller result may take.
    pub effort: Effort,
    /// Why the branch moves even if its guards are not met; recorded if they are not.
    pub override_reason: Option<String>,
}

impl Draft {
    /// Makes a version of contents and of who made it and when, which nothing else is said of.
    pub fn new(contents: Contents, signature: Signature) -> Self {
        Self {
            contents,
            recipe: Recipe::default(),
            metrics: BTreeMap::new(),
            environment: BTreeMap::new(),
            message: String::new(),
            signature,
            parents: Parents::default(),
            continues: false,
            roles: RoleRules::default(),
            effort: Effort::default(),
            override_reason: None,
        }
    }

    /// Sets what it contains.
    #[must_use]
    pub fn with_contents(self, contents: Contents) -> Self {
        Self { contents, ..self }
    }

    /// Sets the inputs.
    #[must_use]
    pub fn with_recipe(self, recipe: Recipe) -> Self {
        Self { recipe, ..self }
    }

    /// Sets the metrics.
    #[must_use]
    pub fn with_metrics(self, metrics: BTreeMap<String, f64>) -> Self {
        Self { metrics, ..self }
    }

    /// Sets where it was made.
    #[must_use]
    pub fn with_environment(self, environment: BTreeMap<String, String>) -> Self {
        Self { environment, ..self }
    }

    /// Sets why it was made.
    #[must_use]
    pub fn with_message(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// Sets who made it, and when.
    #[must_use]
    pub fn with_signature(self, signature: Signature) -> Self {
        Self { signature, ..self }
    }

    /// Sets what it continues.
    #[must_use]
    pub fn with_parents(self, parents: Parents) -> Self {
        Self { parents, ..self }
    }

    /// Says that training went on from the first parent's state.
    #[must_use]
    pub fn continuing(self) -> Self {
        Self { continues: true, ..self }
    }

    /// Sets which tensors of files are weights or state.
    #[must_use]
    pub fn with_roles(self, roles: RoleRules) -> Self {
        Self { roles, ..self }
    }

    /// Sets how much time a smaller result may take.
    #[must_use]
    pub fn with_effort(self, effort: Effort) -> Self {
        Self { effort, ..self }
    }

    /// Sets why the branch moves even if its guards are not met.
    #[must_use]
    pub fn with_override_reason(self, reason: impl Into<Option<String>>) -> Self {
        Self { override_reason: reason.into(), ..self }
    }
}

/// What a new version continues, and where its branch is expected to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Parents {
    /// The branch as it is when the commit starts; none if it does not exist.
    #[default]
    Tip,
    /// The branch, which must be at this version when the commit ends.
    Expected(VersionId),
    /// The branch, which must be at `expected` when the commit ends, and versions that are merged
    /// into it.
    Merge {
        /// The first parent.
        expected: VersionId,
        /// The further parents.
        others: Vec<VersionId>,
    },
    /// These versions; the branch must not exist yet.
    NewBranch(Vec<VersionId>),
}

/// A version that was made, and what it cost.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Commit {
    /// The version.
    pub version: Version,
    /// Bytes of the content as it was given.
    pub logical_bytes: u64,
    /// Bytes that the repository grew by, but for the ref file. The last of several versions that
    /// share a pack counts what they share.
    pub stored_bytes: u64,
}

/// Versions that were made together, and why no more of them were.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) commits: Vec<Commit>,
    pub(crate) failed: Option<Error>,
}

impl Repository {
    /// Makes a version on a branch and moves the branch to it; durable when it returns.
    ///
    /// # Errors
    /// [`Error::NotBranch`]; parents that are missing or not distinct; contents that do not fit
    /// together, cannot be read or could not be restored; [`Error::FailedChecks`] if the version does not
    /// meet the branch's guards, or [`Error::Conflict`] if another writer moved the branch in the
    /// meantime, the version being kept all the same; a failing disk.
    pub fn commit(&self, branch: &RefName, draft: &Draft) -> Result<Commit> {
        self.commit_with(branch, draft, &Silent)
    }

    /// Does what [`commit`](Self::commit) does, and tells `progress` how many bytes of the contents
    /// have been taken in, of how many.
    ///
    /// # Errors
    /// Those of [`commit`](Self::commit); [`Error::Cancelled`].
    pub fn commit_with(
        &self,
        branch: &RefName,
        draft: &Draft,
        progress: &dyn Progress,
    ) -> Result<Commit> {
        let Made { commits, failed } =
            self.commit_group(branch, slice::from_ref(draft), &mut Recent::default(), progress);
        let [commit] = <[Commit; 1]>::try_from(commits)
            .map_err(|_| failed.expect("a version that is not made has a reason"))?;
        Ok(commit)
    }

    /// Makes versions on a branch, each the child of the one before, with one pack and one move of
    /// the branch. Those before the first that cannot be made are kept.
    ///
    /// `recent` is what is in memory of the version before, and becomes that of the last one.
    pub(crate) fn commit_group(
        &self,
        branch: &RefName,
        drafts: &[Draft],
        recent: &mut Recent,
        progress: &dyn Progress,
    ) -> Made {
        let made = self.try_group(branch, drafts, recent, progress);
        made.unwrap_or_else(|error| Made { failed: Some(error), ..Made::default() })
    }

    fn try_group(
        &self,
        branch: &RefName,
        drafts: &[Draft],
        recent: &mut Recent,
        progress: &dyn Progress,
    ) -> Result<Made> {
        require_branch(branch)?;
        let writing = self.refs.writing()?;
        // Before the packs are listed: what is taken away after that shows by another number.
        let generation = self.generation()?;
        self.objects.packs.refresh()?;
        let tip = self.refs.tip(&self.objects, branch)?;
        let mut group = Group::start(self, branch, tip, std::mem::take(recent), progress)?;
        let failed = drafts.iter().find_map(|draft| group.add(draft).err());
        let commits = if group.is_empty() { Vec::new() } else { group.end(recent, generation)? };
        drop(writing);
        self.compact_if_due();
        Ok(Made { commits, failed })
    }
}

impl Parents {
    /// Checks the expectation against where the branch is and returns the parents.
    pub(crate) fn resolve(
        &self,
        branch: &RefName,
        found: Option<VersionId>,
    ) -> Result<Vec<VersionId>> {
        let at = |expected: VersionId, others: &[VersionId]| {
            if found == Some(expected) {
                return Ok([&[expected], others].concat());
            }
            let expected = Some(expected);
            Err(Conflict { name: branch.clone(), expected, found, kept: None }.into())
        };
        match self {
            Self::Tip => Ok(found.into_iter().collect()),
            Self::Expected(expected) => at(*expected, &[]),
            Self::Merge { expected, others } => at(*expected, others),
            Self::NewBranch(parents) => match found {
                None => Ok(parents.clone()),
                Some(at) => Err(Error::RefExists { name: branch.clone(), at }),
            },
        }
    }
}
