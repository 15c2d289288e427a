//! What the tests of several crates share.
//!
//! - [`sequences`]: checkpoints as training makes them, every epoch near the one before it.
//! - `disks`, a feature: disks in memory, failing ones, ones that are watched.
//! - [`damage`]: mutations of valid inputs, the same for the same seed.
//! - [`peak`]: the most memory that a call takes on its thread.
//!
//! A binary that links this crate counts its allocations, thread by thread.

pub mod damage;
#[cfg(feature = "disks")]
pub mod disks;
pub mod peak;
pub mod sequences;
