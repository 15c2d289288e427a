//! Sums tensors up through history: printed in `text`.

mod text;

use ckpt_store::{Pattern, TensorStatistics, Version, VersionStatistics};
use ckpt_tensor::Summary;
use clap::{Args, ValueEnum};

use crate::{
    context::{Answer, Context, Outcome},
    json, patterns,
};

/// Shows norms and updates of tensors through history
///
/// For each tensor whose name is of the pattern and each version of the range, the oldest first:
/// the Euclidean norm (l2), its root mean square, largest absolute value, mean and standard
/// deviation, how many elements are zero, NaN or infinite, and the update ratio: the norm of the
/// change from the version's first parent, divided by the norm of the tensor there. What is NaN or
/// infinite is counted and has no part in any other number. `'head.*'` is a pattern for all names that
/// start with `head.`, `'*'` for all.
///
/// A..B is what comes after A, up to B, along first parents; B alone is all history of B. What was
/// computed is kept in `.ckpt/cache`, which may be removed at any time.
///
/// With --json, one line for each version and tensor: version, number, tensor, role, dtype, shape,
/// removed (whether the version's content was removed; numbers are null then, unless they were
/// computed before), count, l2, rms, max_abs, mean, std, min, max, zeros, nan, inf, update (null
/// where the parent has no such tensor of the same shape).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt stat 'head.*'
  ckpt stat '*' --over production..main
  ckpt stat 'layers.0.*' --over main~10.. --of l2,update,nan
  ckpt stat '*.weight' --over main --json
")]
pub(crate) struct StatArgs {
    /// Which tensors, by their whole names; repeatable
    #[arg(value_name = "PATTERN", required = true)]
    patterns: Vec<Pattern>,

    /// Which versions: A..B, or all history of B
    #[arg(long, value_name = "RANGE", default_value = "HEAD")]
    over: String,

    /// What to show [default: what fits of l2, update, max_abs, mean, std and rms, and the counts
    /// that are not 0]
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    of: Vec<Measure>,

    /// Lists all versions, not only the newest 20
    #[arg(long)]
    all: bool,
}

/// Something to know of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// The Euclidean norm
    #[value(alias = "norm")]
    L2,
    /// The norm of the change from the parent, divided by the norm there
    Update,
    /// NaN elements
    Nan,
    /// Infinite elements
    Inf,
    /// Elements that are 0
    Zeros,
    /// The largest absolute value
    #[value(name = "max_abs")]
    MaxAbs,
    /// The mean
    Mean,
    /// The standard deviation
    Std,
    /// The root mean square
    Rms,
    /// The least element
    Min,
    /// The greatest element
    Max,
}

impl Measure {
    /// Takes it from the statistics of a tensor; `None` where it is not known.
    fn of(self, tensor: &TensorStatistics) -> Option<f64> {
        let from = |value: fn(&Summary) -> f64| tensor.summary.as_ref().map(value);
        match self {
            Self::L2 => from(|summary| summary.l2),
            Self::Update => tensor.update,
            Self::Nan => from(|summary| summary.nan as f64),
            Self::Inf => from(|summary| summary.inf as f64),
            Self::Zeros => from(|summary| summary.zeros as f64),
            Self::MaxAbs => from(|summary| summary.max_abs),
            Self::Mean => from(|summary| summary.mean),
            Self::Std => from(|summary| summary.std),
            Self::Rms => from(|summary| summary.rms),
            Self::Min => from(|summary| summary.min),
            Self::Max => from(|summary| summary.max),
        }
    }

    /// Tells whether it is a number of elements.
    const fn is_count(self) -> bool {
        matches!(self, Self::Nan | Self::Inf | Self::Zeros)
    }
}

pub(crate) fn stat(context: &mut Context, args: &StatArgs) -> Outcome {
    let repository = context.repository()?;
    let versions = repository.resolve_range(&args.over)?;
    if versions.is_empty() {
        context.ui.notice(format!("no version is in {}", args.over))?;
        return Ok(Answer::Done);
    }
    patterns::check(&repository, &args.patterns, versions.iter())?;
    let progress = context.ui.progress("reading tensors");
    let tell = |done, total| progress.update_bytes(done, total);
    let statistics = repository.statistics(&versions, &args.patterns, &tell)?;
    drop(progress);
    if context.json {
        for of_version in &statistics {
            for tensor in &of_version.tensors {
                context.ui.json(&keys(of_version, tensor))?;
            }
        }
    } else {
        text::print(&mut context.ui, &statistics, args)?;
    }
    Ok(Answer::Done)
}

fn keys(of_version: &VersionStatistics, tensor: &TensorStatistics) -> json::TensorStatistics {
    let Version { id, record } = &of_version.version;
    let summary = tensor.summary.as_ref();
    json::TensorStatistics {
        version: *id,
        number: record.number,
        tensor: tensor.name.clone(),
        role: json::role(tensor.role),
        dtype: tensor.dtype,
        shape: tensor.shape.clone(),
        removed: of_version.is_removed,
        count: summary.map(|summary| summary.count),
        l2: Measure::L2.of(tensor),
        rms: Measure::Rms.of(tensor),
        max_abs: Measure::MaxAbs.of(tensor),
        mean: Measure::Mean.of(tensor),
        std: Measure::Std.of(tensor),
        min: Measure::Min.of(tensor),
        max: Measure::Max.of(tensor),
        zeros: summary.map(|summary| summary.zeros),
        nan: summary.map(|summary| summary.nan),
        inf: summary.map(|summary| summary.inf),
        update: tensor.update,
    }
}
