//! Fingerprints of what goes into training: data, code, files.

#[cfg(feature = "code")]
pub(crate) mod code;
pub(crate) mod data;
pub(crate) mod file;
pub(crate) mod folder;
