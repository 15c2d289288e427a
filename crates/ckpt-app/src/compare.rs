//! Two versions compared and judged: what changed, which way, and whether that is what was required.

mod document;
mod files;
mod inputs;
mod requirements;

use std::collections::BTreeMap;

use ckpt_store::{CompareOptions, Comparison, Repository, TensorStatus, Version};

pub use self::{
    document::document,
    files::FileChange,
    inputs::{Input, Inputs},
    requirements::{FailedCheck, METRIC, Requirements},
};
use crate::{
    failure::Failure,
    metrics::{self, Directions, MetricChange, Verdict},
};

/// Two versions, compared and judged.
#[derive(Debug)]
#[non_exhaustive]
pub struct Judged {
    /// What the versions were called.
    pub names: [String; 2],
    /// How they differ.
    pub comparison: Comparison,
    /// The metrics of both, each with its verdict.
    pub metrics: BTreeMap<String, MetricChange>,
    /// What else went into them.
    pub inputs: Inputs,
    /// The files of both.
    pub files: Vec<FileChange>,
    /// What was required and is not met.
    pub failed: Vec<FailedCheck>,
}

impl Judged {
    /// Compares a version with another and judges the outcome.
    ///
    /// # Errors
    /// What cannot be read; requirements that nothing could be judged by.
    pub fn new(
        repository: &Repository,
        (a, b): (&Version, Version),
        names: [String; 2],
        options: &CompareOptions<'_>,
        requirements: &Requirements,
    ) -> Result<Self, Failure> {
        let comparison = repository.compare_with(a.clone(), b, options)?;
        let checkpoint = |version: &Version| repository.checkpoint(&version.record);
        let files = files::changes(&checkpoint(&comparison.a)?, &checkpoint(&comparison.b)?);
        let metrics = metrics::changes(&comparison.metrics, &Directions::read(repository)?);
        let inputs = Inputs::read(repository, &comparison.a, &comparison.b)?;
        let judged = Self { names, comparison, metrics, inputs, files, failed: Vec::new() };
        requirements.judge(repository, judged)
    }

    /// Tells whether anything differs but time, author, message, environment, and the state that
    /// training went on from.
    pub fn differs(&self) -> bool {
        let Self { comparison, metrics, inputs, .. } = self;
        let metrics_differ = metrics.values().any(|change| change.verdict != Verdict::Same);
        let params_differ = comparison.params.values().any(|pair| pair.a != pair.b);
        metrics_differ
            || params_differ
            || inputs.differ()
            || !comparison.same_checkpoint()
            || !comparison.data.same
            || !comparison.code.same
    }
}

/// Names the status of a tensor as documents do.
pub const fn word(status: &TensorStatus) -> &'static str {
    match status {
        TensorStatus::Same => "same",
        TensorStatus::Changed(_) => "changed",
        TensorStatus::Added => "added",
        TensorStatus::Removed => "removed",
        TensorStatus::Reshaped(_) => "reshaped",
        TensorStatus::Retyped { .. } => "retyped",
        TensorStatus::Renamed(_) => "renamed",
    }
}
