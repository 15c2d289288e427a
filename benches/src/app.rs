//! From arguments to an exit code.

use std::{path::PathBuf, process::ExitCode};

use ckpt_cli::{
    Failure,
    environment::{self, Environment},
    ui::Ui,
};
use clap::Parser;

use crate::{Place, bench, data};

/// Measures this workspace, and makes data to measure with.
#[derive(Debug, Parser)]
#[command(name = "ckpt-bench", version)]
struct Arguments {
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
    /// Runs the benches and versions their medians
    Bench(bench::BenchArgs),
    /// Makes data to measure and test with
    Data(data::DataArgs),
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let environment = Environment::read();
    let program = environment::program();
    let mut ui = Ui::new(program, &environment);
    let command = <Arguments as clap::CommandFactory>::command().bin_name(program);
    let parsed = command.try_get_matches().and_then(|mut matches| {
        <Arguments as clap::FromArgMatches>::from_arg_matches_mut(&mut matches)
    });
    let Arguments { repo, json, verb } = match parsed {
        Ok(arguments) => arguments,
        Err(error) => return ckpt_cli::report_usage(&mut ui, &error),
    };
    let outcome = Place::new(repo, json, environment).and_then(|place| match &verb {
        Verb::Bench(args) => bench::run(args, &place, &mut ui),
        Verb::Data(args) => data::run(args, &place, &mut ui),
    });
    match outcome.map_err(failure).and_then(|()| ui.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ckpt_cli::report(&mut ui, &failure),
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
fn failure(error: anyhow::Error) -> Failure {
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

    #[test]
    fn the_arguments_are_well_formed() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }
}
