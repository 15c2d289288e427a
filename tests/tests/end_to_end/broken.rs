//! `ckpt verify` says of each broken repository in `fixtures/broken/` what is expected there.

use std::{fmt::Write, fs, path::Path};

use ckpt_tests::{command, workspace};
use serde_json::Value;

/// Exit code: the answer is no.
const NO: i32 = 3;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder for a copy");
    for entry in fs::read_dir(from).expect("a fixture").map(|entry| entry.expect("a name")) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a copy of a file");
        }
    }
}

/// Writes what `ckpt verify --json` answered as `expected.txt` has it.
fn findings(answer: &Value) -> String {
    let mut text = String::new();
    for damage in answer["damage"].as_array().expect("a list of damage") {
        let part = |key: &str| damage[key].as_str().expect("a text");
        writeln!(text, "{}: {}", part("place"), part("what")).expect("memory");
        for version in damage["versions"].as_array().expect("a list of versions") {
            writeln!(text, "  version {}", version.as_str().expect("an id")).expect("memory");
        }
    }
    text
}

fn check(fixture: &Path) {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    copy(&fixture.join("repository"), &folder.path().join(".ckpt"));
    let expected = fs::read_to_string(fixture.join("expected.txt")).expect("an expectation");
    let lines =
        |word: &'static str| expected.lines().filter_map(move |line| line.strip_prefix(word));
    let name = fixture.display();
    let output = command("ckpt", folder.path(), &["verify", "--json"]).output().expect("ckpt runs");
    let (code, stderr) = (output.status.code(), String::from_utf8_lossy(&output.stderr));
    if let Some(refusal) = lines("refused: ").next() {
        assert_eq!(code, Some(1), "{name}: {stderr}");
        assert!(stderr.contains(refusal), "{name}: {stderr}");
        return;
    }
    let answer: Value = serde_json::from_slice(&output.stdout).expect("the answer is JSON");
    let is_damage = |line: &&str| !line.starts_with("# ") && !line.starts_with("stray: ");
    let damage: String =
        expected.lines().filter(is_damage).map(|line| format!("{line}\n")).collect();
    assert_eq!(findings(&answer), damage, "{name}");
    assert_eq!(
        (code, &answer["ok"]),
        if damage.is_empty() {
            (Some(0), &Value::Bool(true))
        } else {
            (Some(NO), &Value::Bool(false))
        }
    );
    let notices = command("ckpt", folder.path(), &["verify"]).output().expect("ckpt runs").stderr;
    let notices = String::from_utf8_lossy(&notices).into_owned();
    assert!(lines("stray: ").all(|stray| notices.contains(stray)), "{name}: {notices}");
}

#[test]
fn verify_says_of_each_broken_repository_what_is_expected() {
    let cases = fs::read_dir(workspace().join("fixtures/broken")).expect("fixtures/broken");
    let mut count = 0;
    for case in cases {
        check(&case.expect("a name").path());
        count += 1;
    }
    assert!(count >= 30, "{count} broken repositories");
}
