//! Packs made by hand: right in every checksum, whatever they say.

use super::records::{
    AnnotationRecord, JournalRecord, MoveRecord, RecipeRecord, RemovalRecord, VersionRecord,
};
use std::collections::BTreeMap;

use ckpt_hash::{
    AnnotationId, CheckpointId, Digest, FieldHasher, JournalId, ModelId, MoveId, RecipeId, StateId,
    VersionId, leaf_hash,
};
use ckpt_store::{Checkpoint, ContentChange, disk::Disk};
use ckpt_testkit::disks::MemDisk;
use serde::Serialize;

pub(crate) const BLOCK: u8 = 1;
pub(crate) const LEAVES: u8 = 2;
pub(crate) const CHUNKS: u8 = 3;
pub(crate) const CHECKPOINT: u8 = 4;
pub(crate) const VERSION: u8 = 5;
pub(crate) const RECIPE: u8 = 6;
pub(crate) const MOVE: u8 = 7;
pub(crate) const ANNOTATION: u8 = 8;
pub(crate) const JOURNAL: u8 = 9;

/// An object of a pack made by hand.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) kind: u8,
    pub(crate) digest: Digest,
    pub(crate) stored: Vec<u8>,
    pub(crate) raw_len: u32,
    pub(crate) encoding: u8,
    pub(crate) layout: u8,
    pub(crate) depth: u8,
}

impl Object {
    pub(crate) fn raw(kind: u8, digest: Digest, stored: Vec<u8>) -> Self {
        let raw_len = stored.len() as u32;
        Self { kind, digest, stored, raw_len, encoding: 0, layout: 0, depth: 0 }
    }

    pub(crate) fn block(bytes: &[u8]) -> Self {
        Self::raw(BLOCK, *leaf_hash(bytes).digest(), bytes.to_vec())
    }

    pub(crate) fn checkpoint(record: &Checkpoint) -> (Self, CheckpointId) {
        let bytes = encode(record);
        let id = CheckpointId::of(&bytes);
        (Self::raw(CHECKPOINT, *id.digest(), bytes), id)
    }

    pub(crate) fn recipe(record: &RecipeRecord) -> (Self, RecipeId) {
        let bytes = encode(record);
        let id = RecipeId::of(&bytes);
        (Self::raw(RECIPE, *id.digest(), bytes), id)
    }

    pub(crate) fn version(record: &VersionRecord) -> (Self, VersionId) {
        let bytes = encode(record);
        let id = VersionId::of(&bytes);
        (Self::raw(VERSION, *id.digest(), bytes), id)
    }

    pub(crate) fn movement(record: &MoveRecord) -> (Self, MoveId) {
        let bytes = encode(record);
        let id = MoveId::of(&bytes);
        (Self::raw(MOVE, *id.digest(), bytes), id)
    }

    pub(crate) fn annotation(record: &AnnotationRecord) -> (Self, AnnotationId) {
        let bytes = encode(record);
        let id = AnnotationId::of(&bytes);
        (Self::raw(ANNOTATION, *id.digest(), bytes), id)
    }

    pub(crate) fn journal(record: &JournalRecord) -> (Self, JournalId) {
        let bytes = encode(record);
        let id = JournalId::of(&bytes);
        (Self::raw(JOURNAL, *id.digest(), bytes), id)
    }

    fn entry(&self, offset: usize) -> Vec<u8> {
        let mut entry = self.digest.as_bytes().to_vec();
        entry.extend((offset as u64).to_le_bytes());
        entry.extend((self.stored.len() as u32).to_le_bytes());
        entry.extend(self.raw_len.to_le_bytes());
        entry.extend(crc32fast::hash(&self.stored).to_le_bytes());
        entry.extend([self.kind, self.encoding, self.layout, self.depth, 0, 0, 0, 0]);
        entry.extend(crc32fast::hash(&entry).to_le_bytes());
        entry
    }
}

/// Points a ref to a move.
pub(crate) fn point(disk: &MemDisk, path: &str, to: MoveId) {
    if disk.kind(path).unwrap().is_none() {
        drop(disk.create(path).unwrap());
    }
    disk.corrupt(path, |text| *text = format!("{to}\n").into_bytes()).unwrap();
}

/// Puts a pack with an entry of the journal and its annotation there, and makes it the newest.
pub(crate) fn journalled(disk: &MemDisk, annotation: &AnnotationRecord) {
    let (annotation, id) = Object::annotation(annotation);
    let entry = JournalRecord { annotations: vec![id], ..JournalRecord::default() };
    let (entry, id) = Object::journal(&entry);
    plant(disk, vec![annotation, entry]);
    write_journal(disk, &format!("{id}\n"));
}

/// Makes the newest entry of the journal one that says that the content of versions was removed.
pub(crate) fn remove_by_hand(disk: &MemDisk, versions: Vec<VersionId>) {
    let content = ContentChange::Removed;
    let (reason, author) = (String::new(), String::new());
    let removals = vec![RemovalRecord { versions, content, reason, author, time_ms: 0 }];
    let (entry, id) = Object::journal(&JournalRecord { removals, ..JournalRecord::default() });
    plant(disk, vec![entry]);
    write_journal(disk, &format!("{id}\n"));
}

/// Writes the file of the journal.
pub(crate) fn write_journal(disk: &MemDisk, text: &str) {
    if disk.kind("refs/journal").unwrap().is_none() {
        drop(disk.create("refs/journal").unwrap());
    }
    disk.corrupt("refs/journal", |bytes| *bytes = text.as_bytes().to_vec()).unwrap();
}

/// Encodes a record.
pub(crate) fn encode(record: &impl Serialize) -> Vec<u8> {
    let mut bytes = vec![1];
    let body = bincode::serde::encode_to_vec(record, bincode::config::standard()).unwrap();
    bytes.extend(body);
    bytes
}

/// A version without parents and without ids of its content.
pub(crate) fn version(checkpoint: CheckpointId, recipe: RecipeId) -> VersionRecord {
    VersionRecord {
        number: 1,
        parents: Vec::new(),
        skip: None,
        checkpoint,
        model: ModelId::from_digest(Digest::of(b"model")),
        state: StateId::from_digest(Digest::of(b"state")),
        recipe,
        data: Vec::new(),
        metrics: BTreeMap::new(),
        author: String::new(),
        time_ms: 0,
        message: String::new(),
        environment: BTreeMap::new(),
    }
}

/// Puts a pack of these objects among the packs of a repository and returns its path.
pub(crate) fn plant(disk: &MemDisk, mut objects: Vec<Object>) -> String {
    objects.sort_by_key(|object| (object.digest, object.kind));
    plant_as_is(disk, &objects)
}

/// Does what [`plant`] does, with the index in the order of the objects.
pub(crate) fn plant_as_is(disk: &MemDisk, objects: &[Object]) -> String {
    let mut bytes = b"ckptpack\x01\0\0\0\0\0\0\0".to_vec();
    bytes.extend([7; 16]);
    let mut checked = bytes.clone();
    let index_offset = objects.iter().fold(bytes.len(), |at, object| at + object.stored.len());
    for object in objects {
        checked.extend(object.entry(bytes.len()));
        bytes.extend(&object.stored);
    }
    bytes.extend(&checked[32..]);
    let digest = Digest::of(&checked);
    let mut footer = (index_offset as u64).to_le_bytes().to_vec();
    footer.extend((objects.len() as u64).to_le_bytes());
    footer.extend(digest.as_bytes());
    footer.extend([0; 4]);
    footer.extend(crc32fast::hash(&footer).to_le_bytes());
    footer.extend(b"ckptend\n");
    bytes.extend(footer);
    let mut name = FieldHasher::new("ckpt pack\n");
    name.digest(&digest);
    let path = format!("packs/{:.40}.pack", name.finish());
    disk.create(&path).unwrap().write_all(&bytes).unwrap();
    path
}
