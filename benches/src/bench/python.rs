//! A Python process that answers each line with a line of JSON.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, bail};
use serde_json::Value;

/// A process, ended when dropped.
pub(crate) struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Python {
    /// Starts a program; gives what it says of itself, too.
    pub(crate) fn start(
        python: &Path,
        program: &Path,
        argument: impl AsRef<OsStr>,
    ) -> anyhow::Result<(Self, Value)> {
        let mut child = Command::new(python)
            .arg(program)
            .arg(argument)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start Python")?;
        let input = child.stdin.take().context("Python takes no input")?;
        let output = BufReader::new(child.stdout.take().context("Python gives no output")?);
        let mut python = Self { child, input, output };
        let greeting = python.answer()?;
        Ok((python, greeting))
    }

    /// Gives it a line and returns the answer.
    pub(crate) fn ask(&mut self, line: &str) -> anyhow::Result<Value> {
        writeln!(self.input, "{line}")
            .and_then(|()| self.input.flush())
            .context("Python has ended")?;
        self.answer()
    }

    fn answer(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("Python has ended without an answer");
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Python {
    /// Ends the process that this one started.
    fn drop(&mut self) {
        // Without a process there is nothing to end, and no one to tell.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
