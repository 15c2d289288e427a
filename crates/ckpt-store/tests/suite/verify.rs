//! What a verification finds in packs whose checksums are all right.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::{
    by_hand::{CHUNKS, Object, encode, plant, plant_as_is, version},
    draft, main_branch, open,
    records::{MoveRecord, RecipeRecord, VersionRecord, record_of},
    repository,
};
use std::{
    io,
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicI64, Ordering},
    },
};

use ckpt_hash::{LeafHash, TreeHash, VersionId, leaf_hash, tree_hash};
use ckpt_store::{
    Checkpoint, Contents, Damage, FileInfo, InputFile, MoveKind, RefName, Repository, Role,
    Segment, Silent, TensorInfo,
};
use ckpt_tensor::Dtype;
use ckpt_testkit::disks::{MemDisk, SpyDisk, Step};
use serde::Serialize;

fn verify(disk: &MemDisk) -> Vec<Damage> {
    open(disk).verify(&Silent).unwrap().damage
}

fn one(mut damage: Vec<Damage>) -> Damage {
    assert_eq!(damage.len(), 1, "{damage:#?}");
    damage.remove(0)
}

/// Plants a version of a checkpoint that stands alone.
fn plant_alone(checkpoint: &Checkpoint, mut objects: Vec<Object>) -> (MemDisk, VersionId) {
    let (disk, _) = repository();
    let (checkpoint, checkpoint_id) = Object::checkpoint(checkpoint);
    let (recipe, recipe_id) = Object::recipe(&RecipeRecord::default());
    let (version, id) = Object::version(&version(checkpoint_id, recipe_id));
    objects.extend([checkpoint, recipe, version]);
    plant(&disk, objects);
    (disk, id)
}

fn tensor(shape: u64, content: &[u8]) -> TensorInfo {
    TensorInfo {
        name: "w".to_owned(),
        dtype: Dtype::U8,
        shape: vec![shape],
        role: Role::Weights,
        len: content.len() as u64,
        root: tree_hash(content),
    }
}

#[test]
fn a_checkpoint_that_does_not_fit_together_is_damage() {
    let opaque = Segment::Opaque { len: 3, root: tree_hash(b"abc") };
    let file = |segments| FileInfo {
        path: "a".to_owned(),
        reader: "opaque".to_owned(),
        reader_version: 1,
        note: None,
        segments,
    };
    let beyond = vec![opaque, Segment::Tensor { index: 7 }];
    let cases = [
        (vec![tensor(100, b"abc")], vec![], "its tensor w has 3 bytes where its shape needs 100"),
        (vec![tensor(3, b"abc")], vec![file(beyond)], "its file a has a segment that is no tensor"),
    ];
    for (tensors, files, what) in cases {
        let checkpoint = Checkpoint { tensors, files };
        let (disk, id) = plant_alone(&checkpoint, vec![Object::block(b"abc")]);
        let damage = one(verify(&disk));
        assert_eq!(damage.what, what);
        assert_eq!(damage.versions, [id]);
        assert!(damage.place.starts_with("checkpoint "), "{}", damage.place);
    }
}

#[test]
fn numbers_beyond_the_last_are_damage() {
    let (disk, repo) = repository();
    let usual = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.record;
    let (last, id) = Object::version(&VersionRecord { number: u64::MAX, ..record_of(&usual) });
    let (child, _) =
        Object::version(&VersionRecord { parents: vec![id], number: 0, ..record_of(&usual) });
    plant(&disk, vec![last, child]);
    let damage = verify(&disk);
    assert_eq!(damage.len(), 2, "{damage:#?}");
    assert!(damage.iter().all(|found| found.what == "its number does not follow its parent's"));
}

#[test]
fn a_skip_pointer_to_another_line_is_damage() {
    let (disk, repo) = repository();
    let other = RefName::branch("other").unwrap();
    let stranger = repo.commit(&other, &draft(100.0)).unwrap().version.id;
    let commit = |seed| repo.commit(&main_branch(), &draft(seed)).unwrap().version;
    let line = [1.0, 2.0, 3.0].map(commit);
    // The fourth version skips to the first.
    let fourth = |skip| VersionRecord {
        number: 4,
        parents: vec![line[2].id],
        skip,
        ..record_of(&line[2].record)
    };
    plant(&disk, vec![Object::version(&fourth(Some(line[0].id))).0]);
    assert_eq!(verify(&disk), []);
    for wrong in [Some(stranger), Some(line[1].id), None] {
        let (object, id) = Object::version(&fourth(wrong));
        let path = plant(&disk, vec![object]);
        let damage = one(verify(&disk));
        assert_eq!(damage.what, "its skip pointer does not lead to the ancestor that it should");
        assert_eq!(damage.versions, [id]);
        ckpt_store::disk::Disk::remove(&disk, &path).unwrap();
    }
}

#[test]
fn a_chain_that_was_cut_off_below_is_damage() {
    let (disk, repo) = repository();
    let ids = [1.0, 2.0].map(|seed| repo.commit(&main_branch(), &draft(seed)).unwrap().version.id);
    let (object, id) = Object::movement(&MoveRecord {
        name: main_branch().full(),
        kind: MoveKind::Commit,
        from: Some(ids[0]),
        to: Some(ids[1]),
        previous: None,
        author: String::new(),
        time_ms: 0,
        reason: String::new(),
        guards: Vec::new(),
        evidence: Vec::new(),
    });
    plant(&disk, vec![object]);
    disk.corrupt("refs/heads/main", |text| *text = format!("{id}\n").into_bytes()).unwrap();
    let damage = one(verify(&disk));
    let what = format!(
        "its chain of moves has a break: move {} is the first one and comes from a version",
        id.short()
    );
    assert_eq!((&*damage.place, &*damage.what), ("branch main", &*what));
}

#[test]
fn an_index_out_of_order_or_with_one_id_twice_is_damage() {
    let block = |n: u32| Object::block(&n.to_le_bytes());
    // A small index is found when the pack is opened, a large one when it is read.
    for count in [3, 1100] {
        let mut objects: Vec<Object> = (0..count).map(block).collect();
        objects.sort_by_key(|object| object.digest);
        let mut swapped = objects.clone();
        swapped.swap(1, 2);
        let mut twice = objects.clone();
        twice[1] = twice[2].clone();
        for (objects, good) in [(objects, true), (swapped, false), (twice, false)] {
            let (disk, _) = repository();
            plant_as_is(&disk, &objects);
            let damage = verify(&disk);
            if good {
                assert_eq!(damage, []);
            } else {
                assert_eq!(one(damage).what, "its index is not in the order of the ids");
            }
        }
    }
}

#[derive(Serialize)]
struct Chunk {
    hash: LeafHash,
    len: u32,
}

fn chunk_list(root: &TreeHash, chunks: &[&[u8]]) -> Object {
    let chunk = |bytes: &&[u8]| Chunk { hash: leaf_hash(bytes), len: bytes.len() as u32 };
    let chunks: Vec<Chunk> = chunks.iter().map(chunk).collect();
    Object::raw(CHUNKS, *root.digest(), encode(&chunks))
}

#[test]
fn a_chunk_list_that_no_version_needs_is_checked() {
    let (right, wrong) = (vec![1_u8; 1 << 20], vec![2_u8; 1 << 20]);
    let root = tree_hash(&[&right[..], &right[..]].concat());
    let cases: [(&[&[u8]], _); 4] = [
        (&[&right, &right], None),
        (&[&right, &wrong], Some("its chunks do not make up its content")),
        (&[&right], Some("its chunks do not make up its content")),
        (&[&right, &[], &right], Some("it has an empty chunk")),
    ];
    for (chunks, what) in cases {
        let (disk, _) = repository();
        let blocks = [&right, &wrong].map(|bytes| Object::block(bytes));
        plant(&disk, [chunk_list(&root, chunks)].into_iter().chain(blocks).collect());
        let damage = verify(&disk);
        assert_eq!(damage.first().map(|damage| &*damage.what), what);
        assert!(damage.iter().all(|damage| damage.place.starts_with("chunk list ")));
    }
}

#[test]
fn a_disk_that_fails_is_not_taken_for_damaged_content() {
    let (disk, repo) = repository();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    let file = InputFile::new("a", Box::new(bytes), None).unwrap();
    let contents = Contents::Files(vec![file]);
    repo.commit(&main_branch(), &draft(1.0).with_contents(contents)).unwrap();
    // The disk fails some reads after the moment when all objects were read.
    for good in 0..20 {
        let left = Arc::new(AtomicI64::new(i64::MAX));
        let reads = Arc::clone(&left);
        let spy = SpyDisk::new(disk.clone(), move |step, path| match step {
            Step::Read
                if path.starts_with("packs/") && reads.fetch_sub(1, Ordering::SeqCst) <= 0 =>
            {
                Err(io::Error::other("the cable is loose"))
            }
            _ => Ok(()),
        });
        let repo = Repository::open_on(Arc::new(spy)).unwrap();
        let once = Once::new();
        let arm = || once.call_once(|| left.store(good, Ordering::SeqCst));
        let report = repo.verify(&|_, _| arm()).unwrap();
        assert!(!report.is_ok());
        for damage in report.damage {
            assert!(damage.what.ends_with("the cable is loose"), "{good}: {damage:?}");
        }
    }
}

#[test]
fn progress_rises_to_its_end() {
    let (_, repo) = repository();
    for seed in [1.0, 2.0, 3.0] {
        repo.commit(&main_branch(), &draft(seed)).unwrap();
    }
    let told = Mutex::new(Vec::new());
    let report = repo.verify(&|done, total| told.lock().unwrap().push((done, total))).unwrap();
    let told = told.into_inner().unwrap();
    assert!(told.is_sorted() && told.iter().all(|(done, total)| done <= total), "{told:?}");
    // Objects, versions, and one ref.
    let steps = report.objects + 3 + 1;
    assert_eq!(told.last(), Some(&(steps, steps)));
    assert!(told.len() > 3 + 1);
}
