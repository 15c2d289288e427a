//! The way through: commit, name, compare, restore, verify.

use crate::common::{draft, main_branch, repository, signature};
use ckpt_store::{
    Contents, DataInput, InputFile, Parents, Recipe, RefKind, RefName, Repository, RestoreOptions,
    Role, Silent, Tensor, TensorStatus, disk::Disk,
};
use ckpt_testkit::disks::MemDisk;

#[test]
fn epochs_become_versions_with_numbers_and_parents() {
    let (_, repo) = repository();
    let ids: Vec<_> = (1..=20)
        .map(|epoch| repo.commit(&main_branch(), &draft(f64::from(epoch))).unwrap().version)
        .collect();
    assert_eq!(ids[19].record.number, 20);
    assert_eq!(ids[19].record.parents, [ids[18].id]);
    for (number, version) in (1..).zip(&ids) {
        assert_eq!(repo.resolve(&format!("main@{number}")).unwrap(), version.id);
        assert_eq!(repo.resolve(&format!("HEAD~{}", 20 - number)).unwrap(), version.id);
        assert_eq!(repo.resolve(&version.id.to_string()[..10]).unwrap(), version.id);
    }
    let log: Vec<_> = repo.log(ids[19].id).map(|v| v.unwrap().id).collect();
    assert!(log.iter().eq(ids.iter().rev().map(|version| &version.id)));
    assert_eq!(repo.resolve("min:loss").unwrap(), ids[19].id);
    assert_eq!(repo.resolve("max:loss@main~3").unwrap(), ids[0].id);
}

#[test]
fn what_did_not_change_costs_no_bytes() {
    let (_, repo) = repository();
    let big = vec![3.25; 1 << 18];
    let contents = || Contents::Tensors(vec![Tensor::from_f64("w", Role::Weights, &big)]);
    let first = repo.commit(&main_branch(), &draft(1.0).with_contents(contents())).unwrap();
    let again = repo.commit(&main_branch(), &draft(2.0).with_contents(contents())).unwrap();
    assert_eq!(first.version.record.checkpoint, again.version.record.checkpoint);
    assert_eq!(again.logical_bytes, 8 << 18);
    assert!(again.stored_bytes < 2000, "{} bytes", again.stored_bytes);
}

#[test]
fn a_restored_file_is_the_file() {
    let (_, repo) = repository();
    let noise: Vec<u8> = (0..5_000_001_u64).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
    let files =
        [("big.bin", noise.clone()), ("empty", vec![]), ("dir/config.json", b"{}".to_vec())];
    let input = |(path, bytes): &(&str, Vec<u8>)| {
        InputFile::new(*path, Box::new(bytes.clone()), None).unwrap()
    };
    let contents = Contents::Files(files.iter().map(input).collect());
    let commit = repo.commit(&main_branch(), &draft(1.0).with_contents(contents)).unwrap();
    let target = MemDisk::new();
    let record = &commit.version.record;
    let plan = repo.plan_restore(record, &target, &RestoreOptions::default()).unwrap();
    assert_eq!(plan.files().len(), 3);
    repo.apply_restore(&plan, &target).unwrap();
    for (path, bytes) in &files {
        let file = target.open(path).unwrap();
        let mut found = vec![0; file.len().unwrap() as usize];
        file.read_at(0, &mut found).unwrap();
        assert_eq!(&found, bytes, "{path}");
    }
    // Done again, nothing is left to do; a file that differs is not touched without force.
    let again = repo.plan_restore(record, &target, &RestoreOptions::default()).unwrap();
    assert!(again.files().iter().all(|f| f.action == ckpt_store::RestoreAction::Keep));
    target.corrupt("big.bin", |bytes| bytes[17] ^= 1).unwrap();
    let refused = repo.plan_restore(record, &target, &RestoreOptions::default()).unwrap_err();
    assert_eq!(refused.to_string(), "big.bin exists and differs");
}

#[test]
fn two_versions_are_compared_tensor_by_tensor() {
    let (_, repo) = repository();
    let commit = |tensors: Vec<Tensor>| {
        let draft = draft(1.0).with_contents(Contents::Tensors(tensors));
        repo.commit(&main_branch(), &draft).unwrap().version
    };
    let tensor = |name: &str, values: &[f64]| Tensor::from_f64(name, Role::Weights, values);
    let a = commit(vec![
        tensor("same", &[1.0]),
        tensor("w", &[1.0, 2.0]),
        tensor("old", &[7.0; 3]),
        tensor("gone", &[0.5]),
    ]);
    let b = commit(vec![
        tensor("same", &[1.0]),
        tensor("w", &[1.0, 2.5]),
        tensor("new", &[7.0; 3]),
        tensor("came", &[0.25]),
    ]);
    let comparison = repo.compare(a, b).unwrap();
    let status = |name: &str| {
        comparison.tensors.iter().find(|t| t.name == name).map(|t| t.status.clone()).unwrap()
    };
    assert!(!comparison.same_model() && comparison.same_recipe());
    assert_eq!(status("same"), TensorStatus::Same);
    assert_eq!(status("new"), TensorStatus::Renamed("old".to_owned()));
    assert_eq!(status("gone"), TensorStatus::Removed);
    assert_eq!(status("came"), TensorStatus::Added);
    let TensorStatus::Changed(difference) = status("w") else { panic!() };
    assert_eq!((difference.elements, difference.changed), (2, 1));
    assert_eq!(difference.numeric.unwrap().max_abs, 0.5);
}

#[test]
fn rolling_back_twice_goes_back_twice() {
    let (_, repo) = repository();
    let ids: Vec<_> = (1..=3)
        .map(|i| repo.commit(&main_branch(), &draft(f64::from(i))).unwrap().version.id)
        .collect();
    let back = || {
        let record = repo.rollback(&main_branch(), None, "worse", &signature()).unwrap().record;
        (record.from.unwrap(), record.to.unwrap())
    };
    assert_eq!(back(), (ids[2], ids[1]));
    assert_eq!(back(), (ids[1], ids[0]));
    let error = repo.rollback(&main_branch(), None, "worse", &signature()).unwrap_err();
    assert_eq!(error.to_string(), "branch main has no earlier version to roll back to");
    let forward = repo.rollback(&main_branch(), Some(ids[2]), "again", &signature()).unwrap();
    assert_eq!(forward.record.to, Some(ids[2]));
    assert!(repo.verify(&Silent).unwrap().is_ok());
}

#[test]
fn rollbacks_do_not_go_in_circles() {
    let (_, repo) = repository();
    let commit = |seed| repo.commit(&main_branch(), &draft(seed)).unwrap().version.id;
    let back = || {
        repo.rollback(&main_branch(), None, "", &signature()).map(|back| back.record.to.unwrap())
    };
    let ids: Vec<_> = [1.0, 2.0, 3.0].map(commit).into();
    repo.set_ref(&main_branch(), ids[0], true, "by force", &signature()).unwrap();
    assert_eq!(back().unwrap(), ids[2]);
    assert_eq!(back().unwrap(), ids[1]);
    let four = commit(4.0);
    assert_eq!(repo.version(&four).unwrap().record.parents, [ids[1]]);
    assert_eq!(back().unwrap(), ids[1]);
    assert_eq!(back().unwrap(), ids[0]);
    back().unwrap_err();
    assert!(repo.verify(&Silent).unwrap().is_ok());
}

#[test]
fn of_two_writers_the_loser_learns_both_tips_and_keeps_its_version() {
    let (disk, repo) = repository();
    let base = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let other = Repository::open_on(std::sync::Arc::new(disk)).unwrap();
    let winner = other.commit(&main_branch(), &draft(2.0)).unwrap().version.id;
    let late = draft(3.0).with_parents(Parents::Expected(base));
    let error = repo.commit(&main_branch(), &late).unwrap_err();
    let expected =
        format!("branch main is at {}, not at {} as expected", winner.short(), base.short());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn tags_stay_unless_forced_and_deleted_refs_are_gone() {
    let (_, repo) = repository();
    let one = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let two = repo.commit(&main_branch(), &draft(2.0)).unwrap().version.id;
    let tag = RefName::new(RefKind::Tag, "v1").unwrap();
    repo.set_ref(&tag, one, false, "", &signature()).unwrap();
    assert!(repo.set_ref(&tag, two, false, "", &signature()).is_err());
    repo.set_ref(&tag, two, true, "moved", &signature()).unwrap();
    assert_eq!(repo.resolve("v1").unwrap(), two);
    assert_eq!(repo.delete_ref(&tag, "", &signature()).unwrap().record.from, Some(two));
    assert_eq!(repo.resolve("v1").unwrap_err().to_string(), "no version is called \"v1\"");
    assert!(repo.list(RefKind::Tag).unwrap().is_empty());
}

#[test]
fn another_container_of_the_same_weights_has_the_same_model_id() {
    let (_, repo) = repository();
    let file = |names: &[&str]| {
        let mut at = 0;
        let entry = |name: &&str| {
            let text = format!(
                r#""{name}":{{"dtype":"U8","shape":[1],"data_offsets":[{at},{}]}}"#,
                at + 1
            );
            at += 1;
            text
        };
        let header = format!("{{{}}}", names.iter().map(entry).collect::<Vec<_>>().join(","));
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(names.iter().map(|name| name.as_bytes()[0]));
        bytes
    };
    let commit = |names: &[&str]| {
        let format = Some(ckpt_store::Format::Safetensors);
        let input = InputFile::new("m.safetensors", Box::new(file(names)), format).unwrap();
        let draft = draft(1.0).with_contents(Contents::Files(vec![input]));
        repo.commit(&main_branch(), &draft).unwrap().version.record
    };
    let (one, other) = (commit(&["a", "b"]), commit(&["b", "a"]));
    assert_eq!(one.model, other.model);
    assert_ne!(one.checkpoint, other.checkpoint);
    let tensor = |name: &str| {
        let byte = vec![name.as_bytes()[0]];
        Tensor::new(name, ckpt_tensor::Dtype::U8, [1], Role::Weights, byte).unwrap()
    };
    let in_memory = Contents::Tensors(vec![tensor("b"), tensor("a")]);
    let record = repo.commit(&main_branch(), &draft(1.0).with_contents(in_memory)).unwrap();
    assert_eq!(record.version.record.model, one.model);
}

#[test]
fn what_data_is_called_is_no_part_of_the_recipe() {
    let (_, repo) = repository();
    let id = ckpt_hash::TableHasher::new().f64_column([1.0]).finish();
    let commit = |name: &str| {
        let data = vec![DataInput::new(name, id)];
        let recipe = Recipe::default().with_data(data);
        repo.commit(&main_branch(), &draft(1.0).with_recipe(recipe)).unwrap().version.record
    };
    let (a, b) = (commit("a.csv"), commit("b.csv"));
    assert_eq!(a.recipe, b.recipe);
    assert_eq!(repo.recipe(&a).unwrap().data[0].label.name, "a.csv");
    assert_eq!(repo.recipe(&b).unwrap().data[0].label.name, "b.csv");
}
