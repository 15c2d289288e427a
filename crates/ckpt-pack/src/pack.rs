//! Packs: immutable files of encoded objects with a sorted index. docs/format.md draws the bytes.

pub(crate) mod block_cache;
pub(crate) mod bring_back;
pub(crate) mod chain;
pub mod codec;
mod files;
pub(crate) mod folder;
pub(crate) mod layout;
pub(crate) mod links;
mod lookup;
pub(crate) mod reader;
pub(crate) mod search;
pub(crate) mod set;
pub(crate) mod table;
pub(crate) mod trash;
pub(crate) mod writer;

/// The folder of packs.
pub const PACKS: &str = "packs";

/// The folder of packs that were moved to trash.
pub const TRASH: &str = "trash";
