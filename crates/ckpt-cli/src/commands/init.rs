use std::path::PathBuf;

use ckpt_store::{REPOSITORY_DIR, Repository};
use clap::Args;

use crate::{
    context::{Answer, Context, Outcome},
    failure::Failure,
    json,
    outside::is_inside,
    ui::{Style, Text},
};

/// Makes a repository
///
/// With --json: repository (its own folder), branch (the current one).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt init
  ckpt init ~/models
")]
pub(crate) struct InitArgs {
    /// The folder that will hold .ckpt [default: the current one]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(crate) fn init(context: &mut Context, args: &InitArgs) -> Outcome {
    let folder = match (&args.folder, &context.repo) {
        (Some(_), Some(_)) => {
            return Err(Failure::usage("DIR and --repo both name the folder; give one of them"));
        }
        (Some(folder), None) | (None, Some(folder)) => folder.clone(),
        (None, None) => context.environment.current_dir()?,
    };
    if is_inside(&folder) {
        let message = format!("{} is in a ckpt repository", folder.display());
        return Err(Failure::failed(message).with_hint("name a folder next to it"));
    }
    let repository = Repository::init(&folder)?;
    // `.` says less than where it is.
    let whole = folder.canonicalize().unwrap_or(folder);
    let place = whole.join(REPOSITORY_DIR).display().to_string();
    if context.json {
        let branch = repository.head()?.short().to_owned();
        context.ui.json(&json::Init { repository: place, branch })?;
        return Ok(Answer::Done);
    }
    let program = context.ui.program();
    context.ui.line(Text::from("made an empty repository in ").push(Style::Strong, place))?;
    context.ui.line(format!("next: {program} commit model.safetensors -m \"first version\""))?;
    Ok(Answer::Done)
}
