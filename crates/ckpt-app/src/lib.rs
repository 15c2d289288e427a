#![doc = include_str!("../README.md")]
//!
//! # In detail
//!
//! A function here takes a [`Repository`](ckpt_store::Repository) and plain options, and gives plain
//! data: [`documents`] that serialise to JSON, the [`lineage`] of a version, the [`models`] of a
//! repository, a [`compare`]d and judged pair, a [`report`] as one HTML page. What goes wrong is a
//! [`Failure`]: a class, one line, and what to do next.
//!
//! Nothing here knows a terminal, reads a clock or the environment, or prints.

pub mod compare;
pub mod documents;
pub mod failure;
pub mod files;
pub mod filter;
pub mod format;
pub mod lineage;
pub mod metrics;
pub mod models;
pub mod near;
pub mod outside;
pub mod params;
pub mod patterns;
pub mod refs;
pub mod report;
pub mod text;

pub use crate::failure::{Class, Failure, Hint};
