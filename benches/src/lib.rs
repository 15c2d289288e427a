//! What measures this workspace: inputs and settings that the criterion benches share, and [`run`], the
//! program behind `cargo xtask bench` and `cargo xtask data`.
//!
//! `cargo bench -p ckpt-benches` runs all of them in about two minutes on two cores; `cargo xtask
//! bench` also keeps the medians as the metrics of a version. A bench is called `group/name`, a
//! name says the size of its input, and neither changes: histories are compared by them.
//!
//! Every input is generated, the same in each run. What needs a disk works in a folder below the
//! build's own, since a folder for temporary files may be in memory.

mod app;
mod bench;
mod checkpoint;
mod data;
mod place;
mod random;
mod scratch;
mod settings;
mod table;

pub(crate) use crate::{app::UsageError, place::Place};
pub use crate::{
    app::run,
    checkpoint::{CHECKPOINT_LEN, commit, file_contents, tensors, tiny_tensors, write_checkpoint},
    random::Random,
    scratch::Scratch,
    settings::{MIB, brief, steady},
    table::{class_columns, number_columns, regression_table, score_column},
};
