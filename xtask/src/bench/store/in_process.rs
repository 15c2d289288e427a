//! ckpt as a library: what a training loop waits for.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use ckpt_store::{
    Contents, Draft, FIRST_BRANCH, InputFile, RefName, Repository, RestoreOptions, Stamp, Tensor,
    disk::RealDisk, record::Role,
};

use super::{keeper::Keeper, tool::CHECKPOINT};
use crate::place::clock;

/// Bytes of the pack of a tiny checkpoint, about.
const TINY_PACK: usize = 1500;

/// A repository that stays open.
#[derive(Debug)]
pub(super) struct InProcess {
    repository: Repository,
    folder: PathBuf,
}

impl InProcess {
    /// Makes a repository in a new folder.
    pub(super) fn start(folder: PathBuf) -> anyhow::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self { repository: Repository::init(&folder)?, folder })
    }

    fn commit_contents(&self, contents: Contents) -> anyhow::Result<Duration> {
        let branch = RefName::branch(FIRST_BRANCH).map_err(ckpt_store::Error::from)?;
        // The same time for all: it is recorded, not measured.
        let stamp = Stamp { author: "bench".to_owned(), time_ms: 1_700_000_000_000 };
        let draft = Draft { contents, stamp, ..Draft::default() };
        let start = clock();
        self.repository.commit(&branch, &draft)?;
        Ok(start.elapsed())
    }

    /// Commits ten weights and a bias that no other number has.
    pub(super) fn commit_tiny(&self, number: usize) -> anyhow::Result<Duration> {
        let weight: Vec<f64> = (0..10).map(|i| (number as f64 + 1.0) / f64::from(i + 3)).collect();
        self.commit_contents(Contents::Tensors(vec![
            Tensor::from_f64("weight", Role::Weights, &weight),
            Tensor::from_f64("bias", Role::Weights, &[1.0 / (number as f64 + 2.0)]),
        ]))
    }
}

impl Keeper for InProcess {
    fn folder(&self) -> &Path {
        &self.folder
    }

    fn commit(&mut self, _: usize) -> anyhow::Result<Duration> {
        let file = File::open(self.folder.join(CHECKPOINT))?;
        self.commit_contents(Contents::Files(vec![InputFile::new(
            CHECKPOINT,
            Box::new(file),
            None,
        )?]))
    }

    fn restore(&mut self, number: usize) -> anyhow::Result<Duration> {
        let id = self.repository.resolve(&format!("{FIRST_BRANCH}@{number}"))?;
        let start = clock();
        let version = self.repository.version(&id)?;
        let target = RealDisk::new(&self.folder);
        let options = RestoreOptions::default();
        let plan = self.repository.plan_restore(&version.record, &target, &options)?;
        self.repository.apply_restore(&plan, &target)?;
        Ok(start.elapsed())
    }

    fn stores(&self) -> &'static [&'static str] {
        &[".ckpt"]
    }
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
    use super::{super::keeper, *};

    #[test]
    fn a_committed_checkpoint_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let given = folder.path().join("given.safetensors");
        fs::write(&given, b"\x02\0\0\0\0\0\0\0{}").unwrap();
        let mut here = InProcess::start(folder.path().join("here")).unwrap();
        keeper::place(&here, &given).unwrap();
        here.commit(1).unwrap();
        keeper::take_away(&here).unwrap();
        here.restore(1).unwrap();
        keeper::check(&here, &given).unwrap();
        assert!(keeper::stored(&here).unwrap() > 0);
        fs::write(&given, b"other").unwrap();
        let error = keeper::check(&here, &given).unwrap_err().to_string();
        assert_eq!(error, "what was restored is not what was committed");
    }

    #[test]
    fn tiny_commits_differ() {
        let folder = tempfile::tempdir().unwrap();
        let here = InProcess::start(folder.path().join("here")).unwrap();
        here.commit_tiny(1).unwrap();
        here.commit_tiny(2).unwrap();
        let model = |n| {
            let id = here.repository.resolve(&format!("main@{n}")).unwrap();
            here.repository.version(&id).unwrap().record.model
        };
        assert_ne!(model(1), model(2));
        two_durable_renames(folder.path(), 1).unwrap();
        assert_eq!(fs::read(folder.path().join("1.pack")).unwrap().len(), TINY_PACK);
    }
}
