use ckpt_store::{Condition, Error, RefKind, RefName};
use clap::Args;

use super::refs;
use crate::context::{Answer, Context, Outcome};

/// Moves an alias to a version if it meets the gate
///
/// An alias, such as production, is a name for the version that is in use somewhere; it is made if
/// there is none. The version must meet every condition given here, and the alias's guards, see
/// `guard`. If it does not, nothing moves and the exit code is 3. What was found is recorded with
/// the move, and `audit` shows it.
///
/// A condition compares metrics: `f1 >= 0.95`, `loss < parent.loss`, or several joined by `&&`.
/// The operators are < <= > >= == !=. On the left stands a metric of the version; on the right a
/// number, `parent.NAME` for a metric of its first parent, or `current.NAME` for one of the version
/// that the alias is at. A name with spaces or one of < > = ! & " stands in double quotes. A metric
/// that is missing or NaN meets nothing; while the alias does not exist, comparisons with current.
/// are met. Metrics that notes give count first, see `note`.
///
/// With --json: kind, name, from, to, move, evidence (a list of condition, met, values).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt promote HEAD production --require 'f1 >= 0.95'
  ckpt promote max:f1 production --no-worse-than max:f1
  ckpt promote main~2 staging -m 'to be tried by hand'
")]
pub(crate) struct PromoteArgs {
    /// The version
    #[arg(value_name = "REV")]
    revision: String,

    /// The alias
    #[arg(value_name = "ALIAS")]
    alias: String,

    /// A condition that the version must meet; repeatable
    #[arg(long, value_name = "CONDITION")]
    require: Vec<String>,

    /// max:NAME or min:NAME: a metric in which the version must be at least as good as the one
    /// that the alias is at; repeatable
    #[arg(long, value_name = "METRIC")]
    no_worse_than: Vec<String>,

    #[command(flatten)]
    why: refs::Why,
}

pub(crate) fn promote(context: &mut Context, args: &PromoteArgs) -> Outcome {
    let mut gate = refs::conditions(&args.require)?;
    for metric in &args.no_worse_than {
        gate.push(Condition::no_worse_than(metric).map_err(Error::from)?);
    }
    let alias = RefName::new(RefKind::Alias, &args.alias).map_err(Error::from)?;
    let repository = context.repository()?;
    let version = repository.resolve(&args.revision)?;
    refs::check_hides_nothing(&repository, &alias)?;
    let signature = context.signature()?;
    let moved = repository.promote(&alias, version, &gate, args.why.reason(), &signature)?;
    refs::moved(context, &alias, &moved)?;
    Ok(Answer::Done)
}
