//! Tells whether a file that is there already is the one that a restore would write.

use ckpt_hash::{LEAF_LEN, TreeHash};
use ckpt_pack::disk::ReadFile;
use rayon::prelude::*;

use crate::{
    content::objects::tree_root,
    error::{Doing, Result},
    restore::{Part, PlannedFile},
};

/// Compares a file with the one of a plan. Of content the ids are compared: what has the right ones
/// is the right file, without a look at the repository.
pub(super) fn is_same(file: &PlannedFile, present: &dyn ReadFile) -> Result<bool> {
    let doing = || format!("read {}", file.path);
    if present.len().doing(doing)? != file.len {
        return Ok(false);
    }
    let is_same = |(start, part): (u64, &Part)| match part {
        Part::Bytes(bytes) => {
            let mut found = vec![0; bytes.len()];
            present.read_at(start, &mut found).map(|()| found == *bytes)
        }
        Part::Content(content) => {
            hash_at(present, start, content.len).map(|root| root == content.root)
        }
    };
    let parts = file.places().into_par_iter().map(is_same);
    match parts.find_any(|same| !matches!(same, Ok(true))) {
        None => Ok(true),
        Some(other) => other.doing(doing),
    }
}

/// Computes the tree hash of a part of a file.
fn hash_at(file: &dyn ReadFile, start: u64, len: u64) -> std::io::Result<TreeHash> {
    tree_root(len, |index, place| file.read_at(start + index * LEAF_LEN as u64, place))
}
