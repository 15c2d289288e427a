//! A tool at work in a folder of its own.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{
    command::Shell,
    tool::{CHECKPOINT, NUMBER, Tool},
};
use crate::place::clock;

/// Something that keeps checkpoints under numbers and gives them back.
pub(super) trait Keeper {
    /// Returns the folder that it works in.
    fn folder(&self) -> &Path;

    /// Keeps the checkpoint that lies in the folder as a version.
    fn commit(&mut self, number: usize) -> anyhow::Result<Kept>;

    /// Puts a version into the folder, where no checkpoint lies, and returns how long it took;
    /// `None` if that is not for this keeper to do.
    fn restore(&mut self, number: usize) -> anyhow::Result<Option<Duration>>;

    /// Returns how long the last commit held its caller up, if it works in the background.
    fn take_stall(&mut self) -> Option<Stall> {
        None
    }

    /// Commits likewise, and returns the most memory that a process took, if that can be seen.
    fn peak_of_commit(&self, _: usize) -> anyhow::Result<Option<u64>> {
        Ok(None)
    }

    /// Restores likewise, and returns the most memory that a process took, if that can be seen.
    fn peak_of_restore(&self, _: usize) -> anyhow::Result<Option<u64>> {
        Ok(None)
    }

    /// Returns the folders that hold what is stored.
    fn stores(&self) -> &'static [&'static str];
}

/// What a commit took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub(super) took: Duration,
    /// The bytes that it stored, if the tool says so itself: what its folder grew by holds the work
    /// on older versions, too.
    pub(super) stored: Option<u64>,
}

/// How long a commit in the background held its caller up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stall {
    pub(super) wait: Duration,
    /// How long it took to copy the checkpoint in memory, just before.
    pub(super) copy: Duration,
}

/// Puts a checkpoint in place to be committed.
pub(super) fn place(keeper: &dyn Keeper, checkpoint: &Path) -> anyhow::Result<()> {
    let target = keeper.folder().join(CHECKPOINT);
    clear(&target)?;
    // A copy of its own: tools may move or link what they are given.
    let copied = fs::copy(checkpoint, &target);
    copied.with_context(|| format!("cannot copy {}", checkpoint.display()))?;
    Ok(())
}

/// Takes the checkpoint out of the folder, so that it can be restored.
pub(super) fn take_away(keeper: &dyn Keeper) -> anyhow::Result<()> {
    clear(&keeper.folder().join(CHECKPOINT))
}

fn clear(path: &Path) -> anyhow::Result<()> {
    if path.exists() {
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

/// Ensures that a restored checkpoint is the one that was committed.
pub(super) fn check(keeper: &dyn Keeper, checkpoint: &Path) -> anyhow::Result<()> {
    let restored = fs::read(keeper.folder().join(CHECKPOINT)).context("nothing was restored")?;
    ensure!(restored == fs::read(checkpoint)?, "what was restored is not what was committed");
    Ok(())
}

/// Adds up the bytes of what a keeper stores, without what waits to be removed for good.
pub(super) fn stored(keeper: &dyn Keeper) -> anyhow::Result<u64> {
    let mut folders: Vec<PathBuf> =
        keeper.stores().iter().map(|name| keeper.folder().join(name)).collect();
    let mut sum = 0;
    while let Some(folder) = folders.pop() {
        let cannot_list = || format!("cannot list {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(cannot_list)? {
            let entry = entry.with_context(cannot_list)?;
            let meta = entry.metadata().with_context(cannot_list)?;
            if !meta.is_dir() {
                sum += meta.len();
            } else if entry.file_name() != "trash" {
                folders.push(entry.path());
            }
        }
    }
    Ok(sum)
}

/// A tool that is run by its commands.
#[derive(Debug)]
pub(super) struct Commands<'a> {
    tool: &'a Tool,
    shell: &'a Shell,
    folder: PathBuf,
}

impl<'a> Commands<'a> {
    /// Starts a tool in a new folder.
    pub(super) fn start(tool: &'a Tool, shell: &'a Shell, folder: PathBuf) -> anyhow::Result<Self> {
        fs::create_dir_all(folder.join("store"))?;
        shell.time(tool.init, 0, &folder)?;
        Ok(Self { tool, shell, folder })
    }
}

impl Keeper for Commands<'_> {
    fn folder(&self) -> &Path {
        &self.folder
    }

    fn commit(&mut self, number: usize) -> anyhow::Result<Kept> {
        let (mut took, printed) = self.shell.time(self.tool.commit, number, &self.folder)?;
        if let Some(name) = self.tool.sync {
            let start = clock();
            File::open(self.folder.join(name.replace(NUMBER, &number.to_string())))?.sync_all()?;
            took += start.elapsed();
        }
        self.shell.time(self.tool.mark, number, &self.folder)?;
        Ok(Kept { took, stored: stored_bytes(&printed) })
    }

    fn restore(&mut self, number: usize) -> anyhow::Result<Option<Duration>> {
        Ok(Some(self.shell.time(self.tool.restore, number, &self.folder)?.0))
    }

    fn peak_of_commit(&self, number: usize) -> anyhow::Result<Option<u64>> {
        self.shell.peak(self.tool.commit, number, &self.folder)
    }

    fn peak_of_restore(&self, number: usize) -> anyhow::Result<Option<u64>> {
        self.shell.peak(self.tool.restore, number, &self.folder)
    }

    fn stores(&self) -> &'static [&'static str] {
        self.tool.stores
    }
}

/// Finds what a commit says that it stored.
fn stored_bytes(printed: &str) -> Option<u64> {
    let document: Value = serde_json::from_str(printed).ok()?;
    document["stored_bytes"].as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_commit_stored_is_in_its_document() {
        assert_eq!(stored_bytes("{\"logical_bytes\":9,\"stored_bytes\":7}\n"), Some(7));
        assert_eq!(stored_bytes("[main 1a2b] stored_bytes: 7"), None);
    }
}
