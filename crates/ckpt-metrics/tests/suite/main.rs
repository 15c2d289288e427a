//! The tests of `ckpt-metrics` over its public interface: one program, since each takes its time to link.

mod accumulators;
mod common;
mod domain;
mod errors;
mod properties;
mod ranking;
mod serialized;
mod sklearn;
mod sklearn_random;
mod sums;
mod threads;
