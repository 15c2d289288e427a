//! What is refused, with which words, and that nothing was written by then.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use crate::common::{draft, main_branch, repository, signature};
use ckpt_hash::VersionId;
use ckpt_store::{
    Contents, Draft, Error, InputFile, Parents, RefKind, RefName, Repository, RestoreOptions, Role,
    Silent, Tensor, disk::Disk,
};
use ckpt_tensor::Dtype;
use ckpt_testkit::disks::MemDisk;

fn branch(name: &str) -> RefName {
    RefName::branch(name).unwrap()
}

fn files(paths: &[&str]) -> Contents {
    let file = |path: &&str| InputFile::new(*path, Box::new(b"x".to_vec()), None).unwrap();
    Contents::Files(paths.iter().map(file).collect())
}

/// Commits what must be refused to a branch that is not there yet, and returns the message.
fn refused(disk: &MemDisk, repo: &Repository, draft: &Draft) -> String {
    let before = disk.list("packs").unwrap();
    let error = repo.commit(&branch("new"), draft).unwrap_err();
    assert_eq!(disk.list("packs").unwrap(), before, "{error}");
    assert_eq!(repo.target(&branch("new")).unwrap(), None, "{error}");
    error.to_string()
}

#[test]
fn only_branches_are_committed_to_and_made_current() {
    let (disk, repo) = repository();
    let tag = RefName::new(RefKind::Tag, "v1").unwrap();
    let error = repo.commit(&tag, &draft(1.0)).unwrap_err();
    assert_eq!(error.to_string(), "tag v1 is not a branch");
    assert!(disk.list("packs").unwrap().is_empty());
    let alias = RefName::new(RefKind::Alias, "production").unwrap();
    let error = repo.set_head(&alias).unwrap_err();
    assert_eq!(error.to_string(), "alias production is not a branch");
    assert_eq!(repo.head().unwrap(), main_branch());
}

#[test]
fn parents_must_be_there_and_differ() {
    let (disk, repo) = repository();
    let one = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let stranger = VersionId::of(b"stranger");
    let with = |parents| draft(2.0).with_parents(Parents::NewBranch(parents));
    assert_eq!(
        refused(&disk, &repo, &with(vec![one, stranger])),
        format!("version {} is missing from the repository", stranger.short())
    );
    assert_eq!(
        refused(&disk, &repo, &with(vec![one, one])),
        format!("version {} is given twice as a parent", one.short())
    );
    let merge = Parents::Merge { expected: one, others: vec![one] };
    let error = repo.commit(&main_branch(), &draft(2.0).with_parents(merge)).unwrap_err();
    assert!(error.to_string().ends_with("is given twice as a parent"), "{error}");
}

#[test]
fn a_merge_onto_a_branch_expects_its_tip() {
    let (_, repo) = repository();
    let commit = |name: &str, seed| repo.commit(&branch(name), &draft(seed)).unwrap().version.id;
    let (base, main, side) = (commit("main", 1.0), commit("main", 2.0), commit("side", 3.0));
    let merge = |expected| {
        let parents = Parents::Merge { expected, others: vec![side] };
        repo.commit(&main_branch(), &draft(4.0).with_parents(parents))
    };
    let error = merge(base).unwrap_err();
    assert!(matches!(error, Error::Conflict(_)), "{error}");
    let merged = merge(main).unwrap().version;
    assert_eq!(merged.record.parents, [main, side]);
    assert_eq!(merged.record.number, 3);
    assert_eq!(repo.target(&main_branch()).unwrap(), Some(merged.id));
    assert_eq!(repo.log(merged.id).count(), 4);
    assert!(repo.verify(&Silent).unwrap().is_ok());
}

#[test]
fn files_that_cannot_stand_beside_each_other_are_refused() {
    let (disk, repo) = repository();
    let commit = |paths| refused(&disk, &repo, &draft(1.0).with_contents(files(paths)));
    assert_eq!(commit(&["a", "a-b", "a/b"]), "a is a file and the folder of a/b");
    assert_eq!(commit(&["a", "a"]), "two files are named a");
    let error = InputFile::new(".ckpt/HEAD", Box::new(Vec::new()), None).unwrap_err();
    assert_eq!(error.to_string(), "\".ckpt/HEAD\" could replace a part of a repository");
}

#[test]
fn tensors_that_no_safetensors_file_can_name_are_refused() {
    let (disk, repo) = repository();
    let cases = [
        ("", "a tensor has an empty name"),
        (
            "__metadata__",
            "a tensor is named __metadata__, which safetensors files keep for metadata",
        ),
        ("a\nb", "the tensor name \"a\\nb\" has control characters"),
    ];
    for (name, message) in cases {
        let contents = Contents::Tensors(vec![Tensor::from_f64(name, Role::Weights, &[1.0])]);
        assert_eq!(refused(&disk, &repo, &draft(1.0).with_contents(contents)), message);
        let error = Tensor::new(name, Dtype::U8, [1], Role::Weights, vec![0]).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn what_could_not_be_read_back_is_not_committed() {
    let (disk, repo) = repository();
    let shape = vec![1_u64; 9_000_000];
    let tensor = Tensor::new("w", Dtype::U8, shape, Role::Weights, vec![7_u8]).unwrap();
    let draft = draft(1.0).with_contents(Contents::Tensors(vec![tensor]));
    assert_eq!(
        refused(&disk, &repo, &draft),
        "the list of tensors and files is too large: its record claims more than 67108864 bytes"
    );
}

#[test]
fn a_restore_says_what_stands_in_its_way() {
    let (_, repo) = repository();
    let contents = files(&["a/b"]);
    let commit = repo.commit(&main_branch(), &draft(1.0).with_contents(contents)).unwrap();
    let nothing = repo.commit(&main_branch(), &Draft::new(Contents::Nothing, signature()));
    let plan = |record, target: &MemDisk, name: Option<&str>| {
        let options = RestoreOptions::default().with_name(name.map(str::to_owned));
        repo.plan_restore(record, target, &options).map(|_| ()).unwrap_err()
    };
    let record = &commit.version.record;
    let target = MemDisk::new();
    target.create_dir("a/b").unwrap();
    let error = plan(record, &target, None);
    assert!(matches!(error, Error::Target { .. }));
    assert_eq!(error.to_string(), "a/b is a folder");
    let error = plan(record, &target, Some("../b"));
    assert_eq!(error.to_string(), "../b is not a relative path without special parts");
    let error = plan(record, &target, Some(".ckpt/HEAD"));
    assert_eq!(error.to_string(), ".ckpt/HEAD could replace a part of a repository");
    let target = MemDisk::new();
    drop(target.create("a").unwrap());
    assert_eq!(plan(record, &target, None).to_string(), "a is a file where a folder is needed");
    let error = plan(&nothing.unwrap().version.record, &target, None);
    assert!(matches!(error, Error::NothingToRestore), "{error}");
}

#[test]
fn init_replaces_no_packs_and_no_refs() {
    let (disk, repo) = repository();
    repo.commit(&main_branch(), &draft(1.0)).unwrap();
    disk.remove("format").unwrap();
    let init = || Repository::init_on(Arc::new(disk.clone())).map(|_| ()).unwrap_err().to_string();
    assert_eq!(
        init(),
        "format is damaged: it is not there, but packs is not empty: init replaces nothing"
    );
    for pack in disk.list("packs").unwrap() {
        disk.remove(&format!("packs/{pack}")).unwrap();
    }
    assert!(init().contains("refs/heads is not empty"), "{}", init());
}
