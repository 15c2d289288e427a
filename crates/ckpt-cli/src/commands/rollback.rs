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
///
/// With --json: kind, name, from, to.
#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The branch, tag or alias
    #[arg(value_name = "REF")]
    name: String,

    /// The version to go back to
    #[arg(long, value_name = "REV")]
    to: Option<String>,

    /// Why, for the record
    #[arg(short, long, default_value = "", hide_default_value = true)]
    message: String,
}

pub(crate) fn rollback(context: &mut Context, args: &RollbackArgs) -> Outcome {
    let repository = context.repository()?;
    let name = find(&repository, &args.name)?;
    let to = args.to.as_deref().map(|to| repository.resolve(to)).transpose()?;
    let moved = repository.rollback(&name, to, args.message.as_str(), &context.stamp()?)?;
    refs::moved(context, &name, moved.record.from, moved.record.to)?;
    Ok(Answer::Done)
}

fn find(repository: &Repository, name: &str) -> Result<RefName, Failure> {
    if let Some((name, _)) = repository.find_ref(name)? {
        return Ok(name);
    }
    // A name that none can have is wrong usage; one that none has is not.
    RefName::branch(name).map_err(ckpt_store::Error::from)?;
    let hint = Hint::command("branch", "and `tag` list names");
    Err(Failure::failed(format!("no branch, tag or alias is called {name:?}")).with_hint(hint))
}
