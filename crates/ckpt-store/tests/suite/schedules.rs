//! Many schedules of the threads that share the packs of a folder, with a possible switch before
//! each step on the disk.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use ckpt_pack::{EncodedObject, PackSet};
use ckpt_store::{ObjectId, ObjectKind, disk::Disk};
use ckpt_testkit::disks::{MemDisk, SpyDisk};
use shuttle::thread;

use crate::common::by_hand::{Object, plant};

const SCHEDULES: usize = 300;

/// Of the schedules, so that every run has the same.
const SEED: u64 = 11;

/// A disk on which another thread may go on before each step.
fn switching(disk: &MemDisk) -> Arc<dyn Disk> {
    let before = |_, _: &str| {
        thread::yield_now();
        Ok(())
    };
    Arc::new(SpyDisk::new(disk.clone(), before))
}

fn blocks(texts: &[&str]) -> Vec<Object> {
    texts.iter().map(|text| Object::block(text.as_bytes())).collect()
}

fn id(object: &Object) -> ObjectId {
    ObjectId { kind: ObjectKind::Block, digest: object.digest }
}

fn encoded(object: &Object) -> EncodedObject {
    let (bytes, raw_len) = (object.stored.clone(), object.raw_len);
    EncodedObject { id: id(object), bytes, raw_len, encoding: 0, layout: 0, depth: 0 }
}

/// A folder with two packs.
fn two_packs() -> (MemDisk, [String; 2], Vec<Object>) {
    let disk = MemDisk::new();
    disk.create_dir("packs").unwrap();
    let objects = blocks(&["a", "b"]);
    let packs = [plant(&disk, blocks(&["a"])), plant(&disk, blocks(&["b"]))];
    (disk, packs, objects)
}

/// Another process compacts both packs into one.
fn compact(disk: &MemDisk, packs: &[String]) {
    plant(disk, blocks(&["a", "b"]));
    for pack in packs {
        thread::yield_now();
        disk.remove(pack).unwrap();
    }
}

#[test]
fn what_is_compacted_meanwhile_is_read() {
    shuttle::check_random_with_seed(
        || {
            let (disk, packs, objects) = two_packs();
            let set = Arc::new(PackSet::new(switching(&disk)));
            let readers = [0, 1].map(|_| {
                let set = Arc::clone(&set);
                let ids = objects.iter().map(id).collect::<Vec<_>>();
                thread::spawn(move || ids.iter().all(|id| set.read(id).is_ok()))
            });
            compact(&disk, &packs);
            assert!(readers.into_iter().all(|reader| reader.join().unwrap()));
        },
        SEED,
        SCHEDULES,
    );
}

#[test]
fn a_pack_that_was_just_written_stays_known_whoever_lists_packs() {
    shuttle::check_random_with_seed(
        || {
            let (disk, ..) = two_packs();
            let set = Arc::new(PackSet::new(switching(&disk)));
            let lister = thread::spawn({
                let set = Arc::clone(&set);
                move || set.refresh().unwrap()
            });
            let object = Object::block(b"new");
            let mut pack = set.start().unwrap();
            pack.push(&encoded(&object)).unwrap();
            set.finish(pack).unwrap();
            assert!(set.contains(&id(&object)).unwrap());
            lister.join().unwrap();
            assert!(set.contains(&id(&object)).unwrap());
            assert_eq!(set.packs().len(), 3);
        },
        SEED,
        SCHEDULES,
    );
}
