//! Compares versions: judged here, printed in `text`.

mod files;
mod keys;
mod text;

use std::collections::BTreeMap;

use ckpt_store::{Comparison, Repository, TensorStatus, Version};
use clap::Args;

use self::files::FileChange;
use crate::{
    context::{Answer, Context, Outcome, find},
    failure::Failure,
    metrics::{self, Directions, MetricChange, Verdict},
};

/// Compares versions
///
/// Parameters, metrics, data, code and each tensor numerically; of more than two, each with the
/// first. `better` and `worse` are said of metrics whose direction is known: config.toml says it
/// (`[metrics]`, lower_is_better and higher_is_better, lists of patterns), or the last word of the
/// name, such as val_mse or f1. Where both versions also have NAME.spread, the relative half-width
/// of a measurement, what lies within both spreads is the same; beyond, a measurement of unknown
/// direction is faster or slower.
///
/// With --json: a, b, same_model, same_state, same_recipe; metrics.NAME.{a, b, delta, better,
/// verdict, within_spread} (better is lower, higher or null; verdict is same, better, worse, faster,
/// slower, or null where nothing can be said); params.NAME.{a, b}; data and code, each {same, a, b}; tensors (a list of name,
/// status, dtype, shape, max_abs, l2, changed_fraction, was; status is same, changed, added,
/// removed, reshaped, retyped or renamed); files (a list of path, status, bytes). For more than
/// two versions, a list of these.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt compare HEAD~ HEAD
  ckpt compare production main max:f1
  ckpt compare main~ main --exit-code --json
")]
pub(crate) struct CompareArgs {
    /// The version to compare with
    #[arg(value_name = "A")]
    a: String,

    /// The versions to compare with it
    #[arg(value_name = "B", required = true)]
    b: Vec<String>,

    /// Ends with exit code 3 if models, metrics, parameters, data, code or files differ
    #[arg(long)]
    exit_code: bool,

    /// Lists all tensors, also those that are the same
    #[arg(long)]
    all: bool,
}

/// Two versions, compared and judged.
struct Judged {
    /// What the versions were called.
    names: [String; 2],
    comparison: Comparison,
    metrics: BTreeMap<String, MetricChange>,
    files: Vec<FileChange>,
}

pub(crate) fn compare(context: &mut Context, args: &CompareArgs) -> Outcome {
    let repository = context.repository()?;
    let a = find(&repository, &args.a)?;
    let others: Vec<Version> =
        args.b.iter().map(|name| find(&repository, name)).collect::<Result<_, _>>()?;
    let directions = Directions::read(&repository)?;
    let progress = context.ui.progress("comparing");
    let judge = |(b, name): (Version, &String)| {
        Judged::new(&repository, &directions, [&args.a, name].map(Clone::clone), a.clone(), b)
    };
    let judged: Vec<Judged> =
        others.into_iter().zip(&args.b).map(judge).collect::<Result<_, _>>()?;
    drop(progress);
    if context.json {
        let documents: Vec<_> = judged.iter().map(keys::document).collect();
        match &documents[..] {
            [document] => context.ui.json(document)?,
            documents => context.ui.json(&documents)?,
        }
    } else {
        for (index, judged) in judged.iter().enumerate() {
            if index > 0 {
                context.ui.line("")?;
            }
            text::print(&mut context.ui, judged, args.all)?;
        }
    }
    let differs = args.exit_code && judged.iter().any(Judged::differs);
    Ok(if differs { Answer::No } else { Answer::Done })
}

impl Judged {
    fn new(
        repository: &Repository,
        directions: &Directions,
        names: [String; 2],
        a: Version,
        b: Version,
    ) -> Result<Self, Failure> {
        let files =
            files::changes(&repository.checkpoint(&a.record)?, &repository.checkpoint(&b.record)?);
        let comparison = repository.compare(a, b)?;
        let metrics = metrics::changes(&comparison.metrics, directions);
        Ok(Self { names, metrics, files, comparison })
    }

    /// Tells whether anything differs but time, author, message and environment.
    fn differs(&self) -> bool {
        let Self { comparison, metrics, .. } = self;
        let metrics_differ = metrics.values().any(|change| change.verdict != Verdict::Same);
        let params_differ = comparison.params.values().any(|pair| pair.a != pair.b);
        metrics_differ
            || params_differ
            || !comparison.same_checkpoint()
            || !comparison.data.same
            || !comparison.code.same
    }
}

/// Names a status as in JSON.
const fn word(status: &TensorStatus) -> &'static str {
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
