//! Files of versions that are merged.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use crate::common::{look::read, main_branch, repository, signature};
use ckpt_store::{
    ConflictKind, Contents, Draft, Error, InputFile, MergeOptions, MergePlan, Outcome, Parents,
    RefName, Repository, Resolution, RestoreOptions, Side, Silent, Strategies,
};
use ckpt_testkit::disks::MemDisk;
use safetensors::{Dtype, tensor::TensorView};

use Outcome::{Dissolved, Same, Taken};
use Side::{Ours, Theirs};

/// The bytes of files by path.
type Files = BTreeMap<String, Vec<u8>>;

fn safetensors(tensors: &[(&str, f32)]) -> Vec<u8> {
    let bytes: Vec<[u8; 4]> = tensors.iter().map(|(_, value)| value.to_le_bytes()).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, _), bytes)| {
        ((*name).to_owned(), TensorView::new(Dtype::F32, vec![1], bytes).unwrap())
    });
    let meta = Some(std::collections::HashMap::from([("format".to_owned(), "pt".to_owned())]));
    safetensors::serialize(views, meta).unwrap()
}

fn files(files: &[(&str, Vec<u8>)]) -> Files {
    files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.clone())).collect()
}

fn draft(files: &Files) -> Draft {
    let input = |(path, bytes): (&String, &Vec<u8>)| {
        InputFile::new(path, Box::new(bytes.clone()), None).unwrap()
    };
    let contents = Contents::Files(files.iter().map(input).collect());
    Draft::new(contents, signature())
}

/// Commits a base and two versions that continue it, and plans to merge them.
fn fork(states: [&Files; 3], strategy: Option<&str>) -> (Repository, MergePlan) {
    let (_, repo) = repository();
    let [base, ours, theirs] = states.map(draft);
    let base = repo.commit(&main_branch(), &base).unwrap().version.id;
    let theirs = theirs.with_parents(Parents::NewBranch(vec![base]));
    let theirs = repo.commit(&RefName::branch("side").unwrap(), &theirs).unwrap().version.id;
    let ours = repo.commit(&main_branch(), &ours).unwrap().version.id;
    let default = strategy.map(|strategy| strategy.parse().unwrap());
    let strategies = Strategies { default, rules: Vec::new() };
    let options = MergeOptions::default().with_strategies(strategies);
    let plan = repo.plan_merge(ours, theirs, options).unwrap();
    (repo, plan)
}

/// Carries a plan out and restores the result.
fn merge(repo: &Repository, plan: &MergePlan) -> Files {
    let draft = Draft::new(Contents::Nothing, signature());
    let version = repo.merge_versions(&main_branch(), plan, draft).unwrap().version;
    assert!(repo.verify(&Silent).unwrap().is_ok());
    assert_eq!(repo.replay_merge(&version).unwrap(), version.record.model);
    let target = MemDisk::new();
    let options = RestoreOptions::default().with_state(true);
    let restore = repo.plan_restore(&version.record, &target, &options).unwrap();
    let count = repo.file_count(&version.record).unwrap();
    assert_eq!(count, restore.files().len());
    assert!(restore.files().is_sorted_by(|a, b| a.path < b.path));
    repo.apply_restore(&restore, &target).unwrap();
    let paths = restore.files().iter().map(|file| file.path.clone());
    paths.map(|path| (path.clone(), read(&target, &path))).collect()
}

fn outcomes(plan: &MergePlan) -> Vec<(&str, Outcome)> {
    plan.files.iter().map(|item| (item.name.as_str(), item.outcome)).collect()
}

fn tensors(bytes: &[u8]) -> Vec<(String, f32)> {
    let read = safetensors::SafeTensors::deserialize(bytes).unwrap();
    let value = |view: &TensorView<'_>| f32::from_le_bytes(view.data().try_into().unwrap());
    let mut all: Vec<_> = read.iter().map(|(name, view)| (name.to_owned(), value(&view))).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn files_without_tensors_are_merged_whole() {
    let text = |text: &str| text.as_bytes().to_vec();
    let base = files(&[
        ("both.txt", text("1")),
        ("gone.txt", text("1")),
        ("kept.txt", text("1")),
        ("ours.txt", text("1")),
        ("removed.txt", text("1")),
        ("theirs.txt", text("1")),
    ]);
    let ours = files(&[
        ("both.txt", text("2")),
        ("kept.txt", text("1")),
        ("ours.txt", text("2")),
        ("removed.txt", text("2")),
        ("theirs.txt", text("1")),
    ]);
    let theirs = files(&[
        ("added.txt", text("3")),
        ("both.txt", text("3")),
        ("gone.txt", text("1")),
        ("kept.txt", text("1")),
        ("ours.txt", text("1")),
        ("theirs.txt", text("3")),
    ]);
    let conflict = |kind, resolution| Outcome::Conflict { kind, resolution };
    let expected = |resolution| {
        [
            ("added.txt", Taken(Theirs)),
            ("both.txt", conflict(ConflictKind::BothChanged, resolution)),
            ("gone.txt", Taken(Ours)),
            ("kept.txt", Same),
            ("ours.txt", Taken(Ours)),
            ("removed.txt", conflict(ConflictKind::RemovedByThem, resolution)),
            ("theirs.txt", Taken(Theirs)),
        ]
    };
    let (_, plan) = fork([&base, &ours, &theirs], None);
    assert_eq!(outcomes(&plan), expected(Resolution::Open(None)));
    let (repo, plan) = fork([&base, &ours, &theirs], Some("average"));
    assert_eq!(outcomes(&plan), expected(Resolution::Taken(Ours)));
    let left = files(&[
        ("added.txt", text("3")),
        ("both.txt", text("2")),
        ("kept.txt", text("1")),
        ("ours.txt", text("2")),
        ("removed.txt", text("2")),
        ("theirs.txt", text("3")),
    ]);
    assert_eq!(merge(&repo, &plan), left);
    let (repo, plan) = fork([&base, &ours, &theirs], Some("theirs"));
    let mut right = left;
    right.insert("both.txt".to_owned(), text("3"));
    right.remove("removed.txt");
    assert_eq!(merge(&repo, &plan), right);
}

#[test]
fn a_file_whose_tensors_one_side_has_is_carried_over_byte_for_byte() {
    let shards = |a: f32, b: f32| {
        files(&[
            ("a.safetensors", safetensors(&[("a", a)])),
            ("b.safetensors", safetensors(&[("b", b)])),
        ])
    };
    let (repo, plan) = fork([&shards(1.0, 1.0), &shards(2.0, 1.0), &shards(1.0, 3.0)], None);
    assert_eq!(outcomes(&plan), [("a.safetensors", Taken(Ours)), ("b.safetensors", Taken(Theirs))]);
    assert_eq!(merge(&repo, &plan), shards(2.0, 3.0));
}

#[test]
fn tensors_that_no_file_holds_restore_beside_the_files() {
    let of = |x: f32, y: f32| {
        files(&[
            ("config.json", b"{}".to_vec()),
            ("frozen.safetensors", safetensors(&[("frozen", 1.0)])),
            ("model.safetensors", safetensors(&[("x", x), ("y", y)])),
        ])
    };
    let (repo, plan) = fork([&of(1.0, 1.0), &of(2.0, 1.0), &of(3.0, 5.0)], Some("average"));
    let model = outcomes(&plan)[2];
    assert_eq!(model, ("model.safetensors", Dissolved));
    let merged = merge(&repo, &plan);
    assert_eq!(merged.keys().collect::<Vec<_>>(), of(0.0, 0.0).keys().collect::<Vec<_>>());
    assert_eq!(merged["frozen.safetensors"], of(0.0, 0.0)["frozen.safetensors"]);
    let expected = [("x".to_owned(), 2.5), ("y".to_owned(), 5.0)];
    assert_eq!(tensors(&merged["model.safetensors"]), expected);
}

#[test]
fn merged_tensors_leave_the_name_of_a_carried_file_to_it() {
    let of = |x: f32| {
        files(&[
            ("MODEL-2.safetensors", b"opaque".to_vec()),
            ("model.safetensors", safetensors(&[("frozen", 1.0)])),
            ("other.safetensors", safetensors(&[("x", x)])),
        ])
    };
    let (repo, plan) = fork([&of(1.0), &of(2.0), &of(3.0)], Some("average"));
    let merged = merge(&repo, &plan);
    let paths = ["MODEL-2.safetensors", "model-3.safetensors", "model.safetensors"];
    assert_eq!(merged.keys().collect::<Vec<_>>(), paths);
    assert_eq!(merged["model.safetensors"], of(0.0)["model.safetensors"]);
    assert_eq!(tensors(&merged["model-3.safetensors"]), [("x".to_owned(), 2.5)]);
}

#[test]
fn a_checkpoint_that_was_cut_anew_keeps_its_tensors() {
    let whole = |x: f32| files(&[("model.safetensors", safetensors(&[("x", x), ("y", 1.0)]))]);
    let cut = files(&[
        ("1.safetensors", safetensors(&[("x", 1.0)])),
        ("2.safetensors", safetensors(&[("y", 1.0)])),
    ]);
    let (repo, plan) = fork([&whole(1.0), &whole(2.0), &cut], None);
    assert_eq!(
        outcomes(&plan),
        [
            ("1.safetensors", Dissolved),
            ("2.safetensors", Taken(Theirs)),
            ("model.safetensors", Taken(Ours)),
        ]
    );
    assert_eq!(merge(&repo, &plan)["model.safetensors"], whole(2.0)["model.safetensors"]);
}

#[test]
fn one_name_with_two_tensors_keeps_its_long_names() {
    let of = |a: f32, b: f32| {
        files(&[
            ("a.safetensors", safetensors(&[("w", a)])),
            ("b.safetensors", safetensors(&[("w", b)])),
        ])
    };
    // Equal ones have the short name; they part on one side, and one is left alone on the other.
    let (repo, plan) = fork([&of(1.0, 1.0), &of(1.0, 2.0), &of(1.0, 1.0)], None);
    assert_eq!(merge(&repo, &plan), of(1.0, 2.0));
    let (repo, plan) = fork([&of(1.0, 5.0), &of(2.0, 5.0), &of(3.0, 6.0)], Some("average"));
    let merged = merge(&repo, &plan);
    assert_eq!(merged["b.safetensors"], of(0.0, 6.0)["b.safetensors"]);
    assert_eq!(tensors(&merged["model.safetensors"]), [("a.safetensors::w".to_owned(), 2.5)]);
}

#[test]
fn a_file_and_a_folder_of_one_name_cannot_stand_beside_each_other() {
    let (_, repo) = repository();
    let commit = |branch: &str, path: &str, parents| {
        let draft = draft(&files(&[(path, b"x".to_vec())])).with_parents(parents);
        repo.commit(&RefName::branch(branch).unwrap(), &draft).unwrap().version.id
    };
    let base = commit("main", "base", Parents::Tip);
    let ours = commit("ours", "a", Parents::NewBranch(vec![base]));
    let theirs = commit("theirs", "a/b", Parents::NewBranch(vec![base]));
    let error = repo.plan_merge(ours, theirs, MergeOptions::default()).unwrap_err();
    assert!(matches!(&error, Error::Contents(_)));
    assert_eq!(error.to_string(), "a is a file and the folder of a/b");
}
