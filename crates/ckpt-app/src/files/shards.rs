//! Models whose tensors are spread over several files, which an index lists.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
};

use ckpt_formats::{FolderError, FolderReader};

use super::{Found, check_kind, reading};
use crate::failure::Failure;

/// What to do about a shard that is not there.
const FETCH: &str = "fetch the shard, or commit the index as plain bytes by --opaque";

/// What to do about a shard that is not what its index says.
const FETCH_AGAIN: &str = "fetch the shard again, or commit the index as plain bytes by --opaque";

/// Adds the shards that the indexes among the files list and that are not among the files yet.
pub(super) fn complete(found: &mut Vec<Found>) -> Result<(), Failure> {
    let place = |file: &Found| (file.recorded.clone(), file.path.clone());
    let mut present: BTreeMap<String, PathBuf> = found.iter().map(place).collect();
    let mut missing = Vec::new();
    for index in found.iter() {
        let Some(reader) = FolderReader::of_index(&index.recorded) else { continue };
        let open = |shard: &str| {
            let recorded = recorded(index, shard);
            if !present.contains_key(&recorded) {
                let file = alongside(index, recorded.clone(), shard)?;
                present.extend([place(&file)]);
                missing.push(file);
            }
            let path = &present[&recorded];
            File::open(path).map_err(reading(path))
        };
        let source = File::open(&index.path).map_err(reading(&index.path))?;
        reader.read(&source, open).map_err(|error| failure(index, error))?;
    }
    found.extend(missing);
    Ok(())
}

/// Returns the path that a shard is recorded under: in the folder of its index.
fn recorded(index: &Found, shard: &str) -> String {
    let folder = index.recorded.rfind('/').map_or("", |end| &index.recorded[..=end]);
    format!("{folder}{shard}")
}

/// Says what is wrong with an index or its shards, and what to do.
fn failure(index: &Found, error: FolderError<Failure>) -> Failure {
    let path = index.path.display();
    match error {
        FolderError::Open(failure) => failure,
        FolderError::Index(error) => {
            Failure::because(&path.to_string(), error).with_hint("--opaque keeps it as plain bytes")
        }
        FolderError::Read { file, source } => reading(&index.path.with_file_name(file))(source),
        FolderError::Lacks { tensor, file } => Failure::failed(format!(
            "{path} lists the tensor {tensor:?} in {file}, which has no such tensor"
        ))
        .with_hint(FETCH_AGAIN),
    }
}

/// Finds a shard in the folder of its index.
fn alongside(index: &Found, recorded: String, shard: &str) -> Result<Found, Failure> {
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
