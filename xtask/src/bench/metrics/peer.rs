//! scikit-learn in a process of its own, which evaluates what it is told.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, bail};
use serde_json::Value;

use super::columns::Columns;

/// The program, in the workspace.
const PROGRAM: &str = "benches/metrics_peers.py";

/// A process that has the columns in memory.
pub(super) struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    /// Writes the columns into a folder and starts Python there; gives what it says of its
    /// version, or why there is none.
    pub(super) fn start(
        python: &Path,
        workspace: &Path,
        columns: &Columns,
        folder: &Path,
    ) -> anyhow::Result<Result<(Self, String), String>> {
        let probe = Command::new(python).args(["-c", "import numpy, sklearn"]).output();
        match probe {
            Ok(probe) if probe.status.success() => {}
            Ok(_) => return Ok(Err("this Python has no numpy or scikit-learn".to_owned())),
            Err(_) => return Ok(Err("there is no such Python".to_owned())),
        }
        columns.write(folder).context("cannot write the rows for scikit-learn")?;
        let mut child = Command::new(python)
            .arg(workspace.join(PROGRAM))
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start Python")?;
        let input = child.stdin.take().context("Python takes no input")?;
        let output = BufReader::new(child.stdout.take().context("Python gives no output")?);
        let mut peer = Self { child, input, output };
        let version = peer.answer()?["version"].as_str().unwrap_or_default().to_owned();
        Ok(Ok((peer, version)))
    }

    /// Lets it evaluate an expression; gives the seconds that took, and the values.
    pub(super) fn time(&mut self, expression: &str) -> anyhow::Result<(f64, Vec<f64>)> {
        writeln!(self.input, "{expression}").context("scikit-learn has ended")?;
        self.input.flush()?;
        read(&self.answer()?).with_context(|| format!("cannot read the answer to {expression}"))
    }

    fn answer(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("scikit-learn has ended without an answer");
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Peer {
    /// Ends the process that this one started.
    fn drop(&mut self) {
        // Without a process there is nothing to end, and no one to tell.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn read(answer: &Value) -> Option<(f64, Vec<f64>)> {
    let values = answer["values"].as_array()?.iter().map(Value::as_f64);
    Some((answer["seconds"].as_f64()?, values.collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        let answer = |text| read(&serde_json::from_str(text).unwrap());
        let expected = Some((0.5, vec![1.0, 2.5]));
        assert_eq!(answer(r#"{"seconds": 0.5, "values": [1, 2.5]}"#), expected);
        assert_eq!(answer(r#"{"seconds": 0.5, "values": [1, null]}"#), None);
        assert_eq!(answer(r#"{"values": [1]}"#), None);
    }

    #[test]
    fn a_python_that_is_not_there_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python");
        let columns = Columns::draw(1);
        let started = Peer::start(&python, folder.path(), &columns, folder.path()).unwrap();
        assert_eq!(started.err().as_deref(), Some("there is no such Python"));
    }
}
