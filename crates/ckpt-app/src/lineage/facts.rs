//! What changed in a version, in words.

use ckpt_store::{DataInput, DataLabel, MergeInfo, Pair, Strategy};

use super::{Ancestor, Base, ancestry::Git};
use crate::params;

/// Digits of a commit in Git: as many as of an id here.
const COMMIT_DIGITS: usize = 12;

/// Something that changed in a version.
#[derive(Debug)]
pub struct Fact {
    /// What it is about.
    pub label: &'static str,
    /// What is to be said of it.
    pub parts: Vec<String>,
}

impl Fact {
    fn new(label: &'static str, parts: Vec<String>) -> Self {
        Self { label, parts }
    }
}

/// Writes what changed in a version.
pub fn facts(ancestor: &Ancestor) -> Vec<Fact> {
    let mut facts = settings(ancestor);
    facts.extend(ancestor.data.iter().map(|record| Fact::new("data", data(record))));
    let gone = |name: &String| Fact::new("data", vec![format!("{name} no longer")]);
    facts.extend(ancestor.data_gone.iter().map(gone));
    let code = code(ancestor);
    facts.extend((!code.is_empty()).then(|| Fact::new("code", code)));
    facts.extend(ancestor.bases.iter().map(|made| Fact::new("made from", vec![base(made)])));
    facts
}

/// Writes what changed in how a version was made.
pub(super) fn settings(ancestor: &Ancestor) -> Vec<Fact> {
    let mut facts = Vec::new();
    facts.extend(ancestor.merge.as_ref().map(|record| Fact::new("merged", vec![merge(record)])));
    if !ancestor.params.is_empty() {
        let param = |(name, pair): (&String, _)| format!("{name} {}", changed(pair, params::show));
        facts.push(Fact::new("params", ancestor.params.iter().map(param).collect()));
    }
    let seed = |pair: &Pair<u64>| Fact::new("seed", vec![changed(pair, u64::to_string)]);
    facts.extend(ancestor.seed.as_ref().map(seed));
    facts
}

fn changed<T>(pair: &Pair<T>, write: impl Fn(&T) -> String) -> String {
    match (&pair.a, &pair.b) {
        (Some(a), Some(b)) => format!("{} -> {}", write(a), write(b)),
        (None, Some(b)) => write(b),
        (_, None) => "no longer".to_owned(),
    }
}

/// Names a data set, and says where it came from and what was done to it.
pub(super) fn data(DataInput { label, id }: &DataInput) -> Vec<String> {
    let DataLabel { name, source, preprocessing } = label;
    let mut parts = vec![format!("{name} {}", id.short())];
    if !source.is_empty() {
        parts.push(format!("from {source}"));
    }
    if !preprocessing.is_empty() {
        parts.push(preprocessing.clone());
    }
    parts
}

/// Names the code and its commit, as far as they changed.
pub(super) fn code(ancestor: &Ancestor) -> Vec<String> {
    let id = ancestor.code.map(|code| code.short());
    let git = ancestor.git.as_ref().map(|Git { commit, is_dirty }| {
        let digits: String = commit.chars().take(COMMIT_DIGITS).collect();
        format!("git {digits}{}", if *is_dirty { " with changes" } else { "" })
    });
    id.into_iter().chain(git).collect()
}

/// Names a model, and a version that has it.
pub(super) fn base(Base { model, version }: &Base) -> String {
    match version {
        Some((id, number)) => {
            format!("model {} of version {} #{number}", model.short(), id.short())
        }
        None => format!("model {}", model.short()),
    }
}

/// Says what was done about conflicts.
pub fn merge(record: &MergeInfo) -> String {
    let rules =
        record.rules.iter().map(|(pattern, rule)| format!("{pattern}: {}", Strategy::from(*rule)));
    let default = record.default.map(|default| Strategy::from(default).to_string());
    let parts: Vec<String> = default.into_iter().chain(rules).collect();
    if parts.is_empty() { "without conflicts".to_owned() } else { parts.join(", ") }
}
