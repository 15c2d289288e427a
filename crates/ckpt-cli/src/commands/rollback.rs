use ckpt_store::{RefName, Repository};
use clap::Args;

use super::refs;
use crate::{
    Failure, Hint,
    context::{Answer, Context, Outcome},
};

/// Moves a branch, tag or alias back
///
/// Without --to, back to where it was before it came to where it is; again, one further. The move
/// is recorded with who, when and why, and the versions it leaves can still be named by their ids.
/// Where it goes must meet the guards that it has, see `guard`.
///
/// With --json: kind, name, from, to, move, evidence (a list of condition, met, values).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt rollback production -m 'errors in the logs'
  ckpt rollback main --to main~3
")]
pub(crate) struct RollbackArgs {
    /// The branch, tag or alias
    #[arg(value_name = "REF")]
    name: String,

    /// The version to go back to
    #[arg(long, value_name = "REV")]
    to: Option<String>,

    #[command(flatten)]
    why: refs::Why,
}

pub(crate) fn rollback(context: &mut Context, args: &RollbackArgs) -> Outcome {
    let repository = context.repository()?;
    let name = find(&repository, &args.name)?;
    let to = args.to.as_deref().map(|to| repository.resolve(to)).transpose()?;
    let moved = repository.rollback(&name, to, args.why.reason(), &context.signature()?)?;
    refs::moved(context, &name, &moved)?;
    Ok(Answer::Done)
}

fn find(repository: &Repository, name: &str) -> Result<RefName, Failure> {
    if let Some((name, _)) = repository.find_ref(name)? {
        return Ok(name);
    }
    // A name that none can have is wrong usage; one that none has is not.
    RefName::branch(name).map_err(ckpt_store::Error::from)?;
    let hint = Hint::command("branch", "lists branches, `tag` tags, `alias` aliases");
    let message = format!("no branch, tag or alias is called {name:?}");
    Err(Failure::failed(message).with_hint(hint).with_missing(name))
}
