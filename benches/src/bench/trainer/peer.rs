//! Other libraries, in Python processes that time what they are told.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use ckpt_train::Real;
use serde_json::{Map, Value};

use super::{super::python::Python, shape::Shape};

/// The program, in the workspace.
const PROGRAM: &str = "benches/trainer_peers.py";

/// Pythons of some numbers of threads, and the folder that they find rows in.
pub(super) struct Peers {
    folder: PathBuf,
    /// By threads: one for each Python.
    peers: Vec<(usize, Vec<Python>)>,
    /// By library.
    pub(super) versions: BTreeMap<String, String>,
}

impl Peers {
    /// Starts each Python for each number of threads.
    pub(super) fn start(
        pythons: &[PathBuf],
        threads: &[usize],
        workspace: &Path,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let mut all =
            Self { folder: folder.to_owned(), peers: Vec::new(), versions: BTreeMap::new() };
        for &threads in threads {
            let mut peers = Vec::new();
            for python in pythons {
                let program = workspace.join(PROGRAM);
                let (peer, versions) = Python::start(python, &program, threads.to_string())
                    .with_context(|| format!("cannot use {}", python.display()))?;
                for (library, version) in object(versions)? {
                    let version = version.as_str().unwrap_or_default().to_owned();
                    // A library of two Pythons is that of the first.
                    all.versions.entry(library).or_insert(version);
                }
                peers.push(peer);
            }
            all.peers.push((threads, peers));
        }
        Ok(all)
    }

    /// Writes rows where the processes find them.
    pub(super) fn give<T: Real>(&self, x: &[T], y: &[T]) -> anyhow::Result<()> {
        for (name, values) in [("x", x), ("y", y)] {
            let is_single = size_of::<T>() == size_of::<f32>();
            let bytes: Vec<u8> = if is_single {
                values.iter().flat_map(|value| (value.to_f64() as f32).to_le_bytes()).collect()
            } else {
                values.iter().flat_map(|value| value.to_f64().to_le_bytes()).collect()
            };
            fs::write(self.folder.join(name), bytes).context("cannot write rows for the peers")?;
        }
        Ok(())
    }

    /// Lets every library do a task; gives the seconds of each that can.
    pub(super) fn time(&mut self, shape: &Shape) -> anyhow::Result<BTreeMap<String, f64>> {
        let place = |name| self.folder.join(name).to_string_lossy().into_owned();
        let task = shape.document(&place("x"), &place("y"));
        let mut seconds = BTreeMap::new();
        let peers = self.peers.iter_mut().filter(|(threads, _)| *threads == shape.threads);
        for peer in peers.flat_map(|(_, peers)| peers) {
            for (library, value) in object(peer.ask(&task.to_string())?)? {
                let value = value.as_f64().context("a peer's answer is no number")?;
                seconds.entry(library).or_insert(value);
            }
        }
        Ok(seconds)
    }
}

fn object(answer: Value) -> anyhow::Result<Map<String, Value>> {
    match answer {
        Value::Object(object) => Ok(object),
        other => anyhow::bail!("a peer's answer is no object: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python");
        let started = Peers::start(&[python], &[1], folder.path(), folder.path());
        let error = started.err().unwrap().to_string();
        assert!(error.starts_with("cannot use ") && error.ends_with("python"), "{error}");
    }

    #[test]
    fn rows_are_written_as_numpy_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let peers = Peers::start(&[], &[], folder.path(), folder.path()).unwrap();
        peers.give(&[1.0_f32, -2.0], &[0.5]).unwrap();
        let x = fs::read(folder.path().join("x")).unwrap();
        assert_eq!(x, [1.0_f32.to_le_bytes(), (-2.0_f32).to_le_bytes()].concat());
        peers.give(&[3.0_f64], &[0.5]).unwrap();
        assert_eq!(fs::read(folder.path().join("y")).unwrap(), 0.5_f64.to_le_bytes());
    }
}
