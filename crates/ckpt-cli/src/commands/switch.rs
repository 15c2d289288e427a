use ckpt_store::{Error, RefName, Repository, RevisionError};
use clap::Args;

use super::refs;
use crate::{
    Failure, Hint,
    context::{Answer, Context, Outcome},
    json,
    ui::{Style, Text},
};

/// Makes a branch the current one
///
/// The current branch is what HEAD stands for and what `commit` adds to. No file is touched:
/// `restore` gives files back.
///
/// With --json: branch, from (the current branch before), version (the newest of the branch).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt switch resnet/main
  ckpt switch --create resnet/lr-sweep
")]
pub(crate) struct SwitchArgs {
    /// The branch
    #[arg(value_name = "NAME")]
    name: String,

    /// Makes the branch first, at the current version
    #[arg(short, long)]
    create: bool,
}

pub(crate) fn switch(context: &mut Context, args: &SwitchArgs) -> Outcome {
    let repository = context.repository()?;
    let branch = RefName::branch(&args.name).map_err(Error::from)?;
    // One that is missing or damaged is what this mends; what else is wrong shows when it is written.
    let from = repository.head().ok();
    if args.create {
        create(context, &repository, &branch)?;
    } else if from.as_ref() != Some(&branch) && repository.target(&branch)?.is_none() {
        return Err(no_branch(&repository, branch)?);
    }
    repository.set_head(&branch)?;
    if context.json {
        let version = repository.target(&branch)?;
        let branch = branch.short().to_owned();
        let from = from.map(|from| from.short().to_owned());
        context.ui.json(&json::Switch { branch, from, version })?;
    } else {
        let verb = if from.as_ref() == Some(&branch) {
            "already on branch "
        } else {
            "switched to branch "
        };
        context.ui.line(Text::from(verb).push(Style::Ref, branch.short()))?;
    }
    Ok(Answer::Done)
}

/// Says of what is no branch what it is.
fn no_branch(repository: &Repository, branch: RefName) -> Result<Failure, Failure> {
    let name = branch.short().to_owned();
    Ok(match repository.find_ref(&name)? {
        Some((other, _)) => {
            let hint = Hint::command(format!("branch NAME {name}"), "makes a branch there");
            Failure::from(Error::NotBranch(other)).with_hint(hint)
        }
        None => {
            let hint = Hint::command(format!("switch -c {name}"), "makes it");
            Failure::from(Error::NoRef(branch)).with_hint(hint)
        }
    })
}

/// Makes a branch at HEAD; before the first version there is nothing to point it to yet.
fn create(context: &Context, repository: &Repository, branch: &RefName) -> Result<(), Failure> {
    if let Some(at) = repository.target(branch)? {
        let hint = Hint::command(format!("switch {}", branch.short()), "goes there");
        return Err(Failure::from(Error::RefExists { name: branch.clone(), at }).with_hint(hint));
    }
    refs::check_hides_nothing(repository, branch)?;
    match repository.resolve("HEAD") {
        Ok(at) => {
            repository.set_ref(branch, at, false, "", &context.signature()?)?;
        }
        Err(Error::Revision(RevisionError::Empty(_))) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
