//! Paths that lead elsewhere: links, devices, recorded paths that leave the folder.
#![cfg(unix)]

use std::{fs, os::unix::fs::symlink, process::Command};

use insta::assert_snapshot;

use super::{copy_folder, refused, refused_lines};
use crate::sandbox::Sandbox;

/// A folder with a model, a link to it, a link to a folder, links that lead nowhere, and a pipe.
fn linked() -> Sandbox {
    let sandbox = Sandbox::with_history();
    sandbox.file("run/config.json", "{}");
    let link = |to: &str, path: &str| symlink(to, sandbox.path(path)).unwrap();
    link("model.safetensors", "link.safetensors");
    link("run", "linked");
    link("nothing", "dangling");
    link("circle", "circle");
    sandbox.file("down/deep/a", "1");
    link("../../run", "down/deep/link");
    sandbox.file("odd/a", "1");
    let made = Command::new("mkfifo").arg(sandbox.path("odd/pipe")).status().unwrap();
    assert!(made.success());
    sandbox
}

#[test]
fn only_files_and_folders_are_committed() {
    let sandbox = linked();
    let lines = [
        "commit link.safetensors",
        "commit linked",
        "commit dangling",
        "commit circle",
        "commit down",
        "commit odd",
        "commit odd/pipe",
        "commit /dev/null",
        "commit model.safetensors linked",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "commit link.safetensors"
      error: link.safetensors is a symbolic link
    "commit linked"
      error: linked is a symbolic link
    "commit dangling"
      error: dangling is a symbolic link
    "commit circle"
      error: circle is a symbolic link
    "commit down"
      error: down/deep/link is a symbolic link
    "commit odd"
    "commit odd/pipe"
      error: odd/pipe is neither a file nor a folder
    "commit /dev/null"
      error: /dev/null is neither a file nor a folder
    "commit model.safetensors linked"
      error: linked is a symbolic link
    hint: only regular files and folders can be committed
    [exit code 1]
    "#);
}

#[test]
fn only_files_and_folders_are_code_data_and_notes() {
    let sandbox = linked();
    let lines = [
        "commit model.safetensors --code odd",
        "commit model.safetensors --code odd/pipe",
        "commit model.safetensors --code dangling",
        "commit model.safetensors --data run",
        "commit model.safetensors --data dangling",
        "note HEAD --file link.safetensors",
        "note HEAD --file down",
        "note HEAD --file odd/pipe",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "commit model.safetensors --code odd"
      error: [DIR]/odd/pipe is neither a file nor a folder
    "commit model.safetensors --code odd/pipe"
      error: odd/pipe is neither a file nor a folder
    "commit model.safetensors --code dangling"
      error: cannot read dangling: No such file or directory (os error 2)
    [exit code 1]
    "commit model.safetensors --data run"
      error: run is a folder
    hint: only regular files can be data
    [exit code 1]
    "commit model.safetensors --data dangling"
      error: cannot read dangling: No such file or directory (os error 2)
    [exit code 1]
    "note HEAD --file link.safetensors"
      error: link.safetensors is a symbolic link
    "note HEAD --file down"
      error: down/deep/link is a symbolic link
    "note HEAD --file odd/pipe"
      error: odd/pipe is neither a file nor a folder
    hint: only regular files and folders can be committed
    [exit code 1]
    "#);
}

#[test]
fn only_files_are_data() {
    let sandbox = linked();
    let line = "commit model.safetensors --data /dev/null";
    assert_snapshot!(refused(&sandbox, line), @"
    error: /dev/null is neither a file nor a folder
    hint: only regular files can be data
    [exit code 1]
    ");
}

#[test]
fn a_recorded_path_that_leaves_the_folder_is_not_followed() {
    let sandbox = Sandbox::empty();
    let fixture =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/broken/path-that-escapes/repository");
    copy_folder(fixture.as_ref(), &sandbox.path("repo/.ckpt"));
    fs::create_dir_all(sandbox.path("repo/.ckpt/refs/heads")).unwrap();
    fs::create_dir(sandbox.path("repo/out")).unwrap();
    let version = "dd4f5335ed561f07e26b4b3e62ba1a789ff19e169bd249a29c3cea47851de128";
    let lines = ["restore", "restore -o out", "restore -o out/x", "restore --force -o out"];
    let lines = lines.map(|line| format!("{line} {version} --repo repo"));
    let messages = lines.map(|line| refused(&sandbox, &line));
    assert_snapshot!(messages[0], @r#"
    error: checkpoint id1_________ is damaged: "../abc" is not a relative path without special parts
    hint: `ckpt verify` lists all damage and whom it affects
    [exit code 1]
    "#);
    assert!(messages.iter().all(|message| *message == messages[0]), "{messages:?}");
}

#[test]
fn what_is_restored_goes_through_no_link() {
    let sandbox = Sandbox::new();
    sandbox.file("run/sub/vocab.txt", "new");
    sandbox.file("run/top.txt", "new");
    sandbox.ok("commit run");
    sandbox.file("elsewhere/vocab.txt", "old");
    fs::create_dir(sandbox.path("out")).unwrap();
    symlink("../elsewhere", sandbox.path("out/sub")).unwrap();
    fs::create_dir(sandbox.path("file")).unwrap();
    symlink("../elsewhere/vocab.txt", sandbox.path("file/top.txt")).unwrap();
    fs::create_dir(sandbox.path("dangling")).unwrap();
    symlink("../elsewhere/new.txt", sandbox.path("dangling/top.txt")).unwrap();
    let lines = [
        "restore HEAD -o out",
        "restore HEAD -o out --force",
        "restore HEAD -o file",
        "restore HEAD -o file --force",
        "restore HEAD -o dangling",
        "restore HEAD -o dangling --force",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "restore HEAD -o out"
    "restore HEAD -o out --force"
      error: restoring into out: sub is neither a regular file nor a folder; a restore follows no links
    "restore HEAD -o file"
    "restore HEAD -o file --force"
      error: restoring into file: top.txt is neither a regular file nor a folder; a restore follows no links
    "restore HEAD -o dangling"
    "restore HEAD -o dangling --force"
      error: restoring into dangling: top.txt is neither a regular file nor a folder; a restore follows no links
    [exit code 1]
    "#);
}

#[test]
fn a_file_is_restored_through_no_link() {
    let sandbox = linked();
    sandbox.file("elsewhere", "old");
    symlink("nothing", sandbox.path("dangling.safetensors")).unwrap();
    let lines = [
        "restore HEAD~ -o link.safetensors",
        "restore HEAD~ -o link.safetensors --force",
        "restore HEAD -o dangling.safetensors",
        "restore HEAD -o dangling.safetensors --force",
        "restore HEAD -o elsewhere/below/it",
        "restore HEAD -o odd/pipe",
        "restore HEAD -o odd/pipe --force",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "restore HEAD~ -o link.safetensors"
    "restore HEAD~ -o link.safetensors --force"
      error: link.safetensors is neither a regular file nor a folder; a restore follows no links
    "restore HEAD -o dangling.safetensors"
    "restore HEAD -o dangling.safetensors --force"
      error: dangling.safetensors is neither a regular file nor a folder; a restore follows no links
    "restore HEAD -o elsewhere/below/it"
      error: restoring into elsewhere/below: cannot read it: Not a directory (os error 20)
    "restore HEAD -o odd/pipe"
    "restore HEAD -o odd/pipe --force"
      error: restoring into odd: pipe is neither a regular file nor a folder; a restore follows no links
    [exit code 1]
    "#);
}

#[test]
fn nothing_is_restored_into_a_repository() {
    let sandbox = Sandbox::with_history();
    let lines = [
        "restore HEAD -o .ckpt/HEAD --force",
        "restore HEAD -o .ckpt/packs/",
        "restore HEAD -o .ckpt",
        "restore HEAD -o .ckpt/packs/../new",
    ];
    for line in lines {
        let message = refused(&sandbox, line);
        assert!(
            message.contains("is in a repository") && message.ends_with("[exit code 2]\n"),
            "{message}"
        );
    }
}
