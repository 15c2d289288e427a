//! Gives the tensors of several files one list of names.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    error::{Error, Result},
    record::{CheckpointRecord, FileRecord, Role, SegmentRecord, TensorRecord},
};

/// Builds a checkpoint from files whose segments point into `found`: tensors with the index of
/// their file.
///
/// Equal tensors of one name become one; where the tensors of a name differ, each is named
/// `path::name`. The list is sorted by name.
pub(crate) fn name_tensors(
    mut files: Vec<FileRecord>,
    mut found: Vec<(usize, TensorRecord)>,
) -> Result<CheckpointRecord> {
    for place in ambiguous(&found) {
        let (file, tensor) = &mut found[place];
        tensor.name = format!("{}::{}", files[*file].path, tensor.name);
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

/// Returns the places of the tensors whose name another, different tensor has too.
fn ambiguous(found: &[(usize, TensorRecord)]) -> Vec<usize> {
    let mut first: BTreeMap<&str, &TensorRecord> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for (_, tensor) in found {
        if !first.entry(&tensor.name).or_insert(tensor).has_elements_of(tensor) {
            names.insert(tensor.name.as_str());
        }
    }
    let place = |(place, (_, tensor)): (usize, &(usize, TensorRecord))| {
        names.contains(tensor.name.as_str()).then_some(place)
    };
    found.iter().enumerate().filter_map(place).collect()
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
    fn equal_tensors_of_one_name_are_one() {
        let found = vec![(0, tensor("w", b"1")), (1, tensor("w", b"1"))];
        let files = vec![file("a", &[0]), file("b", &[1])];
        assert_eq!(names(&name_tensors(files, found).unwrap()), ["w"]);
    }

    #[test]
    fn what_is_weights_in_one_file_is_weights() {
        for roles in [[Role::Weights, Role::State], [Role::State, Role::Weights]] {
            let found = roles.map(|role| TensorRecord { role, ..tensor("w", b"1") });
            let found = (0..).zip(found).collect();
            let checkpoint = name_tensors(vec![file("a", &[0]), file("b", &[1])], found).unwrap();
            assert_eq!(names(&checkpoint), ["w"]);
            assert_eq!(checkpoint.tensors[0].role, Role::Weights);
        }
    }

    #[test]
    fn different_tensors_of_one_name_get_their_path() {
        let found = vec![(0, tensor("w", b"1")), (1, tensor("w", b"2")), (1, tensor("v", b"3"))];
        let files = vec![file("a", &[0]), file("b", &[1, 2])];
        assert_eq!(names(&name_tensors(files, found).unwrap()), ["a::w", "b::w", "v"]);
    }

    #[test]
    fn a_name_that_imitates_a_path_is_refused_if_it_collides() {
        let found = vec![(0, tensor("w", b"1")), (1, tensor("w", b"2")), (2, tensor("a::w", b"3"))];
        let files = vec![file("a", &[0]), file("b", &[1]), file("c", &[2])];
        let error = name_tensors(files, found).unwrap_err();
        assert_eq!(error.to_string(), "two tensors are named a::w");
    }
}
