//! The inputs of a version.

use std::collections::BTreeMap;

use ckpt_hash::{CodeId, DataId, ModelId, StateId};

use crate::record::{DataLabel, MergeRecord, ParamValue, RecipeRecord};

/// The inputs of a version.
///
/// ```
/// use std::collections::BTreeMap;
/// use ckpt_store::{ParamValue, Recipe};
///
/// let params = BTreeMap::from([("rate".to_owned(), ParamValue::Float(0.1))]);
/// let recipe = Recipe::default().with_params(params).with_seed(7);
/// assert_eq!(recipe.seed, Some(7));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Recipe {
    /// Hyperparameters.
    pub params: BTreeMap<String, ParamValue>,
    /// Data sets.
    pub data: Vec<DataInput>,
    /// Code, by content.
    pub code: Option<CodeId>,
    /// The seed of all that was random.
    pub seed: Option<u64>,
    /// The state that training continued from.
    pub parent_state: Option<StateId>,
    /// Models that this one was made from.
    pub bases: Vec<ModelId>,
    /// How it was merged from other versions, if it was.
    pub merge: Option<MergeRecord>,
}

/// One data set that is an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataInput {
    /// What its users say of it, which is no part of what identifies a recipe.
    pub label: DataLabel,
    /// The fingerprint of its values.
    pub id: DataId,
}

impl DataInput {
    /// Names a data set of which nothing more is said.
    pub fn new(name: impl Into<String>, id: DataId) -> Self {
        Self { label: DataLabel { name: name.into(), ..DataLabel::default() }, id }
    }
}

impl Recipe {
    /// Sets hyperparameters.
    #[must_use]
    pub fn with_params(self, params: BTreeMap<String, ParamValue>) -> Self {
        Self { params, ..self }
    }

    /// Sets data sets.
    #[must_use]
    pub fn with_data(self, data: Vec<DataInput>) -> Self {
        Self { data, ..self }
    }

    /// Sets the code.
    #[must_use]
    pub fn with_code(self, code: impl Into<Option<CodeId>>) -> Self {
        Self { code: code.into(), ..self }
    }

    /// Sets the seed of all that was random.
    #[must_use]
    pub fn with_seed(self, seed: impl Into<Option<u64>>) -> Self {
        Self { seed: seed.into(), ..self }
    }

    /// Sets the state that training continued from.
    #[must_use]
    pub fn with_parent_state(self, state: impl Into<Option<StateId>>) -> Self {
        Self { parent_state: state.into(), ..self }
    }

    /// Sets the models that this one was made from.
    #[must_use]
    pub fn with_bases(self, bases: Vec<ModelId>) -> Self {
        Self { bases, ..self }
    }

    /// Sets how it was merged.
    #[must_use]
    pub fn with_merge(self, merge: impl Into<Option<MergeRecord>>) -> Self {
        Self { merge: merge.into(), ..self }
    }

    /// Joins a record with what the version says of its data sets.
    pub(crate) fn from_record(record: RecipeRecord, labels: &[DataLabel]) -> Self {
        let RecipeRecord { params, data, code, seed, parent_state, bases, merge } = record;
        let labels = labels.iter().cloned().chain(std::iter::repeat(DataLabel::default()));
        let data = labels.zip(data).map(|(label, id)| DataInput { label, id }).collect();
        Self { params, data, code, seed, parent_state, bases, merge }
    }

    /// Parts what the recipe's record says from what the version says.
    pub(crate) fn into_record(self) -> (RecipeRecord, Vec<DataLabel>) {
        let Self { params, data, code, seed, parent_state, bases, merge } = self;
        let (data, labels) = data.into_iter().map(|data| (data.id, data.label)).unzip();
        (RecipeRecord { params, data, code, seed, parent_state, bases, merge }, labels)
    }
}
