//! Ending the process at any moment leaves a repository that opens, verifies and goes on.
#![cfg(unix)]

use std::{
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use ckpt_tests::{command, xtask, xtask_json};

/// Starts training that would take minutes.
fn start(folder: &Path, args: &[&str]) -> std::process::Child {
    let args = [&["train", "--epochs", "1000000", "--branch", "b"], args].concat();
    command("ckpt", folder, &args)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("xtask runs")
}

/// Waits until the branch has moved so many times.
fn wait_for_moves(folder: &Path, count: usize) {
    let read = || std::fs::read(folder.join(".ckpt/refs/heads/b")).unwrap_or_default();
    let (mut last, mut moves) = (read(), 0);
    for _ in 0..15_000 {
        let now = read();
        moves += usize::from(now != last);
        last = now;
        if moves >= count {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("no {count} moves within 15 s");
}

#[test]
fn a_killed_run_leaves_a_repository_that_goes_on() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    for round in 0..8_u64 {
        let resume: &[&str] = if round == 0 { &[] } else { &["--resume", "b"] };
        let mut child = start(folder.path(), resume);
        wait_for_moves(folder.path(), 3);
        // Another moment of the commit each time.
        thread::sleep(Duration::from_micros(370 * round));
        child.kill().expect("it was running");
        child.wait().expect("it ended");
        let report = xtask_json(folder.path(), &["verify"]);
        assert_eq!(report["ok"], true, "round {round}: {report}");
    }
    let log = xtask(folder.path(), &["log", "b", "--json"]);
    assert!(String::from_utf8_lossy(&log.stdout).lines().count() >= 8);
}

#[test]
fn ctrl_c_ends_after_the_epoch_with_everything_kept() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let child = start(folder.path(), &["--every", "1000000", "--json"]);
    // Nothing is versioned until the end, so its first sign of life is the repository.
    for _ in 0..3000 {
        if folder.path().join(".ckpt/format").exists() {
            break;
        }
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(Duration::from_millis(300));
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.expect("kill runs").success());
    let output = child.wait_with_output().expect("it ended");
    assert_eq!(output.status.code(), Some(0));
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(run["interrupted"], true);
    let show = xtask_json(folder.path(), &["show", "b"]);
    assert_eq!(show["version"], run["versions"][0]);
    assert_eq!(show["params"]["epoch"], run["epochs"]);
}
