//! Exports under names that no archive should have, and to places that are none.

use insta::assert_snapshot;

use super::{refused, refused_lines};
use crate::sandbox::Sandbox;

/// Commits one tensor of this name, whose export as NPZ is refused.
fn refused_name(name: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox.tensors("m.safetensors", &[(name, &[1], &[1.0])]);
    sandbox.ok("commit m.safetensors");
    let message = refused(&sandbox, "export HEAD -o out.npz");
    // A safetensors file has no paths in it.
    sandbox.ok("export HEAD -o out.safetensors");
    message
}

#[test]
fn names_that_lead_out_of_a_folder_are_not_written_to_an_archive() {
    let names = ["../../x", "/etc/x", "a\\b", "a/../b", "..", "", "a\u{1b}[31m\nb", "a\0b"];
    let messages = names.map(|name| refused_name(name).lines().next().unwrap().to_owned());
    assert_snapshot!(messages.join("\n"), @r#"
    error: out.npz: tensor name "../../x" has `..` in it, which leaves the folder on extraction
    error: out.npz: tensor name "/etc/x" is absolute, which leaves the folder on extraction
    error: out.npz: tensor name "a\\b" has a backslash, which is a separator on some systems
    error: out.npz: tensor name "a/../b" has `..` in it, which leaves the folder on extraction
    error: out.npz: tensor name ".." has `..` in it, which leaves the folder on extraction
    error: out.npz: tensor name "" is empty
    error: out.npz: tensor name "a\u{1b}[31m\nb" has control characters
    error: out.npz: tensor name "a\0b" has control characters
    "#);
}

#[test]
fn there_is_a_way_to_export_other_names() {
    let message = refused_name("../../x");
    assert!(message.contains("\nhint: ") && !message.contains("--opaque"), "{message}");
}

#[test]
fn a_name_that_is_too_long_for_an_archive_is_cut_in_the_message() {
    let message = refused_name(&"x".repeat(70_000));
    assert!(message.len() < 500, "{} bytes", message.len());
}

#[test]
fn exports_of_nothing_and_to_nowhere() {
    let sandbox = Sandbox::with_history();
    sandbox.file("text.txt", "1");
    sandbox.ok("commit text.txt -b texts");
    sandbox.file("there.npz", "old");
    std::fs::create_dir(sandbox.path("folder.npz")).unwrap();
    let lines = [
        "export texts -o out.npz",
        "export HEAD --tensor nothing -o out.npz",
        "export HEAD --tensor '[' -o out.npz",
        "export HEAD --format zip",
        "export HEAD -o there.npz",
        "export HEAD -o there.npz/out.npz",
        "export HEAD -o model.safetensors/out.npz",
        "export nothing",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "export texts -o out.npz"
      error: there is nothing to export: the version has no tensors
    hint: `ckpt show REV` lists tensors
    [exit code 1]
    "export HEAD --tensor nothing -o out.npz"
      error: no tensor of these versions has a name like "nothing"
    hint: the names are bias
    [exit code 1]
    "export HEAD --tensor '[' -o out.npz"
      error: invalid value '[' for '--tensor <PATTERN>': "[" is not a pattern: unclosed character class; missing ']'
    "export HEAD --format zip"
      error: invalid value 'zip' for '--format <FORMAT>' [possible values: safetensors, npz]
    [exit code 2]
    "export HEAD -o there.npz"
      error: there.npz exists and differs
    hint: --force replaces it; -o PATH restores to another place
    [exit code 1]
    "export HEAD -o there.npz/out.npz"
      error: exporting into there.npz: cannot read out.npz: Not a directory (os error 20)
    "export HEAD -o model.safetensors/out.npz"
      error: exporting into model.safetensors: cannot read out.npz: Not a directory (os error 20)
    [exit code 1]
    "export nothing"
      error: no version is called "nothing"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    "#);
}

#[cfg(unix)]
#[test]
fn exports_go_through_no_link() {
    let sandbox = Sandbox::with_history();
    std::os::unix::fs::symlink("elsewhere", sandbox.path("link.npz")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(sandbox.path("pipe")).status().unwrap();
    assert!(made.success());
    let lines = [
        "export HEAD -o link.npz",
        "export HEAD -o link.npz --force",
        "export HEAD --format npz -o pipe",
        "export HEAD --format npz -o pipe --force",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "export HEAD -o link.npz"
    "export HEAD -o link.npz --force"
      error: link.npz is neither a regular file nor a folder; a restore follows no links
    "export HEAD --format npz -o pipe"
    "export HEAD --format npz -o pipe --force"
      error: pipe is neither a regular file nor a folder; a restore follows no links
    [exit code 1]
    "#);
}

#[test]
fn nothing_is_exported_into_a_repository() {
    let sandbox = Sandbox::with_history();
    for line in [
        "export HEAD -o .ckpt/HEAD --force",
        "export HEAD -o .ckpt/new.npz",
        "report -o .ckpt/HEAD --force",
        "report -o .ckpt/new.html",
        "man -o .ckpt",
    ] {
        let message = refused(&sandbox, line);
        assert!(message.contains(".ckpt") && message.ends_with("[exit code 2]\n"), "{message}");
    }
}
