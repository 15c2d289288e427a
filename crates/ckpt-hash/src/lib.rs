#![doc = include_str!("../README.md")]
//!
//! # In detail
//!
//! - [`Digest`] and one newtype per kind of id ([`VersionId`], [`ModelId`], ...): an id of one kind
//!   cannot stand where another is meant, and equal bytes of two kinds have two ids.
//! - [`HexPrefix`]: an id that a person abbreviated, with a minimum length.
//! - [`tree_hash`], [`TreeHasher`], [`merkle_root`]: the Merkle tree hash of RFC 9162 over leaves
//!   of [`LEAF_LEN`] bytes, streaming or parallel with the same result.
//! - [`TableHasher`], [`code_id`], [`file_digest`]: fingerprints of data sets, of code folders and
//!   of single files.
//!
//! SHA-256 uses the CPU's SHA instructions where they exist, decided at run time.

mod digest;
mod fields;
mod fingerprint;
mod id;
mod merkle;
mod prefix;

#[cfg(feature = "code")]
pub use crate::fingerprint::code::{CodeError, code_id};
pub use crate::{
    digest::{DIGEST_LEN, Digest, ParseIdError},
    fields::FieldHasher,
    fingerprint::{
        data::{ArrayHasher, ColumnHasher, TableHasher},
        file::{file_digest, reader_digest},
        folder::folder_code_id,
    },
    id::{
        AnnotationId, CheckpointId, CodeId, DataId, JournalId, LeafHash, ModelId, MoveId, RecipeId,
        SHORT_LEN, StateId, TreeHash, VersionId,
    },
    merkle::{LEAF_LEN, TreeHasher, leaf_hash, merkle_root, node_hash, par_tree_hash, tree_hash},
    prefix::{HexPrefix, MIN_PREFIX_LEN, PrefixError},
};
