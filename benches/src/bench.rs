//! `cargo xtask bench`: runs the benches and versions their medians; `bench store`,
//! `bench metrics` and `bench trainer` measure those against their peers.
//!
//! A time says little without its machine and its hour. So each run also measures how fast the
//! machine reads memory and hashes, before and after the benches of each target, and the metric of a
//! bench is its median relative to that: the times of two machines, or of a quiet and a busy hour, compare.

mod criterion;
mod facts;
mod machine;
mod median;
mod metrics;
mod page;
mod python;
mod release;
mod report;
mod results;
mod runner;
mod store;
mod trainer;

use anyhow::bail;
use ckpt_cli::ui::Ui;
use ckpt_hash::code_id;
use ckpt_store::{
    Contents, Draft, ParamValue, REPOSITORY_DIR, Recipe, RefName, Repository, Version,
};

use self::{
    machine::Machine,
    report::Report,
    results::Results,
    runner::{PACKAGE, Runner},
};
use crate::Place;

/// The arguments of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    what: Option<What>,
    /// Run only the benches whose `group/name` contains this text
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    /// The branch that the medians go to
    #[arg(long, value_name = "NAME", default_value = "bench")]
    branch: String,
    /// Measure without making a version
    #[arg(long)]
    no_commit: bool,
    /// Hide what cargo and the benches print
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Measures the store on sequences of checkpoints, against copies and other tools
    #[command(after_help = store::HELP)]
    Store(store::StoreArgs),
    /// Measures metrics of many rows against scikit-learn
    #[command(after_help = metrics::HELP)]
    Metrics(metrics::MetricsArgs),
    /// Measures an epoch of training against a plain read of the rows, or against other libraries
    #[command(after_help = trainer::HELP)]
    Trainer(trainer::TrainerArgs),
}

/// Measures, versions, and reports.
pub(crate) fn run(args: &BenchArgs, place: &Place, ui: &mut Ui) -> anyhow::Result<()> {
    match &args.what {
        Some(What::Store(args)) => return store::run(args, place, ui),
        Some(What::Metrics(args)) => return metrics::run(args, place, ui),
        Some(What::Trainer(args)) => return trainer::run(args, place, ui),
        None => {}
    }
    // What would stop the commit shows before the minutes of measuring.
    let branch = RefName::branch(&args.branch).map_err(ckpt_store::Error::from)?;
    if !args.no_commit && place.repository.join(REPOSITORY_DIR).is_dir() {
        Repository::open(&place.repository)?;
    }
    let results = measure(args, place, ui)?;
    let version = if args.no_commit { None } else { Some(commit(args, place, &branch, &results)?) };
    let report = Report { results: &results, branch: branch.short(), version: version.as_ref() };
    Ok(report.print(ui, place.json)?)
}

/// Runs the benches, target by target, each between two measurements of the machine.
fn measure(args: &BenchArgs, place: &Place, ui: &mut Ui) -> anyhow::Result<Results> {
    let runner = Runner::new(&place.workspace, args.quiet);
    let mut step = |what: &str| ui.notice(format!("bench: {what}"));
    // A build between the measurements would part them by minutes.
    step("building the benches")?;
    runner.build()?;
    step("measuring the machine")?;
    let mut speeds = vec![runner.machine()?];
    let mut parts = Vec::new();
    for target in runner.targets()? {
        step(&format!("running {target}"))?;
        let estimates = runner.benches(&target, args.filter.as_deref())?;
        if estimates.is_empty() {
            continue;
        }
        step("measuring the machine again")?;
        speeds.push(runner.machine()?);
        let around = Machine::of(&speeds[speeds.len() - 2..]);
        parts.push(Results::new(estimates, around));
    }
    let results = Results::join(parts, Machine::of(&speeds));
    match (&args.filter, results.benches.is_empty()) {
        (_, false) => Ok(results),
        (Some(filter), true) => bail!("the name of no bench contains {filter:?}"),
        (None, true) => bail!("the benches left no results"),
    }
}

/// Makes a version without tensors of the results.
fn commit(
    args: &BenchArgs,
    place: &Place,
    branch: &RefName,
    results: &Results,
) -> anyhow::Result<Version> {
    let param = |name: &str, text: &str| (name.to_owned(), ParamValue::Text(text.to_owned()));
    let filter = args.filter.as_deref().map(|filter| param("filter", filter));
    // What is measured: a new sentence in a document does not make another program.
    let code = code_id(&place.workspace.join("crates")).ok();
    let params = [param("benches", PACKAGE)].into_iter().chain(filter).collect();
    let recipe = Recipe::default().with_params(params).with_code(code);
    let draft = Draft::new(Contents::Nothing, place.stamp_now()?)
        .with_recipe(recipe)
        .with_metrics(results.metrics())
        .with_environment(place.environment.clone())
        .with_message(results.summary());
    Ok(place.open_or_init()?.commit(branch, &draft)?.version)
}
