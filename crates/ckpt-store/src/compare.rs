//! Compares two versions: inputs, metrics, and each tensor.

mod renames;
mod tensors;

use std::{collections::BTreeMap, fmt};

use ckpt_hash::CodeId;
use ckpt_pack::Progress;
use ckpt_tensor::{Difference, Dtype};

use crate::{
    content::pattern::Pattern,
    error::Result,
    recipe::DataInput,
    record::{ParamValue, Role, Version},
    repo::Repository,
};

/// What differs between two versions, a before b.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
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
    pub data: Change<Vec<DataInput>>,
    /// Code.
    pub code: Change<Option<CodeId>>,
    /// Tensors that either has and that were asked for, sorted by name.
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
#[non_exhaustive]
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
    /// It has another element type than in a.
    Retyped {
        /// The element type in a.
        was: Dtype,
        /// What that did to the values; `None` where the elements cannot be paired
        /// ([`Comparison::between`](ckpt_tensor::Comparison::between)).
        difference: Option<Difference>,
    },
    /// Its content had this name in a.
    Renamed(String),
}

impl TensorStatus {
    /// Returns how far the elements lie apart; `None` where they were not read or not paired.
    pub fn difference(&self) -> Option<&Difference> {
        match self {
            Self::Changed(difference) => Some(difference),
            Self::Retyped { difference, .. } => difference.as_ref(),
            _ => None,
        }
    }

    /// Tells whether the elements are the same by their id.
    pub fn has_same_elements(&self) -> bool {
        matches!(self, Self::Same | Self::Renamed(_))
    }
}

/// How two versions are compared.
#[derive(Default)]
#[non_exhaustive]
pub struct CompareOptions<'a> {
    /// Only tensors whose names in either version match one of these; all without any.
    pub tensors: Vec<Pattern>,
    /// Is told, by several threads, how many bytes of tensors have been compared, of how many.
    pub progress: Option<&'a dyn Progress>,
}

impl<'a> CompareOptions<'a> {
    /// Sets [`tensors`](Self#structfield.tensors).
    #[must_use]
    pub fn with_tensors(self, tensors: Vec<Pattern>) -> Self {
        Self { tensors, ..self }
    }

    /// Sets [`progress`](Self#structfield.progress).
    #[must_use]
    pub fn with_progress(self, progress: &'a dyn Progress) -> Self {
        Self { progress: Some(progress), ..self }
    }
}

impl fmt::Debug for CompareOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tensors, progress: _ } = self;
        f.debug_struct("CompareOptions").field("tensors", tensors).finish_non_exhaustive()
    }
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
    /// [`Error::Removed`](crate::Error::Removed) where tensors differ and the content of one was
    /// removed; [`Error::Missing`](crate::Error::Missing), [`Error::Damaged`](crate::Error::Damaged).
    pub fn compare(&self, a: Version, b: Version) -> Result<Comparison> {
        self.compare_with(a, b, &CompareOptions::default())
    }

    /// Compares two versions as [`compare`](Self::compare) does, in the way that `options` say.
    ///
    /// # Errors
    /// Those of [`compare`](Self::compare).
    pub fn compare_with(
        &self,
        a: Version,
        b: Version,
        options: &CompareOptions<'_>,
    ) -> Result<Comparison> {
        let (recipe_a, recipe_b) = (self.recipe(&a.record)?, self.recipe(&b.record)?);
        let notes = self.notes()?;
        let data_ids = |data: &[DataInput]| data.iter().map(|data| data.id).collect::<Vec<_>>();
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
            tensors: self.compare_tensors(&a, &b, options)?,
            a,
            b,
        })
    }
}

fn pairs<T: Clone>(a: &BTreeMap<String, T>, b: &BTreeMap<String, T>) -> BTreeMap<String, Pair<T>> {
    let pair =
        |name: &String| (name.clone(), Pair { a: a.get(name).cloned(), b: b.get(name).cloned() });
    a.keys().chain(b.keys()).map(pair).collect()
}
