//! The tests of `ckpt-codec` over its public interface: one program, since each takes its time to link.

mod adversarial;
mod common;
mod delta_bytes;
mod deltas;
mod properties;
mod special;
