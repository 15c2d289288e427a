//! Makes a version out of what a caller hands over.

use std::collections::BTreeMap;

use ckpt_codec::Effort;
use ckpt_hash::{CheckpointId, MoveId, RecipeId, VersionId};

use crate::{
    checkpoint::write_contents,
    contents::Contents,
    error::{Conflict, Error, Result},
    history::{Version, ancestor, skip_number},
    identity::{model_id, state_id},
    ingest::Ingest,
    moves::require_branch,
    pack::writer::PackWriter,
    record::{self, MoveKind, MoveRecord, RecipeRecord, VersionRecord},
    refs::{RefName, Tip},
    repo::{Repository, Stamp},
};

/// A version to be made.
#[derive(Debug, Default)]
pub struct Draft {
    /// The content.
    pub contents: Contents,
    /// What went in.
    pub recipe: RecipeRecord,
    /// What came out.
    pub metrics: BTreeMap<String, f64>,
    /// Where: machine, tools, revision of the code.
    pub environment: BTreeMap<String, String>,
    /// Why.
    pub message: String,
    /// Who and when.
    pub stamp: Stamp,
    /// What the version continues.
    pub parents: Parents,
    /// How much time a smaller result may take.
    pub effort: Effort,
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
pub struct Commit {
    /// The version.
    pub version: Version,
    /// Bytes of the content as it was given.
    pub logical_bytes: u64,
    /// Bytes that the repository grew by, but for the ref file.
    pub stored_bytes: u64,
}

impl Repository {
    /// Makes a version on a branch and moves the branch to it; durable when it returns.
    ///
    /// # Errors
    /// [`Error::NotBranch`]; parents that are missing or not distinct; contents that do not fit
    /// together, cannot be read or could not be restored; [`Error::Conflict`] if another writer
    /// moved the branch in the meantime, the version being kept all the same; a failing disk.
    pub fn commit(&self, branch: &RefName, draft: &Draft) -> Result<Commit> {
        require_branch(branch)?;
        let _writing = self.refs.writing()?;
        self.objects.packs.refresh()?;
        let tip = self.refs.tip(&self.objects, branch)?;
        let line = self.line(draft.parents.resolve(branch, tip)?)?;
        let pack = PackWriter::create(self.disk())?;
        let mut ingest = Ingest::new(&self.objects, pack, draft.effort);
        // Only what is new is stored, so a parent that cannot be read is no reason to fail.
        let parent = line.parent.map(|id| self.objects.checkpoint(&id));
        ingest.against(parent.and_then(Result::ok).map_or_else(Vec::new, |parent| parent.tensors));
        let (version, logical_bytes) = self.write_version(&mut ingest, draft, line)?;
        let movement = MoveRecord {
            name: branch.full(),
            kind: MoveKind::Commit,
            from: tip.and_then(|tip| tip.version),
            to: Some(version.id),
            previous: tip.map(|tip| tip.movement),
            author: draft.stamp.author.clone(),
            time_ms: draft.stamp.time_ms,
            reason: draft.message.clone(),
            guards: Vec::new(),
            evidence: Vec::new(),
        };
        let to = write_record(&mut ingest, &movement, MoveId::of)?;
        let stored_bytes = self.finish(ingest.pack)?;
        self.move_ref(branch, &movement, to, Some(version.id))?;
        Ok(Commit { version, logical_bytes, stored_bytes })
    }

    /// Reads the parents of a new version and finds its place in their line.
    fn line(&self, parents: Vec<VersionId>) -> Result<Line> {
        let mut first = None;
        for (place, parent) in parents.iter().enumerate() {
            if parents[..place].contains(parent) {
                let what = format!("version {} is given twice as a parent", parent.short());
                return Err(Error::Contents(what));
            }
            let record = self.objects.version(parent)?;
            first.get_or_insert((*parent, record.number, record.checkpoint));
        }
        let Some((parent, number, checkpoint)) = first else {
            return Ok(Line { number: 1, skip: None, parents, parent: None });
        };
        let damaged = |what| Error::damaged(format!("version {}", parent.short()), what);
        let number = number.checked_add(1).ok_or_else(|| damaged("no number follows its own"))?;
        let skip = match skip_number(number) {
            Some(skip) => ancestor(&self.objects, parent, skip)?
                .map(Some)
                .ok_or_else(|| damaged("its line of first parents is shorter than its number"))?,
            None => None,
        };
        Ok(Line { number, skip, parents, parent: Some(checkpoint) })
    }

    fn write_version(
        &self,
        ingest: &mut Ingest<'_>,
        draft: &Draft,
        line: Line,
    ) -> Result<(Version, u64)> {
        let (checkpoint, logical_bytes) = write_contents(ingest, &draft.contents)?;
        let Line { number, parents, skip, .. } = line;
        let record = VersionRecord {
            number,
            parents,
            skip,
            model: model_id(&checkpoint),
            state: state_id(&checkpoint),
            checkpoint: write_record(ingest, &checkpoint, CheckpointId::of)?,
            recipe: write_record(ingest, &draft.recipe, RecipeId::of)?,
            data_names: draft.recipe.data.iter().map(|data| data.name.clone()).collect(),
            metrics: draft.metrics.clone(),
            author: draft.stamp.author.clone(),
            time_ms: draft.stamp.time_ms,
            message: draft.message.clone(),
            environment: draft.environment.clone(),
        };
        let id = write_record(ingest, &record, VersionId::of)?;
        Ok((Version { id, record }, logical_bytes))
    }
}

/// The place of a new version in history.
struct Line {
    number: u64,
    parents: Vec<VersionId>,
    skip: Option<VersionId>,
    /// What the first parent contains.
    parent: Option<CheckpointId>,
}

impl Parents {
    /// Checks the expectation against the branch's tip and returns the parents.
    fn resolve(&self, branch: &RefName, tip: Option<Tip>) -> Result<Vec<VersionId>> {
        let found = tip.and_then(|tip| tip.version);
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

/// Encodes a record, adds it to the pack and returns its id.
pub(crate) fn write_record<R: record::Record, I: Copy + Into<crate::ObjectId>>(
    ingest: &mut Ingest<'_>,
    record: &R,
    id_of: impl Fn(&[u8]) -> I,
) -> Result<I> {
    let bytes = record::encode(record).map_err(|error| Error::Contents(error.to_string()))?;
    let id = id_of(&bytes);
    ingest.object(id.into(), &bytes)?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::disk::MemDisk;

    /// Stores a version without parents that claims to have a number.
    fn plant(repository: &Repository, number: u64) -> VersionId {
        let main = RefName::branch("main").unwrap();
        let made = repository.commit(&main, &Draft::default()).unwrap().version.record;
        let pack = PackWriter::create(repository.disk()).unwrap();
        let mut ingest = Ingest::new(&repository.objects, pack, Effort::Default);
        let record = VersionRecord { number, parents: Vec::new(), skip: None, ..made };
        let id = write_record(&mut ingest, &record, VersionId::of).unwrap();
        repository.finish(ingest.pack).unwrap();
        id
    }

    #[test]
    fn a_parent_whose_number_cannot_be_right_is_damaged() {
        let cases = [
            (u64::MAX, "no number follows its own"),
            // Number 8 skips to 1.
            (7, "its line of first parents is shorter than its number"),
        ];
        for (number, what) in cases {
            let repository = Repository::init_on(Arc::new(MemDisk::new())).unwrap();
            let parent = plant(&repository, number);
            let draft = Draft { parents: Parents::NewBranch(vec![parent]), ..Draft::default() };
            let error = repository.commit(&RefName::branch("x").unwrap(), &draft).unwrap_err();
            let expected = format!("version {} is damaged: {what}", parent.short());
            assert_eq!(error.to_string(), expected);
        }
    }
}
