//! A stretch of history as one HTML page that needs nothing else: read and measured here, drawn in
//! `page`.

mod cards;
mod chart;
mod descent;
mod graph;
mod heat;
mod html;
mod inputs;
mod lanes;
mod page;
mod sample;
mod scale;
mod series;
mod table;
mod tensors;

use ckpt_hash::VersionId;
use ckpt_store::{Repository, Version};

pub use self::page::{Report, START};
use self::{inputs::WentIn, series::Metrics, tensors::HeatMap};
use crate::{failure::Failure, metrics::Directions, refs::noted};

/// What a report is about.
#[derive(Debug, Clone)]
pub struct ReportOptions {
    /// What the repository is called.
    pub repository: String,
    /// The versions: `A..B`, or a revision and all its history; `None` for `HEAD`, with all branches
    /// in the graph.
    pub range: Option<String>,
    /// When the report is made, in milliseconds since 1970-01-01T00:00:00Z.
    pub time_ms: i64,
    /// Whether tensors are compared, for the heat map.
    pub with_tensors: bool,
}

impl Report {
    /// Reads and measures all that the page shows. `progress` is told how many pairs of versions
    /// have had their tensors compared, and of how many.
    ///
    /// # Errors
    /// A range in which no version lies; what cannot be read.
    pub fn read(
        repository: &Repository,
        options: &ReportOptions,
        progress: &dyn Fn(u64, u64),
    ) -> Result<Self, Failure> {
        let range = options.range.as_deref().unwrap_or("HEAD");
        let line = repository.resolve_range(range)?;
        if line.is_empty() {
            let message = format!("no version lies in {range}");
            return Err(Failure::failed(message).with_hint("A..B is what comes after A, up to B"));
        }
        let (after, tip) = repository.range_ends(range)?;
        let notes = repository.notes()?;
        let versions: Vec<Version> =
            line.into_iter().map(|version| noted(&notes, version)).collect();
        let refs = repository.refs_at()?;
        let tips: Vec<VersionId> = match &options.range {
            None => refs.keys().copied().chain([tip]).collect(),
            Some(_) => vec![tip],
        };
        let graph = descent::nodes(descent::read(repository, tips, after)?, &refs);
        let went_in = WentIn::read(repository, &versions)?;
        let heat = options.with_tensors.then(|| heat_map(repository, &versions, after, progress));
        let head = repository.head()?;
        Ok(Self {
            repository: options.repository.clone(),
            range: options.range.clone().unwrap_or_else(|| head.short().to_owned()),
            time_ms: options.time_ms,
            metrics: Metrics::of(&versions, &Directions::read(repository)?),
            versions,
            refs,
            head,
            went_in,
            heat: heat.transpose()?,
            graph,
        })
    }

    /// Counts the versions of the report.
    pub fn versions(&self) -> u64 {
        self.versions.len() as u64
    }
}

/// Measures changes from the version before the first one on, if the range has one.
fn heat_map(
    repository: &Repository,
    versions: &[Version],
    after: Option<VersionId>,
    progress: &dyn Fn(u64, u64),
) -> Result<HeatMap, Failure> {
    let before = after.map(|after| repository.version(&after)).transpose()?;
    let all: Vec<Version> = before.into_iter().chain(versions.iter().cloned()).collect();
    HeatMap::measure(repository, &all, progress)
}
