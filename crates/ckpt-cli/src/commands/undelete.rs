use std::{cmp::Reverse, collections::BTreeSet};

use ckpt_hash::VersionId;
use ckpt_store::{Repository, Undeletable};
use clap::Args;

use crate::{
    Failure,
    context::{Answer, Context, Outcome},
    format, json,
    ui::{Column, Style, Table, Text},
};

/// Brings back content that was pruned or collected
///
/// Without REV, lists what can be brought back, by whom and why it was removed, and until when.
/// What comes back is kept until somebody prunes that version again by hand: no rule takes it away.
///
/// With --json: restored (a list of versions); without REV a list of version, author, time, reason,
/// until.
#[derive(Debug, Args)]
pub(crate) struct UndeleteArgs {
    /// The versions
    #[arg(value_name = "REV")]
    revisions: Vec<String>,
}

pub(crate) fn undelete(context: &mut Context, args: &UndeleteArgs) -> Outcome {
    let repository = context.repository()?;
    if args.revisions.is_empty() {
        return list(context, &repository);
    }
    let ids = args.revisions.iter().map(|revision| repository.resolve(revision));
    let ids: Vec<VersionId> = ids.collect::<Result<_, _>>()?;
    let restored = repository.undelete(&ids, &context.stamp()?)?;
    if context.json {
        context.ui.json(&json::Undeleted { restored })?;
        return Ok(Answer::Done);
    }
    let back: BTreeSet<&VersionId> = restored.iter().collect();
    for id in &ids {
        let what = if back.contains(id) { "has its content again" } else { "has its content" };
        context.ui.line(Text::styled(Style::Id, id.short()).plain("  ").plain(what))?;
    }
    Ok(Answer::Done)
}

fn list(context: &mut Context, repository: &Repository) -> Outcome {
    let found = repository.undeletable()?;
    if context.json {
        let found: Vec<_> = found.into_iter().map(json::Undeletable::from).collect();
        context.ui.json(&found)?;
        return Ok(Answer::Done);
    }
    if found.is_empty() {
        context.ui.notice("nothing was removed that can be brought back")?;
        return Ok(Answer::Done);
    }
    let number =
        |found: Undeletable| Ok((repository.version(&found.removed.version)?.record.number, found));
    let mut found: Vec<_> = found.into_iter().map(number).collect::<Result<_, Failure>>()?;
    found.sort_by_key(|(number, found)| Reverse((found.removed.time_ms, *number)));
    let mut table = Table::new([
        Column::right("#"),
        Column::left("version"),
        Column::left("until"),
        Column::left("why").elastic(),
    ]);
    for (number, Undeletable { removed, until_ms }) in found {
        table.row([
            Text::from(number.to_string()),
            Text::styled(Style::Id, removed.version.short()),
            Text::from(until_ms.map_or_else(String::new, format::utc)),
            Text::from(removed.reason),
        ]);
    }
    context.ui.table(&mut table)?;
    Ok(Answer::Done)
}
