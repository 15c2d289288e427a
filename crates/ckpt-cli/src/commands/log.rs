//! Shows history: which versions in `filter`, the table in `layout`, how a metric went in `spark`.

mod layout;
mod spark;

use ckpt_store::{Error, Repository, Version};
use clap::Args;

use ckpt_app::filter::Filter;

use self::{layout::Layout, spark::Spark};
use super::refs;
use crate::{
    context::{Answer, Context, Outcome},
    failure::Failure,
    json,
};

/// Rows that the layout is made from; what follows is printed as it comes.
const SAMPLE: usize = 256;

/// What parts the ends of a range.
const DOTS: &str = "..";

/// Shows a version and all before it
///
/// Of A..B only what comes after A, up to B, along first parents; A.. goes up to HEAD.
///
/// The table has as many metrics as fit, those first that most versions have; `show` has them
/// all. Names in parentheses are the refs that point to a version. Metrics that notes give come
/// before the version's own. The line beneath tells how a metric went up to the newest version
/// above, along first parents, if at least 3 of the versions shown there have it.
///
/// With --json, one line for each version: version, model, state, parents, number, branch (if REV
/// is one), time, author, message, params, metrics.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt log
  ckpt log v1.0..resnet/main -n 20 --spark val_loss
  ckpt log --where 'f1 >= 0.9' --where 'val_loss < parent.val_loss'
  ckpt log --json | jq -r .metrics.val_loss
")]
pub(crate) struct LogArgs {
    /// Where to start, or a range A..B
    #[arg(value_name = "REV", default_value = "HEAD")]
    revision: String,

    /// The most versions to show
    #[arg(short = 'n', long, value_name = "N")]
    number: Option<usize>,

    /// Shows only versions that meet a condition such as 'f1 >= 0.9' or 'loss < parent.loss', see
    /// `promote`; repeatable
    #[arg(long = "where", value_name = "CONDITION")]
    conditions: Vec<String>,

    /// The metric of the line beneath the table [default: that of its first column of metrics]
    #[arg(long, value_name = "METRIC")]
    spark: Option<String>,
}

pub(crate) fn log(context: &mut Context, args: &LogArgs) -> Outcome {
    let repository = context.repository()?;
    let filter = Filter::new(&repository, &args.conditions)?;
    let history = history(&repository, &args.revision)?;
    let versions = history.filter_map(|version| filter.pass(version).transpose());
    let versions = versions.take(args.number.unwrap_or(usize::MAX));
    let shown = match context.json {
        true => print_json(context, &repository, args, versions)?,
        false => print_table(context, &repository, args, versions)?,
    };
    if !shown && !context.json && args.number != Some(0) {
        context.ui.notice(nothing(&args.revision, &filter))?;
    }
    Ok(Answer::Done)
}

/// Finds the versions that a revision or a range stands for, the newest first.
fn history<'a>(
    repository: &'a Repository,
    revision: &str,
) -> Result<Box<dyn Iterator<Item = Result<Version, Error>> + 'a>, Failure> {
    if revision.contains(DOTS) {
        let line = repository.resolve_range(revision)?;
        return Ok(Box::new(line.into_iter().rev().map(Ok)));
    }
    Ok(Box::new(repository.log(repository.resolve(revision)?)))
}

/// Says that there is nothing to show, and why.
fn nothing(revision: &str, filter: &Filter<'_>) -> String {
    let within = if revision.contains(DOTS) { "in" } else { "up to" };
    let meets = filter.to_string();
    let meets = if meets.is_empty() { meets } else { format!(" meets {meets}") };
    format!("no version {within} {revision}{meets}")
}

/// Prints versions as they come, and tells whether there were any.
fn print_json(
    context: &mut Context,
    repository: &Repository,
    args: &LogArgs,
    versions: impl Iterator<Item = Result<Version, Error>>,
) -> Result<bool, Failure> {
    let end = args.revision.split_once(DOTS).map_or(args.revision.as_str(), |(_, end)| end);
    let branch = refs::branch_of(repository, end)?;
    let mut any = false;
    for version in versions {
        let version = version?;
        let recipe = repository.recipe(&version.record)?;
        context.ui.json(&json::VersionKeys::new(&version, &recipe, branch.clone()))?;
        any = true;
    }
    Ok(any)
}

/// Prints versions as rows, in pieces of one layout, and tells whether there were any.
fn print_table(
    context: &mut Context,
    repository: &Repository,
    args: &LogArgs,
    mut versions: impl Iterator<Item = Result<Version, Error>>,
) -> Result<bool, Failure> {
    let mut printed: Option<(Layout, Spark)> = None;
    loop {
        let some: Vec<Version> = versions.by_ref().take(SAMPLE).collect::<Result<_, _>>()?;
        if some.is_empty() {
            break;
        }
        let (layout, spark) = match &mut printed {
            Some(printed) => printed,
            None => {
                let layout = Layout::new(context, repository, &some)?;
                let spark = Spark::new(args.spark.as_deref(), layout.first_metric());
                printed.insert((layout, spark))
            }
        };
        layout.print(context, &some)?;
        spark.add(repository, &some)?;
    }
    let is_any = printed.is_some();
    if let Some((_, spark)) = printed {
        spark.print(context)?;
    }
    Ok(is_any)
}
