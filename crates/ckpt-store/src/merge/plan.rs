//! Plans a merge, and carries it out.

use std::sync::Arc;

use ckpt_hash::VersionId;
use ckpt_pack::{Progress, Silent};

use crate::{
    commit::{Commit, Draft, Parents},
    content::{
        contents::{Contents, MergeContents},
        paths::check_paths,
    },
    error::{Error, Result},
    merge::{
        contents::MergedContents, files::merge_files, outcome::MergeItem, recipes::merge_recipes,
        strategy::Strategies, tensors::merge_tensors,
    },
    options::setters,
    recipe::Recipe,
    record::{CheckpointRecord, MergeRecord, Version},
    refs::name::RefName,
    repo::Repository,
};

/// How two versions are to be merged.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct MergeOptions {
    /// What decides conflicts.
    pub strategies: Strategies,
    /// What both come from; their [`merge_base`](Repository::merge_base) unless one is given.
    pub base: Option<VersionId>,
    /// Whether versions may be merged that come from nothing in common: whatever both have and is
    /// not the same is then a conflict.
    pub unrelated: bool,
}

setters!(MergeOptions:
    with_strategies sets strategies: Strategies,
    with_base sets base: Option<VersionId>,
    with_unrelated sets unrelated: bool,
);

/// What a merge is going to do.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MergePlan {
    /// What both come from; `None` for unrelated versions.
    pub base: Option<Version>,
    /// The version that the result continues.
    pub ours: Version,
    /// The version that is merged into it.
    pub theirs: Version,
    /// What decides conflicts.
    pub strategies: Strategies,
    /// Every tensor that either side has, by name.
    pub tensors: Vec<MergeItem>,
    /// Every file that either side has, by path.
    pub files: Vec<MergeItem>,
    /// Every parameter that either side has, by name.
    pub params: Vec<MergeItem>,
    /// `data`, `code` and `seed`, each as a whole, if either side has it.
    pub inputs: Vec<MergeItem>,
    contents: Arc<MergedContents>,
    recipe: Recipe,
}

impl MergePlan {
    /// Returns what the merge is about: tensors, files, parameters and other inputs.
    pub fn items(&self) -> impl Iterator<Item = &MergeItem> {
        let Self { tensors, files, params, inputs, .. } = self;
        [tensors, files, params, inputs].into_iter().flatten()
    }

    /// Counts the conflicts that nothing decides.
    pub fn undecided(&self) -> usize {
        self.items().filter(|item| item.outcome.is_open()).count()
    }
}

impl Repository {
    /// Says what becomes of everything that either of two versions has. No tensor is read.
    ///
    /// What one side alone changed, added or removed since the base is taken from there; what both
    /// changed to the same, too. What both changed differently is a conflict, which a strategy may
    /// decide. Metrics are not merged: the result has not been measured.
    ///
    /// # Errors
    /// [`Error::Unrelated`] without a base; [`Error::Removed`] where content is needed that was
    /// removed; [`Error::Contents`] where the files of both cannot correspond to each other; damage.
    pub fn plan_merge(
        &self,
        ours: VersionId,
        theirs: VersionId,
        options: MergeOptions,
    ) -> Result<MergePlan> {
        let MergeOptions { strategies, base, unrelated } = options;
        let base = match base {
            Some(base) => Some(base),
            None => self.merge_base(ours, theirs)?,
        };
        if base.is_none() && !unrelated {
            return Err(Error::Unrelated(Box::new([ours, theirs])));
        }
        let base = base.map(|base| self.version(&base)).transpose()?;
        let (ours, theirs) = (self.version(&ours)?, self.version(&theirs)?);
        let recipe = |version: &Version| self.recipe(&version.record);
        let base_recipe = base.as_ref().map(recipe).transpose()?.unwrap_or_default();
        let (params, inputs, recipe) =
            merge_recipes(&base_recipe, &recipe(&ours)?, &recipe(&theirs)?, &strategies);
        let [old, left, right] = self.checkpoints(base.as_ref(), &ours, &theirs)?;
        let (tensors, combined) = merge_tensors(&old, &left, &right, &strategies);
        let (files, carried) = merge_files(&old, &left, &right, &strategies, &combined);
        check_paths(carried.iter().map(|file| file.path.as_str())).map_err(Error::Contents)?;
        let contents = Arc::new(MergedContents::new(combined, carried));
        if let Some(base) = base.as_ref().filter(|_| contents.needs_base()) {
            self.require_content(&base.record)?;
        }
        let (default, rules) = strategies.records();
        let merge = MergeRecord {
            base: base.as_ref().map(|base| base.record.checkpoint),
            ours: ours.record.checkpoint,
            theirs: theirs.record.checkpoint,
            default,
            rules,
        };
        let bases = vec![ours.record.model, theirs.record.model];
        let recipe = Recipe { bases, merge: Some(merge), ..recipe };
        Ok(MergePlan {
            base,
            ours,
            theirs,
            strategies,
            tensors,
            files,
            params,
            inputs,
            contents,
            recipe,
        })
    }

    fn checkpoints(
        &self,
        base: Option<&Version>,
        ours: &Version,
        theirs: &Version,
    ) -> Result<[CheckpointRecord; 3]> {
        self.require_content(&ours.record)?;
        self.require_content(&theirs.record)?;
        let read = |version: &Version| self.objects.fitting_checkpoint(&version.record.checkpoint);
        let base = base.map(read).transpose()?.unwrap_or_default();
        Ok([base, read(ours)?, read(theirs)?])
    }

    /// Carries out a plan that decides everything: commits its result to a branch, which must be at
    /// the version that the plan calls ours.
    ///
    /// Of the draft the contents, the recipe and the parents are the plan's. Tensors and files that
    /// neither side's strategy merges are taken over by their ids, without being read; those that
    /// are merged stream through memory of a bounded size.
    ///
    /// # Errors
    /// [`Error::Undecided`]; those of [`commit`](Self::commit).
    pub fn merge_versions(
        &self,
        branch: &RefName,
        plan: &MergePlan,
        draft: Draft,
    ) -> Result<Commit> {
        self.merge_versions_with(branch, plan, draft, &Silent)
    }

    /// Does what [`merge_versions`](Self::merge_versions) does, and tells `progress` how many bytes of
    /// tensors have been merged, of how many.
    ///
    /// # Errors
    /// Those of [`merge_versions`](Self::merge_versions); [`Error::Cancelled`].
    pub fn merge_versions_with(
        &self,
        branch: &RefName,
        plan: &MergePlan,
        draft: Draft,
        progress: &dyn Progress,
    ) -> Result<Commit> {
        let undecided = plan.undecided();
        if undecided > 0 {
            return Err(Error::Undecided(undecided));
        }
        let (expected, others) = (plan.ours.id, vec![plan.theirs.id]);
        let draft = Draft {
            contents: Contents::Merge(MergeContents(Arc::clone(&plan.contents) as _)),
            recipe: plan.recipe.clone(),
            parents: Parents::Merge { expected, others },
            continues: false,
            ..draft
        };
        self.commit_with(branch, &draft, progress)
    }
}
