//! The tests of `ckpt-codec` over its public interface: one program, since each takes its time to link.

mod common;
mod delta_bytes;
mod deltas;
mod hostile;
mod properties;
mod special;
