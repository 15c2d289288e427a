//! `cargo xtask ci`: the one gate. Hosted CI calls only this.

use std::{io, process::ExitCode};

use crate::{cargo, complain};

/// How much is checked.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) enum Extent {
    /// What every change is checked by before it lands.
    Core,
    /// And what a change rarely breaks.
    All,
    /// And the tests that take minutes.
    Long,
}

/// One step: what it checks, and how cargo is called.
struct Step {
    extent: Extent,
    what: &'static str,
    args: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
}

const fn step(extent: Extent, what: &'static str, args: &'static [&'static str]) -> Step {
    Step { extent, what, args, env: &[] }
}

/// The steps, in order.
const STEPS: &[Step] = &[
    // Before anything is compiled.
    step(Extent::Core, "format", &["fmt", "--all", "--check"]),
    step(
        Extent::Core,
        "lints",
        &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"],
    ),
    // The README's own test command.
    step(Extent::Core, "tests", &["test", "--workspace"]),
    // What is off by default; the lints have built its dependencies.
    step(Extent::Core, "tests of features", &["test", "-p", "ckpt-data", "--features", "parquet"]),
    Step {
        extent: Extent::Core,
        what: "docs",
        args: &["doc", "--workspace", "--no-deps", "--all-features"],
        env: &[("RUSTDOCFLAGS", "-D warnings")],
    },
    // In the profile of the tests, whose dependencies are built already.
    step(Extent::Core, "benches", &["bench", "--workspace", "--no-run", "--profile", "dev"]),
    step(
        Extent::All,
        "fuzz targets",
        &["check", "--manifest-path", "fuzz/Cargo.toml", "--target-dir", "target"],
    ),
    // Locks are a checker's here, so everything is built anew, apart from the rest.
    Step {
        extent: Extent::All,
        what: "schedules of threads",
        args: &["test", "-p", "ckpt-pack", "-p", "ckpt-store", "schedules"],
        env: &[("RUSTFLAGS", "--cfg shuttle"), ("CARGO_TARGET_DIR", "target/shuttle")],
    },
    // Without building them: cargo keeps what it unpacked of a version for verification, and would
    // build the next state of our crates against that.
    step(
        Extent::All,
        "packages",
        &[
            "package",
            "--workspace",
            "--allow-dirty",
            "--no-verify",
            "--exclude=xtask",
            "--exclude=ckpt-benches",
            "--exclude=ckpt-tests",
            "--exclude=ckpt-testkit",
        ],
    ),
    // Their short forms are among the other tests.
    step(
        Extent::Long,
        "long tests",
        &["test", "-p", "ckpt-store", "-p", "ckpt-tests", "--features", "long-tests"],
    ),
];

/// Runs every step and stops at the first that fails.
pub(crate) fn run(extent: Extent) -> io::Result<ExitCode> {
    for Step { what, args, env, .. } in STEPS.iter().filter(|step| step.extent <= extent) {
        let line = format!("cargo {}", args.join(" "));
        complain(&format!("ci: {what}: {line}"));
        let mut step = cargo::cargo();
        let step = step.args(*args).envs(env.iter().copied()).current_dir(cargo::root());
        if !step.status()?.success() {
            complain(&format!("error: {what} failed: {line}"));
            return Ok(ExitCode::FAILURE);
        }
    }
    complain("ci: all steps passed");
    Ok(ExitCode::SUCCESS)
}
