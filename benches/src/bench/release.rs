//! Builds the programs that are measured, for release.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use serde_json::Value;

/// The package and the program of these measurements.
pub(super) const PACKAGE: &str = env!("CARGO_PKG_NAME");
pub(super) const PROGRAM: &str = "ckpt-bench";

/// Builds packages for release, and gives the paths of programs among them.
pub(super) fn programs<const N: usize>(
    workspace: &Path,
    packages: [&str; N],
    names: [&str; N],
) -> anyhow::Result<[PathBuf; N]> {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--message-format=json-render-diagnostics"])
        .args(packages.iter().flat_map(|package| ["-p", package]))
        .current_dir(workspace)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo build")?;
    if !output.status.success() {
        bail!("cargo build failed: {}", output.status);
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut paths = names.map(|_| PathBuf::new());
    for (path, name) in paths.iter_mut().zip(names) {
        *path = program(&messages, name)?;
    }
    Ok(paths)
}

/// Goes on as another build of this program, with the same arguments and some more.
pub(super) fn run_again(
    program: &Path,
    more: impl IntoIterator<Item = OsString>,
) -> anyhow::Result<()> {
    replace(Command::new(program).args(std::env::args_os().skip(1).chain(more)))
}

/// Finds the path of a program in what cargo says about a build.
fn program(messages: &str, name: &str) -> anyhow::Result<PathBuf> {
    let path = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_it = message["target"]["name"] == name;
        message["executable"].as_str().filter(|_| is_it).map(PathBuf::from)
    };
    messages.lines().find_map(path).with_context(|| format!("cargo built no {name}"))
}

/// Becomes another program.
#[cfg(unix)]
fn replace(command: &mut Command) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).context("cannot run what was built")
}

/// Runs another program to its end.
#[cfg(not(unix))]
fn replace(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().context("cannot run what was built")?;
    if !status.success() {
        bail!("the measurement failed: {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_among_what_was_built() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"ckpt"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"ckpt"},"executable":"/t/ckpt"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(program(messages, "ckpt").unwrap(), Path::new("/t/ckpt"));
        assert_eq!(program(messages, "cp").unwrap_err().to_string(), "cargo built no cp");
    }
}
