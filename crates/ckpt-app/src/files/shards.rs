//! Models whose tensors are spread over several files, which an index lists, as Hugging Face's
//! libraries write them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::{Path, PathBuf},
};

use ckpt_formats::{Segment, ShardIndex, parse_shard_index, segment};

use super::{Found, check_kind, reading};
use crate::failure::Failure;

/// What the name of an index ends in.
const INDEX: [&str; 2] = [".safetensors.index.json", ".bin.index.json"];

/// Most bytes of an index: those of the largest models have a few million.
const MAX_INDEX: u64 = 64 << 20;

/// What to do about a shard that is not there.
const FETCH: &str = "fetch the shard, or commit the index as plain bytes by --opaque";

/// What to do about a shard that is not what its index says.
const FETCH_AGAIN: &str = "fetch the shard again, or commit the index as plain bytes by --opaque";

/// Adds the shards that the indexes among the files list and that are not among the files yet.
pub(super) fn complete(found: &mut Vec<Found>) -> Result<(), Failure> {
    let place = |file: &Found| (file.recorded.clone(), file.path.clone());
    let mut present: BTreeMap<String, PathBuf> = found.iter().map(place).collect();
    let mut missing = Vec::new();
    for index in found.iter().filter(|file| is_index(&file.recorded)) {
        let listed = listed(index)?;
        for shard in &listed.files {
            let recorded = recorded(index, shard);
            if !present.contains_key(&recorded) {
                let file = beside(index, recorded, shard)?;
                present.extend([place(&file)]);
                missing.push(file);
            }
        }
        let path = |shard: &str| &present[&recorded(index, shard)];
        check_tensors(index, &listed, path)?;
    }
    found.extend(missing);
    Ok(())
}

/// Returns the path that a shard is recorded under: beside its index.
fn recorded(index: &Found, shard: &str) -> String {
    let folder = index.recorded.rfind('/').map_or("", |end| &index.recorded[..=end]);
    format!("{folder}{shard}")
}

/// Checks that each shard has the tensors that its index says, as far as its tensors can be read.
fn check_tensors<'a>(
    index: &Found,
    listed: &ShardIndex,
    path: impl Fn(&str) -> &'a PathBuf,
) -> Result<(), Failure> {
    let mut shards: BTreeMap<&str, Option<BTreeSet<String>>> = BTreeMap::new();
    for (tensor, shard) in &listed.tensors {
        if !shards.contains_key(shard.as_str()) {
            shards.insert(shard, names(path(shard))?);
        }
        let has_it = shards[shard.as_str()].as_ref().is_none_or(|names| names.contains(tensor));
        if !has_it {
            let index = index.path.display();
            let message =
                format!("{index} lists the tensor {tensor:?} in {shard}, which has no such tensor");
            return Err(Failure::failed(message).with_hint(FETCH_AGAIN));
        }
    }
    Ok(())
}

/// Lists the tensors of a shard; `None` if not all of it could be read.
fn names(shard: &Path) -> Result<Option<BTreeSet<String>>, Failure> {
    let file = File::open(shard).map_err(reading(shard))?;
    let found = segment(&file).map_err(reading(shard))?;
    let named = found.segments.into_iter().filter_map(|segment| match segment {
        Segment::Tensor { name, .. } => Some(name),
        Segment::Opaque { .. } => None,
    });
    let tied = found.tied.into_iter().map(|tied| tied.name);
    Ok(found.note.is_none().then(|| named.chain(tied).collect()))
}

fn is_index(recorded: &str) -> bool {
    INDEX.iter().any(|end| recorded.ends_with(end))
}

/// Reads an index.
fn listed(index: &Found) -> Result<ShardIndex, Failure> {
    let path = &index.path;
    if index.meta.len() > MAX_INDEX {
        let message = format!("{} is larger than any index of shards", path.display());
        return Err(Failure::failed(message).with_hint("--opaque keeps it as plain bytes"));
    }
    let bytes = fs::read(path).map_err(reading(path))?;
    parse_shard_index(&bytes).map_err(|error| {
        let failure = Failure::because(&path.display().to_string(), error);
        failure.with_hint("--opaque keeps it as plain bytes")
    })
}

/// Finds a shard in the folder of its index.
fn beside(index: &Found, recorded: String, shard: &str) -> Result<Found, Failure> {
    let path = index.path.parent().unwrap_or(Path::new("")).join(shard);
    let meta = fs::symlink_metadata(&path).map_err(|error| {
        let index = index.path.display();
        let message = format!("{index} lists the shard {shard}, which cannot be read");
        Failure::because(&message, error).with_hint(FETCH)
    })?;
    if meta.is_dir() {
        let message =
            format!("{} lists the shard {shard}, which is a folder", index.path.display());
        return Err(Failure::failed(message).with_hint(FETCH));
    }
    check_kind(&path, meta.file_type())?;
    Ok(Found { recorded, path, meta })
}
