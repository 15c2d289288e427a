//! What this crate was built from.

/// The source files that this crate was built from: path below `src`, with `/` between its parts, and
/// content; sorted by path.
///
/// They decide what is learnt, along with the versions of the crates that this one depends on. A program that
/// records by which code a model was trained takes their fingerprint, which needs no checkout.
pub const SOURCES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));
