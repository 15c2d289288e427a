//! The tests of `ckpt-tensor` over its public interface: one program, since each takes its time to link.

mod compare;
mod float;
mod merge;
mod merge_reference;
mod statistics;
