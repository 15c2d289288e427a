//! `cargo xtask ci`: the one gate. Hosted CI calls only this.

use std::process::Command;

use anyhow::{Context, bail};
use ckpt_cli::ui::Ui;

use crate::Place;

/// The arguments of `cargo xtask ci`.
#[derive(Debug, clap::Args)]
pub(crate) struct CiArgs {
    /// Run the tests that take minutes, too
    #[arg(long)]
    long: bool,
}

/// One step: what it checks, and how cargo is called.
struct Step {
    what: &'static str,
    args: &'static [&'static str],
    /// What rustdoc is told; clippy is told by its arguments.
    rustdoc_flags: &'static str,
}

/// The steps, in order.
const STEPS: [Step; 6] = [
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

/// The tests that take minutes, whose short forms are among the others.
const LONG: Step = Step {
    what: "long tests",
    args: &["test", "--workspace", "--", "--ignored"],
    rustdoc_flags: "",
};

/// Runs every step and stops at the first that fails.
pub(crate) fn run(ci: &CiArgs, place: &Place, ui: &mut Ui) -> anyhow::Result<()> {
    let long = ci.long.then_some(LONG);
    for Step { what, args, rustdoc_flags } in STEPS.into_iter().chain(long) {
        let line = format!("cargo {}", args.join(" "));
        ui.notice(format!("ci: {what}: {line}"))?;
        let status = Command::new(env!("CARGO"))
            .args(args)
            .env("RUSTDOCFLAGS", rustdoc_flags)
            .current_dir(&place.workspace)
            .status()
            .with_context(|| format!("cannot run {line}"))?;
        if !status.success() {
            bail!("{what} failed: {line}");
        }
    }
    Ok(ui.notice("ci: all steps passed")?)
}
