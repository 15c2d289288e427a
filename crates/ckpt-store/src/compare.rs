//! Compares two versions: what went in, what came out, and each tensor.

use std::collections::{BTreeMap, BTreeSet};

use ckpt_hash::{CodeId, LEAF_LEN};
use ckpt_tensor::{Comparison as Measure, Difference, Dtype};
use rayon::prelude::*;

use crate::{
    error::{Error, Result},
    history::Version,
    record::{DataRecord, ParamValue, Role, TensorRecord},
    repo::Repository,
};

/// What differs between two versions, a before b.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The first version.
    pub a: Version,
    /// The second version.
    pub b: Version,
    /// Metrics that either has, by name; what notes say comes first.
    pub metrics: BTreeMap<String, Pair<f64>>,
    /// Parameters that either has, by name.
    pub params: BTreeMap<String, Pair<ParamValue>>,
    /// Data sets.
    pub data: Change<Vec<DataRecord>>,
    /// Code.
    pub code: Change<Option<CodeId>>,
    /// Tensors that either has, sorted by name.
    pub tensors: Vec<TensorChange>,
}

/// A value in each of two versions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pair<T> {
    /// In the first.
    pub a: Option<T>,
    /// In the second.
    pub b: Option<T>,
}

/// Something that every version has, in each of two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<T> {
    /// Whether both are the same by identity.
    pub same: bool,
    /// In the first.
    pub a: T,
    /// In the second.
    pub b: T,
}

/// How a tensor of one version stands to the other version.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorChange {
    /// Its name in b, or in a if it was removed.
    pub name: String,
    /// How it changed.
    pub status: TensorStatus,
    /// What it is for, in b or in a if it was removed.
    pub role: Role,
    /// Its element type, likewise.
    pub dtype: Dtype,
    /// Its extents, likewise.
    pub shape: Vec<u64>,
}

/// How a tensor changed.
#[derive(Debug, Clone, PartialEq)]
pub enum TensorStatus {
    /// Not at all: known by its id, without reading it.
    Same,
    /// In its elements.
    Changed(Difference),
    /// Only b has it.
    Added,
    /// Only a has it.
    Removed,
    /// It has other extents than these in a.
    Reshaped(Vec<u64>),
    /// It has another element type than this in a.
    Retyped(Dtype),
    /// Its content had this name in a.
    Renamed(String),
}

impl Comparison {
    /// Tells whether both have the same weights.
    pub fn same_model(&self) -> bool {
        self.a.record.model == self.b.record.model
    }

    /// Tells whether the same went into both.
    pub fn same_recipe(&self) -> bool {
        self.a.record.recipe == self.b.record.recipe
    }

    /// Tells whether both have the same content: weights, state and files.
    pub fn same_checkpoint(&self) -> bool {
        self.a.record.checkpoint == self.b.record.checkpoint
    }
}

impl Repository {
    /// Compares two versions. Tensors with the same id are not read; the others are streamed block
    /// by block, in parallel on the current rayon pool.
    ///
    /// # Errors
    /// [`Error::Removed`] where tensors differ and the content of one was removed;
    /// [`Error::Missing`], [`Error::Damaged`].
    pub fn compare(&self, a: Version, b: Version) -> Result<Comparison> {
        let (recipe_a, recipe_b) = (self.recipe(&a.record)?, self.recipe(&b.record)?);
        let notes = self.notes()?;
        let data_ids = |data: &[DataRecord]| data.iter().map(|data| data.id).collect::<Vec<_>>();
        Ok(Comparison {
            metrics: pairs(&notes.metrics(&a), &notes.metrics(&b)),
            params: pairs(&recipe_a.params, &recipe_b.params),
            data: Change {
                same: data_ids(&recipe_a.data) == data_ids(&recipe_b.data),
                a: recipe_a.data,
                b: recipe_b.data,
            },
            code: Change {
                same: recipe_a.code == recipe_b.code,
                a: recipe_a.code,
                b: recipe_b.code,
            },
            tensors: self.compare_tensors(&a, &b)?,
            a,
            b,
        })
    }

    fn compare_tensors(&self, a: &Version, b: &Version) -> Result<Vec<TensorChange>> {
        let list = |version: &Version| -> Result<BTreeMap<String, TensorRecord>> {
            let tensors = self.checkpoint(&version.record)?.tensors;
            Ok(tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect())
        };
        let (mut old, new) = (list(a)?, list(b)?);
        let renames = find_renames(&old, &new);
        for from in renames.values() {
            old.remove(from);
        }
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let change = |name: &String| -> Result<TensorChange> {
            let (status, tensor) = match (old.get(name), new.get(name)) {
                (Some(old), Some(new)) => (self.tensor_status((a, old), (b, new))?, new),
                (None, Some(new)) => match renames.get(name) {
                    Some(from) => (TensorStatus::Renamed(from.clone()), new),
                    None => (TensorStatus::Added, new),
                },
                (Some(old), None) => (TensorStatus::Removed, old),
                (None, None) => unreachable!("the name comes from one of the lists"),
            };
            let TensorRecord { role, dtype, ref shape, .. } = *tensor;
            Ok(TensorChange { name: name.clone(), status, role, dtype, shape: shape.clone() })
        };
        // A tensor of many blocks is read in parallel itself, and holds some of them meanwhile.
        let is_large =
            |name: &&String| new.get(*name).is_some_and(|tensor| tensor.len > LEAF_LEN as u64);
        let (large, small): (Vec<&String>, Vec<&String>) = names.into_iter().partition(is_large);
        let small = small.into_par_iter().map(change).collect::<Result<Vec<_>>>()?;
        let mut changes = large.into_iter().map(change).collect::<Result<Vec<_>>>()?;
        changes.extend(small);
        changes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(changes)
    }

    fn tensor_status(
        &self,
        (a, old): (&Version, &TensorRecord),
        (b, new): (&Version, &TensorRecord),
    ) -> Result<TensorStatus> {
        if old.dtype != new.dtype {
            Ok(TensorStatus::Retyped(old.dtype))
        } else if old.shape != new.shape {
            Ok(TensorStatus::Reshaped(old.shape.clone()))
        } else if old.root == new.root {
            Ok(TensorStatus::Same)
        } else {
            self.require_content(&a.record)?;
            self.require_content(&b.record)?;
            self.measure(old, new).map(TensorStatus::Changed)
        }
    }

    /// Measures two tensors of one dtype and shape.
    fn measure(&self, old: &TensorRecord, new: &TensorRecord) -> Result<Difference> {
        let mut measure = Measure::new(new.dtype);
        self.objects.read_pair(old.content(), new.content(), &mut |a, b| {
            measure.update(a, b).map_err(|error| Error::Contents(error.to_string()))
        })?;
        Ok(measure.finish())
    }
}

fn pairs<T: Clone>(a: &BTreeMap<String, T>, b: &BTreeMap<String, T>) -> BTreeMap<String, Pair<T>> {
    let pair =
        |name: &String| (name.clone(), Pair { a: a.get(name).cloned(), b: b.get(name).cloned() });
    a.keys().chain(b.keys()).map(pair).collect()
}

/// Maps names that only `new` has to names that only `old` has, where the content is the same.
fn find_renames(
    old: &BTreeMap<String, TensorRecord>,
    new: &BTreeMap<String, TensorRecord>,
) -> BTreeMap<String, String> {
    let content = |tensor: &TensorRecord| (tensor.root, tensor.dtype.code(), tensor.shape.clone());
    let mut gone: BTreeMap<_, Vec<&String>> = BTreeMap::new();
    for (name, tensor) in old.iter().rev().filter(|(name, _)| !new.contains_key(*name)) {
        gone.entry(content(tensor)).or_default().push(name);
    }
    let came = new.iter().filter(|(name, _)| !old.contains_key(*name));
    let rename = |(name, tensor): (&String, &TensorRecord)| {
        let from = gone.get_mut(&content(tensor))?.pop()?;
        Some((name.clone(), from.clone()))
    };
    came.filter_map(rename).collect()
}
