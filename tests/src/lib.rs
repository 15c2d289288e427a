//! Shared helpers of the end-to-end suites: runs the command lines of this workspace, hermetically.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

pub mod crowd;
pub mod modules;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use serde_json::Value;

/// Returns the root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package is a folder of the workspace")
}

/// Builds the command lines once and returns the path of one.
pub fn binary(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        // With a test among what is built, features are those that `cargo test --workspace` builds with, so
        // that after it nothing is left to be built.
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--workspace", "--test", "end_to_end"])
            .args(["--bin", "ckpt", "--bin", "ckpt-bench", "--bin", "xtask"])
            .current_dir(workspace())
            .status()
            .expect("cargo runs");
        assert!(built.success(), "the command lines do not build");
        // This test is target/PROFILE/deps/NAME-HASH.
        let test = std::env::current_exe().expect("a running test has a path");
        test.ancestors().nth(2).expect("a test is two folders deep").to_owned()
    });
    folder.join(name)
}

/// Prepares a command line in `folder` with nothing of the caller's environment but the path.
pub fn command(name: &str, folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(binary(name));
    command.env_clear().env("CKPT_AUTHOR", "ada").current_dir(folder).args(args);
    command
}

/// Runs in `folder` what `cargo xtask ARGS` hands its arguments to.
pub fn xtask(folder: &Path, args: &[&str]) -> Output {
    let is_of_benches = matches!(args.first(), Some(&("bench" | "data")));
    let program = if is_of_benches { "ckpt-bench" } else { "ckpt" };
    let mut command = command(program, folder, args);
    command.env("CKPT_PROGRAM", "cargo xtask").output().expect("it runs")
}

/// Runs `cargo xtask ARGS --json` in `folder`, which must succeed, and parses what it prints.
pub fn xtask_json(folder: &Path, args: &[&str]) -> Value {
    let output = xtask(folder, &[args, &["--json"]].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "xtask {args:?}: {stderr}");
    serde_json::from_slice(&output.stdout).expect("the result is JSON")
}
