//! What versions consist of: how content is read, how it gets into packs, and what identifies it.
//!
//! [`contents`] is what a caller hands over; [`checkpoint`] turns it into records, and [`ingest`] into
//! blocks of a pack. [`objects`] reads records and content back, each checked against its id.

pub(crate) mod checkpoint;
pub(crate) mod contents;
pub(crate) mod identity;
pub(crate) mod ingest;
pub(crate) mod layout;
pub(crate) mod naming;
pub(crate) mod objects;
pub(crate) mod paths;
pub(crate) mod pattern;
pub(crate) mod roles;
pub(crate) mod source;
pub(crate) mod validate;
pub(crate) mod work;
