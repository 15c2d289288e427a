use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::Sandbox;

#[test]
fn branches_are_listed_made_and_deleted() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("branch trial main~"), @"made branch trial at id2_________");
    assert_snapshot!(sandbox.run("branch"), @"
      branch  version       #  message
    * main    id3_________  3  epoch 3
      trial   id2_________  2  epoch 2
    ");
    assert_snapshot!(sandbox.run("branch -d trial"), @"deleted branch trial, which was at id2_________");
    assert_snapshot!(sandbox.pretty(&sandbox.json("branch")), @r#"
    [
      {
        "kind": "branch",
        "name": "main",
        "version": "id3",
        "current": true
      }
    ]
    "#);
    assert_snapshot!(sandbox.pretty(&sandbox.json("branch other")), @r#"
    {
      "kind": "branch",
      "name": "other",
      "version": "id3",
      "current": false
    }
    "#);
    assert_snapshot!(sandbox.pretty(&sandbox.json("branch -d other")), @r#"
    {
      "kind": "branch",
      "name": "other",
      "from": "id3",
      "to": null,
      "move": "id4",
      "evidence": []
    }
    "#);
}

#[test]
fn a_branch_before_its_first_version_is_listed() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("branch"), @"
      branch  version  #  message
    * main                no versions yet
    ");
    assert_eq!(sandbox.json("branch")[0]["version"], json!(null));
    assert_snapshot!(sandbox.run("tag"), @"there is no tag yet");
    assert_eq!(sandbox.json("tag"), json!([]));
}

#[test]
fn what_cannot_be_done_to_branches_is_said() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("branch main"), @"
    error: branch main already exists, at version id3_________
    hint: `ckpt rollback main --to REV` moves it
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("branch -d main"), @"
    error: branch main is the current branch
    hint: `ckpt switch NAME` makes another one current
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("branch -d nothing"), @"
    error: there is no branch nothing
    hint: `ckpt branch` lists the branches
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("branch a..b"), @r#"
    error: "a..b" is not a name for a ref: it contains ..
    hint: names are made of words, digits, - _ . and /
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("branch new nowhere"), @r#"
    error: no version is called "nowhere"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("branch a -d b"), @"
    error: the argument '[NAME]' cannot be used with '--delete <NAME>'
    hint: usage: ckpt branch <NAME> [REV]
    [exit code 2]
    ");
}

#[test]
fn tags_stay_unless_forced() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("tag v1 -m release"), @"made tag v1 at id3_________");
    assert_snapshot!(sandbox.run("tag v1 main~"), @"
    error: tag v1 already exists, at version id3_________
    hint: --force moves it, which is on record
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("tag v1 main~ --force -m wrong"), @"moved tag v1 from id3_________ to id2_________");
    assert_snapshot!(sandbox.run("tag"), @"
    tag  version       #  message
    v1   id2_________  2  epoch 2
    ");
    assert_snapshot!(sandbox.pretty(&sandbox.json("tag v1 main --force")), @r#"
    {
      "kind": "tag",
      "name": "v1",
      "from": "id2",
      "to": "id3",
      "move": "id4",
      "evidence": []
    }
    "#);
    assert_snapshot!(sandbox.run("tag -d v1"), @"deleted tag v1, which was at id3_________");
    assert_snapshot!(sandbox.run("tag -d v1"), @"
    error: there is no tag v1
    hint: `ckpt tag` lists the tags
    [exit code 1]
    ");
}

#[test]
fn switching_changes_where_commits_go() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("switch trial"), @"
    error: there is no branch trial
    hint: `ckpt switch -c trial` makes it
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("switch -c trial"), @"switched to branch trial");
    assert_snapshot!(sandbox.run("commit model.safetensors"), @"[trial id4_________] #4  73 B -> [size] stored");
    assert_snapshot!(sandbox.run("switch main"), @"switched to branch main");
    assert_snapshot!(sandbox.run("switch main"), @"already on branch main");
    assert_snapshot!(sandbox.run("switch -c trial"), @"
    error: branch trial already exists, at version id4_________
    hint: `ckpt switch trial` goes there
    [exit code 1]
    ");
    assert_snapshot!(sandbox.pretty(&sandbox.json("switch trial")), @r#"
    {
      "branch": "trial",
      "from": "main",
      "version": "id4"
    }
    "#);
    assert_eq!(sandbox.documents("log").len(), 4);
}

#[test]
fn before_the_first_version_a_new_branch_is_only_a_name() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("switch -c trial"), @"switched to branch trial");
    sandbox.file("x", "1");
    assert_snapshot!(sandbox.run("commit x"), @"[trial id1_________] #1  1 B -> [size] stored");
    assert_snapshot!(sandbox.run("branch"), @"
      branch  version       #  message
    * trial   id1_________  1
    ");
}

#[test]
fn a_rollback_goes_back_step_by_step() {
    let sandbox = Sandbox::with_history();
    let ids: Vec<_> = sandbox.documents("log").iter().map(|v| v["version"].clone()).collect();
    assert_snapshot!(sandbox.run("rollback main -m worse"), @"moved branch main from id3_________ to id2_________");
    let moved = sandbox.json("rollback main");
    assert_eq!((&moved["from"], &moved["to"]), (&ids[1], &ids[2]));
    assert_snapshot!(sandbox.run("rollback main"), @"
    error: branch main has no earlier version to roll back to
    hint: --to REV names the version to go back to
    [exit code 1]
    ");
    let line = format!("rollback HEAD --to {}", ids[0].as_str().unwrap());
    assert_eq!(sandbox.json(&line)["to"], ids[0]);
    assert_snapshot!(sandbox.run("rollback nothing"), @r#"
    error: no branch, tag or alias is called "nothing"
    hint: `ckpt branch` lists branches, `tag` tags, `alias` aliases
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("rollback 'a b'"), @r#"
    error: "a b" is not a name for a ref: it contains a space or one of ~ ^ : ? * [ \
    hint: names are made of words, digits, - _ . and /
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("rollback main --to nowhere"), @r#"
    error: no version is called "nowhere"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    "#);
}
