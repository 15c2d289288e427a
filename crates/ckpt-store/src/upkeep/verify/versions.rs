//! Follows versions to the last block.

use std::collections::{BTreeMap, BTreeSet};

use ckpt_hash::{CheckpointId, ModelId, RecipeId, StateId, VersionId};
use ckpt_pack::{ObjectId, ObjectKind};

use crate::{
    content::{
        identity::{model_id, state_id},
        objects::Content,
    },
    error::Result,
    history::walk::{ancestor, skip_number},
    record::VersionRecord,
    upkeep::verify::{Check, Problem, checkpoint},
};

impl Check<'_> {
    /// Returns the versions in the packs that were read.
    pub(super) fn known_versions(&mut self) -> BTreeSet<VersionId> {
        let known = self.good.iter().chain(self.bad.keys());
        let versions: BTreeSet<VersionId> = known
            .filter(|id| id.kind == ObjectKind::Version)
            .map(|id| VersionId::from_digest(id.digest))
            .collect();
        self.report.versions = versions.len() as u64;
        versions
    }

    /// Follows versions to everything that they consist of; returns those that are not whole.
    pub(super) fn follow(
        &mut self,
        ids: &BTreeSet<VersionId>,
    ) -> Result<BTreeMap<VersionId, Problem>> {
        self.total += ids.len() as u64;
        // What is wrong with the notes themselves is reported where they are followed.
        self.notes = self.repository.notes().unwrap_or_default();
        let mut failed = BTreeMap::new();
        for id in ids {
            if let Err(problem) = self.version(*id) {
                failed.insert(*id, problem);
            }
            self.step()?;
        }
        Ok(failed)
    }

    fn version(&mut self, id: VersionId) -> Result<(), Problem> {
        self.need(id)?;
        let record = self.repository.objects.version(&id).map_err(Problem::with(id))?;
        self.links(id, &record)?;
        self.recipe(record.recipe)?;
        // What was removed on purpose is not missed.
        let ids = if self.notes.is_removed(&id) {
            self.described(record.checkpoint)?
        } else {
            self.checkpoint(record.checkpoint)?
        };
        if ids != (record.model, record.state) {
            let what = "its model or state id is not that of its content";
            return Err(Problem::New(id.into(), what.to_owned()));
        }
        Ok(())
    }

    /// Checks a version's parents, number and skip pointer.
    fn links(&self, id: VersionId, record: &VersionRecord) -> Result<(), Problem> {
        let objects = &self.repository.objects;
        for parent in record.parents.iter().chain(&record.skip) {
            self.need(*parent)?;
        }
        let wrong = |what: &str| Err(Problem::New(id.into(), what.to_owned()));
        let parent = record.parents.first();
        let number = match parent {
            Some(parent) => {
                let parent = objects.version(parent).map_err(Problem::with(*parent))?;
                parent.number.checked_add(1)
            }
            None => Some(1),
        };
        if number != Some(record.number) {
            return wrong("its number does not follow its parent's");
        }
        let skip = match (parent, skip_number(record.number)) {
            (Some(parent), Some(number)) => {
                ancestor(|id| objects.version(id), *parent, number).map_err(Problem::with(id))?
            }
            _ => None,
        };
        if record.skip != skip {
            return wrong("its skip pointer does not lead to the ancestor that it should");
        }
        Ok(())
    }

    fn recipe(&mut self, id: RecipeId) -> Result<(), Problem> {
        self.need(id)?;
        if !self.recipes.contains(&id) {
            self.repository.objects.recipe(&id).map_err(Problem::with(id))?;
            self.recipes.insert(id);
        }
        Ok(())
    }

    /// Reads a checkpoint and goes no further; returns the ids that its versions must have.
    fn described(&self, id: CheckpointId) -> Result<(ModelId, StateId), Problem> {
        self.need(id)?;
        let record = self.repository.objects.checkpoint(&id).map_err(Problem::with(id))?;
        checkpoint::contents(&record).map_err(|what| Problem::New(id.into(), what))?;
        Ok((model_id(&record), state_id(&record)))
    }

    /// Follows a checkpoint to its blocks; returns the ids that its versions must have.
    fn checkpoint(&mut self, id: CheckpointId) -> Result<(ModelId, StateId), Problem> {
        self.need(id)?;
        if let Some(ids) = self.checkpoints.get(&id) {
            return Ok(*ids);
        }
        let record = self.repository.objects.checkpoint(&id).map_err(Problem::with(id))?;
        let contents = checkpoint::contents(&record);
        for content in contents.map_err(|what| Problem::New(id.into(), what))? {
            self.content(content, id)?;
        }
        let ids = (model_id(&record), state_id(&record));
        self.checkpoints.insert(id, ids);
        Ok(ids)
    }

    /// Follows content of something to its blocks.
    pub(super) fn content(
        &mut self,
        content: Content,
        of: impl Into<ObjectId>,
    ) -> Result<(), Problem> {
        if self.contents.contains(&content) {
            return Ok(());
        }
        let list = content.list();
        if let Some(list) = list {
            self.need(list)?;
        }
        // Only with its list can content be wrong here.
        let blame = list.unwrap_or_else(|| of.into());
        let objects = self.repository.objects.content_objects(content);
        for id in objects.map_err(Problem::with(blame))? {
            self.need(id)?;
        }
        self.contents.insert(content);
        Ok(())
    }

    /// Adds a version to the damage that it suffers from, which may be new.
    pub(super) fn blame(&mut self, version: VersionId, problem: Problem) {
        let place = match problem {
            Problem::Known(place) => place,
            Problem::New(id, what) => match self.bad.get(&id) {
                Some(place) => *place,
                None => {
                    let place = self.damage(id.to_string(), what);
                    self.bad.insert(id, place);
                    place
                }
            },
        };
        self.report.damage[place].versions.push(version);
    }
}
