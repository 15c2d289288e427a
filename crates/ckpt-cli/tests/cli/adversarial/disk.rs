//! A disk that takes no more.
#![cfg(unix)]

use std::{fs, process::Command};

use insta::assert_snapshot;

use super::{Everything, message, together};
use crate::sandbox::Sandbox;

/// Prepares a command that cannot write more than so many bytes, in units of 512, to any file.
fn limited(sandbox: &Sandbox, blocks: u32, line: &str) -> Command {
    let inner = sandbox.command(line);
    let mut outer = Command::new("sh");
    outer.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]);
    outer.arg(inner.get_program()).args(inner.get_args()).current_dir(sandbox.path(""));
    outer.env_clear();
    outer.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer
}

/// Runs a command line on a full disk; it must fail and change nothing, but may leave what it was writing.
pub(super) fn on_a_full_disk(sandbox: &Sandbox, blocks: u32, line: &str) -> String {
    let before = Everything::of(sandbox).without_leftovers();
    let output = limited(sandbox, blocks, line).output().unwrap();
    Everything::of(sandbox).without_leftovers().assert_same(&before, line);
    message(sandbox, &output)
}

/// Bytes that no encoder makes shorter.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let step = |_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..len).map(step).collect()
}

#[test]
fn a_full_disk_stops_whatever_writes_to_the_repository() {
    let sandbox = Sandbox::with_history();
    sandbox.file("new.bin", "new");
    sandbox.ok("promote HEAD~ production");
    sandbox.ok("branch trial");
    sandbox.ok("branch old HEAD~");
    let lines = [
        "commit new.bin",
        "note HEAD --metric a=1",
        "tag v1",
        "branch other",
        "branch -d trial",
        "switch -c other",
        "promote HEAD production",
        "rollback main",
        "guard main 'val_loss < 1'",
        "merge main --into old",
    ];
    let messages = lines.map(|line| (line.to_owned(), on_a_full_disk(&sandbox, 0, line)));
    assert_snapshot!(together(messages), @"
    commit new.bin
    note HEAD --metric a=1
    tag v1
    branch other
    branch -d trial
    switch -c other
    promote HEAD production
    rollback main
    guard main 'val_loss < 1'
    merge main --into old
      error: cannot write a pack: File too large (os error 27)
    [exit code 1]
    ");
    assert_eq!(sandbox.json("verify")["ok"], true);
    sandbox.ok("commit new.bin");
}

#[test]
fn a_disk_that_fills_up_in_the_middle_of_a_pack_leaves_none() {
    let sandbox = Sandbox::with_history();
    sandbox.file("large.bin", noise(1 << 20));
    assert_snapshot!(on_a_full_disk(&sandbox, 1000, "commit large.bin"), @"
    error: cannot write a pack: File too large (os error 27)
    [exit code 1]
    ");
    assert_eq!(sandbox.json("verify")["ok"], true);
    sandbox.ok("commit large.bin");
}

#[test]
fn a_full_disk_takes_no_file_that_is_restored_and_leaves_no_part_of_one() {
    let sandbox = Sandbox::new();
    sandbox.file("run/large.bin", noise(1 << 20));
    sandbox.file("run/small.txt", "small");
    sandbox.ok("commit run");
    fs::remove_dir_all(sandbox.path("run")).unwrap();
    sandbox.file("there/small.txt", "other");
    let mut messages = Vec::new();
    sandbox.tensors("m.safetensors", &[("w", &[1], &[1.0])]);
    sandbox.ok("commit m.safetensors -b tensors");
    let message = on_a_full_disk(&sandbox, 0, "export tensors -o new/out.npz");
    messages.push(("export tensors".to_owned(), message));
    for blocks in [0, 1000] {
        for line in
            ["restore HEAD", "restore HEAD -o there --force", "restore HEAD -o new/deep/folder"]
        {
            messages.push((line.to_owned(), on_a_full_disk(&sandbox, blocks, line)));
        }
    }
    assert_snapshot!(together(messages), @"
    export tensors
      error: exporting into new: cannot write out.npz: File too large (os error 27)
    restore HEAD
      error: restoring into ckpt-id1_________: cannot write large.bin: File too large (os error 27)
    restore HEAD -o there --force
      error: restoring into there: cannot write large.bin: File too large (os error 27)
    restore HEAD -o new/deep/folder
      error: restoring into new/deep/folder: cannot write large.bin: File too large (os error 27)
    restore HEAD
      error: restoring into ckpt-id1_________: cannot write large.bin: File too large (os error 27)
    restore HEAD -o there --force
      error: restoring into there: cannot write large.bin: File too large (os error 27)
    restore HEAD -o new/deep/folder
      error: restoring into new/deep/folder: cannot write large.bin: File too large (os error 27)
    [exit code 1]
    ");
}

#[test]
fn a_full_disk_stops_the_removal_of_content() {
    let sandbox = Sandbox::with_history();
    sandbox.ok("rollback main");
    assert_snapshot!(on_a_full_disk(&sandbox, 0, "gc"), @"
    error: cannot write a pack: File too large (os error 27)
    [exit code 1]
    ");
    assert_snapshot!(on_a_full_disk(&sandbox, 0, "prune HEAD~"), @"
    error: cannot write a pack: File too large (os error 27)
    [exit code 1]
    ");
    assert_eq!(sandbox.json("verify")["ok"], true);
    sandbox.ok("gc");
}

#[test]
fn what_only_reads_needs_no_room() {
    let sandbox = Sandbox::with_history();
    let id = sandbox.json("show")["version"].as_str().unwrap().to_owned();
    let lines = [
        "log",
        "show",
        "compare HEAD~ HEAD",
        "stat bias",
        "verify",
        "branch",
        "audit",
        "gc --plan",
        "prune --keep-last 1 --plan",
    ];
    for line in lines.into_iter().chain([format!("show {id}").as_str()]) {
        let before = Everything::of(&sandbox);
        let output = limited(&sandbox, 0, line).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{line}: {output:?}");
        Everything::of(&sandbox).assert_same(&before, line);
    }
}

#[test]
fn a_repository_that_found_no_room_can_be_made_later() {
    let sandbox = Sandbox::empty();
    let output = limited(&sandbox, 0, "init").output().unwrap();
    assert_snapshot!(message(&sandbox, &output), @"
    error: cannot write HEAD: File too large (os error 27)
    [exit code 1]
    ");
    assert!(!sandbox.path(".ckpt/format").exists());
    sandbox.output("init");
    sandbox.ok("branch");
}

#[cfg(target_os = "linux")]
const NO_ROOM: &str = "error: cannot write to standard output: No space left on device (os error 28)\n[exit code 1]\n";

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_a_failure() {
    let sandbox = Sandbox::empty();
    for line in ["help", "log --help", "--version"] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = sandbox.command(line).stdout(full).output().unwrap();
        assert_eq!(sandbox.transcript(&output), NO_ROOM, "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn results_that_cannot_be_written_are_failures() {
    let sandbox = Sandbox::with_history();
    let lines = [
        "log",
        "log --json",
        "show",
        "compare HEAD~ HEAD",
        "models",
        "stat bias",
        "lineage",
        "lineage --format dot",
        "verify",
        "branch",
        "audit",
        "report -o -",
        "man log",
        "completions bash",
    ];
    for line in lines {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = sandbox.command(line).stdout(full).output().unwrap();
        assert_eq!(sandbox.transcript(&output), NO_ROOM, "{line}");
    }
}
