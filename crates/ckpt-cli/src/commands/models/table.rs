//! Models as users read them.

use ckpt_app::models::Entry;
use ckpt_store::RefName;

use crate::{
    context::Context,
    failure::Failure,
    format,
    ui::{Column, Style, Table, Text},
};

/// Prints models; or lines, if the current branch is given, which is marked then.
pub(super) fn print(
    context: &mut Context,
    entries: &[Entry],
    current: Option<&RefName>,
) -> Result<(), Failure> {
    let now_ms = context.environment.now_ms()?;
    let title = if current.is_some() { "  line" } else { "model" };
    // The higher the rank, the earlier a column is left out.
    let mut columns = vec![
        Column::left(title).elastic(),
        Column::right("lines").dispensable(5),
        Column::right("versions").dispensable(1),
        Column::left("newest").dispensable(6),
        Column::right("time"),
        Column::right("size"),
        Column::right("params").dispensable(2),
        Column::left("best").dispensable(3),
        Column::left("refs").elastic().dispensable(4),
    ];
    if current.is_some() {
        columns.remove(LINES);
    }
    let mut table = Table::new(columns);
    for entry in entries {
        let mut row = row(entry, current, now_ms);
        if current.is_some() {
            row.remove(LINES);
        }
        table.row(row);
    }
    context.ui.table(&mut table)
}

/// The place of the column that a table of lines lacks.
const LINES: usize = 1;

fn row(entry: &Entry, current: Option<&RefName>, now_ms: i64) -> Vec<Text> {
    let newest = &entry.newest;
    let mark = match current {
        Some(current) if *current == newest.branch => "* ",
        Some(_) => "  ",
        None => "",
    };
    let best = entry.best.as_ref().map_or_else(Text::new, |best| {
        let value = format!("{} {}", best.goal.metric, format::number(best.value));
        Text::from(value).push(Style::Faint, format!(" #{}", best.number))
    });
    let refs: Vec<&str> = entry.refs.iter().map(RefName::short).collect();
    vec![
        Text::from(mark).push(Style::Ref, &entry.name),
        entry.branches.len().to_string().into(),
        entry.versions.to_string().into(),
        Text::styled(Style::Id, newest.version.id.short()),
        Text::styled(Style::Faint, format::age(newest.version.record.time_ms, now_ms)),
        format::bytes(newest.size.bytes).into(),
        format::amount(newest.size.parameters).into(),
        best,
        Text::styled(Style::Ref, refs.join(", ")),
    ]
}
