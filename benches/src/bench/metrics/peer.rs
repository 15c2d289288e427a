//! scikit-learn in a process of its own, which evaluates what it is told.

use std::{path::Path, process::Command};

use anyhow::Context;
use serde_json::Value;

use super::{super::python::Python, columns::Columns};

/// The program, in the workspace.
const PROGRAM: &str = "benches/metrics_peers.py";

/// A process that has the columns in memory.
pub(super) struct Peer(Python);

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
        let (python, greeting) = Python::start(python, &workspace.join(PROGRAM), folder)?;
        let version = greeting["version"].as_str().unwrap_or_default().to_owned();
        Ok(Ok((Self(python), version)))
    }

    /// Lets it evaluate an expression; gives the seconds that took, and the values.
    pub(super) fn time(&mut self, expression: &str) -> anyhow::Result<(f64, Vec<f64>)> {
        let answer = self.0.ask(expression)?;
        read(&answer).with_context(|| format!("cannot read the answer to {expression}"))
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
