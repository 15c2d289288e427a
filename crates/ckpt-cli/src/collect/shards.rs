//! Models whose tensors are spread over several files, which an index lists, as Hugging Face's
//! libraries write them.

use std::{collections::BTreeSet, fs, path::Path};

use ckpt_formats::parse_shard_index;

use super::{Found, check_kind, reading};
use crate::failure::Failure;

/// What the name of an index ends in.
const INDEX: [&str; 2] = [".safetensors.index.json", ".bin.index.json"];

/// Adds the shards that the indexes among the files list and that are not among the files yet.
pub(super) fn complete(found: &mut Vec<Found>) -> Result<(), Failure> {
    let mut present: BTreeSet<String> = found.iter().map(|file| file.recorded.clone()).collect();
    let mut missing = Vec::new();
    for index in found.iter().filter(|file| is_index(&file.recorded)) {
        for shard in listed(index)? {
            let (folder, _) = index.recorded.rsplit_once('/').map_or(("", ""), |parts| parts);
            let recorded =
                if folder.is_empty() { shard.clone() } else { format!("{folder}/{shard}") };
            if present.insert(recorded.clone()) {
                missing.push(beside(index, recorded, &shard)?);
            }
        }
    }
    found.extend(missing);
    Ok(())
}

fn is_index(recorded: &str) -> bool {
    INDEX.iter().any(|end| recorded.ends_with(end))
}

/// Names the shards that an index lists.
fn listed(index: &Found) -> Result<BTreeSet<String>, Failure> {
    let path = &index.path;
    let bytes = fs::read(path).map_err(reading(path))?;
    let index = parse_shard_index(&bytes).map_err(|error| {
        let failure = Failure::because(&path.display().to_string(), error);
        failure.with_hint("--opaque keeps it as plain bytes")
    })?;
    Ok(index.files)
}

/// Finds a shard in the folder of its index.
fn beside(index: &Found, recorded: String, shard: &str) -> Result<Found, Failure> {
    let path = index.path.parent().unwrap_or(Path::new("")).join(shard);
    let meta = fs::symlink_metadata(&path).map_err(|error| {
        let index = index.path.display();
        let message = format!("{index} lists the shard {shard}, which cannot be read");
        Failure::because(&message, error)
            .with_hint("fetch the shard, or commit the index as plain bytes by --opaque")
    })?;
    check_kind(&path, meta.file_type())?;
    Ok(Found { recorded, path, meta })
}
