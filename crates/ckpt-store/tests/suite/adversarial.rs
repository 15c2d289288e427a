//! Packs made by hand, right in every checksum and wrong in what they say, do no harm.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::{
    by_hand::{BLOCK, CHUNKS, LEAVES, Object, encode, plant},
    draft, main_branch, open,
    records::{VersionRecord, record_of},
    repository,
};
use std::collections::BTreeMap;

use ckpt_hash::{Digest, LeafHash, TreeHash, VersionId, leaf_hash, merkle_root, tree_hash};
use ckpt_store::{
    Checkpoint, Error, FileInfo, RestoreOptions, Role, Segment, Silent, TensorInfo, disk::Disk,
};
use ckpt_tensor::Dtype;
use ckpt_testkit::disks::MemDisk;
use serde::Serialize;

/// Plants a version of a checkpoint beside a version of the usual way.
fn plant_version(checkpoint: &Checkpoint, mut more: Vec<Object>) -> (MemDisk, VersionId) {
    let (disk, repo) = repository();
    let usual = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.record;
    let (object, checkpoint) = Object::checkpoint(checkpoint);
    more.push(object);
    let (object, id) = Object::version(&VersionRecord { checkpoint, ..record_of(&usual) });
    more.push(object);
    plant(&disk, more);
    (disk, id)
}

/// What a refused restore said, and what it left in the folder.
type Refused = Box<(Error, Vec<String>)>;

/// Restores a planted version into an empty folder and returns the files with their lengths.
fn restore(disk: &MemDisk, id: VersionId) -> Result<BTreeMap<String, u64>, Refused> {
    let (repo, target) = (open(disk), MemDisk::new());
    let record = repo.version(&id).unwrap().record;
    let plan = repo.plan_restore(&record, &target, &RestoreOptions::default());
    let done = plan.and_then(|plan| repo.apply_restore(&plan, &target));
    let names = target.list("").unwrap();
    match done {
        Ok(()) => Ok(names
            .into_iter()
            .map(|name| {
                let len = target.open(&name).unwrap().len().unwrap();
                (name, len)
            })
            .collect()),
        Err(error) => Err(Box::new((error, names))),
    }
}

fn file(path: &str, len: u64, root: TreeHash) -> Checkpoint {
    let file = FileInfo {
        path: path.to_owned(),
        reader: "opaque".to_owned(),
        reader_version: 1,
        note: None,
        segments: vec![Segment::Opaque { len, root }],
    };
    Checkpoint { tensors: Vec::new(), files: vec![file] }
}

#[test]
fn entries_that_lie_are_findings_and_allocate_nothing() {
    let (disk, _) = repository();
    // Encoding, length when decoded, layout.
    let lies = [
        (2, u32::MAX, 0),
        (1, u32::MAX, 1),
        (0, u32::MAX, 0),
        (9, 5, 0),
        (2, 5, 200),
        (1, 1 << 20, 0),
        (2, 64 << 20, 0),
        (0, 20, 0),
    ];
    let lie = |(digest, (encoding, raw_len, layout)): (u8, (u8, u32, u8))| {
        let digest = Digest::of(&[digest]);
        Object { encoding, raw_len, layout, ..Object::raw(BLOCK, digest, vec![3; 20]) }
    };
    plant(&disk, (0..).zip(lies).map(lie).collect());
    let report = open(&disk).verify(&Silent).unwrap();
    assert_eq!(report.damage.len(), lies.len(), "{:#?}", report.damage);
}

#[test]
fn blocks_are_no_longer_than_a_leaf() {
    let (disk, _) = repository();
    plant(&disk, vec![Object::block(&vec![0; (1 << 20) + 1])]);
    let report = open(&disk).verify(&Silent).unwrap();
    let [damage] = &report.damage[..] else { panic!("{:?}", report.damage) };
    assert_eq!(damage.what, "it has 1048577 bytes, more than a block can have");
}

#[test]
fn records_that_claim_what_they_have_not_are_findings() {
    let (disk, _) = repository();
    let huge = [vec![1], vec![253; 9], vec![255; 20]].concat();
    let bodies = [vec![], vec![1], vec![9, 9], huge];
    let mut objects = Vec::new();
    for kind in LEAVES..=7 {
        let digest = |body: &Vec<u8>| Digest::of(&[&[kind], &body[..]].concat());
        objects.extend(bodies.iter().map(|body| Object::raw(kind, digest(body), body.clone())));
    }
    let planted = objects.len();
    plant(&disk, objects);
    assert_eq!(open(&disk).verify(&Silent).unwrap().damage.len(), planted);
}

#[test]
fn leaf_lists_that_do_not_fit_their_length_are_refused() {
    #[derive(Serialize)]
    struct Leaves {
        leaves: Vec<LeafHash>,
    }
    const MIB: u64 = 1 << 20;
    let leaf = vec![7_u8; MIB as usize];
    let cases = [
        (3, 2 * MIB, "it has 3 leaves in place of 2"),
        (2, 3 * MIB, "it has 2 leaves in place of 3"),
        (2, MIB + 5, "it has 1048576 bytes in place of 5"),
        (3, MIB + 5, "it has 3 leaves in place of 2"),
        (0, 2 * MIB, "it has 0 leaves in place of 2"),
        (2, 1 << 60, "it has 2 leaves in place of 1099511627776"),
    ];
    for (count, len, what) in cases {
        let leaves = vec![leaf_hash(&leaf); count];
        let root = merkle_root(&leaves);
        let list = Object::raw(LEAVES, *root.digest(), encode(&Leaves { leaves }));
        let (name, shape, role) = ("w".to_owned(), vec![len], Role::Weights);
        let tensor = TensorInfo { name, dtype: Dtype::U8, shape, role, len, root };
        let checkpoint = Checkpoint { tensors: vec![tensor], files: Vec::new() };
        let (disk, id) = plant_version(&checkpoint, vec![list, Object::block(&leaf)]);
        let (error, left) = *restore(&disk, id).unwrap_err();
        assert!(error.to_string().ends_with(what), "{count} leaves, {len} bytes: {error}");
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn a_chunk_list_of_other_content_never_comes_back_as_good_data() {
    #[derive(Serialize)]
    struct Chunk {
        hash: LeafHash,
        len: u32,
    }
    let (right, wrong) = (vec![1_u8; 1 << 20], vec![2_u8; 1 << 20]);
    let content = [&right[..], &right[..]].concat();
    let root = tree_hash(&content);
    for (second, good) in [(&right, true), (&wrong, false)] {
        let chunk = |bytes: &Vec<u8>| Chunk { hash: leaf_hash(bytes), len: bytes.len() as u32 };
        let list = encode(&vec![chunk(&right), chunk(second)]);
        let objects = [
            Object::raw(CHUNKS, *root.digest(), list),
            Object::block(&right),
            Object::block(&wrong),
        ];
        let checkpoint = file("a", content.len() as u64, root);
        let (disk, id) = plant_version(&checkpoint, objects.into());
        match restore(&disk, id) {
            Ok(files) => assert!(good && files["a"] == 2 << 20),
            Err(refused) => assert!(!good && refused.1.is_empty(), "{refused:?}"),
        }
    }
}

#[test]
fn paths_of_a_record_do_not_leave_the_folder() {
    let content = b"content";
    for path in ["../a", "/a", "a/../../b", "a\\b", "c:a", "", ".", "a//b", "a\0"] {
        let checkpoint = file(path, content.len() as u64, tree_hash(content));
        let (disk, id) = plant_version(&checkpoint, vec![Object::block(content)]);
        let (_, left) = *restore(&disk, id).unwrap_err();
        assert!(left.is_empty(), "{path:?} left {left:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_restore_follows_no_links() {
    let content = b"content";
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("dir")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("new"), folder.path().join("link")).unwrap();
    let target = ckpt_store::disk::RealDisk::new(folder.path());
    for path in ["dir/a", "link"] {
        let checkpoint = file(path, content.len() as u64, tree_hash(content));
        let (disk, id) = plant_version(&checkpoint, vec![Object::block(content)]);
        let repo = open(&disk);
        let options = RestoreOptions::default().with_force(true);
        let record = repo.version(&id).unwrap().record;
        repo.plan_restore(&record, &target, &options).unwrap_err();
        assert_eq!(outside.path().read_dir().unwrap().count(), 0, "{path}");
    }
}

#[test]
fn a_second_copy_stands_in_for_a_damaged_one() {
    let content = b"content";
    let checkpoint = file("a", content.len() as u64, tree_hash(content));
    let (disk, id) = plant_version(&checkpoint, vec![Object::block(content)]);
    let packs = disk.list("packs").unwrap();
    plant(&disk, vec![Object::block(content), Object::block(b"another")]);
    for pack in packs {
        let pack = format!("packs/{pack}");
        // Only the planted pack holds the content; wherever it stands, all of it is damaged.
        disk.corrupt(&pack, |bytes| {
            if let Some(at) = bytes.windows(7).position(|window| window == content) {
                bytes[at] ^= 1;
            }
        })
        .unwrap();
    }
    assert_eq!(restore(&disk, id).unwrap()["a"], 7);
    let report = open(&disk).verify(&Silent).unwrap();
    assert!(report.damage.iter().any(|damage| damage.what == "its bytes fail their checksum"));
}
