//! How the files of two versions stand to each other.

use std::collections::BTreeMap;

use ckpt_hash::TreeHash;
use ckpt_store::{Checkpoint, FileInfo, Segment};

/// A file that either version has.
#[derive(Debug)]
pub struct FileChange {
    /// Its path.
    pub path: String,
    /// `same`, `changed`, `added` or `removed`.
    pub status: &'static str,
    /// Its size in the second version, or in the first if it was removed.
    pub bytes: u64,
}

/// Compares the files of two versions, sorted by path.
pub(super) fn changes(a: &Checkpoint, b: &Checkpoint) -> Vec<FileChange> {
    let (old, new) = (by_path(a), by_path(b));
    let paths = old.keys().chain(new.keys().filter(|path| !old.contains_key(*path)));
    let change = |path: &&str| {
        let (status, bytes) = match (old.get(path), new.get(path)) {
            (Some(old), Some(new)) if content(old, a) == content(new, b) => {
                ("same", new.len(&b.tensors))
            }
            (Some(_), Some(new)) => ("changed", new.len(&b.tensors)),
            (Some(old), None) => ("removed", old.len(&a.tensors)),
            (None, new) => ("added", new.map_or(0, |new| new.len(&b.tensors))),
        };
        FileChange { path: (*path).to_owned(), status, bytes }
    };
    let mut changes: Vec<FileChange> = paths.map(change).collect();
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

fn by_path(checkpoint: &Checkpoint) -> BTreeMap<&str, &FileInfo> {
    checkpoint.files.iter().map(|file| (file.path.as_str(), file)).collect()
}

/// Lists lengths and tree hashes of the segments of a file.
fn content(file: &FileInfo, checkpoint: &Checkpoint) -> Vec<Option<(u64, TreeHash)>> {
    let segment = |segment: &Segment| match segment {
        Segment::Opaque { len, root } => Some((*len, *root)),
        Segment::Tied { .. } => None,
        Segment::Tensor { index } => {
            let tensor = checkpoint.tensors.get(*index as usize)?;
            Some((tensor.len, tensor.root))
        }
    };
    file.segments.iter().map(segment).collect()
}
