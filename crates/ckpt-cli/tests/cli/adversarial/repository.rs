//! Repositories of another format, without one, or with settings that are none.

use insta::assert_snapshot;

use super::{refused, refused_lines, together};
use crate::sandbox::Sandbox;

#[test]
fn a_repository_of_a_newer_format_is_read_by_nothing() {
    let sandbox = Sandbox::with_history();
    sandbox.file(".ckpt/format", "ckpt repository format 3\n");
    let lines = [
        "log",
        "show",
        "compare HEAD HEAD",
        "restore HEAD -o out",
        "verify",
        "verify --repair",
        "branch",
        "branch other",
        "tag v1",
        "switch -c x",
        "alias",
        "promote HEAD production",
        "guard",
        "rollback main",
        "audit",
        "note HEAD -m text",
        "gc",
        "gc --plan",
        "prune --keep-last 1",
        "undelete",
        "commit model.safetensors",
    ];
    let first = refused(&sandbox, lines[0]);
    assert_snapshot!(first, @r#"
    error: the repository has format "ckpt repository format 3"; this ckpt reads "ckpt repository format 2"
    hint: another version of ckpt made it; use that one
    [exit code 1]
    "#);
    for line in lines {
        assert_eq!(refused(&sandbox, line), first, "{line}");
    }
    assert_snapshot!(refused(&sandbox, "init"), @"
    error: [DIR] already holds a ckpt repository
    hint: `ckpt log` shows its versions
    [exit code 1]
    ");
}

#[test]
fn formats_that_are_none() {
    let sandbox = Sandbox::with_history();
    let mut messages = Vec::new();
    let formats: [&[u8]; 6] = [
        b"",
        b"ckpt repository format 2",
        b"ckpt repository format 2\r\n",
        b"\xff\xfe\x1b[31m\n",
        b"ckpt repository format 2\nmore\n",
        &[b'x'; 100_000],
    ];
    for format in formats {
        sandbox.file(".ckpt/format", format);
        let message = refused(&sandbox, "log");
        assert_eq!(refused(&sandbox, "commit model.safetensors"), message);
        let start = &format[..format.len().min(40)];
        messages.push((format!("{:?}", String::from_utf8_lossy(start)), message));
    }
    assert_snapshot!(together(messages), @r#"
    ""
    "ckpt repository format 2"
    "ckpt repository format 2\r\n"
      error: format is damaged: it is not the line that it was
    hint: `ckpt verify` lists all damage and whom it affects
    [exit code 1]
    "��\u{1b}[31m\n"
      error: the repository has format "��\u{1b}[31m"; this ckpt reads "ckpt repository format 2"
    "ckpt repository format 2\nmore\n"
      error: the repository has format "ckpt repository format 2\nmore"; this ckpt reads "ckpt repository format 2"
    hint: another version of ckpt made it; use that one
    [exit code 1]
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      error: cannot read format: format has 100000 bytes, more than the 1024 that it can have
    [exit code 1]
    "#);
}

#[test]
fn a_repository_without_its_format_is_none_and_is_not_made_again() {
    let sandbox = Sandbox::with_history();
    std::fs::remove_file(sandbox.path(".ckpt/format")).unwrap();
    let lines = ["log", "log --repo .", "commit model.safetensors", "init"];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "log"
      error: no ckpt repository in [DIR] or above it
    "log --repo ."
      error: no ckpt repository in .
    "commit model.safetensors"
      error: no ckpt repository in [DIR] or above it
    hint: `ckpt init` makes one
    [exit code 1]
    "init"
      error: format is damaged: it is not there, but packs is not empty: init replaces nothing
    hint: `ckpt verify` lists all damage and whom it affects
    [exit code 1]
    "#);
    std::fs::create_dir(sandbox.path(".ckpt/format")).unwrap();
    let lines = ["log", "init"];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "log"
      error: no ckpt repository in [DIR] or above it
    hint: `ckpt init` makes one
    [exit code 1]
    "init"
      error: [DIR] already holds a ckpt repository
    hint: `ckpt log` shows its versions
    [exit code 1]
    "#);
}

#[test]
fn a_repository_that_is_a_file() {
    let sandbox = Sandbox::empty();
    sandbox.file(".ckpt", "ckpt repository format 2\n");
    sandbox.file("x", "1");
    let lines = ["log", "log --repo .", "commit x", "init"];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "log"
      error: no ckpt repository in [DIR] or above it
    "log --repo ."
      error: no ckpt repository in .
    "commit x"
      error: no ckpt repository in [DIR] or above it
    hint: `ckpt init` makes one
    [exit code 1]
    "init"
      error: cannot read [DIR]/.ckpt: Not a directory (os error 20)
    [exit code 1]
    "#);
}

#[test]
fn settings_that_are_none() {
    let sandbox = Sandbox::with_history();
    let mut messages = Vec::new();
    let settings: [&[u8]; 8] = [
        b"[retention",
        b"nonsense = 1\n",
        b"[retention]\nkeep_last = -1\n",
        b"[retention]\nkeep_last = 'all'\n",
        b"[retention]\nkeep_best = ['val_loss']\n",
        b"[retention]\nkeep_lost = 1\n",
        b"\xff\xfe",
        b"'\x1b[31m\n' = 1\n",
    ];
    for bytes in settings {
        sandbox.file(".ckpt/config.toml", bytes);
        let message = refused(&sandbox, "prune");
        assert_eq!(refused(&sandbox, "gc"), message);
        messages.push((format!("{:?}", String::from_utf8_lossy(bytes)), message));
    }
    assert_snapshot!(together(messages), @r#"
    "[retention"
      error: config.toml: line 1: unclosed table, expected `]`
    "nonsense = 1\n"
      error: config.toml: line 1, nonsense: no setting stands outside a section: metrics, packs, retention, roles, trash
    "[retention]\nkeep_last = -1\n"
      error: config.toml: line 2, keep_last: invalid value: integer `-1`, expected u64
    "[retention]\nkeep_last = 'all'\n"
      error: config.toml: line 2, keep_last: invalid type: string "all", expected u64
    "[retention]\nkeep_best = ['val_loss']\n"
      error: config.toml: line 2, keep_best: "val_loss" is not min:METRIC:COUNT or max:METRIC:COUNT
    "[retention]\nkeep_lost = 1\n"
      error: config.toml: line 2, keep_lost: unknown field `keep_lost`, expected one of `keep_last`, `keep_best`, `keep_every`, `keep_younger`, `pareto`, `aliased_before`
    "��"
    "'\u{1b}[31m\n' = 1\n"
      error: config.toml: line 1: key with no value, expected `=`
    hint: config.toml is in the folder .ckpt
    [exit code 1]
    "#);
}
