//! Deltas made by hand, right in every checksum: whatever bases they name, reading ends.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::{
    by_hand::{BLOCK, LEAVES, Object, plant},
    open, repository,
};
use ckpt_hash::{Digest, leaf_hash, tree_hash};
use ckpt_store::{Damage, Result, Role, Silent, TensorInfo};
use ckpt_tensor::Dtype;
use ckpt_testkit::disks::MemDisk;

const LEN: usize = 600;
/// The code of byte planes of differences.
const DELTA_PLANES: u8 = 3;

fn content(value: u8) -> Vec<u8> {
    vec![value; LEN]
}

fn hash(value: u8) -> Digest {
    *leaf_hash(&content(value)).digest()
}

/// The block of bytes of a value as a delta to that of another, under the hash of `base`.
fn difference(value: u8, to: u8, base: Digest, depth: u8) -> Object {
    // Every group differs; one plane of one byte: the difference, zigzagged.
    let step = value.wrapping_sub(to) as i8;
    let zigzagged = ((step << 1) ^ (step >> 7)) as u8;
    let stored = [base.as_bytes(), &[0, 0, zigzagged][..]].concat();
    let raw_len = LEN as u32;
    let encoding = DELTA_PLANES;
    Object { encoding, raw_len, depth, ..Object::raw(BLOCK, hash(value), stored) }
}

/// The delta to the block of another value.
fn onto(value: u8, to: u8, depth: u8) -> Object {
    difference(value, to, hash(to), depth)
}

fn whole(value: u8) -> Object {
    Object::block(&content(value))
}

fn read(disk: &MemDisk, value: u8) -> Result<Vec<u8>> {
    let (name, shape, role) = ("w".to_owned(), vec![LEN as u64], Role::Weights);
    let root = tree_hash(&content(value));
    let tensor = TensorInfo { name, dtype: Dtype::U8, shape, role, len: LEN as u64, root };
    open(disk).tensor_bytes(&tensor)
}

fn planted(objects: Vec<Object>) -> MemDisk {
    let (disk, _) = repository();
    plant(&disk, objects);
    disk
}

fn verify(disk: &MemDisk) -> Vec<Damage> {
    open(disk).verify(&Silent).unwrap().damage
}

#[test]
fn chains_of_eight_are_read_and_of_nine_refused() {
    let chain = |links: u8| (1..=links).map(|n| onto(n, n - 1, n)).chain([whole(0)]).collect();
    let disk = planted(chain(8));
    for value in 0..=8 {
        assert!(read(&disk, value).unwrap() == content(value), "{value}");
    }
    assert_eq!(verify(&disk), []);
    let disk = planted(chain(9));
    read(&disk, 8).unwrap();
    let error = read(&disk, 9).unwrap_err().to_string();
    assert!(error.ends_with("it is stored as a delta, yet at depth 9"), "{error}");
    assert_eq!(verify(&disk).len(), 1);
}

#[test]
fn bases_that_are_not_less_deep_are_not_used() {
    let circle =
        |depths: [u8; 3]| vec![onto(1, 2, depths[0]), onto(2, 3, depths[1]), onto(3, 1, depths[2])];
    let cases = [
        ("itself", vec![onto(1, 1, 1)]),
        ("itself, deep", vec![onto(1, 1, 8)]),
        ("two", vec![onto(1, 2, 2), onto(2, 1, 1)]),
        ("three", circle([3, 2, 1])),
        ("three of one depth", circle([4, 4, 4])),
        ("as deep", vec![onto(1, 2, 1), onto(2, 0, 1), whole(0)]),
        ("deeper", vec![onto(1, 2, 1), onto(2, 0, 2), whole(0)]),
    ];
    for (case, objects) in cases {
        let disk = planted(objects);
        let error = read(&disk, 1).unwrap_err().to_string();
        assert!(error.contains("is as deep as itself or deeper"), "{case}: {error}");
        let damage = verify(&disk);
        assert!(!damage.is_empty(), "{case}");
        assert!(damage.iter().all(|found| found.place.contains(" in packs/")), "{damage:#?}");
    }
}

#[test]
fn a_copy_of_a_base_that_is_less_deep_is_used() {
    let (disk, _) = repository();
    plant(&disk, vec![onto(1, 2, 1), onto(2, 3, 5)]);
    plant(&disk, vec![whole(2)]);
    assert!(read(&disk, 1).unwrap() == content(1));
    assert!(read(&disk, 2).unwrap() == content(2), "the other copy has no base");
}

#[test]
fn a_missing_base_is_named() {
    let disk = planted(vec![onto(1, 7, 1), onto(2, 1, 2)]);
    let block = format!("block {:.12}", hash(7));
    for value in [1, 2] {
        let error = read(&disk, value).unwrap_err().to_string();
        assert_eq!(error, format!("{block} is missing from the repository"));
    }
    let [damage] = &verify(&disk)[..] else { panic!("one base is missing") };
    assert_eq!((&*damage.place, &*damage.what), (&*block, "it is missing"));
}

#[test]
fn differences_that_lie_are_findings() {
    let good = || onto(1, 0, 1);
    let other_len = Object::block(b"short");
    let cases = [
        ("a chain length without a delta", Object { depth: 1, ..whole(1) }),
        ("a delta without a chain length", Object { depth: 0, ..good() }),
        ("no base", Object { stored: vec![0; 31], ..good() }),
        ("no difference", Object { stored: hash(0).as_bytes().to_vec(), ..good() }),
        ("another base", difference(1, 0, hash(3), 1)),
        ("a base of another length", difference(1, 0, other_len.digest, 1)),
        ("classes of bytes", Object { encoding: 4, ..good() }),
        ("another length", Object { raw_len: LEN as u32 - 1, ..good() }),
        ("any length", Object { raw_len: u32::MAX, ..good() }),
        ("no block", Object { kind: LEAVES, ..good() }),
        ("more than a delta", Object { stored: [good().stored, vec![0]].concat(), ..good() }),
    ];
    for (case, object) in cases {
        let disk = planted(vec![object, whole(0), whole(3), other_len.clone()]);
        let damage = verify(&disk);
        assert_eq!(damage.len(), 1, "{case}: {damage:#?}");
        if case != "no block" {
            read(&disk, 1).unwrap_err();
        }
    }
    assert_eq!(verify(&planted(vec![good(), whole(0)])), []);
}

#[test]
fn many_copies_of_many_bases_end_soon() {
    // Each pack has every value of each depth onto the one below; the first of all is missing.
    let (disk, _) = repository();
    for copy in 0..12_u8 {
        let mut objects: Vec<_> = (1..=8).map(|n| onto(n, n - 1, n)).collect();
        objects.push(whole(100 + copy));
        plant(&disk, objects);
    }
    let error = read(&disk, 8).unwrap_err().to_string();
    assert_eq!(error, format!("block {:.12} is missing from the repository", hash(0)));
}
