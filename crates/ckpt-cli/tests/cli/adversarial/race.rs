//! A branch that another moved while a command was at work.

use std::{fs, process::Stdio, thread, time::Duration};

use insta::assert_snapshot;

use super::{message, together};
use crate::sandbox::Sandbox;

/// Runs a command that writes a pack and then moves `main`, and moves `main` elsewhere in between.
///
/// The lock of the ref is held until the pack is there: by then the command has read the ref, and
/// waits to compare it.
fn overtaken(sandbox: &Sandbox, line: &str) -> std::process::Output {
    let read = || sandbox.read(".ckpt/refs/heads/main");
    let before = read();
    sandbox.file("other.bin", "from another");
    sandbox.ok("commit other.bin -m other");
    let after = read();
    sandbox.file(".ckpt/refs/heads/main", before);
    let lock = fs::File::create(sandbox.path(".ckpt/locks/branch-main")).unwrap();
    lock.lock().unwrap();
    let packs = sandbox.list(".ckpt/packs").len();
    let mut command = sandbox.command(line);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while sandbox.list(".ckpt/packs").len() == packs {
        assert!(child.try_wait().unwrap().is_none(), "{line} did not wait for the lock");
        thread::sleep(Duration::from_millis(1));
    }
    sandbox.file(".ckpt/refs/heads/main", &after);
    lock.unlock().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(read(), after, "{line} moved the branch");
    output
}

#[test]
fn a_commit_that_came_second_is_a_conflict_and_is_kept() {
    let sandbox = Sandbox::with_history();
    sandbox.file("mine.bin", "mine");
    let output = overtaken(&sandbox, "commit mine.bin -m mine");
    let message = message(&sandbox, &output);
    assert_snapshot!(message, @"
    error: branch main is at id4_________, not at id3_________ as expected; your version id5_________ is kept
    hint: `ckpt branch NAME id5_________` keeps what you made
    [exit code 4]
    ");
    assert_eq!(sandbox.json("log -n 1")["message"], "other");
    assert_eq!(sandbox.json("verify")["ok"], true);
    // Committing again continues from what came first.
    sandbox.ok("commit mine.bin -m mine");
    assert_eq!(sandbox.json("log -n 1")["number"], 5);
}

#[test]
fn other_moves_that_came_second_are_conflicts() {
    let mut messages = Vec::new();
    let lines =
        ["rollback main", "rollback main --to main@1", "guard main 'val_loss < 9'", "merge side"];
    for line in lines {
        let sandbox = Sandbox::with_history();
        sandbox.file("side.bin", "beside");
        sandbox.ok("commit side.bin model.safetensors -b side --from HEAD~");
        messages.push((line.to_owned(), message(&sandbox, &overtaken(&sandbox, line))));
        assert_eq!(sandbox.json("verify")["ok"], true);
    }
    assert_snapshot!(together(messages), @"
    rollback main
    rollback main --to main@1
    guard main 'val_loss < 9'
      error: branch main is at id5_________, not at id3_________ as expected
    hint: look at where it is now, then try again
    [exit code 4]
    merge side
      error: branch main is at id5_________, not at id3_________ as expected; your version id6_________ is kept
    hint: `ckpt branch NAME id6_________` keeps what you made
    [exit code 4]
    ");
}
