//! The safetensors format.
//!
//! A file is the header's length (u64, little-endian), the header (JSON, an object that maps
//! tensor names to dtype, shape and offsets, padded with spaces), then the tensors' bytes, which
//! the offsets must cover without gap or overlap. Source: the format section of
//! <https://github.com/huggingface/safetensors>.
//!
//! What is accepted is what the `safetensors` crate, version 0.8, accepts on 64-bit machines,
//! with the same tensors. The exceptions are headers that no writer makes: names or metadata keys
//! that appear twice are refused (the crate keeps the last), so is a dtype spelled as an object,
//! `{"F32": null}`, and values under unknown keys may be nested to any depth (the crate stops
//! near 128; skipping them takes no stack here).

mod header;
mod layout;
mod read;

pub use layout::{PlacedTensor, SafetensorsLayout, safetensors_layout};

use crate::reader::Reader;

pub(crate) const READER: Reader = Reader {
    name: "safetensors",
    version: 1,
    extensions: &["safetensors"],
    sniff: |source| Ok(read::begins_like(source.first()?)),
    segment: |source| Ok(read::segment(source)?),
};

/// Longest header in bytes, the limit of the safetensors library.
pub const MAX_HEADER: u64 = 100_000_000;

/// Bytes of the header length at the start of a file.
const PREFIX: u64 = 8;

/// The header's key for free-form text; no tensor can have this name.
const METADATA_KEY: &str = "__metadata__";
