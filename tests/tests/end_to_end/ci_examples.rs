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
        fs::write(path("model"), "weights").expect("a file");
        symlink(binary("ckpt"), path("bin/ckpt")).expect("a link");
        // `cargo xtask ARGS` runs what this workspace's cargo would, built already.
        let ckpt = binary("ckpt").display().to_string();
        let cargo = format!("#!/bin/sh\nshift\nCKPT_PROGRAM='cargo xtask' exec '{ckpt}' \"$@\"\n");
        fs::write(path("bin/cargo"), cargo).expect("a script");
        fs::set_permissions(path("bin/cargo"), fs::Permissions::from_mode(0o755)).expect("a mode");
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the gate on what one `ckpt commit` makes, by `val_loss`.
    fn commit(&self, metrics: &str) -> (Option<i32>, String, String) {
        let gate = "sh examples/ci/gate.sh production 'val_loss < 10' min:val_loss";
        self.run(&format!("{gate} ckpt commit model {metrics}"))
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
    let failed = "gate: sh failed with exit code 3, production stays where it is\n";
    assert!(stderr.contains(failed), "{stderr}");
    let (code, _, stderr) =
        job.run("sh examples/ci/gate.sh production 'val_mse <' min:val_mse cargo xtask train");
    assert_eq!(code, Some(2));
    assert!(stderr.contains("gate: not decided, ckpt was called in a wrong way"), "{stderr}");
}

#[test]
fn a_goal_that_is_none_is_told_before_anything_is_made() {
    let job = Job::new();
    let (code, stdout, stderr) =
        job.run("sh examples/ci/gate.sh production 'f1 > 0' f1 touch made");
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.starts_with("usage: gate.sh "), "{stderr}");
    assert!(!job.path().join("made").exists() && !job.path().join(".ckpt").exists());
}

#[test]
fn only_what_the_command_made_is_a_candidate() {
    let job = Job::new();
    let (code, stdout, stderr) = job.commit("--metric val_loss=0.5");
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let first = job.run("ckpt alias --json");

    let (code, stdout, stderr) = job.commit("--metric val_loss=9");
    assert_eq!(code, Some(3), "{stdout}{stderr}");
    let found = "val_loss <= current.val_loss is not met: current.val_loss is 0.5, val_loss is 9\n";
    assert!(stderr.contains(found), "{stderr}");
    assert!(stderr.contains("gate: not met, production stays where it is\n"), "{stderr}");

    let (code, stdout, stderr) = job.commit("");
    assert_eq!(code, Some(3), "{stdout}{stderr}");
    let missing = "gate: no version that ckpt made has a metric val_loss that is a number\n";
    assert!(stderr.contains(missing), "{stderr}");
    assert_eq!(job.run("ckpt alias --json"), first);

    let (code, stdout, stderr) = job.commit("--metric val_loss=0.25 --metric a_val_loss=7");
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.contains("moved alias production from "), "{stdout}");
}

#[test]
fn the_best_of_several_is_the_candidate() {
    let job = Job::new();
    let commits = |values: [&str; 3]| {
        let commit = |value| format!("ckpt commit model --metric f1={value}");
        values.map(commit).join(" && ")
    };
    for (goal, values, best) in
        [("max", ["-1", "1e-7", "-0.5"], "f1 is 1e-7"), ("min", ["9", "10.5", "-2"], "f1 is -2")]
    {
        let gate = format!("sh examples/ci/gate.sh {goal} 'f1 > -9' {goal}:f1");
        let (code, stdout, stderr) = job.run(&format!("{gate} sh -c '{}'", commits(values)));
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
        assert!(stdout.contains(&format!("met         f1 > -9  ({best})")), "{stdout}");
    }
}

#[test]
fn a_command_that_makes_nothing_fails_the_job() {
    let job = Job::new();
    let gate = "sh examples/ci/gate.sh production 'val_loss < 10' min:val_loss";
    assert_eq!(job.run(&format!("{gate} true")).0, Some(1));
    assert_eq!(job.commit("--metric val_loss=0.5").0, Some(0));
    let line = "ckpt commit model -b other --metric val_loss=0.1";
    // Old versions of another branch do not become new ones when that branch becomes the current.
    for idle in ["true", line, "ckpt switch other"] {
        let (code, stdout, stderr) = job.run(&format!("{gate} {idle}"));
        assert_eq!(code, Some(1), "{stdout}{stderr}");
        assert!(stderr.contains(" made no version on the current branch\n"), "{stderr}");
    }
}

#[test]
fn the_repository_may_be_elsewhere() {
    let job = Job::new();
    let line = "export CKPT_REPO='on a disk'; sh examples/ci/gate.sh production 'f1 > 0' max:f1 \
                ckpt --repo \"$CKPT_REPO\" commit model --metric f1=0.5";
    let (code, stdout, stderr) = job.run(line);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.contains("gate: passed\n== in production:\n#"), "{stdout}");
    assert!(!job.path().join(".ckpt").exists());
    let (code, stdout, _) = job.run(line);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("moved alias production from "), "{stdout}");
}
