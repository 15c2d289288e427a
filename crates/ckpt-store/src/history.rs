//! How versions follow each other, the ways to name them, and what was added to them later.

pub(crate) mod annotate;
pub(crate) mod notes;
pub(crate) mod range;
pub(crate) mod removed;
pub(crate) mod resolve;
pub(crate) mod revision;
pub(crate) mod walk;
