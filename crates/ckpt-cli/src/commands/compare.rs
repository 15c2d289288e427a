//! Compares versions: judged here, printed in `text` and `many`.

mod extent;
mod many;
mod tensors;
mod text;

use ckpt_app::compare::{FailedCheck, Judged, METRIC, Requirements, document};
use ckpt_store::{CompareOptions, Pattern, Repository, Version};
use clap::{Args, ValueEnum};

use self::extent::Extent;
use crate::{
    context::{Answer, Context, Outcome, find},
    failure::Failure,
    patterns,
    ui::{Style, Text, Ui},
};

/// Most things that are not met and listed, unless all are asked for.
const LISTED: usize = 20;

/// Compares versions
///
/// Parameters, metrics, data, code and each tensor numerically; of more than two, each with the
/// first, side by side. Tensors that are the same by their id are not read. `rel l2` is the
/// Euclidean norm of the change divided by that of the tensor in A; a tensor of another dtype and
/// the same shape is compared by its values. NaN and infinite elements are counted apart. Weights
/// come before optimizer state, what was spoiled by NaN or infinities before what changed most.
///
/// `better` and `worse` are said of metrics whose direction is known: config.toml says it
/// (`[metrics]`, lower_is_better and higher_is_better, lists of patterns), or the last words
/// of the name do, such as val_mse, error_rate, mAP@0.5, pass@1, latency_ms or rougeL. Where both versions also have NAME.spread, the relative half-width
/// of a measurement, what lies within both spreads is the same; beyond, a measurement of unknown
/// direction is faster or slower.
///
/// --require takes a condition on max_abs, mean_abs, l2, relative_l2, cosine, changed_fraction, nan
/// and inf (both counted in B), such as 'relative_l2 <= 0.01 && nan == 0', see `promote`. Every
/// tensor that is compared must meet it. A tensor that was added, removed or reshaped, or whose
/// elements cannot be paired, has no such numbers and meets nothing, unless --tensor leaves it out.
///
/// With --json: a, b, same_model, same_state, same_recipe; metrics.NAME.{a, b, delta, better,
/// verdict, within_spread} (better is lower, higher or null; verdict is same, better, worse,
/// faster, slower, or null where nothing can be said); params.NAME.{a, b}; seed and parent_state,
/// each {a, b}; bases, data and code, each {same, a, b}; tensors (a list of name, role, status,
/// dtype, shape, max_abs, mean_abs, l2, relative_l2, cosine, changed_fraction, nan_a, nan_b, inf_a,
/// inf_b, was; status is same, changed, added, removed, reshaped, retyped or renamed; numbers are
/// null where elements were not paired, counts of NaN and infinities where they were not read);
/// files (a list of path, status, bytes); met (null where nothing is required); unmet (a list of
/// kind, which is tensor or metric, name, condition, values).
/// For more than two versions, a list of these.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt compare HEAD~ HEAD
  ckpt compare production main max:f1
  ckpt compare f32 bf16 --require 'relative_l2 <= 0.01 && nan == 0'
  ckpt compare main~ main --tensor 'head.*' --no-worse --json
")]
pub(crate) struct CompareArgs {
    /// The version to compare with
    #[arg(value_name = "A")]
    a: String,

    /// The versions to compare with it
    #[arg(value_name = "B", required = true)]
    b: Vec<String>,

    /// Compares only tensors of such names, such as 'head.*'; repeatable
    #[arg(long = "tensor", value_name = "PATTERN")]
    tensors: Vec<Pattern>,

    /// Orders tensors by how much they changed, or by name
    #[arg(long, value_name = "ORDER", value_enum, default_value_t = Sort::Change)]
    sort: Sort,

    /// Lists all tensors and files, also those that are the same
    #[arg(long)]
    all: bool,

    /// Ends with exit code 3 if models, metrics, parameters, seed, bases, data, code or files
    /// differ
    #[arg(long)]
    exit_code: bool,

    /// Ends with exit code 3 unless each tensor meets this condition; repeatable
    #[arg(long = "require", value_name = "CONDITION")]
    conditions: Vec<String>,

    /// Ends with exit code 3 if a metric got worse or was lost, and names those that cannot be
    /// judged: of unknown direction, or not in A; it is an error if there is none to judge
    #[arg(long)]
    no_worse: bool,

    /// Lets --no-worse pass metrics by that cannot be judged
    #[arg(long, requires = "no_worse")]
    ignore_unknown: bool,
}

/// An order of tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// What was spoiled first, then by relative change, the largest first
    Change,
    /// By name
    Name,
}

pub(crate) fn compare(context: &mut Context, args: &CompareArgs) -> Outcome {
    let requirements =
        Requirements::new(&args.conditions, args.no_worse)?.ignoring_unknown(args.ignore_unknown);
    let repository = context.repository()?;
    let judged = judge(context, &repository, args, &requirements)?;
    Failure::unless_closed(print(context, args, &judged, &requirements))?;
    let differs = args.exit_code && judged.iter().any(Judged::differs);
    let has_failed = judged.iter().any(|judged| !judged.failed.is_empty());
    Ok(if differs || has_failed { Answer::No } else { Answer::Done })
}

fn print(
    context: &mut Context,
    args: &CompareArgs,
    judged: &[Judged],
    requirements: &Requirements,
) -> Result<(), Failure> {
    if context.json {
        let documents: Vec<_> =
            judged.iter().map(|judged| document(judged, requirements)).collect();
        return match &documents[..] {
            [document] => context.ui.json(document),
            documents => context.ui.json(&documents),
        };
    }
    let extent = Extent { all: args.all, sort: args.sort };
    match judged {
        [judged] => text::print(&mut context.ui, judged, extent)?,
        judged => many::print(&mut context.ui, judged, extent)?,
    }
    print_failed_checks(&mut context.ui, judged, requirements, args.all)
}

/// Compares the first version with each of the others.
fn judge(
    context: &Context,
    repository: &Repository,
    args: &CompareArgs,
    requirements: &Requirements,
) -> Result<Vec<Judged>, Failure> {
    let a = find(repository, &args.a)?;
    let others = args.b.iter().map(|name| find(repository, name));
    let others: Vec<Version> = others.collect::<Result<_, _>>()?;
    patterns::check(repository, &args.tensors, [&a].into_iter().chain(&others))?;
    let progress = context.ui.progress("comparing");
    let tell = |done, total| progress.update_bytes(done, total);
    let options = CompareOptions::default().with_tensors(args.tensors.clone()).with_progress(&tell);
    let judge = |(b, name): (Version, &String)| {
        let names = [args.a.clone(), name.clone()];
        Judged::new(repository, (&a, b), names, &options, requirements)
    };
    others.into_iter().zip(&args.b).map(judge).collect()
}

/// Names the b-th version after the first: b, c and so on; from z on, by number.
fn letter(index: usize) -> String {
    match u8::try_from(index).ok().and_then(|index| b'b'.checked_add(index)) {
        Some(letter) if letter <= b'z' => char::from(letter).to_string(),
        _ => format!("#{}", index + 2),
    }
}

/// Says what is not met, or that all is.
fn print_failed_checks(
    ui: &mut Ui,
    judged: &[Judged],
    requirements: &Requirements,
    all: bool,
) -> Result<(), Failure> {
    if requirements.is_empty() {
        return Ok(());
    }
    ui.line("")?;
    let each = judged.iter().enumerate();
    let failed: Vec<(usize, &FailedCheck)> = each
        .flat_map(|(index, judged)| judged.failed.iter().map(move |failed| (index, failed)))
        .collect();
    if failed.is_empty() {
        return ui.line(Text::styled(Style::Good, "all that is required is met"));
    }
    let limit = if all { usize::MAX } else { LISTED };
    for (index, FailedCheck { kind, name, condition, found, .. }) in failed.iter().take(limit) {
        let within = if judged.len() > 1 { format!("{}: ", letter(*index)) } else { String::new() };
        let what = match *kind {
            METRIC => format!("{kind} {name} {found}"),
            _ => format!("{kind} {name}: {condition}: {found}"),
        };
        ui.line(Text::styled(Style::Bad, "not met: ").plain(within + &what))?;
    }
    match failed.len().saturating_sub(limit) {
        0 => Ok(()),
        more => ui.line(Text::styled(Style::Bad, format!("... and {more} more not met (--all)"))),
    }
}
