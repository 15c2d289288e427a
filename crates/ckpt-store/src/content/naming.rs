//! Gives the tensors of several files one list of names.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    error::{Error, Result},
    record::{CheckpointRecord, FileRecord, Role, SegmentRecord, TensorRecord},
};

/// What stands between a file's path and a tensor's name where several files have that name.
const SEPARATOR: &str = "::";

/// Builds a checkpoint from files whose segments point into `found`: tensors with the index of
/// their file.
///
/// A name that one file alone has stays as it is. A name that several files have becomes
/// `path::name` in each of them, whether their tensors are equal or not: names follow from which
/// files there are and what they list, never from values, so that the versions of one training have
/// the same names. The list is sorted by name.
pub(crate) fn name_tensors(
    mut files: Vec<FileRecord>,
    mut found: Vec<(usize, TensorRecord)>,
) -> Result<CheckpointRecord> {
    for place in shared(&found) {
        let (file, tensor) = &mut found[place];
        tensor.name = format!("{}{SEPARATOR}{}", files[*file].path, tensor.name);
    }
    let mut by_name: BTreeMap<&str, &TensorRecord> = BTreeMap::new();
    for (_, tensor) in &found {
        let known = by_name.get(tensor.name.as_str());
        if known.is_some_and(|known| !known.has_elements_of(tensor)) {
            // Only a file that itself uses `path::name` as a name can come here.
            return Err(Error::Contents(format!("two tensors are named {}", tensor.name)));
        }
        // What is weights in one file is weights.
        if known.is_none_or(|known| known.role == Role::State) {
            by_name.insert(&tensor.name, tensor);
        }
    }
    let index: BTreeMap<&str, u32> = by_name.keys().copied().zip(0..).collect();
    for segment in files.iter_mut().flat_map(|file| &mut file.segments) {
        if let SegmentRecord::Tensor { index: place } | SegmentRecord::Tied { index: place } =
            segment
        {
            *place = index[found[*place as usize].1.name.as_str()];
        }
    }
    let tensors = by_name.into_values().cloned().collect();
    Ok(CheckpointRecord { tensors, files })
}

/// Returns the places of the tensors whose name another file has too.
fn shared(found: &[(usize, TensorRecord)]) -> Vec<usize> {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for (file, tensor) in found {
        if first.entry(&tensor.name).or_insert(*file) != file {
            names.insert(tensor.name.as_str());
        }
    }
    let place = |(place, (_, tensor)): (usize, &(usize, TensorRecord))| {
        names.contains(tensor.name.as_str()).then_some(place)
    };
    found.iter().enumerate().filter_map(place).collect()
}

/// Gives each tensor of a checkpoint the name that it has in its own file, if several files have that
/// name and no tensor is called so in the list; `None` for all others.
pub(crate) fn plain_names(checkpoint: &CheckpointRecord) -> Vec<Option<&str>> {
    let CheckpointRecord { tensors, files } = checkpoint;
    let mut plain: Vec<Option<&str>> = vec![None; tensors.len()];
    for file in files {
        for segment in &file.segments {
            let (SegmentRecord::Tensor { index } | SegmentRecord::Tied { index }) = segment else {
                continue;
            };
            let Some(tensor) = tensors.get(*index as usize) else { continue };
            let name = tensor.name.strip_prefix(&file.path);
            if let Some(name) = name.and_then(|name| name.strip_prefix(SEPARATOR)) {
                plain[*index as usize] = Some(name);
            }
        }
    }
    // A file may itself use such a name, which then no other file shares.
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    plain.iter().flatten().for_each(|name| *counts.entry(name).or_default() += 1);
    for tensor in tensors {
        counts.remove(tensor.name.as_str());
    }
    let is_shared = |name: &&str| counts.get(*name).is_some_and(|count| *count > 1);
    plain.into_iter().map(|name| name.filter(is_shared)).collect()
}

/// Returns the name that a tensor of a list may have in its file: what follows the path, if there is
/// one. No path has a colon.
pub(crate) fn plain(name: &str) -> &str {
    name.split_once(SEPARATOR).map_or(name, |(_, plain)| plain)
}

impl CheckpointRecord {
    /// Returns the tensors by what they mean, sorted by name, each with its place in the list: where
    /// several files hold a tensor of one name and all are equal, it is there once, under that name.
    ///
    /// It is weights if one of the copies is.
    pub fn distinct_tensors(&self) -> Vec<(usize, TensorRecord)> {
        let mut copies: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut distinct = Vec::new();
        let copy = |place: usize| (place, self.tensors[place].clone());
        for (place, plain) in plain_names(self).into_iter().enumerate() {
            match plain {
                Some(plain) => copies.entry(plain).or_default().push(place),
                None => distinct.push(copy(place)),
            }
        }
        for (plain, places) in copies {
            let tensors = || places.iter().map(|place| &self.tensors[*place]);
            let (first, tensor) = copy(places[0]);
            if tensors().all(|other| other.has_elements_of(&tensor)) {
                let is_weights = tensors().any(|tensor| tensor.role == Role::Weights);
                let role = if is_weights { Role::Weights } else { Role::State };
                distinct.push((first, TensorRecord { name: plain.to_owned(), role, ..tensor }));
            } else {
                distinct.extend(places.into_iter().map(copy));
            }
        }
        distinct.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        distinct
    }
}

#[cfg(test)]
mod tests {
    use ckpt_hash::tree_hash;
    use ckpt_tensor::Dtype;

    use super::*;

    fn tensor(name: &str, content: &[u8]) -> TensorRecord {
        TensorRecord {
            name: name.to_owned(),
            dtype: Dtype::U8,
            shape: vec![content.len() as u64],
            role: Role::Weights,
            len: content.len() as u64,
            root: tree_hash(content),
        }
    }

    fn file(path: &str, tensors: &[u32]) -> FileRecord {
        let segment = |index: &u32| SegmentRecord::Tensor { index: *index };
        FileRecord {
            path: path.to_owned(),
            reader: "safetensors".to_owned(),
            reader_version: 1,
            note: None,
            segments: tensors.iter().map(segment).collect(),
        }
    }

    fn names(checkpoint: &CheckpointRecord) -> Vec<&str> {
        checkpoint.tensors.iter().map(|tensor| tensor.name.as_str()).collect()
    }

    #[test]
    fn names_are_sorted_and_segments_follow() {
        let found = vec![(0, tensor("b", b"1")), (0, tensor("a", b"2"))];
        let checkpoint = name_tensors(vec![file("m", &[0, 1])], found).unwrap();
        assert_eq!(names(&checkpoint), ["a", "b"]);
        let indexes = [SegmentRecord::Tensor { index: 1 }, SegmentRecord::Tensor { index: 0 }];
        assert_eq!(checkpoint.files[0].segments, indexes);
    }

    #[test]
    fn a_name_of_several_files_gets_their_paths_whatever_the_tensors_are() {
        for second in [b"1", b"2"] {
            let found =
                vec![(0, tensor("w", b"1")), (1, tensor("w", second)), (1, tensor("v", b"3"))];
            let files = vec![file("a", &[0]), file("b", &[1, 2])];
            let checkpoint = name_tensors(files, found).unwrap();
            assert_eq!(names(&checkpoint), ["a::w", "b::w", "v"]);
            assert_eq!(plain_names(&checkpoint), [Some("w"), Some("w"), None]);
        }
    }

    #[test]
    fn a_file_may_use_such_names_itself() {
        let found = vec![(0, tensor("a::w", b"1")), (0, tensor("b::w", b"2"))];
        let checkpoint = name_tensors(vec![file("a", &[0, 1])], found).unwrap();
        assert_eq!(names(&checkpoint), ["a::w", "b::w"]);
        assert_eq!(plain_names(&checkpoint), [None, None]);
    }

    #[test]
    fn a_name_that_imitates_a_path_is_refused_if_it_collides() {
        let found = vec![(0, tensor("w", b"1")), (1, tensor("w", b"2")), (2, tensor("a::w", b"3"))];
        let files = vec![file("a", &[0]), file("b", &[1]), file("c", &[2])];
        let error = name_tensors(files, found).unwrap_err();
        assert_eq!(error.to_string(), "two tensors are named a::w");
    }
}
