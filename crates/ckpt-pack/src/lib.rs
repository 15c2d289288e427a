#![doc = include_str!("../README.md")]
//!
//! # In detail
//!
//! A [`PackSet`] is all packs of a folder as one map from [`ObjectId`]s to objects. What is read is
//! checked against its id: what was damaged is an error, never data. A block may be stored as the
//! delta to another one; a reader follows such chains, which are at most [`codec::MAX_DEPTH`] long.
//!
//! - [`disk`] is the one interface to a disk, and [`disk::durable`] the one place that syncs and
//!   renames.
//! - [`wire`] is the one place that knows how records are encoded.
//! - [`codec`] says how each kind of object is encoded, decoded and hashed.
//! - [`repack()`] writes packs anew; [`PackSet::export`] and [`PackSet::adopt`] give objects to another
//!   repository and take them in.
//!
//! This crate knows no versions, refs or recipes: those are records whose bytes it is given. The
//! bytes of packs are described in docs/format.md, the crash cases in docs/durability.md.

pub mod disk;
mod error;
mod exchange;
mod object;
mod pack;
mod progress;
mod repack;
mod sync;

pub use crate::{
    error::{Error, Result},
    exchange::{Adopted, CheckRecord, Has},
    object::{ObjectId, ObjectKind, chunker, lists, wire},
    pack::{
        PACKS, TRASH,
        block_cache::Found,
        bring_back::Whereabouts,
        chain::base_of,
        codec,
        codec::EncodedObject,
        layout::{ENTRY_LEN, Entry, HEADER_LEN},
        links::Link,
        reader::PackReader,
        set::{Alongside, PackSet},
        writer::{PackWriter, WrittenPack},
    },
    progress::{Meter, Progress, Silent},
    repack::{Keep, repack, would_change},
};
