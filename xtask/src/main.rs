//! The glue of the workspace: `cargo xtask VERB`.
//!
//! `train`, `reproduce`, `bench`, `data` and `ci` live here; every other verb is handed to ckpt-cli unchanged.

mod bench;
mod ci;
mod data;
mod place;
mod train;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use ckpt_cli::{Failure, environment::Environment, ui::Ui};
use clap::{CommandFactory, Parser};

pub(crate) use crate::place::Place;

/// The exit code of a question that was answered with no.
const ANSWER_NO: u8 = 3;

/// What people type to get here.
const PROGRAM: &str = "cargo xtask";

/// Trains models, measures and checks this workspace. Every other verb is one of ckpt's.
#[derive(Debug, Parser)]
#[command(
    name = "xtask",
    version,
    bin_name = PROGRAM,
    after_help = "Every other verb (init, commit, log, show, compare, restore, verify, branch, tag, \
                  switch, alias, promote, guard, rollback, audit, note) is handed to ckpt: `cargo xtask log --help`."
)]
struct Xtask {
    /// The folder that holds or will hold .ckpt [default: found upwards, or the current folder]
    #[arg(long, global = true, value_name = "DIR", display_order = 100)]
    repo: Option<PathBuf>,
    /// Prints the result as JSON
    #[arg(long, global = true, display_order = 100)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Trains a model and versions its epochs
    #[command(allow_negative_numbers = true, after_help = train::KEYS)]
    Train(train::TrainArgs),
    /// Trains again what a version records, and tells whether the same comes out
    #[command(after_help = train::reproduce::KEYS)]
    Reproduce(train::reproduce::ReproduceArgs),
    /// Runs the benches and versions their medians
    Bench(bench::BenchArgs),
    /// Makes data to measure and test with
    Data(data::DataArgs),
    /// Checks format, lints, tests, docs and benches, as hosted CI does
    Ci(ci::CiArgs),
}

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    if !is_ours(&args) {
        return ckpt_cli::run(PROGRAM, args);
    }
    let environment = Environment::read();
    let mut ui = Ui::new(PROGRAM, &environment);
    let Xtask { repo, json, verb } = match Xtask::try_parse() {
        Ok(xtask) => xtask,
        Err(error) => return ckpt_cli::report_usage(&mut ui, &error),
    };
    let outcome = Place::new(repo, json, environment).and_then(|place| {
        let answer = match &verb {
            Verb::Reproduce(args) => return train::reproduce::run(args, &place, &mut ui),
            Verb::Train(args) => train::run(args, &place, &mut ui),
            Verb::Bench(args) => bench::run(args, &place, &mut ui),
            Verb::Data(args) => data::run(args, &place, &mut ui),
            Verb::Ci(args) => ci::run(args, &place, &mut ui),
        };
        answer.map(|()| true)
    });
    let flushed = outcome.map_err(failure).and_then(|answer| ui.flush().map(|()| answer));
    match flushed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(ANSWER_NO),
        Err(failure) => ckpt_cli::report(&mut ui, &failure),
    }
}

/// Tells whether the verb, the first argument that is no global flag, is one of xtask's own.
fn is_ours(args: &[OsString]) -> bool {
    let mut words = args.iter().filter_map(|arg| arg.to_str());
    let verb = loop {
        match words.next() {
            Some("--repo") => drop(words.next()),
            Some("--json") => {}
            Some(word) if word.starts_with("--repo=") => {}
            other => break other,
        }
    };
    let is_ours = |verb| Xtask::command().find_subcommand(verb).is_some();
    match verb {
        Some("help") => words.next().is_none_or(is_ours),
        None | Some("--help" | "-h" | "--version" | "-V") => true,
        Some(verb) => is_ours(verb),
    }
}

/// Something wrong with how a verb was called.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Gives an error the class and the hint that ckpt-cli's table has for it.
pub(crate) fn failure(error: anyhow::Error) -> Failure {
    let error = match error.downcast::<Failure>() {
        Ok(failure) => return failure,
        Err(error) => error,
    };
    match error.downcast::<ckpt_store::Error>() {
        Ok(error) => error.into(),
        Err(error) if error.is::<UsageError>() => Failure::usage(error.to_string()),
        Err(error) => Failure::failed(format!("{error:#}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(words: &[&str]) -> bool {
        is_ours(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn verbs_go_where_they_belong() {
        assert!(
            ours(&["train"]) && ours(&["--repo", "log", "train"]) && ours(&["--json", "bench"])
        );
        assert!(ours(&[]) && ours(&["--help"]));
        assert!(
            !ours(&["log"]) && !ours(&["--repo", "train", "log"]) && !ours(&["--repo=x", "show"])
        );
    }

    #[test]
    fn the_arguments_are_well_formed() {
        Xtask::command().debug_assert();
    }
}
