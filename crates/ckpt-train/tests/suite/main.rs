//! The tests of `ckpt-train` over its public interface: one program, since each takes its time to link.

mod common;
mod custom;
mod edges;
mod nist;
mod numerics;
mod oracle;
mod properties;
mod reproducible;
mod sklearn;
mod state;
mod wide;
