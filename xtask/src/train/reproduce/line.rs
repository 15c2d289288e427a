//! The versions on the way to one that `train` made.

use anyhow::bail;
use ckpt_store::{Repository, Version, record::RecipeRecord};

use crate::train::settings::{Settings, recorded_epoch};

/// A version with what it records of how it was trained.
pub(super) struct Recorded {
    pub(super) version: Version,
    pub(super) recipe: RecipeRecord,
    pub(super) epoch: u64,
    pub(super) settings: Settings,
}

/// Follows the first parents from `revision` back to the first epoch; oldest first.
pub(super) fn line(repository: &Repository, revision: &str) -> anyhow::Result<Vec<Recorded>> {
    let mut line: Vec<Recorded> = Vec::new();
    let mut next = Some(repository.resolve(revision)?);
    while let Some(id) = next {
        let version = repository.version(&id)?;
        let recipe = repository.recipe(&version.record)?;
        let Some(epoch) = recorded_epoch(&recipe.params) else {
            if line.is_empty() {
                bail!(
                    "version {} was not made by `train`, so nothing says how to train it again",
                    id.short()
                );
            }
            break;
        };
        // A run that starts afresh on a line of others has its own first epoch.
        if line.last().is_some_and(|after| after.epoch <= epoch) {
            break;
        }
        let facts = &version.record.environment;
        let settings =
            Settings::of_version(&recipe.params, recipe.seed.unwrap_or_default(), facts)?;
        next = version.record.parents.first().copied();
        line.push(Recorded { version, recipe, epoch, settings });
    }
    line.reverse();
    Ok(line)
}

/// Cuts a line where its settings change: each stretch, with the number of versions before it.
pub(super) fn stretches(line: &[Recorded]) -> impl Iterator<Item = (usize, &[Recorded])> {
    let mut before = 0;
    line.chunk_by(|a, b| a.settings.decides_as(&b.settings)).map(move |stretch| {
        let start = before;
        before += stretch.len();
        (start, stretch)
    })
}

/// The epochs after which the line went on with other settings.
pub(super) fn changes(line: &[Recorded]) -> Vec<u64> {
    stretches(line)
        .filter(|(before, _)| *before > 0)
        .map(|(before, _)| line[before - 1].epoch)
        .collect()
}
