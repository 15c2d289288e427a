//! Gives versions to another repository, and takes them in: packs with what one side lacks.
//!
//! Refs do not go along: who has adopted what it lacked moves its own refs.

use ckpt_pack::{
    Adopted, ObjectId, ObjectKind,
    disk::{Disk, ReadAt},
    wire::{self, Record},
};

use crate::{
    error::Result,
    record::{
        AnnotationRecord, CheckpointRecord, JournalRecord, MoveRecord, RecipeRecord, VersionRecord,
    },
    repo::Repository,
};

/// A pack that was written for another repository.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportedPack {
    /// The name of its file, in the root of the target.
    pub name: String,
    /// Bytes of its file.
    pub len: u64,
}

impl Repository {
    /// Tells at which depth a pack has an object: how many deltas have to be decoded to read it, 0
    /// for one that is stored whole; `None` if no pack has it.
    ///
    /// # Errors
    /// Whatever the disk refuses.
    pub fn depth_of(&self, id: &ObjectId) -> Result<Option<u8>> {
        Ok(self.objects.packs.link(id)?.map(|link| link.depth))
    }

    /// Writes objects that another repository lacks into a pack in the root of `target`; durable when
    /// it returns. `None` if nothing is lacking.
    ///
    /// `has` tells at which depth the other side has an object, as [`depth_of`](Self::depth_of) does
    /// there; it may say `None` of what it does not know. Stored bytes are copied. A delta goes along with
    /// its delta base, unless the other side has that less deep than the delta.
    ///
    /// # Errors
    /// [`Error::Missing`](crate::Error::Missing) for an object that no pack has;
    /// [`Error::Damaged`](crate::Error::Damaged); whatever either disk refuses.
    pub fn export_pack(
        &self,
        objects: impl IntoIterator<Item = ObjectId>,
        has: &dyn Fn(&ObjectId) -> Option<u8>,
        target: &dyn Disk,
    ) -> Result<Option<ExportedPack>> {
        let pack = self.objects.packs.export(objects, has, target)?;
        Ok(pack.map(|pack| ExportedPack { name: pack.name, len: pack.len }))
    }

    /// Takes in a pack that another repository exported; durable when it returns.
    ///
    /// It is read whole before anybody sees it: every object must have its id, every record decode,
    /// and what a delta builds on must be in the pack or here. Whether versions are complete is not
    /// asked: a pack may bring a part of what is lacking. Of refs nothing changes.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::Error::Damaged) for anything that is not as it should be;
    /// [`Error::Missing`](crate::Error::Missing) for what a delta or a list of chunks needs and nobody
    /// has; [`Error::Locked`](crate::Error::Locked); whatever the disk refuses. No pack is there then
    /// that was not before.
    pub fn adopt_pack(&self, pack: &dyn ReadAt) -> Result<Adopted> {
        let writing = self.refs.writing()?;
        let generation = self.generation()?;
        let packs = &self.objects.packs;
        packs.refresh()?;
        let adopted = packs.adopt(pack, &check_record)?;
        // Another process may have taken away what its deltas build on.
        if self.generation()? != generation
            && let Some(pack) = packs.pack(&adopted.name)
        {
            match packs.bring_back_bases(&pack) {
                // Whoever took it away wrote what stays of it anew.
                Err(error) if error.is_gone() => {}
                brought => drop(brought?),
            }
        }
        drop(writing);
        self.compact_if_due();
        Ok(adopted)
    }
}

/// Says what is wrong with the bytes of a record.
fn check_record(kind: ObjectKind, bytes: &[u8]) -> Result<(), String> {
    fn decode<R: Record>(bytes: &[u8]) -> Result<(), String> {
        wire::decode::<R>(bytes).map(drop).map_err(|error| error.to_string())
    }
    match kind {
        ObjectKind::Block | ObjectKind::Leaves | ObjectKind::Chunks => Ok(()),
        ObjectKind::Checkpoint => decode::<CheckpointRecord>(bytes),
        ObjectKind::Version => decode::<VersionRecord>(bytes),
        ObjectKind::Recipe => decode::<RecipeRecord>(bytes),
        ObjectKind::Move => decode::<MoveRecord>(bytes),
        ObjectKind::Annotation => decode::<AnnotationRecord>(bytes),
        ObjectKind::Journal => decode::<JournalRecord>(bytes),
    }
}
