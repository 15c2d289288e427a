//! A number that grows each time packs are taken away that writers may have counted on.
//!
//! A writer reads it before it looks at what there is, and again around its commit point: where it
//! grew, the writer looks again. docs/durability.md has the argument.

use std::io::ErrorKind;

use ckpt_pack::disk::{durable, read_small};

use crate::{
    error::{Doing, Error, Result},
    repo::Repository,
};

const GENERATION: &str = "generation";

/// Most bytes of the file: the digits of a `u64` and a line feed, with room to spare.
const MAX_LEN: u64 = 64;

impl Repository {
    /// Returns how often packs were taken away so far.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the file does not hold a number; whatever the disk refuses.
    pub(crate) fn generation(&self) -> Result<u64> {
        let bytes = match read_small(self.disk(), GENERATION, MAX_LEN) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            other => other.doing(|| format!("read {GENERATION}"))?,
        };
        let text = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_suffix('\n'));
        let number = text.and_then(|text| text.parse().ok());
        number.ok_or_else(|| Error::damaged(GENERATION, "it does not hold a number"))
    }

    /// Tells all writers that packs were taken away; durable when it returns.
    pub(crate) fn bump_generation(&self) -> Result<()> {
        let text = format!("{}\n", self.generation()?.wrapping_add(1));
        durable::write_file(self.disk(), "", GENERATION, text.as_bytes())
            .doing(|| format!("write {GENERATION}"))
    }
}
