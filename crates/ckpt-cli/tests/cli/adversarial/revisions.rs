//! Revisions that name nothing, more than one version, or are not revisions.

use std::collections::BTreeSet;

use ckpt_store::{Contents, Draft, RefName, Signature};
use insta::assert_snapshot;

use super::{refused, refused_unnamed};
use crate::sandbox::Sandbox;

#[test]
fn revisions_that_name_nothing() {
    let sandbox = Sandbox::with_history();
    let lines = [
        "show nothing",
        "show ' '",
        "show abc",
        "show ffffffff",
        "show main@99999999999999999999",
        "show main@",
        "show refs/heads/nothing",
        "show main..HEAD",
        "show 'no\nthing\u{1b}[31m'",
        "log main...main~",
        "show HEAD~99",
        "show main~2~",
        "show main@0",
        "show main@4",
        "show max:f1",
        "show ''",
        "show HEAD~99999999999999999999",
        "show HEAD~-1",
        "show main~~x",
    ];
    assert_snapshot!(refused_unnamed(&sandbox, &lines), @r#"
      error: no version is called "nothing"
      error: no version is called " "
      error: no version is called "abc"
      error: no version is called "ffffffff"
      error: no version is called "main@99999999999999999999"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
      error: no version is called "main@"
    hint: did you mean main?
    [exit code 1]
      error: no version is called "refs/heads/nothing"
      error: no version is called "main..HEAD"
      error: no version is called "no\nthing\u{1b}[31m"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
      error: "main...main~" is not a revision: a range has two dots, once
    hint: forms of a revision: main, main~3, main@12, HEAD, min:loss, max:f1@main, an id
    [exit code 2]
      error: HEAD~99 goes back beyond the first version: id3_________ has number 3
      error: main~2~ goes back beyond the first version: id3_________ has number 3
      error: main has no version number 0
      error: main has no version number 4
      error: no version up to HEAD has a metric "f1" that is a number
    hint: `ckpt log` shows numbers and metrics
    [exit code 1]
      error: "" is not a revision: it names nothing
      error: "HEAD~99999999999999999999" is not a revision: a number of steps follows ~
      error: "HEAD~-1" is not a revision: a number of steps follows ~
      error: "main~~x" is not a revision: a number of steps follows ~
    hint: forms of a revision: main, main~3, main@12, HEAD, min:loss, max:f1@main, an id
    [exit code 2]
    "#);
}

#[test]
fn every_command_says_the_same_of_a_revision_that_names_nothing() {
    let sandbox = Sandbox::with_history();
    let lines = [
        "log nothing",
        "log main..nothing",
        "log nothing..main",
        "compare HEAD nothing",
        "compare nothing HEAD",
        "restore nothing",
        "promote nothing production",
        "note nothing -m text",
        "branch new nothing",
        "tag new nothing",
        "prune nothing",
        "undelete nothing",
        "rollback main --to nothing",
        "commit model.safetensors --from nothing",
        "commit model.safetensors --base nothing",
    ];
    let message = refused(&sandbox, "show nothing");
    for line in lines {
        assert_eq!(refused(&sandbox, line), message, "{line}");
    }
}

#[test]
fn digits_that_several_ids_start_with() {
    let sandbox = Sandbox::new();
    let (repository, branch) = (sandbox.repository(), RefName::branch("main").unwrap());
    let mut starts = BTreeSet::new();
    // Of a few hundred ids two start with the same four digits.
    let twice = (0..).find_map(|number| {
        let signature = Signature::new("", number);
        let made = repository.commit(&branch, &Draft::new(Contents::Nothing, signature)).unwrap();
        let start = made.version.id.to_string()[..4].to_owned();
        (!starts.insert(start.clone())).then_some(start)
    });
    let twice = twice.unwrap();
    let message = refused(&sandbox, &format!("show {twice}"));
    assert_snapshot!(message.replace(&twice, "[digits]"), @"
    error: [digits] is ambiguous: id1_________, id2_________
    hint: give more digits
    [exit code 1]
    ");
}
