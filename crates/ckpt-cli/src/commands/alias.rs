use ckpt_store::{RefKind, RefName};
use clap::Args;

use super::refs;
use crate::context::{Context, Outcome};

/// Lists and deletes aliases
///
/// An alias is a name for the version that is in use somewhere, such as production. `promote`
/// makes and moves it, `rollback` moves it back, `audit` tells its history. Deleting it deletes
/// neither its history nor its guards.
///
/// With --json: a list of kind, name, version, current; for a deleted alias kind, name, from, to,
/// move, evidence.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt alias
  ckpt alias -d staging -m 'not used any more'
")]
pub(crate) struct AliasArgs {
    /// Deletes an alias
    #[arg(short, long, value_name = "NAME")]
    delete: Option<String>,

    /// Why, for the record
    #[arg(short, long, default_value = "", hide_default_value = true, requires = "delete")]
    message: String,
}

pub(crate) fn alias(context: &mut Context, args: &AliasArgs) -> Outcome {
    let Some(name) = &args.delete else {
        return refs::list(context, RefKind::Alias);
    };
    let name = RefName::new(RefKind::Alias, name).map_err(ckpt_store::Error::from)?;
    refs::delete(context, &name, &args.message)
}
