//! What keeps a repository small and sound: packs are compacted, content that nothing needs is taken
//! away and can be restored for a while, and everything is verified.

pub(crate) mod compact;
pub(crate) mod gc;
pub(crate) mod generation;
pub(crate) mod policy;
pub(crate) mod prune;
pub(crate) mod reachability;
pub(crate) mod retention;
pub(crate) mod trash;
pub(crate) mod undelete;
pub(crate) mod verify;
