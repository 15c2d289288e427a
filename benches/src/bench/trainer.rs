//! `cargo xtask bench trainer`: an epoch against a plain read of the same rows, and against what other
//! libraries do with them.

mod markdown;
mod ours;
mod peer;
mod read;
mod shape;
mod table;

use std::{collections::BTreeMap, num::NonZero, path::PathBuf};

use anyhow::Context;
use ckpt_cli::ui::Ui;
use ckpt_train::Real;
use clap::value_parser;
use serde_json::{Value, json};

use self::{
    ours::{Ours, Subject as Timed},
    peer::Peers,
    shape::{Dtype, Model, Shape, Task},
    table::{Samples, Subject, subjects},
};
use super::{facts::Facts, page::Page, release};
use crate::Place;

/// What `--help` says of `--json`, and of what is done.
pub(super) const HELP: &str = "\
Epochs are gradient descent through the trainer's public interface, without the passes that only
reports need. Reading is a sum of the same features on the same number of threads; both take turns.

With --json: epoch_seconds and read_seconds (medians), fraction_of_read (read_seconds /
epoch_seconds). With --peers, a list of name, seconds, read_seconds, fraction_of_read, ratios (by
library: its median / ours).";

/// The name of the place in a page that the table goes to.
const PLACE: &str = "trainer";

/// The arguments of `cargo xtask bench trainer`.
#[derive(Debug, clap::Args)]
pub(crate) struct TrainerArgs {
    /// How many rows there are
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1..=1 << 40))]
    rows: u64,
    /// How many features a row has
    #[arg(long, value_name = "D", default_value_t = 32, value_parser = value_parser!(u64).range(1..=1 << 24))]
    features: u64,
    /// The type of features and targets
    #[arg(long, value_name = "TYPE", default_value = "f32")]
    dtype: Dtype,
    /// How many threads train
    #[arg(long, value_name = "T", default_value = "1")]
    threads: NonZero<usize>,
    /// What is fitted
    #[arg(long, value_name = "MODEL", default_value = "linear")]
    model: Model,
    /// How many classes softmax regression tells apart
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = value_parser!(u32).range(2..=100_000))]
    classes: u32,
    /// How many rows a step takes [default: all]
    #[arg(long, value_name = "B")]
    batch: Option<NonZero<usize>>,
    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = value_parser!(u32).range(1..=1000))]
    repetitions: u32,
    /// Measure all rows of the table in docs/benchmarks.md instead, against other libraries
    #[arg(long, conflicts_with_all = ["rows", "features", "dtype", "threads", "model", "classes", "batch"])]
    peers: bool,
    /// A Python that has numpy and perhaps torch, jax or scikit-learn; may be given more than once
    #[arg(long, value_name = "PATH", requires = "peers", default_value = "python3")]
    python: Vec<PathBuf>,
    /// Measure only rows of the table whose name contains this text
    #[arg(long, value_name = "TEXT", requires = "peers", default_value = "")]
    filter: String,
    /// Write the table into a page, between the lines `<!-- trainer -->` and `<!-- end -->`
    #[arg(long, value_name = "PAGE", requires = "peers", conflicts_with = "json")]
    into: Option<PathBuf>,
}

/// Everything that a run of the table found.
struct Run {
    /// What makes such a run again, as users type it.
    command: String,
    repetitions: u32,
    facts: Facts,
    /// Of the peers, by library.
    versions: BTreeMap<String, String>,
    rows: Vec<(Subject, Samples)>,
}

/// Measures and reports.
pub(super) fn run(args: &TrainerArgs, place: &Place, ui: &mut Ui) -> anyhow::Result<()> {
    // A build for release has no assertions; the times of any other say nothing.
    if cfg!(debug_assertions) {
        ui.notice("bench trainer: building the benches for release")?;
        let [bench] = release::programs(&place.workspace, [release::PACKAGE], [release::PROGRAM])?;
        return release::run_again(&bench, []);
    }
    if args.peers {
        return run_table(args, place, ui);
    }
    let shape = args.shape();
    let samples = of_type(shape, None, args.repetitions)?;
    let (epoch, read) = (samples.seconds(), samples.read_seconds());
    let fraction = samples.fraction_of_read();
    if place.json {
        let keys = json!({
            "epoch_seconds": epoch, "read_seconds": read, "fraction_of_read": fraction,
        });
        return Ok(ui.json(&keys)?);
    }
    ui.line(format!("epoch {epoch:.3e} s, plain read {read:.3e} s, fraction {fraction:.2}"))?;
    Ok(())
}

impl TrainerArgs {
    fn shape(&self) -> Shape {
        Shape {
            task: Task::Epoch,
            rows: self.rows as usize,
            features: self.features as usize,
            dtype: self.dtype,
            model: self.model,
            classes: self.classes as usize,
            batch: self.batch.map(NonZero::get),
            threads: self.threads.get(),
        }
    }
}

fn run_table(args: &TrainerArgs, place: &Place, ui: &mut Ui) -> anyhow::Result<()> {
    let page = args.into.as_ref().map(|path| Page::open(path, PLACE)).transpose()?;
    let folder = tempfile::tempdir().context("cannot make a folder for the rows")?;
    let mut peers = Peers::start(&args.python, &[1, 2], &place.workspace, folder.path())?;
    let mut rows = Vec::new();
    for subject in subjects().into_iter().filter(|subject| subject.name.contains(&args.filter)) {
        ui.notice(format!("bench trainer: {}", subject.name))?;
        let peers = subject.has_peers.then_some(&mut peers);
        let samples = of_type(subject.shape, peers, args.repetitions)
            .with_context(|| format!("cannot measure {}", subject.name))?;
        rows.push((subject, samples));
    }
    let run = Run {
        command: format!("cargo xtask {}", super::metrics::command_line(std::env::args().skip(1))),
        repetitions: args.repetitions,
        facts: Facts::of(folder.path()),
        versions: std::mem::take(&mut peers.versions),
        rows,
    };
    if place.json {
        return Ok(ui.json(&Value::from_iter(run.rows.iter().map(document)))?);
    }
    match page {
        Some(page) => page.write(&markdown::lines(&run)),
        None => markdown::lines(&run).into_iter().try_for_each(|line| Ok(ui.line(line)?)),
    }
}

fn document((subject, samples): &(Subject, Samples)) -> Value {
    json!({
        "name": subject.name,
        "seconds": samples.seconds(),
        "read_seconds": samples.read_seconds(),
        "fraction_of_read": samples.fraction_of_read(),
        "ratios": samples.ratios(),
    })
}

fn of_type(shape: Shape, peers: Option<&mut Peers>, repetitions: u32) -> anyhow::Result<Samples> {
    match shape.dtype {
        Dtype::F32 => measure::<f32>(shape, peers, repetitions),
        Dtype::F64 => measure::<f64>(shape, peers, repetitions),
    }
}

/// Measures ours, reading and the peers in turn, after a turn that does not count.
fn measure<T: Real>(
    shape: Shape,
    mut peers: Option<&mut Peers>,
    repetitions: u32,
) -> anyhow::Result<Samples> {
    let (x, y) = shape.draw::<T>();
    if let Some(peers) = &peers {
        peers.give(&x, &y)?;
    }
    let mut ours = Ours::new(shape, x, y)?;
    ours.read()?;
    ours.task()?;
    let mut samples = Samples::default();
    for _ in 0..repetitions {
        samples.read.push(ours.read()?);
        samples.ours.push(ours.task()?);
        if let Some(peers) = &mut peers {
            for (library, seconds) in peers.time(&shape)? {
                samples.peers.entry(library).or_default().push(seconds);
            }
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::{shape::tests::small, *};

    #[test]
    fn everything_is_measured_as_often_as_asked() {
        let samples = of_type(small(Task::Epoch, Model::Linear, None), None, 3).unwrap();
        assert_eq!((samples.ours.len(), samples.read.len(), samples.peers.len()), (3, 3, 0));
        assert!(samples.fraction_of_read().is_finite());
    }
}
