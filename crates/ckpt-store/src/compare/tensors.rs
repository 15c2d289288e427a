//! Compares the tensors of two versions, and reads those that differ.

use std::collections::{BTreeMap, BTreeSet};

use ckpt_pack::{Meter, Silent};
use ckpt_tensor::{Comparison as Measure, Difference};

use crate::{
    compare::{
        CompareOptions, TensorChange, TensorStatus,
        renames::{ByName, find_renames},
    },
    content::{
        pattern::Pattern,
        work::{is_paired, small_then_large},
    },
    error::{Error, Result},
    record::{TensorRecord, Version},
    repo::Repository,
};

/// The tensors of two versions as they stand to each other by name and content.
struct Sides {
    old: ByName,
    new: ByName,
    /// Names in `old` by names in `new`.
    renames: BTreeMap<String, String>,
}

/// A tensor that is to be compared.
struct Pairing<'a> {
    name: &'a String,
    old: Option<&'a TensorRecord>,
    new: Option<&'a TensorRecord>,
}

impl Repository {
    pub(super) fn compare_tensors(
        &self,
        a: &Version,
        b: &Version,
        options: &CompareOptions<'_>,
    ) -> Result<Vec<TensorChange>> {
        let sides = Sides::new(self.by_name(a)?, self.by_name(b)?);
        let pairings = sides.pairings(options);
        let read: Vec<&Pairing<'_>> = pairings.iter().filter(|pairing| pairing.is_read()).collect();
        if !read.is_empty() {
            self.require_content(&a.record)?;
            self.require_content(&b.record)?;
        }
        let total = read.iter().map(|pairing| pairing.len()).fold(0, u64::saturating_add);
        let meter = Meter::new(options.progress.unwrap_or(&Silent), total);
        let change = |pairing: &Pairing<'_>| {
            let (tensor, status) = match (pairing.old, pairing.new) {
                (Some(old), Some(new)) => (new, self.tensor_status(old, new, &meter)?),
                (None, Some(new)) => (new, sides.rename_or_added(pairing.name)),
                (Some(old), None) => (old, TensorStatus::Removed),
                (None, None) => unreachable!("the name comes from one of the sides"),
            };
            Ok(TensorChange {
                name: pairing.name.clone(),
                status,
                role: tensor.role,
                dtype: tensor.dtype,
                shape: tensor.shape.clone(),
            })
        };
        let mut changes = small_then_large(&pairings, Pairing::len, change)?;
        changes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(changes)
    }

    fn by_name(&self, version: &Version) -> Result<ByName> {
        let tensors = self.objects.fitting_checkpoint(&version.record.checkpoint)?.tensors;
        Ok(tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect())
    }

    fn tensor_status(
        &self,
        old: &TensorRecord,
        new: &TensorRecord,
        meter: &Meter<'_>,
    ) -> Result<TensorStatus> {
        if old.dtype != new.dtype {
            let pairs = is_paired(old, new);
            let difference = pairs.then(|| self.measure(old, new, meter)).transpose()?;
            Ok(TensorStatus::Retyped { was: old.dtype, difference })
        } else if old.shape != new.shape {
            Ok(TensorStatus::Reshaped(old.shape.clone()))
        } else if old.root == new.root {
            Ok(TensorStatus::Same)
        } else {
            self.measure(old, new, meter).map(TensorStatus::Changed)
        }
    }

    /// Measures two tensors whose elements can be paired.
    pub(crate) fn measure(
        &self,
        old: &TensorRecord,
        new: &TensorRecord,
        meter: &Meter<'_>,
    ) -> Result<Difference> {
        let mut measure = Measure::between(old.dtype, new.dtype).expect("they can be paired");
        self.objects.read_pair(old.content(), new.content(), &mut |a, b| {
            measure.update(a, b).map_err(|error| Error::Contents(error.to_string()))?;
            meter.add(b.len() as u64)?;
            Ok(())
        })?;
        Ok(measure.finish())
    }
}

impl Sides {
    fn new(old: ByName, new: ByName) -> Self {
        Self { renames: find_renames(&old, &new), old, new }
    }

    /// Lists the tensors that are asked for. One that has another name is asked for by either.
    fn pairings(&self, options: &CompareOptions<'_>) -> Vec<Pairing<'_>> {
        let matches = |name: &String| {
            let matches = |pattern: &Pattern| pattern.matches_tensor(name);
            options.tensors.is_empty() || options.tensors.iter().any(matches)
        };
        let moved: BTreeSet<&String> = self.renames.values().collect();
        let names: BTreeSet<&String> = self.old.keys().chain(self.new.keys()).collect();
        let names = names.into_iter().filter(|name| !moved.contains(name));
        let asked =
            names.filter(|name| matches(name) || self.renames.get(*name).is_some_and(matches));
        let pairing = |name| Pairing { name, old: self.old.get(name), new: self.new.get(name) };
        asked.map(pairing).collect()
    }

    fn rename_or_added(&self, name: &str) -> TensorStatus {
        match self.renames.get(name) {
            Some(from) => TensorStatus::Renamed(from.clone()),
            None => TensorStatus::Added,
        }
    }
}

impl Pairing<'_> {
    /// Tells whether its content has to be read.
    fn is_read(&self) -> bool {
        self.old.zip(self.new).is_some_and(|(old, new)| {
            let is_same = old.dtype == new.dtype && old.root == new.root;
            !is_same && is_paired(old, new)
        })
    }

    /// Returns its bytes in the newer version.
    fn len(&self) -> u64 {
        self.new.map_or(0, |tensor| tensor.len)
    }
}
