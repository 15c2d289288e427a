//! Merges of files that could not be read whole: no change in what was not read is lost.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::{main_branch, repository, signature};
use ckpt_hash::VersionId;
use ckpt_store::{
    Contents, Draft, InputFile, MergeOptions, MergePlan, Parents, RefName, Repository,
    RestoreOptions, Strategies, disk::Disk,
};
use ckpt_testkit::disks::MemDisk;

/// An archive by NumPy: `w` in C order, `kept` in Fortran order, which stays bytes.
const PARTLY: &[u8] = include_bytes!("../../../ckpt-formats/tests/data/partly.npz");

/// Where the elements of an array begin in the archive, by its first two.
fn place(first: f32, second: f32) -> usize {
    let start = [first.to_le_bytes(), second.to_le_bytes()].concat();
    PARTLY.windows(8).position(|window| window == start).unwrap()
}

/// The archive with other first elements.
fn archive(w: f32, kept: f32) -> Vec<u8> {
    let mut bytes = PARTLY.to_vec();
    for (at, value) in [(place(0.0, 1.0), w), (place(0.0, 3.0), kept)] {
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    bytes
}

fn commit(
    repository: &Repository,
    branch: &RefName,
    parents: Parents,
    bytes: Vec<u8>,
) -> VersionId {
    let file = InputFile::new("m.npz", Box::new(bytes), None).unwrap();
    let contents = Contents::Files(vec![file]);
    let draft = Draft::new(contents, signature()).with_parents(parents);
    repository.commit(branch, &draft).unwrap().version.id
}

/// Plans to merge two sides of the archive with rules such as `m.npz=theirs`.
fn plan(
    sides: [Vec<u8>; 2],
    default: Option<&str>,
    rules: &[(&str, &str)],
) -> (Repository, MergePlan) {
    let (_, repository) = repository();
    let base = commit(&repository, &main_branch(), Parents::Tip, archive(0.0, 0.0));
    let [ours, theirs] = sides;
    let side = RefName::branch("side").unwrap();
    let theirs = commit(&repository, &side, Parents::NewBranch(vec![base]), theirs);
    let ours = commit(&repository, &main_branch(), Parents::Tip, ours);
    let rule = |(name, strategy): &(&str, &str)| (name.parse().unwrap(), strategy.parse().unwrap());
    let strategies = Strategies {
        default: default.map(|strategy| strategy.parse().unwrap()),
        rules: rules.iter().map(rule).collect(),
    };
    let options = MergeOptions::default().with_strategies(strategies);
    let plan = repository.plan_merge(ours, theirs, options).unwrap();
    (repository, plan)
}

#[test]
fn a_change_that_was_not_read_is_a_conflict() {
    // Ours changed what was read, theirs what was not.
    let sides = || [archive(7.0, 0.0), archive(0.0, 9.0)];
    for default in [None, Some("average"), Some("ties")] {
        assert_eq!(plan(sides(), default, &[]).1.undecided(), 1, "{default:?}");
    }
    // Of theirs the tensor is that of the base, which ours changed.
    assert_eq!(plan(sides(), Some("theirs"), &[]).1.undecided(), 1);
    let sides = || [archive(0.0, 8.0), archive(0.0, 9.0)];
    assert_eq!(plan(sides(), Some("average"), &[]).1.undecided(), 1);
    assert_eq!(plan(sides(), None, &[("m.npz", "theirs")]).1.undecided(), 0);
}

#[test]
fn a_file_that_was_not_read_whole_is_never_dissolved() {
    let sides = || [archive(7.0, 0.0), archive(5.0, 0.0)];
    assert_eq!(plan(sides(), Some("average"), &[]).1.undecided(), 1);
    for (strategy, expected) in [("ours", archive(7.0, 0.0)), ("theirs", archive(5.0, 0.0))] {
        let (repository, plan) = plan(sides(), Some(strategy), &[]);
        let draft = Draft::new(Contents::Nothing, signature());
        let merged = repository.merge_versions(&main_branch(), &plan, draft).unwrap();
        let target = MemDisk::new();
        let options = RestoreOptions::default();
        let files = repository.plan_restore(&merged.version.record, &target, &options).unwrap();
        repository.apply_restore(&files, &target).unwrap();
        let file = target.open("m.npz").unwrap();
        let mut bytes = vec![0; file.len().unwrap() as usize];
        file.read_at(0, &mut bytes).unwrap();
        assert!(bytes == expected, "{strategy}");
    }
}

#[test]
fn what_one_side_changed_is_taken() {
    let (_, plan) = plan([archive(0.0, 0.0), archive(7.0, 9.0)], None, &[]);
    assert_eq!(plan.undecided(), 0);
}
