//! `cargo xtask train`: trains a model, versions its epochs, and says what to do next.

mod branch;
mod epoch;
mod inputs;
mod progress;
pub(crate) mod reproduce;
mod settings;
mod summary;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use anyhow::{Context, bail};
use ckpt_cli::ui::Ui;
use ckpt_hash::{CodeId, code_id};
use ckpt_store::{Error, RefName, Repository, record::RecipeRecord};
use ckpt_train::{Epoch, LinearTrainer, StopReason};

use self::{
    branch::{Line, Start},
    epoch::Element,
    inputs::{Inputs, Source},
    progress::Progress,
    settings::{FloatWidth, Settings},
    summary::Summary,
};
use crate::{Place, place};

/// What `--json` prints.
pub(crate) const KEYS: &str = "\
With --json: branch, versions (ids, oldest first), best (the id with the smallest val_mse, or
val_cross_entropy of classes; without validation rows, of the training rows), model, state, epochs
(number of the last one), stop (tolerance, exact, precision, separated, early-stopping, epoch-limit
or interrupted), interrupted, converged (the first three), rows, validation_rows, features, classes
(labels, or null), seconds, stored_bytes, metrics (of the last epoch), closed_form (metrics, or null),
coefficients (column to value, on raw inputs) and intercept; of softmax regression both by class.

The loss is the mean of half the squared error, or of the cross-entropy in nats, plus half of --l2
times the squared weights of the standardised features. Training stops early where no step lowers it
any further, as --tolerance and --patience say, and on Ctrl-C, after the epoch at hand, with
everything kept.";

/// The arguments of `cargo xtask train`.
#[derive(Debug, clap::Args)]
pub(crate) struct TrainArgs {
    /// What to train on: CSV with a header, NPY, or NPZ with the arrays X and y
    /// [default: fixtures/diabetes.csv]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Add a version every N epochs, and for the last one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// How many threads to use; the result does not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// The branch that the versions go to [default: train, or the first free one of train-2, ...]
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Go on from a version that `train` made, with its settings
    #[arg(long, value_name = "REV")]
    resume: Option<String>,
    #[command(flatten)]
    reading: inputs::Reading,
    #[command(flatten)]
    flags: settings::Flags,
}

/// What shells report of a process that Ctrl-C ended.
const ENDED_BY_SIGNAL: i32 = 130;

/// What one run works with.
struct Run<'a, T> {
    args: &'a TrainArgs,
    place: &'a Place,
    settings: Settings,
    repository: Arc<Repository>,
    line: Line,
    inputs: Inputs<T>,
    code: Option<CodeId>,
    started: Instant,
}

/// Trains, versions, and reports.
pub(crate) fn run(args: &TrainArgs, place: &Place, ui: &mut Ui) -> anyhow::Result<()> {
    let existing = place.open()?;
    let start = match (&args.resume, &existing) {
        (Some(revision), Some(repository)) => Some(branch::resume(repository, revision)?),
        (Some(_), None) => return Err(place.no_repository().into()),
        (None, _) => None,
    };
    let settings = Settings::resolve(&args.flags, start.as_ref())?;
    let path = match (&args.data, &start) {
        (Some(path), _) => path.clone(),
        (None, Some(start)) => start.data_path().unwrap_or_else(|| place.default_data()),
        (None, None) => place.default_data(),
    };
    let source = Source::read(&path, start.is_some() && args.data.is_none(), &args.reading)?;
    if let Some(start) = &start {
        start.check_data(&source.data)?;
    }
    let summary = match settings.width {
        FloatWidth::F32 => train::<f32>(args, place, (existing, start), settings, source),
        FloatWidth::F64 => train::<f64>(args, place, (existing, start), settings, source),
    }?;
    Ok(summary.print(ui, place.json)?)
}

fn train<T: Element>(
    args: &TrainArgs,
    place: &Place,
    (existing, start): (Option<Repository>, Option<Start>),
    mut settings: Settings,
    source: Source,
) -> anyhow::Result<Summary> {
    let asked = args.branch.as_deref().map(RefName::branch).transpose();
    let asked = asked.map_err(Error::from)?;
    let inputs = source.inputs::<T>(&mut settings)?;
    let state = start.as_ref().map(Start::state);
    let pool = pool(args.threads)?;
    let trainer = pool.install(|| match state {
        Some(state) => LinearTrainer::resume(&inputs.dataset, settings.config, state),
        None => LinearTrainer::new(&inputs.dataset, settings.config),
    });
    let mut trainer = trainer.map_err(|error| inputs.explain(error))?;
    let started = place::clock();
    let first = pool.install(|| trainer.advance());
    let first = first.transpose().map_err(|error| inputs.explain(error))?;
    // Only now, when nothing is wrong with the call, does anything appear on the disk.
    let repository = Arc::new(existing.map_or_else(|| place.init(), Ok)?);
    let line = branch::choose(&repository, asked, start)?;
    let code = code_id(&code_folder(place)).ok();
    let run = Run { args, place, settings, repository, line, inputs, code, started };
    pool.install(|| run.train(&mut trainer, first))
}

/// The code that decides what is learnt.
fn code_folder(place: &Place) -> PathBuf {
    place.workspace.join("crates/ckpt-train")
}

/// Makes a pool of threads.
fn pool(threads: Option<u16>) -> anyhow::Result<rayon::ThreadPool> {
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = threads {
        pool = pool.num_threads(usize::from(threads));
    }
    pool.build().context("cannot start the threads")
}

impl<T: Element> Run<'_, T> {
    /// Goes on from the first epoch, which is done unless there is none.
    fn train(
        mut self,
        trainer: &mut LinearTrainer<T>,
        first: Option<()>,
    ) -> anyhow::Result<Summary> {
        let stop = stop_flag()?;
        let trained = self.epochs(trainer, first, &stop);
        let trained = trained.and_then(|last| Ok((self.line.finish()?, last)));
        let (commits, last) = trained.map_err(|error| self.say_what_is_kept(error))?;
        let seconds = self.started.elapsed().as_secs_f64();
        let Some(last) = last else {
            bail!("there is nothing left to train: {}", why_over(trainer.epoch(), trainer.stop()));
        };
        let branch = self.line.branch().short().to_owned();
        let criterion = summary::criterion(&last.metrics);
        let best = self.repository.resolve(&format!("{criterion}@{branch}"));
        let best = best.and_then(|id| self.repository.version(&id));
        Ok(Summary {
            branch,
            renamed: self.line.is_renamed(),
            interrupted: stop.load(Ordering::Relaxed),
            data: self.inputs.data.label.name.clone(),
            rows: self.inputs.dataset.rows(),
            training_rows: trainer.training_rows(),
            validation_rows: trainer.validation_rows(),
            exact: summary::closed_form(
                trainer,
                &self.settings.config,
                self.inputs.dataset.x().is_none(),
            )
            .map(|exact| exact.map_err(|error| self.inputs.explain(error).to_string())),
            tolerance: self.settings.config.tolerance,
            target: self.inputs.target,
            features: self.inputs.features,
            seconds,
            model: summary::widened(&last.model),
            metrics: last.metrics.into(),
            stop: last.stop,
            epoch: last.number,
            commits,
            criterion,
            best: best.ok(),
            repo_flag: self.place.repo_flag.clone(),
        })
    }

    /// Trains epoch after epoch and versions those asked for, until the end or Ctrl-C.
    fn epochs(
        &mut self,
        trainer: &mut LinearTrainer<T>,
        first: Option<()>,
        stop: &AtomicBool,
    ) -> anyhow::Result<Option<Epoch<T>>> {
        let epochs = self.settings.config.epochs;
        let progress = Progress::new(self.place.json, epochs, self.line.epochs_done());
        let mut last = None;
        let mut next = first.map(Ok);
        while let Some(done) = next {
            done.map_err(|error| self.inputs.explain(error))?;
            let (number, stopping) = (trainer.epoch(), stop.load(Ordering::Relaxed));
            let ends = stopping || trainer.stop().is_some();
            let is_kept = ends || number.is_multiple_of(self.args.every);
            if is_kept || progress.wants(number) {
                let epoch = trainer.report()?;
                progress.epoch(number, &epoch.metrics);
                if is_kept {
                    self.commit(&epoch)?;
                    last = Some(epoch);
                }
            }
            if stopping {
                break;
            }
            next = trainer.advance();
        }
        Ok(last)
    }

    /// Adds to an error what was versioned before it.
    fn say_what_is_kept(&mut self, error: anyhow::Error) -> anyhow::Error {
        let failure = crate::failure(error);
        // What waits may still become durable; the error that counts is the first one.
        let _ = self.line.flush();
        let added = self.line.added();
        if added == 0 || failure.hint().is_some() {
            return failure.into();
        }
        let branch = self.line.branch().short();
        let kept = ckpt_cli::format::count(added as u64, "version");
        let hint =
            format!("kept on branch {branch}: {kept}; --resume {branch} goes on from the last");
        failure.with_hint(hint).into()
    }

    fn commit(&mut self, epoch: &Epoch<T>) -> anyhow::Result<()> {
        let recipe = RecipeRecord {
            params: self.settings.params(epoch.number, &self.inputs.target),
            data: vec![self.inputs.data.clone()],
            code: self.code,
            seed: Some(self.settings.config.seed),
            ..RecipeRecord::default()
        };
        let mut environment = self.place.environment.clone();
        self.inputs.put_facts(&mut environment);
        self.settings.put_plan(&mut environment);
        environment.insert("threads".to_owned(), rayon::current_num_threads().to_string());
        let draft = epoch::draft(epoch, recipe, environment, self.place.stamp_now()?);
        self.line.commit(&self.repository, draft)
    }
}

/// Says why a resumed run has no further epoch, and what would give it one.
fn why_over(epoch: u64, stop: Option<StopReason>) -> String {
    let why = match stop {
        Some(StopReason::Tolerance) => "is within the tolerance; lower --tolerance",
        Some(StopReason::EarlyStopping) => "was the last that patience bears; raise --patience",
        Some(stop) if stop.is_converged() => "is the minimum, as far as numbers can tell",
        _ => "was planned as the last; raise --epochs",
    };
    format!("epoch {epoch} {why}")
}

/// Returns a flag that Ctrl-C sets; a second one ends the process, which loses nothing but the epochs
/// that were not reported yet.
#[expect(clippy::disallowed_methods, reason = "a signal ends the process where it is")]
fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    let on_signal = move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(ENDED_BY_SIGNAL);
        }
    };
    ctrlc::set_handler(on_signal).context("cannot wait for Ctrl-C")?;
    Ok(flag)
}
