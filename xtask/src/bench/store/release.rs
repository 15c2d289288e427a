//! Builds the programs that are measured, for release.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use ckpt_cli::ui::Ui;
use serde_json::Value;

/// The packages whose programs are measured: the command, and this one for what runs in process.
const PACKAGES: [&str; 4] = ["-p", "ckpt-cli", "-p", "xtask"];

/// Builds ckpt and this program for release, and runs the latter with the same arguments.
pub(super) fn run_again(workspace: &Path, ui: &mut Ui) -> anyhow::Result<()> {
    ui.notice("bench store: building ckpt and xtask for release")?;
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--message-format=json-render-diagnostics"])
        .args(PACKAGES)
        .current_dir(workspace)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo build")?;
    if !output.status.success() {
        bail!("cargo build failed: {}", output.status);
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let (ckpt, xtask) = (program(&messages, "ckpt")?, program(&messages, "xtask")?);
    ui.notice(format!("bench store: measuring {}", ckpt.display()))?;
    let args = std::env::args_os().skip(1).chain([OsString::from("--ckpt"), ckpt.into_os_string()]);
    replace(Command::new(xtask).args(args))
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
        assert_eq!(program(messages, "xtask").unwrap_err().to_string(), "cargo built no xtask");
    }
}
