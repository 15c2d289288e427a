use ckpt_store::{RefKind, RefName};
use clap::Args;

use super::refs;
use crate::context::{Context, Outcome};

/// Lists, makes and deletes tags
///
/// Without a name, lists the tags. A tag stays where it is unless it is forced, and that is on
/// record.
///
/// With --json: a list of kind, name, version, current; for a new tag that object alone; for a
/// moved or deleted one kind, name, from, to, move, evidence.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt tag v1.0
  ckpt tag paper min:val_loss -m 'table 2'
  ckpt tag -d v0.9
")]
pub(crate) struct TagArgs {
    /// The tag to make
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// The version to tag
    #[arg(value_name = "REV", default_value = "HEAD")]
    revision: String,

    /// Deletes a tag
    #[arg(short, long, value_name = "NAME", conflicts_with_all = ["name", "revision", "force"])]
    delete: Option<String>,

    /// Moves a tag that exists
    #[arg(long, requires = "name")]
    force: bool,

    #[command(flatten)]
    why: refs::Why,
}

pub(crate) fn tag(context: &mut Context, args: &TagArgs) -> Outcome {
    let name = |name: &str| RefName::new(RefKind::Tag, name).map_err(ckpt_store::Error::from);
    match (&args.delete, &args.name) {
        (Some(deleted), _) => refs::delete(context, &name(deleted)?, args.why.reason().text),
        (None, Some(new)) => {
            refs::set(context, &name(new)?, &args.revision, args.force, args.why.reason())
        }
        (None, None) => refs::list(context, RefKind::Tag),
    }
}
