//! The tests of `ckpt-tensor` over its public interface: one program, since each takes its time to link.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod compare;
mod float;
mod merge;
mod merge_reference;
mod statistics;
