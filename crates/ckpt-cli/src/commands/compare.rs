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
    metrics::{self, MetricChange, Verdict},
};

/// Compares versions
///
/// Parameters, metrics, data, code and each tensor numerically; of more than two, each with the
/// first. `better` and `worse` are said of metrics whose last word is known, such as val_mse or
/// f1. Where both versions also have NAME.spread, the relative half-width of a measurement, what
/// lies within both spreads is the same, and else faster or slower.
///
/// With --json: a, b, same_model, same_state, same_recipe; metrics.NAME.{a, b, delta,
/// within_spread}; params.NAME.{a, b}; data and code, each {same, a, b}; tensors (a list of name,
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
    let progress = context.ui.progress("comparing");
    let judge = |(b, name): (Version, &String)| {
        Judged::new(&repository, [&args.a, name].map(Clone::clone), a.clone(), b)
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
        names: [String; 2],
        a: Version,
        b: Version,
    ) -> Result<Self, Failure> {
        let files =
            files::changes(&repository.checkpoint(&a.record)?, &repository.checkpoint(&b.record)?);
        let comparison = repository.compare(a, b)?;
        Ok(Self { names, metrics: metrics::changes(&comparison.metrics), files, comparison })
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
