#![doc = include_str!("../README.md")]
//!
//! # In detail
//!
//! A [`Table`] is named columns of equal length, each of numbers or text (UTF-8), and the
//! [`DataId`](ckpt_hash::DataId) of its values; [`Table::split_target`] makes [`Samples`] for
//! training out of it, and [`Table::samples`] where there are classes, weights or columns to leave
//! out, in `f32` or `f64`. The same `f64` values have one id, whether they come from CSV, NPY, NPZ,
//! Parquet or memory. [`data_id`] fingerprints any file. [`NpyRows`] reads a matrix that is larger
//! than memory.
//!
//! Parquet files are read with the feature `parquet`. It is off by default, since the library below
//! it takes longer to build than the rest.
//!
//! Files are taken as untrusted: sizes that a header claims are checked against the file's length
//! before memory is taken, and a bad file is a [`DataError`] of one line that names it.

mod array;
mod csv;
mod error;
mod file;
mod float;
mod npz;
#[cfg(feature = "parquet")]
mod parquet;
mod roles;
mod rows;
mod samples;
mod table;

pub use crate::{
    error::{DataError, Problem},
    file::data_id,
    float::Float,
    roles::{Roles, Target},
    rows::{NpyRows, StoredSamples},
    samples::Samples,
    table::{Column, Table, Values},
};
