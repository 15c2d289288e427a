//! Versions that are written together: one pack, one move of their branch.

use ckpt_hash::{CheckpointId, MoveId, RecipeId, StateId, VersionId};
use ckpt_pack::{ObjectId, Progress, wire};

use crate::{
    commit::{Commit, Draft},
    content::{
        checkpoint::write_contents,
        contents::Contents,
        identity::{model_id, state_id},
        ingest::{Ingest, Recent},
        roles::{RoleRules, Roles},
    },
    error::{Error, Result},
    history::walk::{ancestor, skip_number},
    record::{CheckpointRecord, MoveKind, MoveRecord, Version, VersionRecord},
    refs::{
        gates::{Reason, Step, To},
        name::RefName,
        store::Tip,
    },
    repo::Repository,
};

/// What the journal says of removed content that a commit stored again.
const AGAIN: &str = "committed again";

/// A group of versions that is being written. Dropped before its end, it leaves nothing.
pub(super) struct Group<'a> {
    repository: &'a Repository,
    branch: &'a RefName,
    tip: Option<Tip>,
    ingest: Ingest<'a>,
    /// The versions so far, each the first parent of the next.
    made: Vec<Commit>,
    /// What the last of them contains.
    last: Option<CheckpointRecord>,
    /// Why the branch moves to the last of them even if its guards are not met.
    override_reason: Option<String>,
}

/// The place of a new version in history.
struct Line {
    number: u64,
    parents: Vec<VersionId>,
    skip: Option<VersionId>,
    /// The state of the first parent.
    state: Option<StateId>,
}

impl<'a> Group<'a> {
    pub(super) fn start(
        repository: &'a Repository,
        branch: &'a RefName,
        tip: Option<Tip>,
        recent: Recent,
        progress: &'a dyn Progress,
    ) -> Result<Self> {
        let pack = repository.objects.packs.start()?;
        let ingest = Ingest::new(&repository.objects, pack, recent).telling(progress);
        let (made, last) = (Vec::new(), None);
        let override_reason = None;
        Ok(Self { repository, branch, tip, ingest, made, last, override_reason })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// Writes the next version into the pack.
    pub(super) fn add(&mut self, draft: &Draft) -> Result<()> {
        let at = match self.made.last() {
            Some(last) => Some(last.version.id),
            None => self.tip.and_then(|tip| tip.version),
        };
        let line = self.line(draft.parents.resolve(self.branch, at)?)?;
        let before = self.ingest.pack.byte_len();
        self.ingest.effort = draft.effort;
        let configured = match draft.contents {
            Contents::Files(_) => self.repository.read_config()?.roles,
            Contents::Nothing | Contents::Tensors(_) | Contents::Merge(_) => RoleRules::default(),
        };
        let roles = Roles::new(&draft.roles, &configured);
        let (checkpoint, logical_bytes) =
            write_contents(&mut self.ingest, &draft.contents, &roles)?;
        let version = self.write_version(draft, line, &checkpoint)?;
        let stored_bytes = self.ingest.pack.byte_len() - before;
        self.made.push(Commit { version, logical_bytes, stored_bytes });
        self.last = Some(checkpoint);
        self.override_reason.clone_from(&draft.override_reason);
        Ok(())
    }

    /// Makes the pack durable and moves the branch to the last version. Leaves in `recent` what is
    /// in memory of it.
    ///
    /// Where packs were taken away since the repository had this generation, what the versions
    /// consist of is restored.
    pub(super) fn end(mut self, recent: &mut Recent, generation: u64) -> Result<Vec<Commit>> {
        let counted: u64 = self.made.iter().map(|made| made.stored_bytes).sum();
        let movement = match self.movement() {
            Ok(movement) => movement,
            Err(error) => {
                // The versions are kept, even if their branch may not move to the last.
                self.repository.objects.packs.finish(self.ingest.pack)?;
                return Err(error.keeping(newest(&self.made).id));
            }
        };
        let to = write_record(&mut self.ingest, &movement, MoveId::of)?;
        *recent = self.ingest.take_recent();
        let len = self.repository.objects.packs.finish(self.ingest.pack)?;
        let last = self.made.last_mut().expect("a group has versions when it ends");
        // What all of them share counts with the last. Nothing was written if all was known.
        last.stored_bytes += len.saturating_sub(counted);
        let kept = Some(last.version.id);
        let versions: Vec<VersionId> = self.made.iter().map(|made| made.version.id).collect();
        // Who made the last version, and when: that goes for the move, too.
        let signature = newest(&self.made).record.signature();
        let generation = self.repository.hold(generation, &versions, AGAIN, &signature)?;
        self.repository.move_ref(self.branch, &movement, to, kept)?;
        self.repository.hold(generation, &versions, AGAIN, &signature)?;
        Ok(self.made)
    }

    /// Makes the move of the branch to the last version, which must meet its guards.
    fn movement(&self) -> Result<MoveRecord> {
        let version = newest(&self.made);
        let parent = version.record.parents.first();
        let parent = self.made.iter().find(|made| Some(&made.version.id) == parent);
        let override_reason = self.override_reason.as_deref();
        self.repository.movement(&Step {
            name: self.branch,
            tip: self.tip,
            kind: MoveKind::Commit,
            to: To::Version { version, parent: parent.map(|made| &made.version) },
            gate: &[],
            reason: Reason { text: &version.record.message, override_reason },
            signature: &version.record.signature(),
        })
    }

    /// Reads the parents of a new version, finds its place in their line, and has its content
    /// stored as a delta to that of the first.
    fn line(&mut self, parents: Vec<VersionId>) -> Result<Line> {
        let mut first = None;
        for (place, parent) in parents.iter().enumerate() {
            if parents[..place].contains(parent) {
                let what = format!("version {} is given twice as a parent", parent.short());
                return Err(Error::Contents(what));
            }
            let record = self.version(parent)?;
            first.get_or_insert((*parent, record));
        }
        let Some((parent, record)) = first else {
            self.ingest.against(Vec::new());
            return Ok(Line { number: 1, skip: None, parents, state: None });
        };
        let damaged = |what| Error::damaged(format!("version {}", parent.short()), what);
        let number = record.number.checked_add(1);
        let number = number.ok_or_else(|| damaged("no number follows its own"))?;
        let skip = match skip_number(number) {
            Some(skip) => ancestor(|id| self.version(id), parent, skip)?
                .map(Some)
                .ok_or_else(|| damaged("its line of first parents is shorter than its number"))?,
            None => None,
        };
        let checkpoint = match self.last.take() {
            Some(last) => last,
            // Only what is new is stored, so a parent that cannot be read is no reason to fail.
            None => self.repository.objects.checkpoint(&record.checkpoint).unwrap_or_default(),
        };
        self.ingest.against(checkpoint.tensors);
        Ok(Line { number, skip, parents, state: Some(record.state) })
    }

    /// Reads a version of the repository or of this group.
    fn version(&self, id: &VersionId) -> Result<VersionRecord> {
        match self.made.iter().rev().find(|made| made.version.id == *id) {
            Some(made) => Ok(made.version.record.clone()),
            None => self.repository.objects.version(id),
        }
    }

    fn write_version(
        &mut self,
        draft: &Draft,
        line: Line,
        checkpoint: &CheckpointRecord,
    ) -> Result<Version> {
        let ingest = &mut self.ingest;
        let Line { number, parents, skip, state } = line;
        let parent_state = if draft.continues { state } else { draft.recipe.parent_state };
        let recipe = draft.recipe.clone().with_parent_state(parent_state);
        let (recipe, data) = recipe.into_record();
        let record = VersionRecord {
            number,
            parents,
            skip,
            model: model_id(checkpoint),
            state: state_id(checkpoint),
            checkpoint: write_record(ingest, checkpoint, CheckpointId::of)?,
            recipe: write_record(ingest, &recipe, RecipeId::of)?,
            data,
            metrics: draft.metrics.clone(),
            author: draft.signature.author.clone(),
            time_ms: draft.signature.time_ms,
            message: draft.message.clone(),
            environment: draft.environment.clone(),
        };
        let id = write_record(ingest, &record, VersionId::of)?;
        Ok(Version { id, record })
    }
}

fn newest(made: &[Commit]) -> &Version {
    &made.last().expect("a group has versions when it ends").version
}

/// Encodes a record, adds it to the pack and returns its id.
fn write_record<R: wire::Record, I: Copy + Into<ObjectId>>(
    ingest: &mut Ingest<'_>,
    record: &R,
    id_of: impl Fn(&[u8]) -> I,
) -> Result<I> {
    let bytes = wire::encode(record)?;
    let id = id_of(&bytes);
    ingest.object(id.into(), &bytes)?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Parents, signature::Signature};
    use ckpt_testkit::disks::MemDisk;

    /// Stores a version without parents that claims to have a number.
    fn plant(repository: &Repository, number: u64) -> VersionId {
        let main = RefName::branch("main").unwrap();
        let made = repository
            .commit(&main, &Draft::new(Contents::Nothing, Signature::new("", 0)))
            .unwrap()
            .version
            .record;
        let record = VersionRecord { number, parents: Vec::new(), skip: None, ..made };
        repository.objects.write_record(&record, VersionId::of).unwrap()
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
            let draft = Draft::new(Contents::Nothing, Signature::new("", 0))
                .with_parents(Parents::NewBranch(vec![parent]));
            let error = repository.commit(&RefName::branch("x").unwrap(), &draft).unwrap_err();
            let expected = format!("version {} is damaged: {what}", parent.short());
            assert_eq!(error.to_string(), expected);
        }
    }
}
