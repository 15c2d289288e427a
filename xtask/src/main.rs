//! The glue of the workspace: `cargo xtask VERB`.
//!
//! `ci` and `regenerate` live here. `bench` and `data` are handed to the package in `benches/`, every
//! other verb to the `ckpt` of this workspace, built first if need be. Nothing here knows the product.

mod cargo;
mod ci;
mod regenerate;

use std::{
    ffi::{OsStr, OsString},
    process::ExitCode,
};

use crate::{cargo::Program, ci::Extent};

/// What stands before ckpt's own help.
const HELP: &str = "\
The glue of this workspace: cargo xtask VERB

  ci              checks format, lints, tests, docs and benches
  ci --all        also what a change rarely breaks: fuzz targets, schedules of threads,
                  packages; hosted CI runs this
  ci --long       also by the tests that take minutes
  regenerate      writes the golden files in fixtures/ anew, after a change of the format
  bench           runs the benches and versions their medians: cargo xtask bench --help
  data            makes data to measure and test with: cargo xtask data --help

Every other verb is a command of ckpt, built from this workspace:
";

/// The exit code of a call that is wrong, as ckpt has it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (verb, rest) = verb(&args);
    let done = match verb.and_then(OsStr::to_str) {
        Some("ci") => match rest {
            [] => ci::run(Extent::Core),
            [flag] if flag == "--all" => ci::run(Extent::All),
            [flag] if flag == "--long" => ci::run(Extent::Long),
            _ => return wrong_usage("ci takes no argument but --all or --long"),
        },
        Some("regenerate") if rest.is_empty() => regenerate::run(),
        Some("regenerate") => return wrong_usage("regenerate takes no argument"),
        Some("bench" | "data") => Program::BENCH.run(&args),
        Some("help")
            if matches!(rest.first().and_then(|word| word.to_str()), Some("bench" | "data")) =>
        {
            Program::BENCH.run(&args)
        }
        None | Some("help" | "--help" | "-h") if rest.is_empty() => {
            say(HELP);
            Program::CKPT.run(&[OsString::from("help")])
        }
        _ => Program::CKPT.run(&args),
    };
    done.unwrap_or_else(|error| {
        complain(&format!("error: {error}"));
        ExitCode::FAILURE
    })
}

/// Finds the verb, the first argument that is no global flag of ckpt, and what comes after it.
fn verb(args: &[OsString]) -> (Option<&OsStr>, &[OsString]) {
    let mut place = 0;
    while let Some(flag) = args.get(place).and_then(|arg| arg.to_str()) {
        place += match flag {
            "--repo" => 2,
            "--json" => 1,
            flag if flag.starts_with("--repo=") => 1,
            _ => break,
        };
    }
    let rest = args.get(place + 1..).unwrap_or_default();
    (args.get(place).map(OsString::as_os_str), rest)
}

fn wrong_usage(what: &str) -> ExitCode {
    complain(&format!("error: {what}"));
    ExitCode::from(USAGE)
}

#[expect(clippy::print_stdout, reason = "the one place that does")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "the one place that does")]
fn complain(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verb_is_the_first_word_that_is_no_global_flag() {
        let check = |line: &str, expected: Option<&str>, rest: &[&str]| {
            let args: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            assert_eq!(verb(&args), (expected.map(OsStr::new), &as_args(rest)[..]), "{line}");
        };
        check("ci --long", Some("ci"), &["--long"]);
        check("--repo log train --epochs 3", Some("train"), &["--epochs", "3"]);
        check("--json bench", Some("bench"), &[]);
        check("--repo=x --json show main", Some("show"), &["main"]);
        check("--help", Some("--help"), &[]);
        check("--repo train", None, &[]);
        check("", None, &[]);
    }

    fn as_args(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }
}
