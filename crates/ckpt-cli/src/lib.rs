#![doc = include_str!("../README.md")]
//!
//! # In detail
//!
//! [`run`] is the whole program: it takes arguments and gives an exit code. `cargo xtask` hands its
//! arguments on to it, so the name that help texts and hints call it by is an argument, too. What else builds on this
//! crate prints through [`ui`], reads clock and environment through [`environment`] and fails with
//! a [`Failure`], as its commands do.
//!
//! # Exit codes
//! - 0: done;
//! - 1: failed;
//! - 2: called in a wrong way;
//! - 3: the answer is no: a gate or guard is not met, `verify` or `audit` found damage, `compare
//!   --exit-code` a difference;
//! - 4: conflict: a branch is not where it was expected.
//!
//! # Output
//! Results go to standard output, for users or, with `--json`, as one document of JSON per
//! command, or one per line: for each version of `log`, each move or ref of `audit`. Notices, progress and errors go to standard
//! error. A reader that stops reading ends the program without complaint.

mod app;
mod commands;
mod context;
pub mod environment;
mod git;
pub mod ui;
mod usage;
mod whole_file;

// What every door of ckpt shares.
use ckpt_app::{documents as json, failure, metrics, near, outside, params, patterns};

pub use ckpt_app::{Class, Failure, Hint, format};

pub use crate::{
    app::run,
    usage::{report as report_usage, report_failure as report},
};
