//! Tiny checkpoints in process: what a durable commit costs in addition to the bytes of a model.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use ckpt_store::{
    Contents, Draft, FIRST_BRANCH, RefName, Repository, Role, Session, SessionOptions, Signature,
    Tensor,
};

use crate::place::clock;

/// Bytes of the pack of a tiny checkpoint, about.
const TINY_PACK: usize = 1500;

/// A repository that stays open.
#[derive(Debug)]
pub(super) struct TinyRepository {
    repository: Arc<Repository>,
    branch: RefName,
}

impl TinyRepository {
    /// Makes a repository in a new folder.
    pub(super) fn start(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let branch = RefName::branch(FIRST_BRANCH).map_err(ckpt_store::Error::from)?;
        Ok(Self { repository: Arc::new(Repository::init(folder)?), branch })
    }

    /// Commits a version that no other number has, and waits until it is durable.
    pub(super) fn commit(&self, number: usize) -> anyhow::Result<Duration> {
        let draft = draft(Contents::Tensors(tiny(number)));
        let start = clock();
        self.repository.commit(&self.branch, &draft)?;
        Ok(start.elapsed())
    }

    /// Commits versions through a session, and waits until all are durable.
    pub(super) fn commit_many(&self, numbers: std::ops::Range<usize>) -> anyhow::Result<Duration> {
        let drafts: Vec<Draft> =
            numbers.map(|number| draft(Contents::Tensors(tiny(number)))).collect();
        let (repository, branch) = (Arc::clone(&self.repository), self.branch.clone());
        let start = clock();
        let session = Session::start(repository, branch, SessionOptions::default())?;
        drafts.into_iter().try_for_each(|draft| session.commit(draft))?;
        session.flush()?;
        Ok(start.elapsed())
    }
}

/// Describes a version; the time is recorded, not measured, and so the same for all.
pub(super) fn draft(contents: Contents) -> Draft {
    let signature = Signature::new("bench", 1_700_000_000_000);
    Draft::new(contents, signature)
}

/// Makes ten weights and a bias.
fn tiny(number: usize) -> Vec<Tensor> {
    let number = number as f64;
    let weight: Vec<f64> = (0..10).map(|i| (number + 1.0) / f64::from(i + 3)).collect();
    vec![
        Tensor::from_f64("weight", Role::Weights, &weight),
        Tensor::from_f64("bias", Role::Weights, &[1.0 / (number + 2.0)]),
    ]
}

/// Does what no durable commit can do without: two files appear whole, a pack and a ref.
pub(super) fn two_durable_renames(folder: &Path, number: usize) -> anyhow::Result<Duration> {
    let start = clock();
    durable(folder, &format!("{number}.pack"), &[7; TINY_PACK])
        .and_then(|()| durable(folder, "ref", &[7; 65]))
        .with_context(|| format!("cannot write in {}", folder.display()))?;
    Ok(start.elapsed())
}

/// Writes, syncs, renames, and syncs the folder.
fn durable(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let new = folder.join("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, folder.join(name))?;
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_commits_differ_and_each_is_a_version() {
        let folder = tempfile::tempdir().unwrap();
        let tiny = TinyRepository::start(&folder.path().join("here")).unwrap();
        tiny.commit(0).unwrap();
        tiny.commit_many(1..4).unwrap();
        let model = |number: usize| {
            let id = tiny.repository.resolve(&format!("main@{number}")).unwrap();
            tiny.repository.version(&id).unwrap().record.model
        };
        let models: std::collections::BTreeSet<_> = (1..=4).map(model).collect();
        assert_eq!(models.len(), 4);
        assert!(tiny.repository.resolve("main@5").is_err());
    }

    #[test]
    fn the_floor_leaves_two_whole_files() {
        let folder = tempfile::tempdir().unwrap();
        two_durable_renames(folder.path(), 1).unwrap();
        assert_eq!(fs::read(folder.path().join("1.pack")).unwrap().len(), TINY_PACK);
        assert_eq!(fs::read(folder.path().join("ref")).unwrap().len(), 65);
    }
}
