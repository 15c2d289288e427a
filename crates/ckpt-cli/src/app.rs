//! From arguments to an exit code.

use std::{ffi::OsString, iter, path::PathBuf, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::{
    commands::Command,
    context::{Context, Outcome},
    environment::Environment,
    failure::{Class, Failure},
    ui::Ui,
    usage,
};

/// Version control for model checkpoints.
#[derive(Debug, Parser)]
#[command(
    name = "ckpt",
    version,
    after_help = "REV names a version: a branch, tag or alias, HEAD, the first digits of an id, main~3 \
                  (3 versions before), main@12 (version number 12), min:loss or max:f1 (the best \
                  of the current branch), min:loss@main.\n\n\
                  Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the answer is no, 4 conflict."
)]
struct Cli {
    /// The folder that holds .ckpt [default: found upwards from the current folder]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    repo: Option<PathBuf>,

    /// Prints the result as JSON
    #[arg(long, global = true, help_heading = "Global options")]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

/// Runs the command line `program ARGS`, where `args` does not hold the program's name.
///
/// `program` is what people type to get here, such as `ckpt`.
pub fn run(program: &'static str, args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let environment = Environment::read();
    let mut ui = Ui::new(program, &environment);
    let command =
        Cli::command().name(program).bin_name(program).term_width(ui.width().min(usage::WIDTH));
    let args = iter::once(OsString::from(program)).chain(args);
    let parsed = command
        .try_get_matches_from(args)
        .and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches));
    let Cli { repo, json, command } = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage::report(&mut ui, &error),
    };
    let mut context = Context { ui, environment, repo, json };
    let outcome = command.run(&mut context);
    exit_code(&mut context.ui, outcome)
}

/// Ends the output and turns the outcome into the code that the process exits with.
fn exit_code(ui: &mut Ui, outcome: Outcome) -> ExitCode {
    let ended = outcome.and_then(|answer| match ui.flush() {
        // The answer stands, even if nobody reads what explains it.
        Err(failure) if failure.class() != Class::ClosedPipe => Err(failure),
        _ => Ok(answer),
    });
    match ended {
        Ok(answer) => answer.into(),
        Err(failure) => report(ui, &failure),
    }
}

/// Prints a failure and returns its exit code.
pub fn report(ui: &mut Ui, failure: &Failure) -> ExitCode {
    let code = match failure.class() {
        Class::ClosedPipe => return ExitCode::SUCCESS,
        Class::Failed => 1,
        Class::Usage => 2,
        Class::No => 3,
        Class::Conflict => 4,
    };
    ui.failure(failure);
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }
}
