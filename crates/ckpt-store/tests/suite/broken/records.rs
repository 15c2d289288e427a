//! Packs that are right in every checksum and wrong in what they say, and refs that lead to them.

use crate::{
    broken::Case,
    common::{
        by_hand::{
            BLOCK, CHUNKS, LEAVES, Object, VERSION, encode, journalled, plant, plant_as_is, point,
            version, write_journal,
        },
        draft, main_branch,
        records::{
            AnnotationRecord, JournalRecord, MoveRecord, RecipeRecord, VersionRecord, record_of,
        },
        repository,
    },
};
use ckpt_hash::{
    AnnotationId, Digest, LeafHash, MoveId, TreeHash, VersionId, leaf_hash, merkle_root, tree_hash,
};
use ckpt_store::{Checkpoint, FileInfo, MoveKind, Repository, Role, Segment, TensorInfo};
use ckpt_tensor::Dtype;
use ckpt_testkit::disks::MemDisk;
use serde::Serialize;

pub(crate) const CASES: [Case; 23] = [
    ("missing-base", "a block is a delta to one that is nowhere", || {
        planted(vec![difference(1, 2, 1)])
    }),
    ("circle-of-bases", "two blocks are deltas to each other", || {
        planted(vec![difference(1, 2, 1), difference(2, 1, 1)])
    }),
    (
        "lying-length",
        "an entry claims that its block decodes to more than a block can have",
        || planted(vec![Object { raw_len: u32::MAX, encoding: 2, ..Object::block(b"abc") }]),
    ),
    ("unknown-encoding", "an entry has an encoding that there is not", || {
        planted(vec![Object { encoding: 99, ..Object::block(b"abc") }])
    }),
    ("unknown-kind", "an entry has a kind that there is not", || {
        planted(vec![Object::raw(77, Digest::of(b"abc"), b"abc".to_vec())])
    }),
    ("unsorted-index", "the index of a pack is not sorted", || {
        let (disk, _) = repository();
        let mut objects = vec![Object::block(b"a"), Object::block(b"b")];
        objects.sort_by_key(|object| object.digest);
        objects.reverse();
        plant_as_is(&disk, &objects);
        disk
    }),
    ("later-record", "the record of a version has a version of its own that is not known", || {
        let bytes = vec![9, 1, 0];
        planted(vec![Object::raw(VERSION, *VersionId::of(&bytes).digest(), bytes)])
    }),
    ("long-record", "bytes follow the record of a version", || {
        let (disk, ids) = line();
        let mut bytes = encode(&open(&disk).version(&ids[0]).unwrap().record);
        bytes.push(0);
        plant(&disk, vec![Object::raw(VERSION, *VersionId::of(&bytes).digest(), bytes)]);
        disk
    }),
    ("wrong-number", "a version has another number than its parent's plus one", || {
        changed(|record| record.number += 1)
    }),
    ("wrong-skip", "a version skips to its parent in place of the first version", || {
        changed(|record| record.skip = record.parents.first().copied())
    }),
    ("wrong-model", "a version says that it has another model than it has", || {
        changed(|record| record.model = ckpt_hash::ModelId::from_digest(Digest::of(b"other")))
    }),
    ("missing-parent", "the second parent of a version is nowhere", || {
        changed(|record| record.parents.push(VersionId::of(b"nowhere")))
    }),
    ("missing-recipe", "what went into a version is nowhere", || {
        changed(|record| record.recipe = ckpt_hash::RecipeId::of(b"nowhere"))
    }),
    ("missing-block", "a checkpoint has a tensor whose block is nowhere", || {
        alone(tensors(&[("w", b"abc", 3)]), Vec::new())
    }),
    ("wrong-shape", "a tensor has fewer bytes than its shape needs", || {
        alone(tensors(&[("w", b"abc", 100)]), vec![Object::block(b"abc")])
    }),
    ("unsorted-tensors", "the tensors of a checkpoint are not sorted by name", || {
        alone(tensors(&[("w", b"abc", 3), ("b", b"abc", 3)]), vec![Object::block(b"abc")])
    }),
    ("wrong-leaves", "the list of leaves is that of a shorter tensor", wrong_leaves),
    ("wrong-chunks", "the chunks of a file make up another content", wrong_chunks),
    ("path-that-escapes", "a file of a checkpoint leads out of the folder", || {
        let opaque = Segment::Opaque { len: 3, root: tree_hash(b"abc") };
        alone(files("../abc", vec![opaque]), vec![Object::block(b"abc")])
    }),
    ("chain-cut-off", "the first move of a branch comes from a version", || {
        moved(|last, _| MoveRecord { previous: None, ..last })
    }),
    ("chain-with-a-jump", "a move starts where the one before it did not lead", || {
        moved(|last, ids| MoveRecord { from: Some(ids[0]), ..last })
    }),
    ("journal-to-nothing", "an entry of the journal names an annotation that is nowhere", || {
        let (disk, _) = line();
        let annotations = vec![AnnotationId::of(b"nowhere")];
        let (entry, id) =
            Object::journal(&JournalRecord { annotations, ..JournalRecord::default() });
        plant(&disk, vec![entry]);
        write_journal(&disk, &format!("{id}\n"));
        disk
    }),
    ("note-on-nothing", "a note is on a version that is nowhere", || {
        let (disk, _) = line();
        let versions = vec![VersionId::of(b"nowhere")];
        journalled(&disk, &AnnotationRecord { versions, ..AnnotationRecord::default() });
        disk
    }),
];

fn open(disk: &MemDisk) -> Repository {
    crate::common::open(disk)
}

/// A branch of three small versions.
fn line() -> (MemDisk, Vec<VersionId>) {
    let (disk, repo) = repository();
    let commit = |seed| repo.commit(&main_branch(), &draft(seed)).unwrap().version.id;
    let ids = [1.0, 2.0, 3.0].map(commit).to_vec();
    (disk, ids)
}

/// A repository of nothing but this pack.
fn planted(objects: Vec<Object>) -> MemDisk {
    let (disk, _) = repository();
    plant(&disk, objects);
    disk
}

/// A fourth version of the line that is wrong in something.
fn changed(change: impl FnOnce(&mut VersionRecord)) -> MemDisk {
    let (disk, ids) = line();
    let mut record = VersionRecord {
        number: 4,
        parents: vec![ids[2]],
        skip: Some(ids[0]),
        ..record_of(&open(&disk).version(&ids[2]).unwrap().record)
    };
    change(&mut record);
    plant(&disk, vec![Object::version(&record).0]);
    disk
}

/// The line, whose branch has one move more.
fn moved(change: impl FnOnce(MoveRecord, &[VersionId]) -> MoveRecord) -> MemDisk {
    let (disk, ids) = line();
    let newest = open(&disk).audit(&main_branch()).unwrap().next().unwrap().unwrap();
    let next = MoveRecord {
        kind: MoveKind::Set,
        from: Some(ids[2]),
        to: Some(ids[1]),
        previous: Some(newest.id),
        ..record_of(&newest.record)
    };
    let (object, id): (_, MoveId) = Object::movement(&change(next, &ids));
    plant(&disk, vec![object]);
    point(&disk, "refs/heads/main", id);
    disk
}

/// A version of a checkpoint, which stands alone.
fn alone(checkpoint: Checkpoint, mut objects: Vec<Object>) -> MemDisk {
    let (disk, _) = repository();
    let (checkpoint, checkpoint_id) = Object::checkpoint(&checkpoint);
    let (recipe, recipe_id) = Object::recipe(&RecipeRecord::default());
    let (version, _) = Object::version(&version(checkpoint_id, recipe_id));
    objects.extend([checkpoint, recipe, version]);
    plant(&disk, objects);
    disk
}

/// A checkpoint of tensors of bytes: name, content, extent.
fn tensors(tensors: &[(&str, &[u8], u64)]) -> Checkpoint {
    let tensor = |(name, content, extent): &(&str, &[u8], u64)| TensorInfo {
        name: (*name).to_owned(),
        dtype: Dtype::U8,
        shape: vec![*extent],
        role: Role::Weights,
        len: content.len() as u64,
        root: tree_hash(content),
    };
    Checkpoint { tensors: tensors.iter().map(tensor).collect(), files: Vec::new() }
}

fn files(path: &str, segments: Vec<Segment>) -> Checkpoint {
    let file = FileInfo {
        path: path.to_owned(),
        reader: "opaque".to_owned(),
        reader_version: 1,
        note: None,
        segments,
    };
    Checkpoint { tensors: Vec::new(), files: vec![file] }
}

/// 600 bytes of a value as a delta to those of another.
fn difference(value: u8, to: u8, depth: u8) -> Object {
    let hash = |value: u8| *leaf_hash(&[value; 600]).digest();
    // No group is dropped; one plane of one byte: the difference, zigzagged.
    let step = value.wrapping_sub(to) as i8;
    let zigzagged = ((step << 1) ^ (step >> 7)) as u8;
    let stored = [hash(to).as_bytes(), &[0, 0, zigzagged][..]].concat();
    Object { encoding: 3, raw_len: 600, depth, ..Object::raw(BLOCK, hash(value), stored) }
}

const LEAF: usize = 1 << 20;

/// A full leaf of one value, stored in one plane of one byte.
fn leaf(value: u8) -> Object {
    let hash = *leaf_hash(&vec![value; LEAF]).digest();
    let stored = [[0, value], [0, value]].concat();
    let raw_len = LEAF as u32;
    // The layout is that of U16: two planes.
    Object { encoding: 1, layout: 4, raw_len, ..Object::raw(BLOCK, hash, stored) }
}

fn wrong_leaves() -> MemDisk {
    #[derive(Serialize)]
    struct Leaves {
        leaves: Vec<LeafHash>,
    }
    let leaves = vec![leaf_hash(&vec![7; LEAF]); 2];
    let root = merkle_root(&leaves);
    let list = Object::raw(LEAVES, *root.digest(), encode(&Leaves { leaves }));
    let mut checkpoint = tensors(&[("w", b"", 3 << 20)]);
    (checkpoint.tensors[0].len, checkpoint.tensors[0].root) = (3 << 20, root);
    alone(checkpoint, vec![list, leaf(7)])
}

fn wrong_chunks() -> MemDisk {
    #[derive(Serialize)]
    struct Chunk {
        hash: LeafHash,
        len: u32,
    }
    let root: TreeHash = tree_hash(&[vec![1; LEAF], vec![1; LEAF]].concat());
    let chunk = |value| Chunk { hash: leaf_hash(&vec![value; LEAF]), len: LEAF as u32 };
    let list = Object::raw(CHUNKS, *root.digest(), encode(&vec![chunk(1), chunk(2)]));
    let opaque = Segment::Opaque { len: 2 << 20, root };
    alone(files("abc", vec![opaque]), vec![list, leaf(1), leaf(2)])
}
