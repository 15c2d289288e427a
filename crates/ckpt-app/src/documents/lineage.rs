//! Lineages in JSON.

use std::collections::BTreeMap;

use ckpt_hash::{CodeId, ModelId, VersionId};
use ckpt_store::{Pair, RefName};
use serde::Serialize;

use super::{Data, ValuePair, data, value};
use crate::{format, lineage};

/// What `lineage` prints.
#[derive(Debug, Serialize)]
pub struct Lineage {
    version: Option<VersionId>,
    /// It and what it came from, the newest first.
    versions: Vec<Ancestor>,
    /// Whether there are older ones that were not looked at.
    more: bool,
}

/// A version, with what changed in it.
#[derive(Debug, Serialize)]
struct Ancestor {
    version: VersionId,
    number: u64,
    parents: Vec<VersionId>,
    time: Option<String>,
    author: String,
    message: String,
    /// Short names.
    refs: Vec<String>,
    /// What was done about the conflicts of a merge; null if it is none.
    merge: Option<String>,
    params: BTreeMap<String, ValuePair>,
    seed: Option<SeedPair>,
    data: Vec<Data>,
    data_gone: Vec<String>,
    code: Option<CodeId>,
    git_commit: Option<String>,
    git_dirty: Option<bool>,
    bases: Vec<Base>,
}

/// A seed that changed.
#[derive(Debug, Serialize)]
struct SeedPair {
    a: Option<u64>,
    b: Option<u64>,
}

/// A model that a version was made from.
#[derive(Debug, Serialize)]
struct Base {
    model: ModelId,
    /// The first version here that has it.
    version: Option<VersionId>,
}

impl Lineage {
    pub fn new(lineage: &lineage::Lineage) -> Self {
        Self {
            version: lineage.versions.first().map(|ancestor| ancestor.version.id),
            versions: lineage.versions.iter().map(Ancestor::new).collect(),
            more: lineage.is_cut,
        }
    }
}

impl Ancestor {
    fn new(ancestor: &lineage::Ancestor) -> Self {
        let record = &ancestor.version.record;
        let git = ancestor.git.as_ref();
        let params = ancestor.params.iter().map(|(name, pair)| {
            let [a, b] = [&pair.a, &pair.b].map(|side| side.as_ref().map(value));
            (name.clone(), ValuePair { a, b })
        });
        let base = |base: &lineage::Base| Base {
            model: base.model,
            version: base.version.map(|(version, _)| version),
        };
        Self {
            version: ancestor.version.id,
            number: record.number,
            parents: record.parents.clone(),
            time: format::rfc3339(record.time_ms),
            author: record.author.clone(),
            message: record.message.clone(),
            refs: ancestor.refs.iter().map(|name| RefName::short(name).to_owned()).collect(),
            merge: ancestor.merge.as_ref().map(lineage::merge),
            params: params.collect(),
            seed: ancestor.seed.map(|Pair { a, b }| SeedPair { a, b }),
            data: data(&ancestor.data),
            data_gone: ancestor.data_gone.clone(),
            code: ancestor.code,
            git_commit: git.map(|git| git.commit.clone()),
            git_dirty: git.map(|git| git.is_dirty),
            bases: ancestor.bases.iter().map(base).collect(),
        }
    }
}
