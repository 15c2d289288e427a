//! The transcript of README.md is what the program prints.

use std::{fs, process::Command};

use crate::sandbox::Sandbox;

/// What stands before the transcript in README.md.
const MARK: &str = "<!-- transcript: crates/ckpt-cli/tests/cli/readme.rs runs it -->\n";

/// Where the transcript begins and ends, as lines of Markdown.
const FENCES: [&str; 2] = ["```console\n", "```"];

fn workspace(path: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn shown() -> String {
    let readme = fs::read_to_string(workspace("README.md")).unwrap();
    let after = readme.split_once(MARK).expect("README.md has the mark").1;
    let block = after.strip_prefix(FENCES[0]).expect("a block of the console follows the mark");
    block.split_once(FENCES[1]).expect("the block ends").0.to_owned()
}

/// Replaces what differs from run to run: ids by their length, and how much was stored.
fn portable(text: &str) -> String {
    let mut portable = String::new();
    let is_hex = |char: char| matches!(char, '0'..='9' | 'a'..='f');
    for line in text.lines() {
        for (index, part) in line.split_inclusive(|char| !is_hex(char)).enumerate() {
            let digits = part.trim_end_matches(|char| !is_hex(char));
            let is_id = matches!(digits.len(), 12 | 40) && index > 0;
            portable += &if is_id {
                part.replace(digits, &"#".repeat(digits.len()))
            } else {
                part.to_owned()
            };
        }
        portable += "\n";
    }
    portable
}

/// Tells whether lines are those of a pattern, in which a line `...` stands for any lines.
fn matches(pattern: &[&str], lines: &[&str]) -> bool {
    match (pattern.split_first(), lines.split_first()) {
        (None, None) => true,
        (Some((&"...", rest)), _) => {
            (0..=lines.len()).any(|skipped| matches(rest, &lines[skipped..]))
        }
        (Some((one, rest)), Some((other, others))) => one == other && matches(rest, others),
        _ => false,
    }
}

/// Prints each command before what it prints, as a terminal shows it.
fn script(shown: &str) -> String {
    let commands = shown.lines().filter_map(|line| line.strip_prefix("$ "));
    let step = |command: &str| format!("cat <<'LINE'\n$ {command}\nLINE\n{command}\n");
    format!("exec 2>&1\n{}", commands.map(step).collect::<String>())
}

#[test]
#[cfg(unix)]
fn the_transcript_of_the_readme_is_what_happens() {
    let sandbox = Sandbox::empty();
    for path in ["iris.csv", "torch/base/model.pt", "torch/body/model.pt", "torch/head/model.pt"] {
        let path = format!("fixtures/{path}");
        sandbox.file(&path, fs::read(workspace(&path)).unwrap());
    }
    let shown = shown();
    let known = sandbox.command("");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script(&shown)).current_dir(sandbox.path("")).env_clear();
    shell.envs(known.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let binaries = std::path::Path::new(env!("CARGO_BIN_EXE_ckpt")).parent().unwrap().to_owned();
    let path = std::env::join_paths([binaries, "/usr/bin".into(), "/bin".into()]).unwrap();
    let output = shell.env("PATH", path).output().unwrap();
    let (expected, found) =
        (portable(&shown), portable(&String::from_utf8(output.stdout).unwrap()));
    let expected: Vec<&str> = expected.lines().collect();
    let found: Vec<&str> = found.lines().collect();
    assert!(
        matches(&expected, &found),
        "README.md differs from what happens:\n{}",
        found.join("\n")
    );
}
