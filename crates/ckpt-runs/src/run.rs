//! A run: trains epoch after epoch, and commits each as a version.

use std::{collections::BTreeMap, num::NonZeroU64, path::PathBuf, sync::Arc};

use ckpt_store::{Commit, DataInput, Recipe, RefKind, RefName, Repository, Signature, Version};
use ckpt_train::{
    Config, Epoch, FloatType, LinearModel, LinearTrainer, Metrics, ModelKind, Optimizer, Real,
    StopReason, TrainState,
};

use crate::{
    branch::Branch,
    code::code_id,
    error::{Error, Result},
    inputs::{self, Inputs, Source},
    settings::{Overrides, Settings},
    version::{self, Element},
};

/// The metrics by which a version is the best: the first that there is.
const CRITERIA: [&str; 4] = ["val_mse", "val_cross_entropy", "train_mse", "train_cross_entropy"];

/// The most columns for which the exact solution is computed alongside the trained model: beyond, it may
/// take longer than training.
const EXACT_COLUMNS: usize = 512;

/// What a run asks its caller for, and tells it, while it trains.
pub trait Hooks {
    /// Returns who commits, and what time it is.
    fn signature(&mut self) -> Signature;

    /// Tells whether the run is to end after the epoch at hand, which is then versioned.
    fn is_cancelled(&self) -> bool {
        false
    }

    /// Hears that training starts after `done` epochs, and goes on to `last`.
    fn started(&mut self, done: u64, last: u64) {
        let _ = (done, last);
    }

    /// Tells whether [`epoch`](Self::epoch) is to be called after an epoch even if it is not versioned:
    /// metrics take a pass over the data.
    fn wants(&self, epoch: u64) -> bool {
        let _ = epoch;
        false
    }

    /// Hears of an epoch that is done.
    fn epoch(&mut self, number: u64, metrics: &Metrics) {
        let _ = (number, metrics);
    }

    /// Hears that all versions are durable.
    fn finished(&mut self) {}
}

/// A run that is going to be: settings, data, and where its versions go.
pub struct Run {
    settings: Settings,
    source: Source,
    start: Option<Start>,
    branch: Option<RefName>,
    every: NonZeroU64,
    environment: BTreeMap<String, String>,
}

/// The version that a run resumes from.
pub struct Start {
    version: Version,
    recipe: Recipe,
    settings: Settings,
    state: TrainState,
    /// The branch that the revision named or that the current branch is at.
    branch: Option<RefName>,
}

impl Start {
    /// Reads the version that a revision names.
    ///
    /// A run from it goes on on the branch that `revision` names, or that HEAD is at if its tip is that
    /// version, unless another branch is asked for.
    ///
    /// # Errors
    /// No such version, or one without settings or state of a run.
    pub fn read(repository: &Repository, revision: &str) -> Result<Self> {
        let id = repository.resolve(revision)?;
        let version = repository.version(&id)?;
        let recipe = repository.recipe(&version.record)?;
        let state = version::state(repository, &version.record)?;
        let named = repository.find_ref(revision)?.map(|(name, _)| name);
        let mut branch = named.filter(|name| name.kind() == RefKind::Branch);
        if branch.is_none() {
            // A run that ended here goes on where it was.
            let head = repository.head()?;
            branch = (repository.target(&head)? == Some(id)).then_some(head);
        }
        let (seed, facts) = (recipe.seed.unwrap_or_default(), &version.record.environment);
        let settings = Settings::of_version(&recipe.params, seed, facts)?;
        Ok(Self { version, recipe, settings, state, branch })
    }

    /// Returns the settings of the run that made the version, with some of them changed.
    ///
    /// # Errors
    /// Settings that contradict each other, or that the state does not allow to change.
    pub fn settings(&self, overrides: &Overrides) -> Result<Settings> {
        let settings = self.settings.with(overrides)?;
        settings.check_resumable(&self.settings)?;
        Ok(settings)
    }

    /// Returns where the data was when the version was made, if it was in a file.
    pub fn data_path(&self) -> Option<PathBuf> {
        inputs::recorded_path(&self.version.record.environment)
    }

    /// Returns what the version was trained on.
    pub fn data(&self) -> &[DataInput] {
        &self.recipe.data
    }

    /// Refuses data that the version was not trained on.
    fn check_data(&self, data: &DataInput) -> Result<()> {
        let version = self.version.id;
        match &self.recipe.data[..] {
            [trained] if trained.id == data.id => Ok(()),
            [trained] => Err(Error::OtherData {
                found: data.label.name.clone(),
                version,
                trained: Box::new(trained.clone()),
            }),
            _ => Err(Error::NoData(version)),
        }
    }
}

/// What a run came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Trained {
    /// The branch of its versions.
    pub branch: RefName,
    /// Whether the branch got a number because the usual name was taken.
    pub is_renamed: bool,
    /// Whether the caller ended it.
    pub is_cancelled: bool,
    /// The name of the data.
    pub data: String,
    /// The column that is predicted.
    pub target: String,
    /// The columns that it is predicted from.
    pub features: Vec<String>,
    /// All rows.
    pub rows: usize,
    /// The rows that were learnt from.
    pub training_rows: usize,
    /// The rows that were held out and count.
    pub validation_rows: usize,
    /// At which norm of the gradient training was to stop; 0 for never.
    pub tolerance: f64,
    /// The number of the last epoch.
    pub epoch: u64,
    /// Why training ended there, if it was not cancelled.
    pub stop: Option<StopReason>,
    /// The model after the last epoch.
    pub model: LinearModel<f64>,
    /// The metrics of the last epoch.
    pub metrics: BTreeMap<String, f64>,
    /// The versions, oldest first.
    pub commits: Vec<Commit>,
    /// What says which version of the branch is the best, as a revision without the branch.
    pub criterion: String,
    /// That version.
    pub best: Option<Version>,
    /// The metrics of the exact solution, or why there is none; `None` where there is no such thing to
    /// compare with.
    pub exact: Option<Result<BTreeMap<String, f64>>>,
}

impl Run {
    /// Prepares a fresh run.
    pub fn new(settings: Settings, source: Source) -> Self {
        let environment = BTreeMap::new();
        Self { settings, source, start: None, branch: None, every: NonZeroU64::MIN, environment }
    }

    /// Prepares a run that goes on from a version, by settings of [`Start::settings`].
    ///
    /// # Errors
    /// Data that the version was not trained on.
    pub fn resume(settings: Settings, source: Source, start: Start) -> Result<Self> {
        start.check_data(&source.data)?;
        Ok(Self { start: Some(start), ..Self::new(settings, source) })
    }

    /// Names the branch; by default `train`, or the first free one of `train-2`, ..., or where a resumed
    /// version is.
    #[must_use]
    pub fn branch(self, branch: RefName) -> Self {
        Self { branch: Some(branch), ..self }
    }

    /// Versions every `epochs`th epoch, and the last; by default all.
    #[must_use]
    pub fn every(self, epochs: NonZeroU64) -> Self {
        Self { every: epochs, ..self }
    }

    /// Sets what versions record of where they were made, such as the platform; by default nothing.
    #[must_use]
    pub fn environment(self, environment: BTreeMap<String, String>) -> Self {
        Self { environment, ..self }
    }

    /// Trains and commits, in the caller's current rayon pool, whose size changes no bit.
    ///
    /// `repository` is opened or made after the first epoch, so that a wrong call leaves nothing on the
    /// disk. HEAD is set to the branch.
    ///
    /// # Errors
    /// Whatever [`Error`] lists; [`Error::Unfinished`] once there are versions, which are kept.
    pub fn train(
        self,
        repository: impl FnOnce() -> ckpt_store::Result<Repository>,
        hooks: &mut dyn Hooks,
    ) -> Result<Trained> {
        match self.settings.float {
            FloatType::F32 => self.train_in::<f32>(repository, hooks),
            FloatType::F64 => self.train_in::<f64>(repository, hooks),
        }
    }

    fn train_in<T: Element>(
        mut self,
        repository: impl FnOnce() -> ckpt_store::Result<Repository>,
        hooks: &mut dyn Hooks,
    ) -> Result<Trained> {
        let inputs = self.source.inputs::<T>(&mut self.settings)?;
        let config = self.settings.config;
        let trainer = match &self.start {
            Some(start) => LinearTrainer::resume(&inputs.dataset, config, &start.state),
            None => LinearTrainer::new(&inputs.dataset, config),
        };
        let mut trainer = trainer.map_err(|error| Error::training(error, &inputs.features))?;
        hooks.started(self.start.as_ref().map_or(0, |start| start.state.epoch()), config.epochs);
        let first = trainer.advance().transpose();
        let first = first.map_err(|error| Error::training(error, &inputs.features))?;
        // Only now, when nothing is wrong with the call, does anything appear on the disk.
        let repository = Arc::new(repository()?);
        let resumed = self.start.as_ref().and_then(|start| start.branch.clone());
        let from = self.start.as_ref().map(|start| start.version.id);
        let branch = Branch::choose(repository, self.branch.or(resumed), from)?;
        let mut environment = self.environment;
        inputs.put_facts(&mut environment);
        self.settings.put_plan(&mut environment);
        let settings = self.settings;
        Running { settings, inputs, branch, every: self.every, environment, hooks }
            .train(&mut trainer, first)
    }
}

/// A run that is under way.
struct Running<'a, T> {
    settings: Settings,
    inputs: Inputs<T>,
    branch: Branch,
    every: NonZeroU64,
    environment: BTreeMap<String, String>,
    hooks: &'a mut dyn Hooks,
}

impl<T: Element> Running<'_, T> {
    /// Goes on from the first epoch, which is done unless there is none.
    fn train(mut self, trainer: &mut LinearTrainer<T>, first: Option<()>) -> Result<Trained> {
        let trained = self.epochs(trainer, first);
        let trained = trained.and_then(|last| Ok((self.branch.finish()?, last)));
        let (commits, last) = trained.map_err(|error| self.unfinished(error))?;
        self.hooks.finished();
        let Some((last, is_cancelled)) = last else {
            return Err(Error::NothingLeft { epoch: trainer.epoch(), stop: trainer.stop() });
        };
        let branch = self.branch.name().clone();
        let criterion = criterion(&last.metrics);
        let repository = self.branch.repository();
        let best = repository.resolve(&format!("{criterion}@{}", branch.short()));
        let best = best.and_then(|id| repository.version(&id));
        let is_stored = self.inputs.dataset.x().is_none();
        Ok(Trained {
            branch,
            is_renamed: self.branch.is_renamed(),
            is_cancelled,
            data: self.inputs.data.label.name,
            rows: self.inputs.dataset.rows(),
            training_rows: trainer.training_rows(),
            validation_rows: trainer.validation_rows(),
            tolerance: self.settings.config.tolerance,
            exact: exact(trainer, &self.settings.config, is_stored, &self.inputs.features),
            target: self.inputs.target,
            features: self.inputs.features,
            epoch: last.number,
            stop: last.stop,
            model: widened(&last.model),
            metrics: last.metrics.into(),
            commits,
            criterion,
            best: best.ok(),
        })
    }

    /// Trains epoch after epoch and versions those asked for, until the end or until the caller says so.
    ///
    /// Returns the last epoch, and whether the caller ended it there.
    fn epochs(
        &mut self,
        trainer: &mut LinearTrainer<T>,
        first: Option<()>,
    ) -> Result<Option<(Epoch<T>, bool)>> {
        let mut last = None;
        let mut next = first.map(Ok);
        while let Some(done) = next {
            done.map_err(|error| Error::training(error, &self.inputs.features))?;
            let (number, is_cancelled) = (trainer.epoch(), self.hooks.is_cancelled());
            let ends = is_cancelled || trainer.stop().is_some();
            let is_kept = ends || number.is_multiple_of(self.every.get());
            if is_kept || self.hooks.wants(number) {
                let epoch = trainer.report()?;
                self.hooks.epoch(number, &epoch.metrics);
                if is_kept {
                    self.commit(&epoch)?;
                    last = Some((epoch, is_cancelled));
                }
            }
            if is_cancelled {
                break;
            }
            next = trainer.advance();
        }
        Ok(last)
    }

    fn commit(&mut self, epoch: &Epoch<T>) -> Result<()> {
        let recipe = Recipe::default()
            .with_params(self.settings.params(epoch.number, &self.inputs.target))
            .with_data(vec![self.inputs.data.clone()])
            .with_code(code_id())
            .with_seed(self.settings.config.seed);
        let signature = self.hooks.signature();
        self.branch.commit(version::draft(epoch, recipe, self.environment.clone(), signature))
    }

    /// Adds to an error what was versioned before it.
    fn unfinished(&mut self, error: Error) -> Error {
        // What waits may still become durable; the error that counts is the first one.
        let _ = self.branch.flush();
        match self.branch.added() {
            0 => error,
            versions => {
                let branch = self.branch.name().clone();
                Error::Unfinished { branch, versions, source: Box::new(error) }
            }
        }
    }
}

/// Returns what says which version is the best, by the metrics that there are.
fn criterion(metrics: &Metrics) -> String {
    let known = |name: &&str| metrics.get(name).is_some();
    format!("min:{}", CRITERIA.into_iter().find(known).unwrap_or("loss"))
}

/// Solves the training rows exactly, unless that takes further passes over rows on the disk, and scores
/// the solution like the trained model.
fn exact<T: Real>(
    trainer: &mut LinearTrainer<T>,
    config: &Config,
    is_stored: bool,
    features: &[String],
) -> Option<Result<BTreeMap<String, f64>>> {
    let is_worth_it = config.model == ModelKind::Linear
        && !is_stored
        && config.optimizer != Optimizer::Exact
        && trainer.columns() <= EXACT_COLUMNS;
    is_worth_it.then(|| {
        let metrics = trainer.closed_form().and_then(|model| trainer.evaluate(&model));
        metrics.map(Into::into).map_err(|error| Error::training(error, features))
    })
}

/// The model in f64.
fn widened<T: Real>(model: &LinearModel<T>) -> LinearModel<f64> {
    LinearModel {
        kind: model.kind,
        weight: model.weight.mapv(Real::to_f64),
        bias: model.bias.mapv(Real::to_f64),
        classes: model.classes.clone(),
    }
}
