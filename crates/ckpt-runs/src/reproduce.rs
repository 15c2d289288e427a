//! Trains again what versions record, and compares.

mod difference;

use std::{fmt, path::PathBuf};

use ckpt_hash::VersionId;
use ckpt_store::{DataInput, Recipe, Repository, Version};
use ckpt_train::{FloatType, LinearTrainer, TrainState};

use self::difference::compare;
pub use self::difference::{Difference, Mismatch};
use crate::{
    code::code_id,
    error::{Error, Result},
    inputs::{Inputs, Source, recorded_path},
    settings::{Settings, recorded_epoch},
    version::{Element, tensors},
};

/// The versions on the way to one that a run made, from the first epoch on.
pub struct History {
    /// Oldest first; never empty.
    versions: Vec<Recorded>,
}

/// A version with what it records of how it was trained.
struct Recorded {
    version: Version,
    recipe: Recipe,
    epoch: u64,
    settings: Settings,
}

/// What training versions again gave.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reproduction {
    /// The version that was asked for.
    pub version: VersionId,
    /// Its epoch.
    pub epochs: u64,
    /// How many versions were the same, from the first on.
    pub compared: usize,
    /// The first thing that is not the same, if anything is not.
    pub difference: Option<Difference>,
    /// Whether the data is what it was.
    pub data: Input,
    /// Whether the code that trains is what it was.
    pub code: Input,
    /// The epochs after which the history went on with other settings.
    pub settings_changed: Vec<u64>,
}

/// Whether a recorded input is still what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// It is.
    Same,
    /// The version does not record it.
    Unknown,
    /// It is not.
    Changed {
        /// What it was.
        before: String,
        /// What it is.
        now: String,
    },
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("same"),
            Self::Unknown => f.write_str("not on record"),
            Self::Changed { before, now } => write!(f, "{before} is now {now}"),
        }
    }
}

impl History {
    /// Follows the first parents of the version that a revision names back to the first epoch.
    ///
    /// # Errors
    /// No such version, or one that no run made.
    pub fn read(repository: &Repository, revision: &str) -> Result<Self> {
        let mut versions: Vec<Recorded> = Vec::new();
        let mut next = Some(repository.resolve(revision)?);
        while let Some(id) = next {
            let version = repository.version(&id)?;
            let recipe = repository.recipe(&version.record)?;
            let Some(epoch) = recorded_epoch(&recipe.params) else {
                if versions.is_empty() {
                    return Err(Error::NotTrained(id));
                }
                break;
            };
            // A run that starts afresh after others has its own first epoch.
            if versions.last().is_some_and(|after| after.epoch <= epoch) {
                break;
            }
            let (seed, facts) = (recipe.seed.unwrap_or_default(), &version.record.environment);
            let settings = Settings::of_version(&recipe.params, seed, facts)?;
            next = version.record.parents.first().copied();
            versions.push(Recorded { version, recipe, epoch, settings });
        }
        versions.reverse();
        Ok(Self { versions })
    }

    /// Returns where the data was when the last version was made, if it was in a file.
    pub fn data_path(&self) -> Option<PathBuf> {
        recorded_path(&self.last().version.record.environment)
    }

    /// Returns what the last version was trained on.
    pub fn data(&self) -> &[DataInput] {
        &self.last().recipe.data
    }

    fn last(&self) -> &Recorded {
        self.versions.last().expect("a history has the version that was asked for")
    }

    /// Cuts the history where its settings change: each stretch, with the number of versions before it.
    fn stretches(&self) -> impl Iterator<Item = (usize, &[Recorded])> {
        let mut before = 0;
        self.versions.chunk_by(|a, b| a.settings.decides_as(&b.settings)).map(move |stretch| {
            let start = before;
            before += stretch.len();
            (start, stretch)
        })
    }

    /// Trains all versions again, from the first epoch on and in the caller's current rayon pool, and
    /// compares weights and state bit by bit, up to the first version that is not the same.
    ///
    /// # Errors
    /// Data that does not have what the settings name, and a repository that cannot be read. That
    /// training fails is a [`Difference`].
    pub fn reproduce(&self, repository: &Repository, source: Source) -> Result<Reproduction> {
        let last = self.last();
        let data = data_input(self.data(), &source.data);
        let now = code_id();
        let code = match last.recipe.code {
            Some(recorded) if recorded == now => Input::Same,
            Some(recorded) => Input::Changed {
                before: recorded.short().to_string(),
                now: now.short().to_string(),
            },
            None => Input::Unknown,
        };
        let trained = match last.settings.float {
            FloatType::F32 => self.retrain::<f32>(repository, source),
            FloatType::F64 => self.retrain::<f64>(repository, source),
        };
        let (compared, difference) = trained.map_err(|error| match &data {
            // Other data may not even have the columns that are needed.
            Input::Changed { .. } => {
                Error::ChangedData { change: data.to_string(), source: Box::new(error) }
            }
            _ => error,
        })?;
        let changes = self.stretches().filter(|(before, _)| *before > 0);
        Ok(Reproduction {
            version: last.version.id,
            epochs: last.epoch,
            compared,
            difference,
            data,
            code,
            settings_changed: changes.map(|(before, _)| self.versions[before - 1].epoch).collect(),
        })
    }

    /// Trains again, and stops at the first version that is not what comes out.
    fn retrain<T: Element>(
        &self,
        repository: &Repository,
        source: Source,
    ) -> Result<(usize, Option<Difference>)> {
        let mut settings = self.versions[0].settings.clone();
        let inputs = source.inputs::<T>(&mut settings)?;
        let mut state = None;
        for (compared, stretch) in self.stretches() {
            let (done, difference, end) = train_stretch(repository, &inputs, stretch, state)?;
            if difference.is_some() {
                return Ok((compared + done, difference));
            }
            state = end;
        }
        Ok((self.versions.len(), None))
    }
}

fn data_input(recorded: &[DataInput], now: &DataInput) -> Input {
    let text = |data: &DataInput| format!("{} {}", data.label.name, data.id.short());
    match recorded {
        [recorded] if recorded.id == now.id => Input::Same,
        [recorded] => Input::Changed { before: text(recorded), now: text(now) },
        _ => Input::Unknown,
    }
}

/// Trains versions of the same settings, and returns how many were the same, the first difference,
/// and the state at the end.
fn train_stretch<T: Element>(
    repository: &Repository,
    inputs: &Inputs<T>,
    stretch: &[Recorded],
    state: Option<TrainState>,
) -> Result<(usize, Option<Difference>, Option<TrainState>)> {
    let last = &stretch[stretch.len() - 1];
    // What was trained until then did not end there, even if what was asked for later would have.
    let mut settings = last.settings.clone().never_stopping();
    let classes = inputs.dataset.classes();
    settings.settle((!classes.is_empty()).then_some(classes.len()))?;
    settings.config.epochs = last.epoch;
    let mut trainer = match &state {
        Some(state) => LinearTrainer::resume(&inputs.dataset, settings.config, state)?,
        None => LinearTrainer::new(&inputs.dataset, settings.config)?,
    };
    let mut end = state;
    for (done, recorded) in stretch.iter().enumerate() {
        let differs =
            |what| Difference { version: recorded.version.id, epoch: recorded.epoch, what };
        while trainer.epoch() < recorded.epoch {
            let what = match trainer.advance() {
                Some(Ok(())) => continue,
                Some(Err(error)) => Mismatch::Failed { why: error.to_string() },
                None => Mismatch::Ended { epoch: trainer.epoch() },
            };
            return Ok((done, Some(differs(what)), end));
        }
        let epoch = trainer.report()?;
        if let Some(what) = compare(repository, &recorded.version, &tensors(&epoch))? {
            return Ok((done, Some(differs(what)), end));
        }
        end = Some(epoch.state);
    }
    Ok((stretch.len(), None, end))
}
