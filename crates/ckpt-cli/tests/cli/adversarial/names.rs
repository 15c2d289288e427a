//! Names of files that are not UTF-8, or that not every system has.
#![cfg(unix)]

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt};

use insta::assert_snapshot;

use super::{refused, refused_words, together};
use crate::sandbox::Sandbox;

#[test]
fn data_whose_name_is_not_utf8() {
    let sandbox = Sandbox::with_history();
    let name = OsStr::from_bytes(b"w\xff.csv");
    fs::write(sandbox.path("").join(name), "a\n1\n").unwrap();
    let words = ["commit", "model.safetensors", "--data"].map(OsStr::new);
    let message = refused_words(&sandbox, &[&words[..], &[name]].concat());
    assert_snapshot!(message, @"
    error: w�.csv has a name that is not UTF-8
    [exit code 1]
    ");
}

#[test]
fn names_that_not_every_system_has_are_refused_when_they_are_committed() {
    let sandbox = Sandbox::with_history();
    let mut messages = Vec::new();
    for name in ["a\\b", "a:b", "a\nb\u{1b}[31m", "CON", "nul.txt", "a.", "a ", "a?", "a|b"] {
        sandbox.file(&format!("run/{name}"), "1");
        messages.push((format!("{name:?}"), refused(&sandbox, "commit run")));
        fs::remove_dir_all(sandbox.path("run")).unwrap();
    }
    assert_snapshot!(together(messages), @r#"
    "a\\b"
      error: "a\\b" has one of \ and :, which part paths on some platforms
    "a:b"
      error: "a:b" has one of \ and :, which part paths on some platforms
    "a\nb\u{1b}[31m"
      error: "a\nb\u{1b}[31m" has a control character
    "CON"
      error: "CON" could not be restored on every platform: a part of it is the name of a device on Windows
    "nul.txt"
      error: "nul.txt" could not be restored on every platform: a part of it is the name of a device on Windows
    "a."
      error: "a." could not be restored on every platform: a part of it ends in a dot or a space
    "a "
      error: "a " could not be restored on every platform: a part of it ends in a dot or a space
    "a?"
      error: "a?" could not be restored on every platform: it contains one of < > " | ? *
    "a|b"
      error: "a|b" could not be restored on every platform: it contains one of < > " | ? *
    [exit code 1]
    "#);
}

#[test]
fn files_whose_names_are_not_utf8() {
    let sandbox = Sandbox::with_history();
    let name = OsStr::from_bytes(b"w\xff\n\x1b[31m.bin");
    fs::create_dir_all(sandbox.path("run/sub")).unwrap();
    fs::write(sandbox.path("run/sub").join(name), "1").unwrap();
    fs::create_dir_all(sandbox.path("folder").join(name)).unwrap();
    fs::write(sandbox.path("folder").join(name).join("a"), "1").unwrap();
    fs::write(sandbox.path("").join(name), "1").unwrap();
    let lines = ["commit run", "commit folder", "note HEAD --file run"];
    let mut messages = lines.map(|line| (line.to_owned(), refused(&sandbox, line))).to_vec();
    for line in ["commit", "note HEAD --file"] {
        messages.push((line.to_owned(), refused_with(&sandbox, line, name)));
    }
    assert_snapshot!(together(messages), @r"
    commit run
      error: run/sub/w�\n\u{1b}[31m.bin has a name that is not UTF-8
    commit folder
      error: folder/w�\n\u{1b}[31m.bin has a name that is not UTF-8
    note HEAD --file run
      error: run/sub/w�\n\u{1b}[31m.bin has a name that is not UTF-8
    commit
    note HEAD --file
      error: w�\n\u{1b}[31m.bin has a name that is not UTF-8
    [exit code 1]
    ");
}

/// Runs a command line with one more word, which must fail and change nothing.
fn refused_with(sandbox: &Sandbox, line: &str, last: &OsStr) -> String {
    let words: Vec<&OsStr> = line.split(' ').map(OsStr::new).chain([last]).collect();
    refused_words(sandbox, &words)
}

#[test]
fn arguments_that_are_not_utf8() {
    let sandbox = Sandbox::with_history();
    let lines = [
        "commit model.safetensors -m",
        "commit model.safetensors --metric",
        "commit model.safetensors --param",
        "commit model.safetensors --branch",
        "commit model.safetensors --from",
        "show",
        "log --where",
        "tag",
        "promote HEAD",
        "audit",
    ];
    let messages = lines.map(|line| {
        let message = refused_with(&sandbox, line, OsStr::from_bytes(b"w\xff\n\x1b[31m"));
        (line.to_owned(), message)
    });
    assert_snapshot!(together(messages), @"
    commit model.safetensors -m
    commit model.safetensors --metric
    commit model.safetensors --param
    commit model.safetensors --branch
    commit model.safetensors --from
      error: invalid UTF-8 was detected in one or more arguments
    hint: usage: ckpt commit [OPTIONS] <PATH>...
    [exit code 2]
    show
      error: invalid UTF-8 was detected in one or more arguments
    hint: usage: ckpt show [OPTIONS] [REV]
    [exit code 2]
    log --where
      error: invalid UTF-8 was detected in one or more arguments
    hint: usage: ckpt log [OPTIONS] [REV]
    [exit code 2]
    tag
      error: invalid UTF-8 was detected in one or more arguments
    hint: usage: ckpt tag [OPTIONS] [NAME] [REV]
    [exit code 2]
    promote HEAD
      error: invalid UTF-8 was detected in one or more arguments
    hint: usage: ckpt promote [OPTIONS] <REV> <ALIAS>
    [exit code 2]
    audit
      error: invalid UTF-8 was detected in one or more arguments
    hint: usage: ckpt audit [OPTIONS] [REF]
    [exit code 2]
    ");
}

#[test]
fn places_whose_names_are_not_utf8() {
    let sandbox = Sandbox::with_history();
    let name = OsStr::from_bytes(b"out\xff\x1b[31m");
    assert_snapshot!(refused_with(&sandbox, "restore HEAD~ -o", name), @r"
    error: out�\u{1b}[31m has a name that is not UTF-8
    [exit code 2]
    ");
    assert_snapshot!(refused_with(&sandbox, "log --repo", name), @r"
    error: no ckpt repository in out�\u{1b}[31m
    hint: `ckpt init` makes one
    [exit code 1]
    ");
    fs::create_dir(sandbox.path("").join(name)).unwrap();
    assert_snapshot!(refused_with(&sandbox, "log --repo", name), @r"
    error: no ckpt repository in out�\u{1b}[31m
    hint: `ckpt init` makes one
    [exit code 1]
    ");
    let output = sandbox.command("init").arg(name).output().unwrap();
    assert!(output.status.success() && !output.stdout.contains(&0x1b), "{output:?}");
    let output = sandbox.command("branch --repo").arg(name).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}
