//! Takes arrays of a state by name, checking each.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{NamedArray, Values};
use crate::error::StateError;
use crate::real::FloatType;

/// The arrays not taken yet.
pub(crate) struct Reader(BTreeMap<String, NamedArray>);

impl Reader {
    pub(crate) fn new(arrays: impl IntoIterator<Item = NamedArray>) -> Result<Self, StateError> {
        let mut known = BTreeMap::new();
        for array in arrays {
            match known.entry(array.name.clone()) {
                Entry::Vacant(place) => place.insert(array),
                Entry::Occupied(_) => return Err(StateError::Unexpected { name: array.name }),
            };
        }
        Ok(Self(known))
    }

    /// Takes a single unsigned integer.
    pub(crate) fn count(&mut self, name: &'static str) -> Result<u64, StateError> {
        match self.take(name, &[])? {
            Values::U64(values) => Ok(values[0]),
            other => Err(mismatch(name, "u64", &other)),
        }
    }

    /// Tells whether there is an array of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Takes a single number that stands for one of `all`.
    pub(crate) fn choice<K: Copy>(
        &mut self,
        name: &'static str,
        all: &[K],
    ) -> Result<K, StateError> {
        let code = self.count(name)?;
        let known = usize::try_from(code).ok().and_then(|code| all.get(code));
        known.copied().ok_or(StateError::Value { name, value: code as f64 })
    }

    /// Takes lines of finite f64 values, as many as there are.
    pub(crate) fn matrix(
        &mut self,
        name: &'static str,
        width: usize,
    ) -> Result<Vec<Vec<f64>>, StateError> {
        let lines = self.0.get(name).and_then(|array| array.shape.first().copied()).unwrap_or(0);
        let values = self.reals(name, &[lines, width], f64::MIN)?;
        Ok(values.chunks(width).map(<[f64]>::to_vec).collect())
    }

    /// Takes a single finite number of at least `least`.
    pub(crate) fn number(&mut self, name: &'static str, least: f64) -> Result<f64, StateError> {
        self.reals(name, &[], least).map(|values| values[0])
    }

    /// Takes finite f64 values of at least `least`.
    pub(crate) fn vector(
        &mut self,
        name: &'static str,
        length: usize,
        least: f64,
    ) -> Result<Vec<f64>, StateError> {
        self.reals(name, &[length], least)
    }

    /// Takes one or more finite floats of either type, in one dimension of any length.
    pub(crate) fn floats(
        &mut self,
        name: &'static str,
    ) -> Result<(FloatType, Vec<f64>), StateError> {
        let length = self.0.get(name).map_or(0, |array| array.values.len()).max(1);
        let (float, values) = match self.take(name, &[length])? {
            Values::F32(values) => {
                (FloatType::F32, values.into_iter().map(f64::from).collect::<Vec<_>>())
            }
            Values::F64(values) => (FloatType::F64, values),
            other => return Err(mismatch(name, "f32 or f64", &other)),
        };
        at_least(name, &values, f64::MIN)?;
        Ok((float, values))
    }

    /// Takes all that is left.
    pub(crate) fn rest(self) -> Vec<NamedArray> {
        self.0.into_values().collect()
    }

    /// Checks that nothing is left.
    pub(crate) fn finish(self) -> Result<(), StateError> {
        match self.0.into_keys().next() {
            Some(name) => Err(StateError::Unexpected { name }),
            None => Ok(()),
        }
    }

    fn reals(
        &mut self,
        name: &'static str,
        shape: &[usize],
        least: f64,
    ) -> Result<Vec<f64>, StateError> {
        let values = match self.take(name, shape)? {
            Values::F64(values) => values,
            other => return Err(mismatch(name, "f64", &other)),
        };
        at_least(name, &values, least)?;
        Ok(values)
    }

    fn take(&mut self, name: &'static str, shape: &[usize]) -> Result<Values, StateError> {
        let array = self.0.remove(name).ok_or(StateError::Missing { name })?;
        let values = array.values.len();
        if array.shape != shape
            || Some(values) != shape.iter().try_fold(1_usize, |a, b| a.checked_mul(*b))
        {
            let (expected, found) = (shape.to_vec(), array.shape);
            return Err(StateError::Shape { name, expected, found, values });
        }
        Ok(array.values)
    }
}

fn mismatch(name: &'static str, expected: &'static str, found: &Values) -> StateError {
    StateError::Dtype { name, expected, found: found.type_name() }
}

fn at_least(name: &'static str, values: &[f64], least: f64) -> Result<(), StateError> {
    match values.iter().find(|value| !(least..=f64::MAX).contains(*value)) {
        Some(&value) => Err(StateError::Value { name, value }),
        None => Ok(()),
    }
}
