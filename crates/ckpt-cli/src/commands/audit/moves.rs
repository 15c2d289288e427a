//! The moves of one ref, as they are read.

use ckpt_hash::MoveId;
use ckpt_store::{Move, MoveKind, RefName, Repository};

use super::{Expected, broken};
use crate::{
    Failure,
    commands::refs,
    context::Context,
    format, json,
    ui::{Column, Style, Table, Text},
};

/// Moves that the layout is made from; what follows is printed as it comes.
const SAMPLE: u64 = 256;

/// Columns of a time to the second, without the zone.
const TIME_LEN: usize = "2026-01-02 03:04:05".len();

/// What is left to say when all moves were printed.
pub(super) struct End {
    count: u64,
    newest: Option<MoveId>,
}

pub(super) fn print(
    context: &mut Context,
    repository: &Repository,
    name: &RefName,
    expected: &mut Option<Expected>,
) -> Result<End, Failure> {
    let mut table = table();
    let (mut count, mut newest) = (0, None);
    for movement in repository.audit(name).map_err(broken)? {
        let movement = match movement {
            Ok(movement) => movement,
            Err(error) => {
                if count > 0 && !context.json {
                    context.ui.table(&mut table)?;
                }
                return Err(broken(error));
            }
        };
        expected.iter_mut().for_each(|expected| expected.see(&movement.id));
        newest = newest.or(Some(movement.id));
        count += 1;
        if context.json {
            context.ui.json(&json::AuditMove::new(name, movement))?;
            continue;
        }
        add(&mut table, &movement);
        if count % SAMPLE == 0 {
            context.ui.table(&mut table)?;
        }
    }
    if !context.json {
        context.ui.table(&mut table)?;
    }
    Ok(End { count, newest })
}

fn table() -> Table {
    Table::new([
        Column::left("time (UTC)").dispensable(1),
        Column::left("who").elastic().dispensable(2),
        Column::left("what"),
        Column::left("from").dispensable(3),
        Column::left("to"),
        Column::left("why").elastic(),
    ])
}

/// Adds a move, and below it what it was asked to meet, or the guards that it set.
fn add(table: &mut Table, Move { record, .. }: &Move) {
    let id = |id: Option<ckpt_hash::VersionId>| match id {
        Some(id) => Text::styled(Style::Id, id.short()),
        None => Text::styled(Style::Faint, "-"),
    };
    let time = format::utc(record.time_ms);
    table.row([
        time.get(..TIME_LEN).unwrap_or(&time).into(),
        record.author.as_str().into(),
        Text::styled(Style::Ref, json::action(record.kind)),
        id(record.from),
        id(record.to),
        record.reason.lines().next().unwrap_or_default().into(),
    ]);
    record.evidence.iter().for_each(|evidence| table.line(refs::finding(evidence)));
    if record.kind == MoveKind::Guard {
        let guards: Vec<&str> = record.guards.iter().map(String::as_str).collect();
        let guards = if guards.is_empty() { vec!["none"] } else { guards };
        for guard in guards {
            table.line(Text::styled(Style::Notice, "  guard       ").plain(guard));
        }
    }
}

impl End {
    /// Says that nothing is wrong, and what to remember.
    pub(super) fn print(&self, context: &mut Context, name: &RefName) -> Result<(), Failure> {
        let Some(newest) = self.newest.filter(|_| !context.json) else { return Ok(()) };
        let count = format::count(self.count, "move");
        let ok = Text::styled(Style::Good, "ok").plain(format!(": {count} of {name}, unbroken"));
        context.ui.line("")?;
        context.ui.line(ok)?;
        context.ui.line(Text::styled(Style::Faint, "newest move  ").plain(newest.to_string()))
    }
}
