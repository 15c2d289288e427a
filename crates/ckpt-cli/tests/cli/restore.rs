use std::fs;

use ckpt_store::{Contents, Draft, RefName, Signature};
use insta::assert_snapshot;

use crate::sandbox::Sandbox;

#[test]
fn a_file_comes_back_under_any_name() {
    let sandbox = Sandbox::with_history();
    let original = sandbox.read("model.safetensors");
    assert_snapshot!(sandbox.run("restore HEAD -o new/copy.safetensors"), @"written   new/copy.safetensors  73 B");
    assert_eq!(sandbox.read("new/copy.safetensors"), original);
    fs::create_dir(sandbox.path("into")).unwrap();
    assert_snapshot!(sandbox.run("restore HEAD -o into"), @"written   into/model.safetensors  73 B");
    assert_snapshot!(sandbox.run("restore HEAD -o fresh/"), @"written   fresh/model.safetensors  73 B");
    fs::remove_file(sandbox.path("model.safetensors")).unwrap();
    assert_snapshot!(sandbox.run("restore HEAD"), @"written   model.safetensors  73 B");
    assert_eq!(sandbox.read("model.safetensors"), original);
}

#[test]
fn what_is_there_is_kept_if_it_is_the_same_and_replaced_only_by_force() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("restore HEAD"), @"kept      model.safetensors  73 B");
    let before = sandbox.read("model.safetensors");
    assert_snapshot!(sandbox.run("restore HEAD~"), @"
    error: model.safetensors exists and differs
    hint: --force replaces it; -o PATH restores to another place
    [exit code 1]
    ");
    assert_eq!(sandbox.read("model.safetensors"), before);
    assert_snapshot!(sandbox.run("restore HEAD~ --force"), @"replaced  model.safetensors  73 B");
    assert_ne!(sandbox.read("model.safetensors"), before);
}

#[test]
fn several_files_come_back_in_a_folder() {
    let sandbox = Sandbox::new();
    sandbox.file("run/config.json", "{}");
    sandbox.file("run/sub/vocab.txt", "a b");
    sandbox.ok("commit run");
    assert_snapshot!(sandbox.run("restore HEAD"), @"
    written   ckpt-id1_________/config.json  2 B
    written   ckpt-id1_________/sub/vocab.txt  3 B
    ");
    sandbox.file("back/config.json", "{}");
    assert_snapshot!(sandbox.pretty(&sandbox.json("restore HEAD -o back")), @r#"
    {
      "version": "id1",
      "files": [
        {"path":"back/config.json","bytes":2,"action":"kept"},
        {"path":"back/sub/vocab.txt","bytes":3,"action":"written"}
      ]
    }
    "#);
    assert_eq!(sandbox.read("back/sub/vocab.txt"), b"a b");
}

#[test]
fn weights_from_memory_become_one_file_and_state_another() {
    let sandbox = Sandbox::new();
    sandbox.commit_in_memory(&[1.0], &[2.0]);
    assert_snapshot!(sandbox.run("restore HEAD"), @"written   model.safetensors  80 B");
    assert_snapshot!(sandbox.run("restore HEAD -o out/w.safetensors --with-state"), @"
    written   out/w.safetensors  80 B
    written   out/w.state.safetensors  80 B
    ");
    sandbox.commit_in_memory(&[1.5], &[]);
    assert_snapshot!(sandbox.run("restore HEAD -o second.safetensors --with-state"), @"
    written   second.safetensors  80 B
    note: the version holds no optimizer state
    ");
}

#[test]
fn a_version_of_metrics_alone_has_nothing_to_restore() {
    let sandbox = Sandbox::new();
    let draft = Draft::new(Contents::Nothing, Signature::new("", 0));
    sandbox.repository().commit(&RefName::branch("main").unwrap(), &draft).unwrap();
    assert_snapshot!(sandbox.run("restore HEAD"), @"
    error: version id1_________ holds metrics and parameters alone
    [exit code 1]
    ");
    assert_eq!(sandbox.list(""), [".ckpt"]);
}

#[test]
fn damage_is_never_restored_and_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    sandbox.file("notes.txt", "precious words");
    sandbox.ok("commit notes.txt");
    sandbox.damage_packs_with(b"precious words");
    assert_snapshot!(sandbox.run("restore HEAD -o deep/down/notes.txt"), @"
    error: block id2_________ in packs/[pack].pack is damaged: its bytes fail their checksum
    hint: `ckpt verify` lists all damage and whom it affects
    [exit code 1]
    ");
    assert_eq!(sandbox.list(""), [".ckpt", "notes.txt"]);
}

#[test]
fn a_folder_in_the_way_is_named() {
    let sandbox = Sandbox::new();
    sandbox.file("run/a", "1");
    sandbox.file("run/b", "2");
    sandbox.ok("commit run");
    sandbox.file("out/a/x", "");
    assert_snapshot!(sandbox.run("restore HEAD -o out --force"), @"
    error: restoring into out: a is a folder
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("restore HEAD -o run/a"), @"
    error: run/a is a file; the 2 files need a folder
    [exit code 1]
    ");
    assert_eq!(sandbox.list("out"), ["a"]);
}
