//! The index of a checkpoint in several files, as Hugging Face's libraries write it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::message::{quoted, shortened};
use crate::pairs::Pairs;
use crate::{FolderReader, FormatError};

pub(crate) const READER: FolderReader = FolderReader {
    name: "sharded",
    endings: &[".safetensors.index.json", ".bin.index.json"],
    parse: parse_shard_index,
};

/// Which file of a folder has which tensor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardIndex {
    /// The names of the files, in the folder of the index.
    pub files: BTreeSet<String>,
    /// The file of each tensor.
    pub tensors: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with weight_map")]
struct Index {
    weight_map: Pairs,
    #[serde(rename = "metadata")]
    _metadata: Option<IgnoredAny>,
}

/// Reads the index in the folder of the files:
/// `model.safetensors.index.json` or `pytorch_model.bin.index.json`.
///
/// # Errors
/// [`FormatError::ShardIndex`] if it is not JSON with a `weight_map` from tensors to files, names a
/// tensor twice, or names a file that is not directly in the index's own folder.
fn parse_shard_index(bytes: &[u8]) -> Result<ShardIndex, FormatError> {
    let index: Index = serde_json::from_slice(bytes).map_err(|error| broken(shortened(&error)))?;
    let mut found = ShardIndex::default();
    for (tensor, file) in index.weight_map.0 {
        if !is_plain_name(&file) {
            let file = quoted(file.as_bytes());
            return Err(broken(format!(
                "`{file}` is no name of a file in the folder of the index"
            )));
        }
        found.files.insert(file.clone());
        if let Some(before) = found.tensors.insert(tensor.clone(), file) {
            let (tensor, before) = (quoted(tensor.as_bytes()), quoted(before.as_bytes()));
            return Err(broken(format!("tensor `{tensor}` appears twice, first in `{before}`")));
        }
    }
    Ok(found)
}

fn broken(problem: String) -> FormatError {
    FormatError::ShardIndex(problem)
}

/// Tells whether a name is that of a file in the folder itself, on every platform.
fn is_plain_name(name: &str) -> bool {
    let is_special = |letter: char| matches!(letter, '/' | '\\' | ':') || letter.is_control();
    !matches!(name, "" | "." | "..") && !name.contains(is_special)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuse(text: &str) -> String {
        parse_shard_index(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn files_and_tensors_are_told() {
        let text = br#"{"metadata":{"total_size":12,"more":[{}]},
            "weight_map":{"b":"model-2.safetensors","a":"model-1.safetensors",
                          "c":"model-2.safetensors"}}"#;
        let index = parse_shard_index(text).unwrap();
        let files: Vec<&str> = index.files.iter().map(String::as_str).collect();
        assert_eq!(files, ["model-1.safetensors", "model-2.safetensors"]);
        assert_eq!(index.tensors["c"], "model-2.safetensors");
        assert_eq!(index.tensors.len(), 3);
        assert_eq!(parse_shard_index(br#"{"weight_map":{}}"#).unwrap(), ShardIndex::default());
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        for name in ["../a", "a/b", "/a", "..", ".", "", "a\\\\b", "C:a", "a\\u0000", "a\\n"] {
            let message = refuse(&format!(r#"{{"weight_map":{{"w":"{name}"}}}}"#));
            assert!(
                message.ends_with("is no name of a file in the folder of the index"),
                "{message}"
            );
        }
    }

    #[test]
    fn what_is_no_index_is_refused() {
        for text in ["", "[]", "{}", r#"{"weight_map":{"a":1}}"#, r#"{"weight_map":["a"]}"#] {
            assert!(refuse(text).starts_with("shard index: "), "{text}");
        }
        let message = refuse(r#"{"weight_map":{"a":"x","a":"y"}}"#);
        assert_eq!(message, "shard index: tensor `a` appears twice, first in `x`");
    }
}
