//! `cargo xtask train`: trains a model, versions its epochs, and says what to do next.

mod branch;
mod epoch;
mod progress;
mod settings;
mod summary;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context, bail};
use ckpt_cli::{Failure, ui::Ui};
use ckpt_data::{Samples, Table};
use ckpt_hash::{CodeId, code_id};
use ckpt_store::{
    Error, RefName, Repository,
    record::{DataRecord, RecipeRecord},
};
use ckpt_train::{Dataset, Epoch, LinearTrainer, Real};

use self::{
    branch::Line,
    progress::Progress,
    settings::{FloatWidth, Settings},
    summary::Summary,
};
use crate::{Place, place};

/// What `--json` prints.
pub(crate) const KEYS: &str = "\
With --json: branch, versions (ids, oldest first), best (the id with the smallest val_mse, or
train_mse), model, state, epochs (number of the last one), interrupted, converged (tolerance
reached), rows, validation_rows, features, seconds, stored_bytes, metrics (of the last epoch),
closed_form (metrics, or null), coefficients (column to value, on raw inputs), intercept.

Training stops early when the gradient's norm falls under --tolerance, and on Ctrl-C, after the
epoch at hand, with everything kept. The loss is half the mean squared error plus half of --l2
times the squared weights of the standardised features.";

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
    flags: settings::Flags,
}

/// What one run works with.
struct Run<'a> {
    args: &'a TrainArgs,
    place: &'a Place,
    settings: Settings,
    repository: Arc<Repository>,
    line: Line,
    samples: Samples,
    data: DataRecord,
    code: Option<CodeId>,
}

/// Trains, versions, and reports.
pub(crate) fn run(args: &TrainArgs, place: &Place, ui: &mut Ui) -> anyhow::Result<()> {
    let existing = place.open()?;
    let start = match (&args.resume, &existing) {
        (Some(revision), Some(repository)) => Some(branch::resume(repository, revision)?),
        (Some(_), None) => return Err(place.no_repository().into()),
        (None, _) => None,
    };
    let asked = args.branch.as_deref().map(RefName::branch).transpose();
    let asked = asked.map_err(Error::from)?;
    let settings = Settings::resolve(&args.flags, start.as_ref())?;
    let path = match (&args.data, &start) {
        (Some(path), _) => path.clone(),
        (None, Some(start)) => start.data_path().unwrap_or_else(|| place.default_data()),
        (None, None) => place.default_data(),
    };
    let table = read_table(&path, start.is_some() && args.data.is_none())?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let data = DataRecord { name, id: table.id() };
    if let Some(start) = &start {
        start.check_data(&data)?;
    }
    let samples = table.split_target(settings.target.as_deref());
    let samples = samples.with_context(|| path.display().to_string())?;
    // Only now, when nothing is wrong with the call, does anything appear on the disk.
    let repository = Arc::new(existing.map_or_else(|| place.init(), Ok)?);
    let line = branch::choose(&repository, asked, start)?;
    let code = code_id(&place.workspace.join("crates/ckpt-train")).ok();
    let run = Run { args, place, settings, repository, line, samples, data, code };
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = args.threads {
        pool = pool.num_threads(usize::from(threads));
    }
    let pool = pool.build().context("cannot start the threads")?;
    let summary = pool.install(|| match run.settings.width {
        FloatWidth::F32 => run.train::<f32>(&path),
        FloatWidth::F64 => run.train::<f64>(&path),
    })?;
    Ok(summary.print(ui, place.json)?)
}

fn read_table(path: &Path, is_recorded: bool) -> anyhow::Result<Table> {
    Table::read(path).map_err(|error| {
        let failure = Failure::of(error);
        let hint = "that is where the version to resume from had its data; name it with --data";
        if is_recorded { failure.with_hint(hint).into() } else { failure.into() }
    })
}

impl Run<'_> {
    fn train<T: epoch::Element>(mut self, path: &Path) -> anyhow::Result<Summary> {
        let x = self.samples.x.mapv(<T as Real>::from_f64);
        let y = self.samples.y.mapv(<T as Real>::from_f64);
        let dataset = Dataset::new(x, y)?;
        let config = self.settings.config;
        let mut trainer = match self.line.state() {
            Some(state) => LinearTrainer::resume(&dataset, config, state)?,
            None => LinearTrainer::new(&dataset, config)?,
        };
        let stop = stop_flag()?;
        let started = place::clock();
        let trained = self.epochs(&mut trainer, &stop, path);
        let trained = trained.and_then(|last| Ok((self.line.finish()?, last)));
        let (commits, last) = trained.map_err(|error| self.say_what_is_kept(error))?;
        let seconds = started.elapsed().as_secs_f64();
        let Some(last) = last else {
            let done = self.line.epochs_done();
            bail!(
                "there is nothing left to train: epoch {done} was planned as the last; raise --epochs"
            );
        };
        let exact = summary::closed_form(&mut trainer);
        let validation_rows = trainer.validation().map_or(0, |(_, y)| y.len());
        let branch = self.line.branch().short().to_owned();
        let best = format!("min:{}@{branch}", summary::criterion(validation_rows));
        let best = self.repository.resolve(&best).and_then(|id| self.repository.version(&id));
        Ok(Summary {
            branch,
            renamed: self.line.is_renamed(),
            interrupted: stop.load(Ordering::Relaxed),
            data: self.data.name.clone(),
            features: self.samples.features.clone(),
            rows: self.samples.y.len(),
            validation_rows,
            seconds,
            weight: last.model.weight.iter().map(|w| w.to_f64()).collect(),
            bias: last.model.bias.to_f64(),
            metrics: last.metrics.into(),
            stop: last.stop,
            epoch: last.number,
            commits,
            best: best.ok(),
            repo_flag: self.place.repo_flag.clone(),
            exact,
        })
    }

    /// Trains epoch after epoch and versions those asked for, until the end or Ctrl-C.
    fn epochs<T: epoch::Element>(
        &mut self,
        trainer: &mut LinearTrainer<T>,
        stop: &AtomicBool,
        path: &Path,
    ) -> anyhow::Result<Option<Epoch<T>>> {
        let epochs = self.settings.config.epochs;
        let progress = Progress::new(self.place.json, epochs, self.line.epochs_done());
        let mut last = None;
        for epoch in trainer {
            let epoch = epoch?;
            progress.epoch(epoch.number, &epoch.metrics);
            let stopping = stop.load(Ordering::Relaxed);
            if stopping || epoch.stop.is_some() || epoch.number.is_multiple_of(self.args.every) {
                self.commit(&epoch, path)?;
            }
            last = Some(epoch);
            if stopping {
                break;
            }
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

    fn commit<T: epoch::Element>(&mut self, epoch: &Epoch<T>, path: &Path) -> anyhow::Result<()> {
        let recipe = RecipeRecord {
            params: self.settings.params(epoch.number, &self.samples.target),
            data: vec![self.data.clone()],
            code: self.code,
            seed: Some(self.settings.config.seed),
            ..RecipeRecord::default()
        };
        let mut environment = self.place.environment.clone();
        environment.insert("data.path".to_owned(), path.display().to_string());
        environment.insert("data.features".to_owned(), self.samples.features.join(","));
        let config = &self.settings.config;
        environment.insert(branch::EPOCHS.to_owned(), config.epochs.to_string());
        environment.insert(branch::TOLERANCE.to_owned(), config.tolerance.to_string());
        environment.insert("threads".to_owned(), rayon::current_num_threads().to_string());
        let draft = epoch::draft(epoch, recipe, environment, self.place.stamp_now()?);
        self.line.commit(&self.repository, draft)
    }
}

/// Returns a flag that Ctrl-C sets.
fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    ctrlc::set_handler(move || set.store(true, Ordering::Relaxed))
        .context("cannot wait for Ctrl-C")?;
    Ok(flag)
}
