//! Runs cargo's benches and collects what they leave.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    criterion::{self, Estimate},
    machine::{GROUP, Speed},
};

/// The package of the benches.
pub(crate) const PACKAGE: &str = "ckpt-benches";

/// Runs benches of one workspace.
#[derive(Debug)]
pub(crate) struct Runner<'a> {
    workspace: &'a Path,
    is_quiet: bool,
}

impl<'a> Runner<'a> {
    /// Takes the folder of the workspace; quiet runs print nothing unless they fail.
    pub(crate) fn new(workspace: &'a Path, is_quiet: bool) -> Self {
        Self { workspace, is_quiet }
    }

    /// Builds all benches.
    pub(crate) fn build(&self) -> anyhow::Result<()> {
        self.cargo(&mut self.command(&["--no-run"]))
    }

    /// Measures the machine.
    pub(crate) fn machine(&self) -> anyhow::Result<Speed> {
        // In a process like any other bench, since this program itself is built for debugging.
        Speed::of(&self.run(&["--bench", GROUP], None)?)
    }

    /// Lists the bench targets, the machine's left out.
    pub(crate) fn targets(&self) -> anyhow::Result<Vec<String>> {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(self.workspace)
            .output()
            .context("cannot run cargo metadata")?;
        let metadata = serde_json::from_slice(&output.stdout).context("cargo metadata failed")?;
        Ok(targets(&metadata))
    }

    /// Runs the benches of a target whose name contains a text, or all.
    pub(crate) fn benches(
        &self,
        target: &str,
        filter: Option<&str>,
    ) -> anyhow::Result<Vec<Estimate>> {
        self.run(&["--bench", target], filter)
    }

    fn run(&self, args: &[&str], filter: Option<&str>) -> anyhow::Result<Vec<Estimate>> {
        // A folder of its own tells the results of this run from those of earlier ones.
        let home = TempDir::new().context("cannot make a temporary folder")?;
        let mut command = self.command(args);
        command.arg("--").args(filter.map(literal)).env("CRITERION_HOME", home.path());
        self.cargo(&mut command)?;
        criterion::read(home.path())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command.args(["bench", "--package", PACKAGE]).args(args).current_dir(self.workspace);
        command
    }

    /// Runs cargo to its end; standard output is kept for results.
    fn cargo(&self, command: &mut Command) -> anyhow::Result<()> {
        let cannot_run = "cannot run cargo bench";
        let status = if self.is_quiet {
            let output = command.stdout(Stdio::null()).output().context(cannot_run)?;
            if !output.status.success() {
                io::Write::write_all(&mut io::stderr(), &output.stderr).context(cannot_run)?;
            }
            output.status
        } else {
            command.stdout(io::stderr()).status().context(cannot_run)?
        };
        if !status.success() {
            bail!("cargo bench of {PACKAGE} failed: {status}");
        }
        Ok(())
    }
}

/// Finds the bench targets in what cargo says about the workspace.
fn targets(metadata: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages = list(&metadata["packages"]);
    let ours = packages.iter().filter(|package| package["name"] == PACKAGE);
    ours.flat_map(|package| list(&package["targets"]))
        .filter(|target| list(&target["kind"]).iter().any(|kind| kind == "bench"))
        .filter_map(|target| target["name"].as_str().map(str::to_owned))
        .filter(|name| name != GROUP)
        .collect()
}

/// Writes the regular expression that matches a text: criterion takes its filter for one.
fn literal(text: &str) -> String {
    let mut pattern = String::new();
    for character in text.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_are_plain_text() {
        assert_eq!(literal("commit/new_32_mib"), "commit/new_32_mib");
        assert_eq!(literal("a.b[^-]"), r"a\.b\[\^\-\]");
    }

    #[test]
    fn targets_are_those_of_the_benches_but_the_machine() {
        let target = |name: &str, kind: &str| json!({ "name": name, "kind": [kind] });
        let benches =
            [target("ckpt_benches", "lib"), target("hash", "bench"), target(GROUP, "bench")];
        let metadata = json!({ "packages": [
            { "name": "other", "targets": [target("x", "bench")] },
            { "name": PACKAGE, "targets": benches },
        ]});
        assert_eq!(targets(&metadata), ["hash"]);
    }

    #[test]
    fn a_failing_build_is_an_error() {
        let folder = TempDir::new().unwrap();
        let error = Runner::new(folder.path(), true).build().unwrap_err();
        assert!(error.to_string().starts_with("cargo bench of ckpt-benches failed"), "{error}");
        let error = Runner::new(&folder.path().join("gone"), true).build().unwrap_err();
        assert_eq!(error.to_string(), "cannot run cargo bench");
    }
}
