//! Runs cargo, and programs that it builds.

use std::{
    ffi::OsString,
    io::{self, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

/// What users type to get here, for the hints of the programs that do the work.
const NAME: &str = "cargo xtask";

/// The variable by which they are told.
const NAME_VARIABLE: &str = "CKPT_PROGRAM";

/// The word in the line by which cargo says that it has built what was to be built.
const FINISHED: &[u8] = b"Finished";

/// The columns that cargo's progress takes: its line is cut there where it cannot ask the terminal.
const WIDTH: &str = "80";

/// A program of this workspace.
pub(crate) struct Program {
    package: &'static str,
    name: &'static str,
}

impl Program {
    /// The product.
    pub(crate) const CKPT: Self = Self { package: "ckpt-cli", name: "ckpt" };

    /// What measures it.
    pub(crate) const BENCH: Self = Self { package: "ckpt-benches", name: "ckpt-bench" };

    /// Builds the program if need be, which is seen, and becomes it.
    pub(crate) fn run(&self, args: &[OsString]) -> io::Result<ExitCode> {
        let manifest = root().join("Cargo.toml");
        let which = ["-p", self.package, "--bin", self.name, "--manifest-path"];
        let mut build = cargo();
        build.arg("build").args(which).arg(&manifest).stderr(Stdio::piped());
        if io::stderr().is_terminal() {
            build.env("CARGO_TERM_COLOR", "always");
            build.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", WIDTH);
        }
        let mut build = build.spawn()?;
        if let Some(messages) = build.stderr.take() {
            forward(messages, &mut io::stderr())?;
        }
        let status = build.wait()?;
        if !status.success() {
            return Ok(exit_code(status.code()));
        }
        let mut run = cargo();
        run.args(["run", "--quiet"]).args(which).arg(&manifest).arg("--").args(args);
        become_it(run.env(NAME_VARIABLE, NAME))
    }
}

/// The root of this workspace.
pub(crate) fn root() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().unwrap_or(folder).to_owned()
}

/// Prepares to run the cargo that runs this program.
#[expect(clippy::disallowed_methods, reason = "cargo says so by the environment")]
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Passes on what cargo says, line by line and redrawn line by redrawn line, but not that it has finished:
/// of a build that had nothing to do, nothing is seen.
fn forward(mut from: impl Read, to: &mut impl Write) -> io::Result<()> {
    let (mut line, mut bytes) = (Vec::new(), [0; 4096]);
    loop {
        let read = from.read(&mut bytes)?;
        for byte in &bytes[..read] {
            line.push(*byte);
            if matches!(byte, b'\n' | b'\r') {
                pass_on(&mut line, to)?;
            }
        }
        if read == 0 {
            return pass_on(&mut line, to);
        }
    }
}

fn pass_on(line: &mut Vec<u8>, to: &mut impl Write) -> io::Result<()> {
    if !line.windows(FINISHED.len()).any(|word| word == FINISHED) {
        to.write_all(line)?;
        to.flush()?;
    }
    line.clear();
    Ok(())
}

fn exit_code(code: Option<i32>) -> ExitCode {
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Becomes another program, so that signals reach it and its exit code is the one that is seen.
#[cfg(unix)]
fn become_it(command: &mut Command) -> io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(command))
}

/// Runs another program to its end.
#[cfg(not(unix))]
fn become_it(command: &mut Command) -> io::Result<ExitCode> {
    Ok(exit_code(command.status()?.code()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_passed_on_but_that_cargo_has_finished() {
        let said = "   Compiling ckpt\nBuilding [=>  ] 1/2\rBuilding [==>] 2/2\r    Finished `dev` in 0.1s\n";
        let mut seen = Vec::new();
        forward(said.as_bytes(), &mut seen).unwrap();
        let expected = "   Compiling ckpt\nBuilding [=>  ] 1/2\rBuilding [==>] 2/2\r";
        assert_eq!(String::from_utf8(seen).unwrap(), expected);
    }
}
