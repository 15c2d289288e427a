//! `cargo xtask ci`: the one gate. Hosted CI calls only this.

use std::{io, process::ExitCode};

use crate::{cargo, complain};

/// One step: what it checks, and how cargo is called.
struct Step {
    what: &'static str,
    args: &'static [&'static str],
    /// What rustdoc is told; clippy is told by its arguments.
    rustdoc_flags: &'static str,
}

/// The steps, in order.
const STEPS: [Step; 6] = [
    // Before anything is compiled.
    Step { what: "format", args: &["fmt", "--all", "--check"], rustdoc_flags: "" },
    Step {
        what: "lints",
        args: &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"],
        rustdoc_flags: "",
    },
    // The README's own test command.
    Step { what: "tests", args: &["test", "--workspace"], rustdoc_flags: "" },
    // What is off by default; the lints have built its dependencies.
    Step {
        what: "tests of features",
        args: &["test", "-p", "ckpt-data", "--features", "parquet"],
        rustdoc_flags: "",
    },
    Step {
        what: "docs",
        args: &["doc", "--workspace", "--no-deps", "--all-features"],
        rustdoc_flags: "-D warnings",
    },
    // In the profile of the tests, whose dependencies are built already.
    Step {
        what: "benches",
        args: &["bench", "--workspace", "--no-run", "--profile", "dev"],
        rustdoc_flags: "",
    },
];

/// The tests that take minutes, behind a feature: their short forms are among the others.
const LONG: Step = Step {
    what: "long tests",
    args: &["test", "-p", "ckpt-store", "-p", "ckpt-tests", "--features", "long-tests"],
    rustdoc_flags: "",
};

/// Runs every step and stops at the first that fails.
pub(crate) fn run(is_long: bool) -> io::Result<ExitCode> {
    for Step { what, args, rustdoc_flags } in STEPS.into_iter().chain(is_long.then_some(LONG)) {
        let line = format!("cargo {}", args.join(" "));
        complain(&format!("ci: {what}: {line}"));
        let mut step = cargo::cargo();
        let step = step.args(args).env("RUSTDOCFLAGS", rustdoc_flags).current_dir(cargo::root());
        if !step.status()?.success() {
            complain(&format!("error: {what} failed: {line}"));
            return Ok(ExitCode::FAILURE);
        }
    }
    complain("ci: all steps passed");
    Ok(ExitCode::SUCCESS)
}
