//! The two ends: checkpoints that are nearly nothing, and one that is large.

use std::{fs, path::Path};

use super::{
    super::median::median,
    command::Shell,
    keeper::{self, Commands, Keeper},
    tiny_commits::{TinyRepository, two_durable_renames},
    tool::CKPT,
};
use crate::data::{Kind, Recipe};

/// Pairs of a tiny commit and its floor in a repetition: a sync takes ten times as long while others
/// write, so that a few of them say nothing.
const PAIRS: u32 = 50;

/// Versions that go through a session at once.
const MANY: usize = 1000;

/// Durable commits of a few weights in process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tiny {
    /// The median.
    pub(super) commit_seconds: f64,
    /// The median, over pairs side by side, of a commit relative to two durable renames.
    pub(super) commit_vs_floor: f64,
    /// The median of 1,000 versions through a session.
    pub(super) thousand_seconds: f64,
}

impl Tiny {
    /// Measures commits and renames in turn, in a new folder.
    pub(super) fn measure(folder: &Path, repetitions: u32) -> anyhow::Result<Self> {
        let repository = TinyRepository::start(&folder.join("one"))?;
        let (mut commits, mut quotients) = (Vec::new(), Vec::new());
        for number in 0..(repetitions * PAIRS) as usize {
            // Neither is always the one that finds what the other left to the disk.
            let (commit, floor) = if number.is_multiple_of(2) {
                let commit = repository.commit(number)?;
                (commit, two_durable_renames(folder, number)?)
            } else {
                let floor = two_durable_renames(folder, number)?;
                (repository.commit(number)?, floor)
            };
            commits.push(commit.as_secs_f64());
            quotients.push(commit.as_secs_f64() / floor.as_secs_f64());
        }
        let thousand = |repetition| {
            let repository = TinyRepository::start(&folder.join(format!("many-{repetition}")))?;
            Ok(repository.commit_many(0..MANY)?.as_secs_f64())
        };
        let thousands = (0..repetitions).map(thousand).collect::<anyhow::Result<Vec<f64>>>()?;
        Ok(Self {
            thousand_seconds: median(&thousands).unwrap_or(f64::NAN),
            commit_seconds: median(&commits).unwrap_or(f64::NAN),
            commit_vs_floor: median(&quotients).unwrap_or(f64::NAN),
        })
    }

    /// Returns how many durable commits take as long as 1,000 versions through a session.
    pub(super) fn thousand_relative(&self) -> f64 {
        self.thousand_seconds / self.commit_seconds
    }
}

/// The memory that a large checkpoint takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Large {
    /// The size of the checkpoint.
    pub(super) bytes: u64,
    /// The most memory of a process that committed it first, onto its parent, or restored it.
    pub(super) peak_bytes: Option<u64>,
}

impl Large {
    /// Commits two checkpoints of this size and restores the second, in a new folder.
    pub(super) fn measure(shell: &Shell, folder: &Path, mib: u32) -> anyhow::Result<Self> {
        let recipe = Recipe { kind: Kind::DenseF32, epochs: 2, mib, seed: 1 };
        let files = recipe.write(&folder.join("made"))?;
        let keeper = Commands::start(&CKPT, shell, folder.join(CKPT.name))?;
        let (mut bytes, mut peak_bytes) = (0, None);
        for (index, file) in files.iter().enumerate() {
            keeper::place(&keeper, file)?;
            bytes = fs::metadata(file)?.len();
            peak_bytes = peak_bytes.max(keeper.peak_of_commit(index + 1)?);
        }
        keeper::take_away(&keeper)?;
        peak_bytes = peak_bytes.max(keeper.peak_of_restore(files.len())?);
        fs::remove_dir_all(folder)?;
        Ok(Self { bytes, peak_bytes })
    }
}
