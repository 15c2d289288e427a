mod summary;

use std::{
    num::{NonZeroU16, NonZeroU64},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use ckpt_data::Table;
use ckpt_runs::{
    Decline, Error, Hooks, Overrides, Reading, Run, Settings, SettingsError, Source, Start,
};
use ckpt_store::{DataInput, Error as StoreError, RefName, Repository, Signature};
use ckpt_train::{FloatType, Metrics, ModelKind, OptimizerKind, Rate, StopReason};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    context::{Answer, Context, Outcome},
    environment::{self, Environment},
    failure::Failure,
    format,
    ui::Ui,
};

/// Trains a model and versions its epochs
///
/// The loss is the mean of half the squared error, or of the cross-entropy in nats, plus half of --l2
/// times the squared weights of the standardised features. Training stops early where no step lowers it
/// any further, as --tolerance and --patience say, and on Ctrl-C, after the epoch at hand, with
/// everything kept. Where there is no repository, one is made.
///
/// With --json: branch, versions (ids, oldest first), best (the id with the smallest val_mse, or
/// val_cross_entropy of classes; without validation rows, of the training rows), model, state, epochs
/// (number of the last one), stop (tolerance, exact, precision, separated, early-stopping, epoch-limit
/// or interrupted), interrupted, converged (the first three), rows, validation_rows, features, classes
/// (labels, or null), seconds, stored_bytes, metrics (of the last epoch), closed_form (metrics, or null),
/// coefficients (column to value, on raw inputs) and intercept; of softmax regression both by class.
#[derive(Debug, Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "\
Examples:
  ckpt train
  ckpt train --data iris.csv --target species --epochs 300
  ckpt train --data digits.csv --model softmax --optimizer lbfgs --l2 0.01 --branch digits
  ckpt train --optimizer adam --learning-rate 0.05 --schedule cosine --warmup 5
  ckpt train --resume train --epochs 200
"
)]
pub(crate) struct TrainArgs {
    /// What to train on: CSV with a header, NPY, or NPZ with the arrays X and y [default: diabetes.csv,
    /// the diabetes study, which is built in]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Add a version every N epochs, and for the last one
    #[arg(long, value_name = "N", default_value_t = NonZeroU64::MIN)]
    every: NonZeroU64,
    /// How many threads to use; the result does not depend on it [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroU16>,
    /// The branch that the versions go to [default: train, or the first free one of train-2, ...]
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Go on from a version that `train` made, with its settings
    #[arg(long, value_name = "REV")]
    resume: Option<String>,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// How a file of data is read.
#[derive(Debug, Args)]
pub(super) struct ReadingArgs {
    /// Leave the rows of an NPY file on the disk and read them at each pass, in the order of
    /// training from a temporary copy; the result is the same, bit for bit [default for files over
    /// 4 GiB]
    #[arg(long)]
    stream: bool,
    /// Where --stream puts the copy [default: the folder of the data]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

/// The largest count that can be recorded: parameters are signed.
const LARGEST: u64 = i64::MAX.cast_unsigned();

/// What decides what is learnt. Without a value, a flag keeps what a resumed version says, or else its
/// default.
#[derive(Debug, Args)]
struct SettingsArgs {
    /// The column to predict [default: the last one]
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// A column of numbers that says how much each row counts
    #[arg(long, value_name = "COLUMN")]
    weights: Option<String>,
    /// A column that is not used; may be given several times
    #[arg(long, value_name = "COLUMN")]
    drop: Vec<String>,
    /// The kind of model [default: linear for numbers, for text logistic or softmax by the number
    /// of classes]
    #[arg(long)]
    model: Option<ModelName>,
    /// How gradients become steps [default: nesterov]
    #[arg(long)]
    optimizer: Option<OptimizerName>,
    /// The number of the last epoch [default: 100]
    #[arg(long, value_name = "N")]
    epochs: Option<u64>,
    /// The step size, or `auto` to derive it from the data [default: auto]
    #[arg(
        long,
        visible_alias = "lr",
        alias = "rate",
        value_name = "auto|X",
        value_parser = parse_rate
    )]
    learning_rate: Option<Rate>,
    /// How the step size falls: `constant`, `step:EVERY:FACTOR`, or `cosine[:EPOCHS[:FLOOR]]`, whose
    /// EPOCHS are those after the warm-up if not given [default: constant]
    #[arg(long, value_name = "SHAPE")]
    schedule: Option<String>,
    /// Epochs through which the step size rises to its value [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=LARGEST))]
    warmup: Option<u64>,
    /// Rows per step of sgd, momentum, adam and adamw [default: 32 for sgd, otherwise all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=LARGEST))]
    batch: Option<u64>,
    /// The penalty on squared weights [default: 0]
    #[arg(long, value_name = "X")]
    l2: Option<f64>,
    /// How much adamw shrinks weights, per unit of rate [default: 0.01]
    #[arg(long, value_name = "X")]
    decay: Option<f64>,
    /// Stop when the gradient's norm is at most X; 0 means never [default: 0]
    #[arg(long, value_name = "X")]
    tolerance: Option<f64>,
    /// Stop after N epochs in a row without a better validation metric; 0 means never [default: 0]
    #[arg(long, value_name = "N")]
    patience: Option<u64>,
    /// The metric that --patience watches [default: val_mse, or val_cross_entropy of classes]
    #[arg(long, value_name = "METRIC")]
    monitor: Option<String>,
    /// The part of the rows held out for validation [default: 0.2]
    #[arg(long, value_name = "X")]
    val_fraction: Option<f64>,
    /// Decides the split of the rows and the order of batches [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The float type of data and model [default: f64]
    #[arg(long)]
    dtype: Option<FloatName>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModelName {
    /// Linear regression
    Linear,
    /// Logistic regression of two classes
    Logistic,
    /// Softmax regression of any number of classes
    Softmax,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OptimizerName {
    /// Gradient descent on all rows
    Gd,
    /// Nesterov's accelerated gradient with restarts, on all rows
    Nesterov,
    /// Gradient descent on batches
    Sgd,
    /// Heavy-ball momentum
    Momentum,
    /// Adam
    Adam,
    /// Adam with weight decay apart from the gradient
    #[value(name = "adamw")]
    AdamW,
    /// L-BFGS with a line search, on all rows
    #[value(name = "lbfgs")]
    LBfgs,
    /// The least squares solution of linear regression, in one epoch
    Exact,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FloatName {
    F32,
    F64,
}

impl From<ModelName> for ModelKind {
    fn from(name: ModelName) -> Self {
        match name {
            ModelName::Linear => Self::Linear,
            ModelName::Logistic => Self::Logistic,
            ModelName::Softmax => Self::Softmax,
        }
    }
}

impl From<OptimizerName> for OptimizerKind {
    fn from(name: OptimizerName) -> Self {
        match name {
            OptimizerName::Gd => Self::Gd,
            OptimizerName::Nesterov => Self::Nesterov,
            OptimizerName::Sgd => Self::Sgd,
            OptimizerName::Momentum => Self::Momentum,
            OptimizerName::Adam => Self::Adam,
            OptimizerName::AdamW => Self::AdamW,
            OptimizerName::LBfgs => Self::LBfgs,
            OptimizerName::Exact => Self::Exact,
        }
    }
}

impl From<FloatName> for FloatType {
    fn from(name: FloatName) -> Self {
        match name {
            FloatName::F32 => Self::F32,
            FloatName::F64 => Self::F64,
        }
    }
}

fn parse_rate(text: &str) -> Result<Rate, String> {
    if text == "auto" {
        return Ok(Rate::Auto);
    }
    text.parse().map(Rate::Fixed).map_err(|_| "give `auto` or a number".to_owned())
}

impl SettingsArgs {
    fn overrides(&self) -> Result<Overrides, Failure> {
        let wrong = |error: ckpt_train::ConfigError| Failure::usage(error.to_string());
        let decline = match self.schedule.as_deref() {
            Some("cosine") => Some(Decline::CosineToEnd),
            Some(text) => Some(Decline::Decay(text.parse().map_err(wrong)?)),
            None => None,
        };
        let mut overrides = Overrides::default();
        overrides.target.clone_from(&self.target);
        overrides.weights.clone_from(&self.weights);
        overrides.drop.clone_from(&self.drop);
        overrides.model = self.model.map(Into::into);
        overrides.optimizer = self.optimizer.map(Into::into);
        overrides.epochs = self.epochs;
        overrides.rate = self.learning_rate;
        overrides.decline = decline;
        overrides.warmup = self.warmup;
        // More rows than can be counted are all of them.
        overrides.batch = self.batch.map(|rows| usize::try_from(rows).unwrap_or(usize::MAX));
        overrides.l2 = self.l2;
        overrides.weight_decay = self.decay;
        overrides.tolerance = self.tolerance;
        overrides.patience = self.patience;
        overrides.monitor = self.monitor.as_deref().map(str::parse).transpose().map_err(wrong)?;
        overrides.val_fraction = self.val_fraction;
        overrides.seed = self.seed;
        overrides.float = self.dtype.map(Into::into);
        Ok(overrides)
    }
}

pub(crate) fn train(context: &mut Context, args: &TrainArgs) -> Outcome {
    let existing = match open(context)? {
        Err(StoreError::NoRepository(_)) if args.resume.is_none() => None,
        opened => Some(opened?),
    };
    let start = match (&args.resume, &existing) {
        (Some(revision), Some(repository)) => Some(Start::read(repository, revision)),
        _ => None,
    };
    let start = start.transpose().map_err(failure)?;
    let overrides = args.settings.overrides()?;
    let settings = match &start {
        Some(start) => start.settings(&overrides),
        None => Settings::default().with(&overrides),
    };
    let settings = settings.map_err(failure)?;
    let source = match (&args.data, &start) {
        (Some(path), _) => Source::read(path, &args.reading.reading()).map_err(failure)?,
        (None, Some(start)) => recorded(start.data_path(), start.data(), &args.reading)?,
        (None, None) => built_in(&args.reading)?,
    };
    let mut run = match start {
        Some(start) => Run::resume(settings, source, start).map_err(failure)?,
        None => Run::new(settings, source),
    };
    if let Some(name) = &args.branch {
        run = run.branch(RefName::branch(name).map_err(StoreError::from)?);
    }
    let pool = pool(args.threads)?;
    let mut facts = environment::facts(None);
    facts.insert("threads".to_owned(), pool.current_num_threads().to_string());
    let run = run.every(args.every).environment(facts);
    let folder = match &context.repo {
        Some(folder) => folder.clone(),
        None => context.environment.current_dir()?,
    };
    let init = || match Repository::init(&folder) {
        // Another process has just made it.
        Err(StoreError::AlreadyRepository(_)) => Repository::open(&folder),
        made => made,
    };
    let mut caller = Caller::new(context)?;
    let trained = pool.install(|| run.train(|| existing.map_or_else(init, Ok), &mut caller));
    let seconds = caller.took.as_secs_f64();
    drop(caller);
    summary::print(context, &trained.map_err(failure)?, seconds)?;
    Ok(Answer::Done)
}

/// Opens the repository that `--repo` names, or that the current folder is in.
fn open(context: &Context) -> Result<ckpt_store::Result<Repository>, Failure> {
    Ok(match &context.repo {
        Some(folder) => Repository::open(folder),
        None => Repository::discover(&context.environment.current_dir()?),
    })
}

/// Makes a pool of threads.
pub(super) fn pool(threads: Option<NonZeroU16>) -> Result<rayon::ThreadPool, Failure> {
    let threads = threads.map_or(0, |threads| usize::from(threads.get()));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| Failure::because("cannot start the threads", error))
}

/// The table that is trained on if nothing else is asked for: the same bytes as fixtures/diabetes.csv.
const BUILT_IN: &[u8] = include_bytes!("../../data/diabetes.csv");

/// What versions call it.
const BUILT_IN_NAME: &str = "diabetes.csv";

impl ReadingArgs {
    pub(super) fn reading(&self) -> Reading {
        let mut reading = Reading::default();
        reading.stream = self.stream;
        reading.scratch.clone_from(&self.scratch);
        reading
    }
}

fn built_in(reading: &ReadingArgs) -> Result<Source, Failure> {
    if reading.stream {
        return Err(Failure::usage("--stream is for the rows of an NPY file")
            .with_hint("name it with --data"));
    }
    let table = Table::read_csv(BUILT_IN, BUILT_IN_NAME).map_err(Failure::of)?;
    Ok(Source::of(BUILT_IN_NAME, table))
}

/// Reads what a version was trained on, where it was then.
pub(super) fn recorded(
    path: Option<PathBuf>,
    data: &[DataInput],
    reading: &ReadingArgs,
) -> Result<Source, Failure> {
    let is_gone = path.as_ref().is_none_or(|path| !path.exists());
    if is_gone && let [data] = data {
        let source = built_in(reading)?;
        if source.data().id == data.id {
            return Ok(source);
        }
    }
    let Some(path) = path else {
        let what = "the version does not say where its data was; name it with --data";
        return Err(Failure::failed(what));
    };
    let hint = "that is where the version had its data; name it with --data";
    Source::read(&path, &reading.reading()).map_err(|error| failure(error).with_hint(hint))
}

/// Says by flags what is wrong with a run, and what to do about it.
pub(super) fn failure(error: Error) -> Failure {
    match error {
        Error::Store(error) => (*error).into(),
        Error::Settings(error) => Failure::usage(in_flags(&error)),
        Error::Unfinished { branch, versions, source } => {
            let (failure, branch) = (failure(*source), branch.short());
            if failure.hint().is_some() {
                return failure;
            }
            let kept = format::count(versions as u64, "version");
            failure.with_hint(format!(
                "kept on branch {branch}: {kept}; --resume {branch} goes on from the last"
            ))
        }
        Error::ChangedData { change, source } => {
            failure(*source).within(&format!("the data has changed: {change}"))
        }
        Error::NothingLeft { epoch, stop } => {
            Failure::failed(format!("there is nothing left to train: {}", why_over(epoch, stop)))
        }
        Error::Training { .. } => Failure::failed(of_training(&error)),
        Error::BranchExists { ref branch, .. } => Failure::failed(format!(
            "{error}; choose another name, or go on from it with --resume {}",
            branch.short()
        )),
        Error::BranchElsewhere { .. } => {
            Failure::failed(format!("{error}; choose another name with --branch"))
        }
        Error::OtherData { .. } => Failure::failed(format!("{error}; name that with --data")),
        other => Failure::of(other),
    }
}

/// Says by flags what training fails with.
fn of_training(error: &Error) -> String {
    error.to_string().replace("use l2 > 0", "use --l2")
}

fn in_flags(error: &SettingsError) -> String {
    match error {
        SettingsError::MonitorWithoutPatience => {
            "--monitor needs --patience, which says how long to wait".to_owned()
        }
        SettingsError::Decay(_) => {
            "--decay is a setting of adamw; use --optimizer adamw, or --l2".to_owned()
        }
        SettingsError::Fixed(setting) => {
            let flag = match *setting {
                "rate auto" => "learning-rate auto".to_owned(),
                setting => setting.replace('_', "-"),
            };
            format!(
                "--{flag} cannot change when training goes on; leave it out, or start afresh without \
                 --resume"
            )
        }
        other => other.to_string(),
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

/// Plain lines that a run prints, however many epochs it has.
const LINES: u64 = 10;

/// How often the bar moves for epochs that are not versioned: asking for metrics takes a pass.
const BAR_MOVES: u64 = 200;

/// What shells report of a process that Ctrl-C ended.
const ENDED_BY_SIGNAL: i32 = 130;

/// What a run asks and tells: signs of life on standard error, a bar on a terminal and some plain lines
/// elsewhere.
struct Caller<'a> {
    ui: &'a mut Ui,
    environment: &'a Environment,
    signature: Signature,
    stop: Arc<AtomicBool>,
    /// Whether plain lines are kept away.
    is_quiet: bool,
    bar: Option<ProgressBar>,
    /// Epochs between plain lines; 0 for none.
    step: u64,
    last: u64,
    started: Instant,
    took: Duration,
}

impl<'a> Caller<'a> {
    fn new(context: &'a mut Context) -> Result<Self, Failure> {
        let signature = context.signature()?;
        let Context { ui, environment, json, .. } = context;
        Ok(Self {
            started: environment.clock(),
            took: Duration::ZERO,
            ui,
            environment,
            signature,
            stop: stop_flag()?,
            is_quiet: *json,
            bar: None,
            step: 0,
            last: 0,
        })
    }
}

impl Hooks for Caller<'_> {
    fn signature(&mut self) -> Signature {
        // A time that was understood once is understood again.
        self.environment.signature(None).unwrap_or_else(|_| self.signature.clone())
    }

    fn is_cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn started(&mut self, done: u64, last: u64) {
        self.started = self.environment.clock();
        self.last = last;
        if self.ui.is_err_terminal() {
            let template = "epoch {pos}/{len} {wide_bar} {msg} {eta} left";
            let style = ProgressStyle::with_template(template).expect("it is well-formed");
            self.bar = Some(ProgressBar::new(last).with_style(style).with_position(done));
        } else if !self.is_quiet {
            self.step = last.saturating_sub(done).div_ceil(LINES);
        }
    }

    fn wants(&self, epoch: u64) -> bool {
        if self.bar.is_some() {
            return epoch.is_multiple_of(self.last.div_ceil(BAR_MOVES));
        }
        self.step > 0 && (epoch.is_multiple_of(self.step) || epoch == self.last)
    }

    fn epoch(&mut self, number: u64, metrics: &Metrics) {
        let value =
            |name: &str| metrics.get(name).map(|value| format!("{name} {}", format::number(value)));
        let values: Vec<String> = ["loss", "val_mse", "val_cross_entropy", "val_accuracy", "rate"]
            .into_iter()
            .filter_map(value)
            .collect();
        if let Some(bar) = &self.bar {
            bar.set_message(values.join("  "));
            bar.set_position(number);
        } else if self.wants(number) {
            // Nothing was printed before that could fail to be.
            let _ = self.ui.notice(format!("epoch {number}/{}  {}", self.last, values.join("  ")));
        }
    }

    fn finished(&mut self) {
        self.took = self.started.elapsed();
    }
}

impl Drop for Caller<'_> {
    /// Takes the bar away.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Returns a flag that Ctrl-C sets; a second one ends the process, which loses nothing but the epochs
/// that were not reported yet.
#[expect(clippy::disallowed_methods, reason = "a signal ends the process where it is")]
fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    let on_signal = move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(ENDED_BY_SIGNAL);
        }
    };
    ctrlc::set_handler(on_signal)
        .map_err(|error| Failure::because("cannot wait for Ctrl-C", error))?;
    Ok(flag)
}
