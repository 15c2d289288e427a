//! Repositories that were written once, in `fixtures/golden/`, are read by every later version.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dump;
mod make;

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::common::{
    draft,
    fixture::{fixtures, load, save},
    look::{objects, packs},
    main_branch, open,
};
use ckpt_store::Silent;
use ckpt_testkit::disks::MemDisk;
use dump::dump;
use make::golden;

/// The folder of the format that is written now.
const NOW: &str = "format-2";

fn goldens() -> Vec<PathBuf> {
    let folders = fs::read_dir(fixtures().join("golden")).unwrap();
    let mut folders: Vec<_> = folders.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

/// Returns kinds and encodings of the objects of all packs.
fn codes(disk: &MemDisk) -> (BTreeSet<u8>, BTreeSet<u8>) {
    let objects: Vec<_> =
        packs(disk, "packs").iter().flat_map(|pack| objects(disk, pack)).collect();
    let kinds = objects.iter().map(|object| object.kind).collect();
    (kinds, objects.iter().map(|object| object.encoding).collect())
}

#[test]
fn every_golden_repository_is_read_and_goes_on() {
    let folders = goldens();
    assert!(folders.contains(&fixtures().join("golden").join(NOW)));
    for folder in folders {
        let (name, disk) = (folder.display(), load(&folder.join("repository")));
        let repo = open(&disk);
        assert_eq!(repo.verify(&Silent).unwrap().damage, [], "{name}");
        let expected = fs::read_to_string(folder.join("expected.txt")).unwrap();
        let found = dump(&repo);
        for (found, expected) in found.lines().zip(expected.lines()) {
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(found.len(), expected.len(), "{name}");
        repo.commit(&main_branch(), &draft(1.0)).unwrap();
        assert!(open(&disk).verify(&Silent).unwrap().is_ok(), "{name}");
    }
}

#[test]
fn the_golden_repository_has_every_kind_and_every_encoding() {
    let (kinds, encodings) = codes(&load(&fixtures().join("golden").join(NOW).join("repository")));
    assert_eq!(kinds, (1..=9).collect());
    assert_eq!(encodings, (0..=5).collect());
}

#[test]
#[ignore = "writes fixtures/golden again: only before the first release, when the format changes"]
fn write_the_golden_repository() {
    let folder = fixtures().join("golden").join(NOW);
    let disk = golden();
    save(&disk, &folder.join("repository"));
    fs::write(folder.join("expected.txt"), dump(&open(&disk))).unwrap();
}
