//! Repositories with one defect each, in `fixtures/broken/`, and what `verify` says of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bytes;
mod records;

use std::{fmt::Write, fs, path::PathBuf, sync::Arc};

use crate::common::fixture::{fixtures, load, save};
use ckpt_store::{Repository, Silent};
use ckpt_testkit::disks::MemDisk;

/// A broken repository: its name, its defect in plain words, and how it is made.
type Case = (&'static str, &'static str, fn() -> MemDisk);

fn cases() -> impl Iterator<Item = Case> {
    bytes::CASES.into_iter().chain(records::CASES)
}

fn folder(name: &str) -> PathBuf {
    fixtures().join("broken").join(name)
}

/// Writes what is found in a repository: a line for each damage, and the versions below it.
fn findings(disk: MemDisk) -> String {
    let repository = match Repository::open_on(Arc::new(disk)) {
        Ok(repository) => repository,
        Err(error) => return format!("refused: {error}\n"),
    };
    let mut text = String::new();
    for damage in repository.verify(&Silent).unwrap().damage {
        writeln!(text, "{}: {}", damage.place, damage.what).unwrap();
        for version in damage.versions {
            writeln!(text, "  version {version}").unwrap();
        }
    }
    for stray in repository.stray_files().unwrap() {
        writeln!(text, "stray: {stray}").unwrap();
    }
    text
}

#[test]
fn verify_finds_in_each_broken_repository_what_is_expected() {
    for (name, ..) in cases() {
        let expected = fs::read_to_string(folder(name).join("expected.txt")).unwrap();
        let (comment, expected) = expected.split_once('\n').unwrap();
        assert!(comment.starts_with("# ") && !expected.is_empty(), "{name}");
        let found = findings(load(&folder(name).join("repository")));
        assert_eq!(found, expected, "{name}: {comment}");
    }
}

#[test]
fn every_broken_repository_has_its_source() {
    let there = fs::read_dir(fixtures().join("broken")).unwrap();
    let mut there: Vec<_> =
        there.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut made: Vec<_> = cases().map(|(name, ..)| name.to_owned()).collect();
    there.sort();
    made.sort();
    assert_eq!(there, made);
}

#[test]
#[ignore = "writes fixtures/broken: only when the format changes, and to be read before it is kept"]
fn write_the_broken_repositories() {
    for (name, what, make) in cases() {
        let disk = make();
        save(&disk, &folder(name).join("repository"));
        let expected = format!("# {what}\n{}", findings(load(&folder(name).join("repository"))));
        fs::write(folder(name).join("expected.txt"), expected).unwrap();
    }
}
