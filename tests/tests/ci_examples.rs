//! The gates of examples/ci: what the three files run is run here.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

use ckpt_tests::{binary, workspace};
use tempfile::TempDir;

/// The files that CI systems read.
const JOBS: [&str; 3] = ["github-actions.yml", "gitlab-ci.yml", "Jenkinsfile"];

fn example(name: &str) -> String {
    let path = workspace().join("examples/ci").join(name);
    fs::read_to_string(path).expect("the example is there")
}

/// Gives the words of the one line of a file that calls gate.sh.
fn gate_line(file: &str) -> String {
    let text = example(file);
    let mut lines = text.lines().filter(|line| line.contains("gate.sh"));
    let line = lines.next().expect("a line calls gate.sh");
    assert_eq!(lines.next(), None, "{file}");
    let start = line.find("sh examples/ci/gate.sh").expect("it is called by its path");
    line[start..].trim_end_matches('"').to_owned()
}

/// A checkout as a job sees it: gate.sh in its place, `ckpt` installed, and `cargo` on the path.
struct Job {
    folder: TempDir,
}

impl Job {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |path: &str| folder.path().join(path);
        fs::create_dir_all(path("examples/ci")).expect("folders");
        fs::create_dir(path("bin")).expect("a folder");
        fs::write(path("examples/ci/gate.sh"), example("gate.sh")).expect("a copy");
        symlink(binary("ckpt"), path("bin/ckpt")).expect("a link");
        // `cargo xtask ARGS` runs what this workspace's cargo would, built already.
        let cargo = format!("#!/bin/sh\nshift\nexec '{}' \"$@\"\n", binary("xtask").display());
        fs::write(path("bin/cargo"), cargo).expect("a script");
        fs::set_permissions(path("bin/cargo"), fs::Permissions::from_mode(0o755)).expect("a mode");
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a line and gives its exit code, output and errors.
    fn run(&self, line: &str) -> (Option<i32>, String, String) {
        let bin = self.path().join("bin").display().to_string();
        let output = Command::new("sh")
            .args(["-c", line])
            .env_clear()
            .env("PATH", format!("{bin}:/usr/local/bin:/usr/bin:/bin"))
            .env("CKPT_AUTHOR", "ada")
            .env("GATE_MESSAGE", "job 1")
            .current_dir(self.path())
            .output()
            .expect("sh runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code(), text(output.stdout), text(output.stderr))
    }
}

#[test]
fn all_jobs_run_the_same_line() {
    let lines = JOBS.map(gate_line);
    assert!(lines.iter().all(|line| *line == lines[0]), "{lines:#?}");
    let readme = example("README.md");
    assert!(readme.contains(&lines[0]));
    assert!(JOBS.iter().all(|name| readme.contains(name)));
}

#[test]
fn jobs_are_indented_by_spaces_and_pin_what_they_use() {
    for name in JOBS {
        let text = example(name);
        let is_even =
            |line: &str| (line.len() - line.trim_start_matches(' ').len()).is_multiple_of(2);
        assert!(!text.contains('\t') && text.lines().all(is_even), "{name}");
        for line in text.lines() {
            let Some((_, action)) = line.split_once("uses: ") else { continue };
            let commit = action.split_once('@').expect("a version").1;
            let (digits, version) = commit.split_once(" # v").expect("a commit and its version");
            assert!(digits.len() == 40 && digits.chars().all(|c| c.is_ascii_hexdigit()), "{line}");
            assert!(version.split('.').count() == 3, "{line}");
        }
        assert!(!text.contains(":latest") && !text.contains("secrets."), "{name}");
    }
}

#[test]
fn a_version_that_meets_the_gate_is_promoted() {
    let job = Job::new();
    let line = gate_line(JOBS[0]);
    let (code, stdout, stderr) = job.run(&line);
    assert_eq!((code, stderr.contains("error")), (Some(0), false), "{stdout}{stderr}");
    assert!(stdout.contains("made alias production at "), "{stdout}");
    assert!(stdout.contains("gate: passed\n== in production:\n"), "{stdout}");
    let (.., production) = stdout.rsplit_once("== in production:\n").expect("it says so");
    assert!(production.contains("production)"), "{production}");
    assert!(job.path().join("report.html").is_file());
    let (_, audit, _) = job.run("ckpt audit production --json");
    assert!(audit.contains("job 1") && audit.contains("val_mse < 3100"), "{audit}");
    // The next run starts from the same repository, and does as well.
    let (code, stdout, _) = job.run(&line);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("moved alias production from "), "{stdout}");
}

#[test]
fn a_version_that_does_not_meet_the_gate_fails_the_job_and_moves_nothing() {
    let job = Job::new();
    let line = gate_line(JOBS[0]);
    let strict = line.replace("3100", "1");
    let (code, stdout, stderr) = job.run(&strict);
    assert_eq!(code, Some(3), "{stdout}{stderr}");
    assert!(stderr.contains("gate: not met, production stays where it is\n"), "{stderr}");
    assert!(stdout.contains("== in production:\nnothing yet\n"), "{stdout}");

    assert_eq!(job.run(&line).0, Some(0));
    let before = job.run("ckpt alias --json");
    // It meets a generous condition, but not what is in production.
    let worse = line.replace("3100", "1e9") + " --epochs 2";
    let (code, stdout, stderr) = job.run(&worse);
    assert_eq!(code, Some(3), "{stdout}{stderr}");
    assert!(stderr.contains("val_mse <= current.val_mse is not met"), "{stderr}");
    assert_eq!(job.run("ckpt alias --json"), before);
}

#[test]
fn what_keeps_a_gate_from_deciding_is_no_refusal() {
    let job = Job::new();
    let (code, _, stderr) = job.run("sh examples/ci/gate.sh production");
    assert_eq!(code, Some(2));
    assert!(stderr.starts_with("usage: gate.sh ALIAS REQUIRE GOAL COMMAND"), "{stderr}");
    let (code, _, stderr) =
        job.run("sh examples/ci/gate.sh production 'f1 > 0' max:f1 sh -c 'exit 3'");
    assert_eq!(code, Some(1));
    assert!(stderr.contains("no versions were made, sh ended with exit code 3"), "{stderr}");
    let (code, _, stderr) =
        job.run("sh examples/ci/gate.sh production 'val_mse <' min:val_mse cargo xtask train");
    assert_eq!(code, Some(2));
    assert!(stderr.contains("gate: not decided, ckpt ended with exit code 2"), "{stderr}");
}
