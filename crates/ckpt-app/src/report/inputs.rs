//! The inputs of the versions, and where they changed.

use std::collections::BTreeMap;

use ckpt_store::{Recipe, Repository, Version};

use crate::{failure::Failure, params};

/// The most changes that are listed.
const MOST: usize = 100;

/// The most changes of one input that are listed one by one: more are one row, since what changes
/// that often, such as the number of the epoch, hides what else does.
const MOST_OF_ONE: usize = 8;

/// The most inputs of the last version that are listed.
const MOST_INPUTS: usize = 200;

/// What an input is: its kind and name, such as `parameter` and `lr`.
type Key = (&'static str, String);

/// The inputs of a version.
type Inputs = BTreeMap<Key, String>;

/// A change of one input, or all changes of it in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) key: Key,
    /// The places of the versions at which it changed first and last.
    pub(super) versions: (usize, usize),
    /// How often it changed.
    pub(super) times: usize,
    /// What it was; `None` if it is new.
    pub(super) before: Option<String>,
    /// What it became; `None` if it is gone.
    pub(super) after: Option<String>,
}

/// The inputs of the versions of a report.
#[derive(Debug, Default)]
pub(super) struct WentIn {
    /// Inputs of the last version.
    pub(super) last: Vec<(Key, String)>,
    /// The first changes, the oldest first.
    pub(super) changes: Vec<Change>,
    /// Changes that are not listed.
    pub(super) left_out: usize,
    /// How many inputs changed at all, by kind.
    pub(super) counts: BTreeMap<&'static str, usize>,
}

impl WentIn {
    /// Reads the recipes of versions.
    pub(super) fn read(repository: &Repository, versions: &[Version]) -> Result<Self, Failure> {
        let mut changed: BTreeMap<Key, Vec<Change>> = BTreeMap::new();
        let mut before: Option<Inputs> = None;
        for (index, version) in versions.iter().enumerate() {
            let inputs = inputs(&repository.recipe(&version.record)?);
            if let Some(before) = before.filter(|before| *before != inputs) {
                for change in changes(index, &before, &inputs) {
                    add(changed.entry(change.key.clone()).or_default(), change);
                }
            }
            before = Some(inputs);
        }
        let mut counts = BTreeMap::new();
        for (kind, _) in changed.keys() {
            *counts.entry(*kind).or_default() += 1;
        }
        let mut changes: Vec<Change> = changed.into_values().flatten().collect();
        changes.sort_by_key(|change| change.versions.0);
        let left_out = changes.len().saturating_sub(MOST);
        changes.truncate(MOST);
        let last = before.unwrap_or_default().into_iter().take(MOST_INPUTS).collect();
        Ok(Self { last, changes, left_out, counts })
    }
}

/// Adds a change of an input to earlier ones, which become one if they are too many.
fn add(earlier: &mut Vec<Change>, change: Change) {
    let is_one = earlier.first().is_some_and(|first| first.times > 1);
    if earlier.len() < MOST_OF_ONE && !is_one {
        earlier.push(change);
        return;
    }
    let times = earlier.iter().map(|change| change.times).sum::<usize>() + 1;
    earlier.truncate(1);
    if let Some(all) = earlier.first_mut() {
        (all.times, all.versions.1, all.after) = (times, change.versions.1, change.after);
    }
}

/// The kinds of inputs, as they are called.
pub(super) const PARAMETER: &str = "parameter";
pub(super) const DATA: &str = "data";
pub(super) const CODE: &str = "code";
pub(super) const SEED: &str = "seed";
pub(super) const BASE: &str = "base model";

fn inputs(recipe: &Recipe) -> Inputs {
    let unnamed = |kind| (kind, String::new());
    let settings = recipe.params.iter();
    let settings = settings.map(|(name, value)| ((PARAMETER, name.clone()), params::show(value)));
    let data = recipe.data.iter();
    let data = data.map(|data| ((DATA, data.label.name.clone()), data.id.short()));
    let code = recipe.code.map(|code| (unnamed(CODE), code.short()));
    let seed = recipe.seed.map(|seed| (unnamed(SEED), seed.to_string()));
    let bases = recipe.bases.iter().map(|base| (unnamed(BASE), base.short()));
    let mut inputs = Inputs::new();
    for (key, value) in settings.chain(data).chain(code).chain(seed).chain(bases) {
        // Data sets may share a name, and base models have none.
        let all = inputs.entry(key).or_default();
        let comma = if all.is_empty() { "" } else { ", " };
        all.extend([comma, &value]);
    }
    inputs
}

fn changes(version: usize, before: &Inputs, after: &Inputs) -> Vec<Change> {
    let new = after.keys().filter(|key| !before.contains_key(*key));
    let change = |key: &Key| {
        let (before, after) = (before.get(key).cloned(), after.get(key).cloned());
        let is_change = before != after;
        let versions = (version, version);
        is_change.then(|| Change { key: key.clone(), versions, times: 1, before, after })
    };
    before.keys().chain(new).filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use ckpt_hash::{DataId, Digest, ModelId};
    use ckpt_store::DataInput;

    use super::*;

    #[test]
    fn changes_are_what_is_new_gone_or_different() {
        let inputs = |list: &[(&'static str, &str, &str)]| -> Inputs {
            let entry = |(kind, name, value): &(&'static str, &str, &str)| {
                ((*kind, (*name).to_owned()), (*value).to_owned())
            };
            list.iter().map(entry).collect()
        };
        let before = inputs(&[(PARAMETER, "lr", "0.1"), (CODE, "", "1a"), (DATA, "a", "2b")]);
        let after =
            inputs(&[(PARAMETER, "lr", "0.2"), (PARAMETER, "decay", "1"), (DATA, "a", "2b")]);
        let list = |change: &Change| {
            let (kind, name) = &change.key;
            format!("{kind} {name} {:?} {:?}", change.before, change.after)
        };
        let changes: Vec<String> = changes(1, &before, &after).iter().map(list).collect();
        assert_eq!(
            changes,
            [
                "code  Some(\"1a\") None",
                "parameter lr Some(\"0.1\") Some(\"0.2\")",
                "parameter decay None Some(\"1\")",
            ]
        );
    }

    #[test]
    fn inputs_of_one_name_are_told_together() {
        let data = |name: &str, byte| {
            DataInput::new(name, DataId::from_digest(Digest::from_bytes([byte; 32])))
        };
        let model = |byte| ModelId::from_digest(Digest::from_bytes([byte; 32]));
        let before = Recipe::default()
            .with_data(vec![data("a", 1), data("b", 2), data("a", 3)])
            .with_bases(vec![model(4), model(5)])
            .with_seed(7);
        let after = Recipe::default()
            .with_data(vec![data("a", 6), data("b", 2), data("a", 3)])
            .with_bases(vec![model(4)])
            .with_seed(None);
        let changes = changes(1, &inputs(&before), &inputs(&after));
        let list: Vec<_> = changes.into_iter().map(|c| (c.key, c.before, c.after)).collect();
        let bytes = |bytes: &[&str]| {
            let ids: Vec<String> = bytes.iter().map(|byte| byte.repeat(6)).collect();
            Some(ids.join(", "))
        };
        let (base, seed) = ((BASE, String::new()), (SEED, String::new()));
        assert_eq!(
            list,
            [
                (base, bytes(&["04", "05"]), bytes(&["04"])),
                ((DATA, "a".to_owned()), bytes(&["01", "03"]), bytes(&["06", "03"])),
                (seed, Some("7".to_owned()), None),
            ]
        );
    }

    #[test]
    fn what_changes_often_is_one_change() {
        let change = |version: usize| Change {
            key: (PARAMETER, "epoch".to_owned()),
            versions: (version, version),
            times: 1,
            before: Some((version - 1).to_string()),
            after: Some(version.to_string()),
        };
        let mut all = Vec::new();
        (1..=8).for_each(|version| add(&mut all, change(version)));
        assert_eq!(all.len(), 8);
        (9..=100).for_each(|version| add(&mut all, change(version)));
        let expected =
            Change { versions: (1, 100), times: 100, after: change(100).after, ..change(1) };
        assert_eq!(all, [expected]);
    }
}
