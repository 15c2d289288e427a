//! `cargo xtask train`: trains a model, versions its epochs, and says what to do next.

mod branch;
mod epoch;
mod progress;
mod settings;
mod summary;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context, bail};
use ckpt_cli::ui::Ui;
use ckpt_data::{Samples, Table};
use ckpt_hash::{CodeId, StateId, code_id};
use ckpt_store::{Commit, Repository, record::DataRecord};
use ckpt_train::{Dataset, LinearTrainer, Real};

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
    repository: Repository,
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
    let settings = Settings::resolve(&args.flags, start.as_ref())?;
    let path = match (&args.data, &start) {
        (Some(path), _) => path.clone(),
        (None, Some(start)) => start.data_path().unwrap_or_else(|| place.default_data()),
        (None, None) => place.default_data(),
    };
    let (samples, data) = load(&path, settings.target.as_deref())?;
    if let Some(start) = &start {
        start.check_data(&data)?;
    }
    // Only now, when nothing is wrong with the call, does anything appear on the disk.
    let repository = existing.map_or_else(|| place.init(), Ok)?;
    let line = branch::choose(&repository, args.branch.as_deref(), start)?;
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

fn load(path: &std::path::Path, target: Option<&str>) -> anyhow::Result<(Samples, DataRecord)> {
    let table = Table::read(path)?;
    let id = table.id();
    let samples = table.split_target(target).with_context(|| path.display().to_string())?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok((samples, DataRecord { name, id }))
}

impl Run<'_> {
    fn train<T: epoch::Element>(mut self, path: &std::path::Path) -> anyhow::Result<Summary> {
        let x = self.samples.x.mapv(<T as Real>::from_f64);
        let y = self.samples.y.mapv(<T as Real>::from_f64);
        let dataset = Dataset::new(x, y)?;
        let config = self.settings.config;
        let mut trainer = match self.line.state() {
            Some(state) => LinearTrainer::resume(&dataset, config, state)?,
            None => LinearTrainer::new(&dataset, config)?,
        };
        let stop = stop_flag()?;
        let progress = Progress::new(self.place.json, config.epochs, self.line.epochs_done());
        let started = place::clock();
        let mut commits = Vec::new();
        let mut last = None;
        for epoch in trainer.by_ref() {
            let epoch = epoch?;
            progress.epoch(epoch.number, &epoch.metrics);
            let stopping = stop.load(Ordering::Relaxed);
            if stopping || epoch.stop.is_some() || epoch.number.is_multiple_of(self.args.every) {
                commits.push(self.commit(&epoch, path)?);
            }
            last = Some(epoch);
            if stopping {
                break;
            }
        }
        progress.finish();
        let Some(last) = last else {
            bail!(
                "there is nothing left to train: epoch {} was the last; raise --epochs",
                self.line.epochs_done()
            );
        };
        let exact = summary::closed_form(&mut trainer);
        let validation = trainer.validation().map_or(0, |(_, y)| y.len());
        Ok(Summary {
            branch: self.line.branch().short().to_owned(),
            renamed: self.line.is_renamed(),
            interrupted: stop.load(Ordering::Relaxed),
            data: self.data.name.clone(),
            features: self.samples.features.clone(),
            rows: self.samples.y.len(),
            validation_rows: validation,
            seconds: started.elapsed().as_secs_f64(),
            weight: last.model.weight.iter().map(|w| w.to_f64()).collect(),
            bias: last.model.bias.to_f64(),
            metrics: last.metrics.into(),
            stop: last.stop,
            epoch: last.number,
            commits,
            exact,
        })
    }

    fn commit<T: epoch::Element>(
        &mut self,
        epoch: &ckpt_train::Epoch<T>,
        path: &std::path::Path,
    ) -> anyhow::Result<Commit> {
        let parent: Option<StateId> = self.line.parent_state();
        let recipe = ckpt_store::record::RecipeRecord {
            params: self.settings.params(epoch.number, &self.samples.target),
            data: vec![self.data.clone()],
            code: self.code,
            seed: Some(self.settings.config.seed),
            parent_state: parent,
            bases: Vec::new(),
        };
        let mut environment = self.place.environment.clone();
        environment.insert("data.path".to_owned(), path.display().to_string());
        environment.insert("data.features".to_owned(), self.samples.features.join(","));
        environment.insert("threads".to_owned(), rayon::current_num_threads().to_string());
        let draft = epoch::draft(epoch, recipe, environment, self.place.stamp_now()?);
        let commit = self.line.commit(&self.repository, draft)?;
        Ok(commit)
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
