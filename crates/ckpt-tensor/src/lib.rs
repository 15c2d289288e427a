#![doc = include_str!("../README.md")]
//!
//! # In detail
//!
//! A tensor is a [`Dtype`], a [`Shape`] and bytes: row-major, little-endian, without padding.
//! This crate says how long those bytes are, what they sum up to ([`Statistics`]), how far apart
//! two of them lie ([`Comparison`]) and what two become that changed apart from each other
//! ([`Arithmetic`]). It knows nothing of containers or stores: where such bytes lie, [`ReadAt`] reads
//! them by position.

mod compare;
mod dtype;
mod element;
mod error;
mod float;
mod merge;
mod read_at;
mod shape;
mod statistics;

pub use compare::{Comparison, Difference, NumericDifference};
pub use dtype::{Dtype, Kind};
pub use error::TensorError;
pub use float::{FloatFormat, Specials};
pub use merge::{Arithmetic, Merger, Scan, Sides};
pub use read_at::ReadAt;
pub use shape::Shape;
pub use statistics::{Statistics, Summary};
