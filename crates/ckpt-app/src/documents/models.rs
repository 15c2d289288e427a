//! Models in JSON.

use ckpt_hash::VersionId;
use ckpt_store::{RefKind, RefName};
use serde::Serialize;

use crate::{
    format,
    models::{Best, Entry, Newest},
};

/// A model, or a line of one, in `models`.
#[derive(Debug, Serialize)]
pub struct Model {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Of a line, the branch that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    /// Of a model, its lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    branches: Option<Vec<String>>,
    /// How many versions there are.
    versions: u64,
    newest: NewestVersion,
    best: Option<BestVersion>,
    tags: Vec<String>,
    aliases: Vec<String>,
}

/// The newest version of a model.
#[derive(Debug, Serialize)]
struct NewestVersion {
    version: VersionId,
    branch: String,
    number: u64,
    time: Option<String>,
    bytes: u64,
    /// How many elements its weights have.
    parameters: u64,
}

/// The best version of a model.
#[derive(Debug, Serialize)]
struct BestVersion {
    metric: String,
    /// `min` or `max`.
    goal: &'static str,
    value: f64,
    version: VersionId,
    number: u64,
}

impl Model {
    pub fn new(entry: &Entry, is_line: bool) -> Self {
        let short = |name: &RefName| name.short().to_owned();
        let marks = |kind: RefKind| {
            entry.refs.iter().filter(|name| name.kind() == kind).map(short).collect()
        };
        Self {
            model: (!is_line).then(|| entry.name.clone()),
            branch: is_line.then(|| entry.name.clone()),
            branches: (!is_line).then(|| entry.branches.iter().map(short).collect()),
            versions: entry.versions,
            newest: NewestVersion::new(&entry.newest),
            best: entry.best.as_ref().map(BestVersion::new),
            tags: marks(RefKind::Tag),
            aliases: marks(RefKind::Alias),
        }
    }
}

impl NewestVersion {
    fn new(newest: &Newest) -> Self {
        let Newest { branch, version, size } = newest;
        Self {
            version: version.id,
            branch: branch.short().to_owned(),
            number: version.record.number,
            time: format::rfc3339(version.record.time_ms),
            bytes: size.bytes,
            parameters: size.parameters,
        }
    }
}

impl BestVersion {
    fn new(best: &Best) -> Self {
        Self {
            metric: best.goal.metric.clone(),
            goal: if best.goal.is_max { "max" } else { "min" },
            value: best.value,
            version: best.version,
            number: best.number,
        }
    }
}
