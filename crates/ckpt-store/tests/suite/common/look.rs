//! Looks into packs without the store.

use std::collections::BTreeMap;

use ckpt_store::disk::Disk;
use ckpt_testkit::disks::MemDisk;

/// An object of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) digest: [u8; 32],
    pub(crate) kind: u8,
    pub(crate) encoding: u8,
    pub(crate) depth: u8,
    /// Where it is in the pack.
    pub(crate) offset: usize,
    pub(crate) stored_len: u32,
    /// What it is a delta to.
    pub(crate) base: Option<[u8; 32]>,
}

pub(crate) fn read(disk: &MemDisk, path: &str) -> Vec<u8> {
    let file = disk.open(path).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

/// Returns the objects of a pack in the order in which they are stored.
pub(crate) fn objects(disk: &MemDisk, path: &str) -> Vec<Object> {
    let bytes = read(disk, path);
    let footer = bytes.len() - 64;
    let number = |at: usize, len: usize| {
        bytes[at..at + len].iter().rev().fold(0_u64, |n, byte| n << 8 | u64::from(*byte))
    };
    let index = number(footer, 8) as usize;
    let mut found = BTreeMap::new();
    for at in (index..footer).step_by(64) {
        let digest = |at: usize| bytes[at..at + 32].try_into().unwrap();
        let (offset, depth) = (number(at + 32, 8) as usize, bytes[at + 55]);
        let base = (depth > 0).then(|| digest(offset));
        let stored_len = number(at + 40, 4) as u32;
        let (kind, encoding) = (bytes[at + 52], bytes[at + 53]);
        let digest = digest(at);
        let object = Object { digest, kind, encoding, depth, offset, stored_len, base };
        found.insert((offset, at), object);
    }
    found.into_values().collect()
}

/// Returns the paths of the packs of a folder.
pub(crate) fn packs(disk: &MemDisk, folder: &str) -> Vec<String> {
    let mut names = disk.list(folder).unwrap();
    names.retain(|name| name.ends_with(".pack"));
    names.iter().map(|name| format!("{folder}/{name}")).collect()
}

/// Checks that each delta in live packs has a base there that is less deep than it is.
pub(crate) fn check_depths(disk: &MemDisk) {
    let wrong = without_base(disk);
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Returns the deltas in live packs that have no base there that is less deep.
pub(crate) fn without_base(disk: &MemDisk) -> Vec<Object> {
    let mut all: Vec<Object> =
        packs(disk, "packs").iter().flat_map(|pack| objects(disk, pack)).collect();
    let mut least: BTreeMap<[u8; 32], u8> = BTreeMap::new();
    for block in all.iter().filter(|object| object.kind == 1) {
        let depth = least.entry(block.digest).or_insert(block.depth);
        *depth = block.depth.min(*depth);
    }
    let has_base = |object: &Object, base: &[u8; 32]| {
        least.get(base).is_some_and(|depth| *depth < object.depth)
    };
    all.retain(|object| {
        object.depth > 8 || object.base.is_some_and(|base| !has_base(object, &base))
    });
    all
}
