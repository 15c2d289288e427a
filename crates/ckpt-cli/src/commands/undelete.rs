use ckpt_store::Undeletable;
use clap::Args;

use crate::{
    Failure,
    context::{Answer, Context, Outcome},
    format, json,
    ui::{Column, Style, Table, Text},
};

/// Restores content that gc or prune removed
///
/// Without REV, lists what can be restored and until when. What was restored stays: no rule
/// drops it again, only `prune REV` does.
///
/// With --json: a list of version, removed, author, reason, until (null if it did not go to trash
/// yet); with REV: versions (ids of those that were restored).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt undelete
  ckpt undelete 4f1c0a9b2d3e
")]
pub(crate) struct UndeleteArgs {
    /// The versions
    #[arg(value_name = "REV")]
    revisions: Vec<String>,
}

pub(crate) fn undelete(context: &mut Context, args: &UndeleteArgs) -> Outcome {
    let repository = context.repository_with_settings()?;
    if args.revisions.is_empty() {
        let found = repository.undeletable()?;
        match context.json {
            true => {
                let list: Vec<_> = found.iter().map(json::Undeletable::new).collect();
                context.ui.json(&list)?;
            }
            false => list(context, &found)?,
        }
        return Ok(Answer::Done);
    }
    let resolve = |revision: &String| repository.resolve(revision);
    let versions: Vec<_> = args.revisions.iter().map(resolve).collect::<Result<_, _>>()?;
    let back = repository.undelete(&versions, &context.signature()?)?;
    if context.json {
        context.ui.json(&json::Undeleted { versions: back })?;
        return Ok(Answer::Done);
    }
    for version in &versions {
        let line = Text::styled(Style::Id, version.short());
        context.ui.line(line.plain(match back.contains(version) {
            true => "  is back",
            false => "  has its content",
        }))?;
    }
    Ok(Answer::Done)
}

fn list(context: &mut Context, found: &[Undeletable]) -> Result<(), Failure> {
    if found.is_empty() {
        return context.ui.line("nothing can be restored");
    }
    let now_ms = context.environment.now_ms()?;
    let mut table = Table::new([
        Column::left("version"),
        Column::right("removed").dispensable(1),
        Column::left("by").dispensable(2),
        Column::left("until"),
        Column::left("why").elastic(),
    ]);
    for Undeletable { removed, until_ms, .. } in found {
        table.row([
            Text::styled(Style::Id, removed.version.short()),
            Text::styled(Style::Faint, format::age(removed.time_ms, now_ms)),
            removed.author.as_str().into(),
            until_ms.map_or_else(|| "the next gc".to_owned(), format::date).into(),
            removed.reason.as_str().into(),
        ]);
    }
    context.ui.table(&mut table)
}
