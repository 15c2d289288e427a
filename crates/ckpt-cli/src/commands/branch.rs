use ckpt_store::{RefKind, RefName};
use clap::Args;

use super::refs;
use crate::context::{Context, Outcome};

/// Lists, makes and deletes branches
///
/// Without a name, lists the branches; the current one is marked with a star. Deleting a branch
/// deletes no version: each can still be named by its id.
///
/// With --json: a list of kind, name, version, current; for a new branch that object alone; for a
/// deleted one kind, name, from, to, move, evidence.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt branch
  ckpt branch resnet/lr-sweep main~3
  ckpt branch -d old
")]
pub(crate) struct BranchArgs {
    /// The branch to make
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Where it starts
    #[arg(value_name = "REV", default_value = "HEAD")]
    revision: String,

    /// Deletes a branch
    #[arg(short, long, value_name = "NAME", conflicts_with_all = ["name", "revision"])]
    delete: Option<String>,
}

pub(crate) fn branch(context: &mut Context, args: &BranchArgs) -> Outcome {
    let name = |name: &str| RefName::branch(name).map_err(ckpt_store::Error::from);
    match (&args.delete, &args.name) {
        (Some(deleted), _) => refs::delete(context, &name(deleted)?, ""),
        (None, Some(new)) => refs::set(context, &name(new)?, &args.revision, false, "".into()),
        (None, None) => refs::list(context, RefKind::Branch),
    }
}
