//! The lists of blocks that content longer than one block consists of.

use ckpt_hash::LeafHash;
use serde::{Deserialize, Serialize};

/// The leaves of content longer than one leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeavesRecord {
    /// Their hashes, in order; all leaves but the last have one length.
    pub leaves: Vec<LeafHash>,
}

/// The chunks of opaque content longer than one leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunksRecord {
    /// The chunks, in order.
    pub chunks: Vec<ChunkRecord>,
}

/// One chunk of opaque content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkRecord {
    /// The hash of its block.
    pub hash: LeafHash,
    /// Bytes of it.
    pub len: u32,
}
