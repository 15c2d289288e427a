//! Ending the process at any moment leaves a repository that opens, verifies and goes on.
#![cfg(unix)]

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use ckpt_tests::{command, xtask, xtask_json};

/// Starts training that would take minutes.
fn start(folder: &Path, args: &[&str]) -> Child {
    let args = [&["train", "--epochs", "1000000", "--branch", "b"], args].concat();
    command("ckpt", folder, &args)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs")
}

/// Waits for something that the child does, however long that takes; it must not end before.
fn wait_until(child: &mut Child, mut is_done: impl FnMut() -> bool) {
    while !is_done() {
        if let Some(status) = child.try_wait().expect("it can be asked") {
            panic!("it ended too early: {status}");
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the branch was seen to move so many times.
fn wait_for_moves(child: &mut Child, folder: &Path, count: usize) {
    let read = || std::fs::read(folder.join(".ckpt/refs/heads/b")).unwrap_or_default();
    let (mut last, mut moves) = (read(), 0);
    wait_until(child, || {
        let now = read();
        moves += usize::from(now != last);
        last = now;
        moves >= count
    });
}

#[test]
fn a_killed_run_leaves_a_repository_that_goes_on() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    for round in 0..8_u64 {
        let resume: &[&str] = if round == 0 { &[] } else { &["--resume", "b"] };
        let mut child = start(folder.path(), resume);
        wait_for_moves(&mut child, folder.path(), 3);
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
    let mut child = start(folder.path(), &["--every", "1000000", "--json"]);
    // Nothing is versioned until the end, so its first sign of life is the repository. By then it
    // waits for Ctrl-C.
    let format = folder.path().join(".ckpt/format");
    wait_until(&mut child, || format.exists());
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
