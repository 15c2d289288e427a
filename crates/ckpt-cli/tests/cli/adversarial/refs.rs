//! Names of branches, tags and aliases: what Git refuses, what it allows, and how it is shown.

use std::ffi::OsStr;

use insta::assert_snapshot;
use serde_json::json;

use super::{refused, refused_lines, refused_words, together};
use crate::sandbox::Sandbox;

/// Tries each of some names in all commands that make a ref; they must all say the same.
fn refused_names(names: &[&str]) -> String {
    let sandbox = Sandbox::with_history();
    together(names.iter().map(|name| {
        let [branch, tag, switch] = ["branch", "tag", "switch -c"].map(|command| {
            let words: Vec<&OsStr> = command.split(' ').chain([*name]).map(OsStr::new).collect();
            refused_words(&sandbox, &words)
        });
        assert!(branch == tag && tag == switch, "{branch}{tag}{switch}");
        (String::new(), branch)
    }))
}

#[test]
fn names_that_control_a_terminal() {
    let names = ["a\nb", "a\tb", "\u{1b}[31mred", "a\u{7f}", "a\u{9b}31m"];
    assert_snapshot!(refused_names(&names), @r#"
      error: "a\nb" is not a name for a ref: it contains a control character
      error: "a\tb" is not a name for a ref: it contains a control character
      error: "\u{1b}[31mred" is not a name for a ref: it contains a control character
      error: "a\u{7f}" is not a name for a ref: it contains a control character
      error: "a\u{9b}31m" is not a name for a ref: it contains a control character
    hint: names are made of words, digits, - _ . and /
    [exit code 2]
    "#);
}

#[test]
fn names_that_git_refuses() {
    let names = [
        "", "a b", "..", "a..b", ".", ".a", "a/.b", "a.", "a.lock", "a.lock/b", "a//b", "/a", "a/",
        "/", "@", "a@{1}", "HEAD", "refs/a", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b",
        "../../x",
    ];
    assert_snapshot!(refused_names(&names), @r#"
      error: "" is not a name for a ref: it is empty
      error: "a b" is not a name for a ref: it contains a space or one of ~ ^ : ? * [ \
      error: ".." is not a name for a ref: it contains ..
      error: "a..b" is not a name for a ref: it contains ..
      error: "." is not a name for a ref: a part of it starts with .
      error: ".a" is not a name for a ref: a part of it starts with .
      error: "a/.b" is not a name for a ref: a part of it starts with .
      error: "a." is not a name for a ref: it ends in .
      error: "a.lock" is not a name for a ref: a part of it ends in .lock
      error: "a.lock/b" is not a name for a ref: a part of it ends in .lock
      error: "a//b" is not a name for a ref: it starts or ends with /, or contains //
      error: "/a" is not a name for a ref: it starts or ends with /, or contains //
      error: "a/" is not a name for a ref: it starts or ends with /, or contains //
      error: "/" is not a name for a ref: it starts or ends with /, or contains //
      error: "@" is not a name for a ref: that name is reserved
      error: "a@{1}" is not a name for a ref: it contains @{
      error: "HEAD" is not a name for a ref: that name is reserved
      error: "refs/a" is not a name for a ref: it starts with refs/
      error: "a~1" is not a name for a ref: it contains a space or one of ~ ^ : ? * [ \
      error: "a^" is not a name for a ref: it contains a space or one of ~ ^ : ? * [ \
      error: "a:b" is not a name for a ref: it contains a space or one of ~ ^ : ? * [ \
      error: "a?" is not a name for a ref: it contains a space or one of ~ ^ : ? * [ \
      error: "a*" is not a name for a ref: it contains a space or one of ~ ^ : ? * [ \
      error: "a[b" is not a name for a ref: it contains a space or one of ~ ^ : ? * [ \
      error: "a\\b" is not a name for a ref: it contains a space or one of ~ ^ : ? * [ \
      error: "../../x" is not a name for a ref: it contains ..
    hint: names are made of words, digits, - _ . and /
    [exit code 2]
    "#);
}

#[test]
fn names_that_are_too_long() {
    let sandbox = Sandbox::with_history();
    sandbox.ok(&format!("tag {}", "a".repeat(200)));
    let tag = |name: String| refused(&sandbox, &format!("tag {name}"));
    assert_snapshot!(tag("a".repeat(201)), @r#"
    error: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" is not a name for a ref: it is too long
    hint: names are made of words, digits, - _ . and /
    [exit code 2]
    "#);
    assert_snapshot!(tag("a".repeat(100_000)), @r#"
    error: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" is not a name for a ref: it is too long
    hint: names are made of words, digits, - _ . and /
    [exit code 2]
    "#);
    // Encoded, each of these letters takes 6 bytes.
    assert_snapshot!(tag("ä".repeat(34)), @r#"
    error: "ääääääääääääääääääääääääääääääääää" is not a name for a ref: it is too long
    hint: names are made of words, digits, - _ . and /
    [exit code 2]
    "#);
}

#[test]
fn names_that_look_like_options() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(refused(&sandbox, "tag -x"), @"
    error: unexpected argument '-x' found
    hint: usage: ckpt tag [OPTIONS] [NAME] [REV]
    [exit code 2]
    ");
    assert_snapshot!(refused(&sandbox, "tag -- -x"), @r#"
    error: "-x" is not a name for a ref: it starts with -
    hint: names are made of words, digits, - _ . and /
    [exit code 2]
    "#);
    assert_snapshot!(refused(&sandbox, "promote HEAD -- --force"), @r#"
    error: "--force" is not a name for a ref: it starts with -
    hint: names are made of words, digits, - _ . and /
    [exit code 2]
    "#);
    assert_snapshot!(refused(&sandbox, "show -- --all"), @r#"
    error: no version is called "--all"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    "#);
}

#[test]
fn every_command_that_takes_a_name_refuses_alike() {
    let sandbox = Sandbox::with_history();
    let lines = [
        "commit model.safetensors -b 'a\nb'",
        "promote HEAD 'a\nb'",
        "rollback 'a\nb'",
        "audit 'a\nb'",
        "guard 'a\nb' 'val_loss < 1'",
        "switch 'a\nb'",
        "branch -d 'a\nb'",
        "tag -d 'a\nb'",
        "alias -d 'a\nb'",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "commit model.safetensors -b 'a\nb'"
    "promote HEAD 'a\nb'"
    "rollback 'a\nb'"
    "audit 'a\nb'"
    "guard 'a\nb' 'val_loss < 1'"
    "switch 'a\nb'"
    "branch -d 'a\nb'"
    "tag -d 'a\nb'"
    "alias -d 'a\nb'"
      error: "a\nb" is not a name for a ref: it contains a control character
    hint: names are made of words, digits, - _ . and /
    [exit code 2]
    "#);
}

#[test]
fn names_that_git_allows() {
    let sandbox = Sandbox::with_history();
    let names = [
        "v1.0",
        "a/b",
        "a",
        "A",
        "\u{1f680}",
        "ünï",
        "a-",
        "a@b",
        "a%2Fb",
        "lock",
        "con",
        "deadbeef",
        "min",
        "{}",
        "$HOME",
        "a'b",
    ];
    let run = |command: &str, name: &str| {
        let output = sandbox.command(command).arg(name).output().unwrap();
        assert!(output.status.success(), "{command} {name}: {output:?}");
    };
    for name in names {
        run("tag", name);
        run("show", name);
    }
    let listed = sandbox.json("tag");
    let listed: Vec<_> = listed.as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    assert_eq!(listed.len(), names.len());
    assert!(names.iter().all(|name| listed.contains(&&json!(name))), "{listed:?}");
    assert_eq!(sandbox.json("verify")["ok"], true);
}

#[test]
fn a_name_wins_over_digits_of_an_id() {
    let sandbox = Sandbox::with_history();
    let id = sandbox.json("show HEAD~")["version"].as_str().unwrap().to_owned();
    let short = &id[..8];
    assert_eq!(sandbox.json(&format!("show {short}"))["number"], 2);
    sandbox.ok(&format!("tag {short} HEAD"));
    assert_eq!(sandbox.json(&format!("show {short}"))["number"], 3);
    assert_eq!(sandbox.json(&format!("show {id}"))["number"], 2);
}

#[test]
fn the_name_of_an_alias_is_its_own() {
    let sandbox = Sandbox::with_history();
    sandbox.ok("tag v1");
    sandbox.ok("promote HEAD production");
    let lines = [
        "branch production",
        "switch -c production",
        "commit model.safetensors -b production",
        "tag production",
        "promote HEAD v1",
        "promote HEAD main",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "branch production"
    "switch -c production"
    "commit model.safetensors -b production"
    "tag production"
      error: alias production has that name already
    "promote HEAD v1"
      error: tag v1 has that name already
    "promote HEAD main"
      error: branch main has that name already
    hint: choose another name
    [exit code 1]
    "#);
}
