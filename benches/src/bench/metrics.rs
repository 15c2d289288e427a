//! `cargo xtask bench metrics`: ckpt-metrics against scikit-learn on the same rows.
//!
//! Both evaluate each metric in turn, so that a slow minute is everybody's, and what each of them
//! answers is compared.

mod columns;
mod json;
mod markdown;
mod peer;
mod results;
mod subject;

use std::{num::NonZero, path::PathBuf};

use anyhow::{Context, bail};
use ckpt_cli::{format, ui::Ui};
use clap::value_parser;
use rayon::{ThreadPool, ThreadPoolBuilder};

use self::{
    columns::Columns,
    peer::Peer,
    results::{Row, Samples},
    subject::{SUBJECTS, Subject},
};
use super::{facts::Facts, page::Page, release};
use crate::{Place, place::clock};

/// What `--help` says of `--json`, and of what is done.
pub(super) const HELP: &str = "\
Without a Python that has numpy and scikit-learn, ours are measured alone.

With --json: rows, threads, repetitions, machine, peer (what scikit-learn says of its version, or
null), skipped (why there is no peer, or null), metrics: a list of name, target (how many times as
fast as scikit-learn we want to be), bytes (what is read), seconds (median), fraction_of_read (the
time in which this machine reads as many bytes / seconds), peer_seconds, ratio (peer_seconds /
seconds), difference (of both answers, the greatest).";

/// The name of the place in a page that the tables go to.
const PLACE: &str = "metrics";

/// How far the answers may be apart: sums of ten million rows round differently.
const TOLERANCE: f64 = 1e-9;

/// The arguments of `cargo xtask bench metrics`.
#[derive(Debug, clap::Args)]
pub(crate) struct MetricsArgs {
    /// How many rows are evaluated
    #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = value_parser!(u32).range(1000..=1_000_000_000))]
    rows: u32,
    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u32).range(1..=1000))]
    repetitions: u32,
    /// The threads of ckpt-metrics [default: one for each core]
    #[arg(long, value_name = "T")]
    threads: Option<NonZero<usize>>,
    /// Measure only metrics whose name contains this text
    #[arg(long, value_name = "TEXT", default_value = "")]
    filter: String,
    /// The Python that has scikit-learn
    #[arg(long, value_name = "PATH", default_value = "python3")]
    python: PathBuf,
    /// Leave scikit-learn out
    #[arg(long)]
    no_peers: bool,
    /// Print a table in Markdown
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Write the table into a page, between the lines `<!-- metrics -->` and `<!-- end -->`
    #[arg(long, value_name = "PAGE", conflicts_with = "json")]
    into: Option<PathBuf>,
}

/// Everything that a run found.
#[derive(Debug)]
struct Run {
    /// What makes such a run again, as users type it.
    command: String,
    rows: usize,
    threads: usize,
    repetitions: u32,
    facts: Facts,
    /// What the peer says of its version, or why there is none.
    peer: Result<String, String>,
    metrics: Vec<Row>,
}

/// Measures and reports.
pub(super) fn run(args: &MetricsArgs, place: &Place, ui: &mut Ui) -> anyhow::Result<()> {
    // A build for release has no assertions; the times of any other say nothing.
    if cfg!(debug_assertions) {
        ui.notice("bench metrics: building the benches for release")?;
        let [bench] = release::programs(&place.workspace, [release::PACKAGE], [release::PROGRAM])?;
        return release::run_again(&bench, []);
    }
    let page = args.into.as_ref().map(|path| Page::open(path, PLACE)).transpose()?;
    let run = measure(args, place, ui)?;
    if let Some(page) = page {
        return page.write(&markdown::lines(&run));
    }
    if place.json {
        return Ok(ui.json(&json::document(&run))?);
    }
    let lines = if args.markdown { markdown::lines(&run) } else { markdown::summary(&run) };
    lines.into_iter().try_for_each(|line| Ok(ui.line(line)?))
}

fn measure(args: &MetricsArgs, place: &Place, ui: &mut Ui) -> anyhow::Result<Run> {
    let subjects: Vec<&Subject> =
        SUBJECTS.iter().filter(|subject| subject.name.contains(&args.filter)).collect();
    if subjects.is_empty() {
        bail!("the name of no metric contains {:?}", args.filter);
    }
    let pool = pool(args)?;
    let rows = args.rows as usize;
    let words = format::count(rows as u64, "row");
    ui.notice(format!("bench metrics: making {words}"))?;
    let columns = Columns::draw(rows);
    let folder = tempfile::tempdir().context("cannot make a folder for the rows")?;
    let peer = if args.no_peers {
        Err("left out".to_owned())
    } else {
        Peer::start(&args.python, &place.workspace, &columns, folder.path())?
    };
    let (mut peer, peer_says) = match peer {
        Ok((peer, version)) => (Some(peer), Ok(version)),
        Err(why) => {
            ui.notice(format!("skipped scikit-learn: {why}"))?;
            (None, Err(why))
        }
    };
    let mut samples: Vec<Samples> = subjects.iter().map(|_| Samples::default()).collect();
    for repetition in 1..=args.repetitions {
        ui.notice(format!("bench metrics: {repetition}/{}", args.repetitions))?;
        for (subject, samples) in subjects.iter().zip(&mut samples) {
            one(subject, &columns, &pool, peer.as_mut(), samples)
                .with_context(|| format!("cannot measure {}", subject.name))?;
        }
    }
    let metrics = subjects.iter().zip(&samples);
    Ok(Run {
        command: format!("cargo xtask {}", command_line(std::env::args().skip(1))),
        rows,
        threads: pool.current_num_threads(),
        repetitions: args.repetitions,
        facts: Facts::of(folder.path()),
        peer: peer_says,
        metrics: metrics.map(|(subject, samples)| Row::new(subject, &columns, samples)).collect(),
    })
}

fn pool(args: &MetricsArgs) -> anyhow::Result<ThreadPool> {
    let threads = args.threads.map_or(0, NonZero::get);
    ThreadPoolBuilder::new().num_threads(threads).build().context("cannot start threads")
}

/// Measures one metric once: how long the machine takes to read, ours, and the peer's.
fn one(
    subject: &Subject,
    columns: &Columns,
    pool: &ThreadPool,
    peer: Option<&mut Peer>,
    samples: &mut Samples,
) -> anyhow::Result<()> {
    let start = clock();
    pool.install(|| columns.read(subject.columns));
    samples.read.push(start.elapsed().as_secs_f64());
    let start = clock();
    let answer = pool.install(|| (subject.evaluate)(columns))?;
    samples.ours.push(start.elapsed().as_secs_f64());
    if let Some(peer) = peer {
        let (seconds, expected) = peer.time(subject.python)?;
        samples.peer.push(seconds);
        let difference = difference(&answer, &expected);
        if difference.is_nan() || difference > TOLERANCE {
            bail!("ours is {answer:?}, scikit-learn's {expected:?}");
        }
        samples.difference = samples.difference.max(difference);
    }
    Ok(())
}

/// How far two answers are apart, relative to their size if that is over 1; NaN if they are not of
/// the same kind.
fn difference(ours: &[f64], theirs: &[f64]) -> f64 {
    if ours.len() != theirs.len() {
        return f64::NAN;
    }
    let pairs = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs() / b.abs().max(1.0));
    // A NaN is not less than anything, and stays.
    pairs.fold(0.0, |most, next| if most.is_nan() || next <= most { most } else { next })
}

/// Leaves out of a command what says where to find things on this machine.
pub(super) fn command_line(args: impl Iterator<Item = String>) -> String {
    let mut words = Vec::new();
    let mut args = args;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--python" => drop(args.next()),
            _ => words.push(arg),
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_no_place_of_this_machine() {
        let line = "bench metrics --rows 1000 --python /p/python --markdown";
        let words = line.split(' ').map(str::to_owned);
        assert_eq!(command_line(words), "bench metrics --rows 1000 --markdown");
    }

    #[test]
    fn answers_are_compared_by_size() {
        assert_eq!(difference(&[1.0, 3e9], &[1.0, 3e9]), 0.0);
        assert_eq!(difference(&[0.5, 4.0], &[0.25, 2.0]), 1.0);
        assert!(difference(&[1.0], &[1.0, 2.0]).is_nan());
        assert!(difference(&[f64::NAN, 1.0], &[1.0, 1.0]).is_nan());
        assert!(difference(&[1.0, f64::NAN], &[2.0, 1.0]).is_nan());
    }

    /// Every metric on rows few enough for this build.
    #[test]
    fn every_metric_is_evaluated() {
        let columns = Columns::draw(5000);
        let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        for subject in &SUBJECTS {
            let mut samples = Samples::default();
            one(subject, &columns, &pool, None, &mut samples).unwrap();
            assert_eq!((samples.ours.len(), samples.peer.len()), (1, 0), "{}", subject.name);
            let answer = (subject.evaluate)(&columns).unwrap();
            assert!(answer.iter().all(|value| value.is_finite()), "{}", subject.name);
        }
    }
}
