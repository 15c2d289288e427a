//! Makes a merge again from what is recorded of it.

use ckpt_hash::{ModelId, TreeHash};
use ckpt_tensor::Arithmetic;

use crate::{
    content::{
        identity::model_id,
        objects::{Objects, tree_root},
        pattern::{Pattern, PatternError},
        source::Compute,
    },
    error::{Error, Result},
    merge::{
        contents::{MergedContents, Merging},
        files::merge_files,
        strategy::{Strategies, Strategy},
        tensors::merge_tensors,
    },
    record::{CheckpointRecord, MergeRecord, StrategyRecord, Version},
    repo::Repository,
};

impl Repository {
    /// Computes the weights of a merge again, from the checkpoints and strategies that its recipe
    /// records, and returns their id; nothing is written. It is that of the version, unless its
    /// strategies are not what made it.
    ///
    /// # Errors
    /// [`Error::NotMerged`]; [`Error::Removed`] where the content of a parent was removed; damage.
    pub fn replay_merge(&self, version: &Version) -> Result<ModelId> {
        let Some(record) = self.recipe(&version.record)?.merge else {
            return Err(Error::NotMerged(version.id));
        };
        for parent in &version.record.parents {
            self.require_content(&self.version(parent)?.record)?;
        }
        let read = |id| self.objects.fitting_checkpoint(id);
        let base = record.base.as_ref().map(read).transpose()?.unwrap_or_default();
        let (ours, theirs) = (read(&record.ours)?, read(&record.theirs)?);
        let strategies = strategies(&record)?;
        let (_, tensors) = merge_tensors(&base, &ours, &theirs, &strategies);
        let (_, files) = merge_files(&base, &ours, &theirs, &strategies, &tensors);
        let made = MergedContents::new(tensors, files).compute(&self.objects)?;
        Ok(model_id(&made))
    }
}

impl MergedContents {
    /// Computes the record of all, and stores nothing.
    fn compute(&self, objects: &Objects) -> Result<CheckpointRecord> {
        let merging = self.prepare(objects)?;
        let roots = merging.iter().map(Merging::root).collect::<Result<_>>()?;
        Ok(self.record(&merging, roots))
    }
}

impl Merging<'_> {
    /// Computes the tree hash of what is merged.
    fn root(&self) -> Result<TreeHash> {
        tree_root(self.len(), |index, place| self.leaf(index as usize, place))
    }
}

/// Reads the strategies of a merge.
fn strategies(record: &MergeRecord) -> Result<Strategies> {
    let rule = |(pattern, strategy): &(String, StrategyRecord)| {
        let damaged = |error| Error::damaged("the recipe of the merge", format!("{error}"));
        let pattern = pattern.parse().map_err(|error: PatternError| damaged(error))?;
        Ok((pattern, Strategy::from(*strategy)))
    };
    let rules = record.rules.iter().map(rule).collect::<Result<_>>()?;
    Ok(Strategies { default: record.default.map(Strategy::from), rules })
}

impl Strategies {
    /// Writes the strategies down.
    pub(super) fn records(&self) -> (Option<StrategyRecord>, Vec<(String, StrategyRecord)>) {
        let rule = |(pattern, strategy): &(Pattern, Strategy)| {
            (pattern.as_str().to_owned(), StrategyRecord::from(*strategy))
        };
        (self.default.map(StrategyRecord::from), self.rules.iter().map(rule).collect())
    }
}

impl From<Strategy> for StrategyRecord {
    fn from(strategy: Strategy) -> Self {
        match strategy {
            Strategy::Ours => Self::Ours,
            Strategy::Theirs => Self::Theirs,
            Strategy::Arithmetic(Arithmetic::Average { weight }) => Self::Average { weight },
            Strategy::Arithmetic(Arithmetic::TaskArithmetic { ours, theirs }) => {
                Self::TaskArithmetic { ours, theirs }
            }
            Strategy::Arithmetic(Arithmetic::Ties { density, scale }) => {
                Self::Ties { density, scale }
            }
            Strategy::Arithmetic(Arithmetic::Slerp { t }) => Self::Slerp { t },
        }
    }
}

impl From<StrategyRecord> for Strategy {
    fn from(record: StrategyRecord) -> Self {
        Self::Arithmetic(match record {
            StrategyRecord::Ours => return Self::Ours,
            StrategyRecord::Theirs => return Self::Theirs,
            StrategyRecord::Average { weight } => Arithmetic::Average { weight },
            StrategyRecord::TaskArithmetic { ours, theirs } => {
                Arithmetic::TaskArithmetic { ours, theirs }
            }
            StrategyRecord::Ties { density, scale } => Arithmetic::Ties { density, scale },
            StrategyRecord::Slerp { t } => Arithmetic::Slerp { t },
        })
    }
}
