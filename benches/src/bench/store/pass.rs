//! One pass over a sequence of checkpoints: everything is done by every tool in turn.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context;

use super::{
    command::Shell,
    in_session::InSession,
    keeper::{self, Commands, Keeper},
    samples::{Action, Depth, Samples},
    tool::{CKPT, COPY, GC, MEMORY_COPY, SESSION, SYNCED_COPY, Tool},
};

/// How often what changes nothing is repeated in a pass.
const ROUNDS: usize = 3;

/// Checkpoints below this leave too little behind in memory to disturb what follows.
const SETTLE_FROM: u64 = 4 << 20;

/// What all passes over one sequence found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) samples: Samples,
    /// By tool, from the last pass.
    pub(super) bytes: BTreeMap<String, Stored>,
    /// By tool: why it was left out.
    pub(super) failed: BTreeMap<String, String>,
}

/// What a tool stored, in bytes.
#[derive(Debug, Default, Clone)]
pub(super) struct Stored {
    /// By each version.
    pub(super) added: Vec<u64>,
    /// After the last version.
    pub(super) after: u64,
    /// What an unchanged checkpoint added.
    pub(super) again: Option<u64>,
    /// After old packs were merged.
    pub(super) merged: Option<u64>,
    /// The most memory of a commit and of a restore.
    pub(super) peak: Option<u64>,
}

/// What takes part in passes.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) shell: &'a Shell,
    pub(super) peers: &'a [Tool],
    /// Whether the `ckpt` has a command that compacts packs.
    pub(super) has_gc: bool,
}

/// A tool that takes part in a pass.
struct Entrant<'a> {
    name: &'static str,
    is_peer: bool,
    keeper: Box<dyn Keeper + 'a>,
}

/// A pass that is under way.
struct Pass<'a> {
    entrants: Vec<Entrant<'a>>,
    found: &'a mut Found,
    files: &'a [PathBuf],
}

impl<'a> Field<'a> {
    /// Goes once over a sequence in a new folder.
    pub(super) fn pass(
        &self,
        files: &'a [PathBuf],
        folder: &Path,
        found: &'a mut Found,
    ) -> anyhow::Result<()> {
        found.bytes.clear();
        let mut pass = Pass { entrants: self.entrants(folder, found)?, found, files };
        pass.commits()?;
        pass.again()?;
        pass.restores()?;
        pass.merging(self)?;
        pass.peaks()
    }

    fn entrants(&self, folder: &Path, found: &mut Found) -> anyhow::Result<Vec<Entrant<'a>>> {
        let mut entrants = vec![Entrant {
            name: SESSION,
            is_peer: false,
            keeper: Box::new(InSession::start(folder.join(SESSION))?),
        }];
        let ours = [&COPY, &SYNCED_COPY, &CKPT].map(|tool| (false, tool));
        for (is_peer, tool) in ours.into_iter().chain(self.peers.iter().map(|tool| (true, tool))) {
            if found.failed.contains_key(tool.name) {
                continue;
            }
            match Commands::start(tool, self.shell, folder.join(tool.name)) {
                Ok(keeper) => {
                    entrants.push(Entrant { name: tool.name, is_peer, keeper: Box::new(keeper) });
                }
                Err(error) if is_peer => {
                    found.failed.insert(tool.name.to_owned(), format!("{error:#}"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(entrants)
    }
}

impl Pass<'_> {
    /// Commits every checkpoint onto the one before it.
    fn commits(&mut self) -> anyhow::Result<()> {
        for (index, file) in self.files.iter().enumerate() {
            let action = if index == 0 { Action::First } else { Action::Commit };
            self.each(|entrant, found| {
                keeper::place(&*entrant.keeper, file)?;
                settle(file)?;
                let kept = entrant.keeper.commit(index + 1)?;
                found.samples.push(entrant.name, action, kept.took);
                if let Some(stall) = entrant.keeper.take_stall() {
                    found.samples.push(entrant.name, Action::Stall, stall.wait);
                    found.samples.push(MEMORY_COPY, Action::Stall, stall.copy);
                }
                let after = keeper::stored(&*entrant.keeper)?;
                let bytes = found.bytes.entry(entrant.name.to_owned()).or_default();
                let grown = after.saturating_sub(bytes.after);
                bytes.added.push(kept.stored.unwrap_or(grown));
                bytes.after = after;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Commits the last checkpoint again and again.
    fn again(&mut self) -> anyhow::Result<()> {
        let Some(last) = self.files.last() else { return Ok(()) };
        for round in 1..=ROUNDS {
            let number = self.files.len() + round;
            self.each(|entrant, found| {
                keeper::place(&*entrant.keeper, last)?;
                settle(last)?;
                let before = keeper::stored(&*entrant.keeper)?;
                let kept = entrant.keeper.commit(number)?;
                found.samples.push(entrant.name, Action::Again, kept.took);
                let grown = keeper::stored(&*entrant.keeper)?.saturating_sub(before);
                let added = kept.stored.unwrap_or(grown);
                found.bytes.entry(entrant.name.to_owned()).or_default().again = Some(added);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Restores versions of every depth.
    fn restores(&mut self) -> anyhow::Result<()> {
        for depth in [Depth::ALL; ROUNDS].into_iter().flatten() {
            let Some(number) = depth.number(self.files.len()) else { continue };
            let file = &self.files[number - 1];
            self.each(|entrant, found| {
                keeper::take_away(&*entrant.keeper)?;
                settle(file)?;
                let Some(took) = entrant.keeper.restore(number)? else { return Ok(()) };
                found.samples.push(entrant.name, Action::Restore(depth), took);
                keeper::check(&*entrant.keeper, file)
            })?;
        }
        Ok(())
    }

    /// Compacts the packs of ckpt, if it can.
    fn merging(&mut self, field: &Field<'_>) -> anyhow::Result<()> {
        if !field.has_gc {
            return Ok(());
        }
        self.each(|entrant, found| {
            if entrant.name == CKPT.name {
                field.shell.time(&[GC], 0, entrant.keeper.folder())?;
                let stored = keeper::stored(&*entrant.keeper)?;
                found.bytes.entry(entrant.name.to_owned()).or_default().merged = Some(stored);
            }
            Ok(())
        })
    }

    /// Commits the first checkpoint onto the last and restores the deepest, for their memory.
    fn peaks(&mut self) -> anyhow::Result<()> {
        let (Some(first), last) = (self.files.first(), self.files.len()) else { return Ok(()) };
        let deepest = Depth::Deepest.number(last).unwrap_or(1);
        self.each(|entrant, found| {
            keeper::place(&*entrant.keeper, first)?;
            let commit = entrant.keeper.peak_of_commit(last + ROUNDS + 1)?;
            keeper::take_away(&*entrant.keeper)?;
            let peak = commit.max(entrant.keeper.peak_of_restore(deepest)?);
            found.bytes.entry(entrant.name.to_owned()).or_default().peak = peak;
            Ok(())
        })
    }

    /// Lets every entrant do something, each time in another order; a peer that fails leaves.
    fn each(
        &mut self,
        mut act: impl FnMut(&mut Entrant<'_>, &mut Found) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.entrants.rotate_left(1);
        let mut result = Ok(());
        self.entrants.retain_mut(|entrant| {
            let outcome = if result.is_ok() { act(entrant, self.found) } else { Ok(()) };
            match outcome.with_context(|| entrant.name) {
                Err(error) if entrant.is_peer => {
                    self.found.failed.insert(entrant.name.to_owned(), format!("{error:#}"));
                    false
                }
                Err(error) => {
                    result = Err(error);
                    true
                }
                Ok(()) => true,
            }
        });
        result
    }
}

/// Lets the system write out what earlier actions left, which none of the following shall pay for.
fn settle(file: &Path) -> anyhow::Result<()> {
    if cfg!(unix) && fs::metadata(file)?.len() >= SETTLE_FROM {
        Command::new("sync").stderr(Stdio::null()).status().context("cannot run sync")?;
    }
    Ok(())
}
