//! Merges in words.

use std::collections::BTreeSet;

use ckpt_store::{MergeItem, MergePlan, Outcome, Resolution, Side, Strategy};

use crate::{
    failure::Failure,
    json::{Parts, Tally},
    ui::{Column, Style, Table, Text, Ui},
};

/// The fewest columns of a name: both its ends still tell it from others.
const NARROWEST: usize = 16;

/// Prints what a merge is going to do, every conflict in a line of its own.
pub(super) fn plan(ui: &mut Ui, plan: &MergePlan) -> Result<(), Failure> {
    let line = Text::from("merge ").push(Style::Id, plan.theirs.id.short());
    let line = line.plain(" into ").push(Style::Id, plan.ours.id.short());
    ui.line(match &plan.base {
        Some(base) => line.plain(", both from ").push(Style::Id, base.id.short()),
        None => line.plain(", without a common ancestor"),
    })?;
    parts(ui, &Parts::new(plan))?;
    let mut table = Table::new([
        Column::left("  conflict"),
        Column::left("name").keep_ends(NARROWEST),
        Column::left("kind").dispensable(1),
        Column::left("decided by"),
    ]);
    let kinds = [
        ("tensor", &plan.tensors),
        ("file", &plan.files),
        ("param", &plan.params),
        ("input", &plan.inputs),
    ];
    let mut reasons = BTreeSet::new();
    let mut any = false;
    for (what, items) in kinds {
        for (row, reason) in items.iter().filter_map(|item| conflict(what, item)) {
            any = true;
            table.row(row);
            reasons.extend(reason);
        }
    }
    if !any {
        return Ok(());
    }
    ui.table(&mut table)?;
    let say = |reason| ui.line(Text::styled(Style::Bad, "  undecided: ").plain(reason));
    reasons.into_iter().try_for_each(say)
}

/// Describes a conflict in a row, and why its strategy does not decide it.
fn conflict(
    what: &str,
    MergeItem { name, outcome }: &MergeItem,
) -> Option<([Text; 4], Option<&'static str>)> {
    let Outcome::Conflict { kind, resolution } = outcome else { return None };
    let reason = match resolution {
        Resolution::Open(reason) => *reason,
        Resolution::Taken(_) | Resolution::Merged(_) => None,
    };
    let decided = match resolution {
        Resolution::Open(_) => Text::styled(Style::Bad, "nothing yet"),
        Resolution::Taken(Side::Ours) => "ours".into(),
        Resolution::Taken(Side::Theirs) => "theirs".into(),
        Resolution::Merged(arithmetic) => Strategy::Arithmetic(*arithmetic).to_string().into(),
    };
    let row = [format!("  {what}").into(), name.as_str().into(), kind.to_string().into(), decided];
    Some((row, reason))
}

/// Prints how many of what come from where; nothing of what neither side has.
pub(super) fn parts(ui: &mut Ui, parts: &Parts) -> Result<(), Failure> {
    let Parts { tensors, files, params, inputs } = parts;
    for (what, tally) in
        [("tensors", tensors), ("files", files), ("params", params), ("inputs", inputs)]
    {
        let found = counts(tally);
        if !found.is_empty() {
            ui.line(Text::styled(Style::Faint, format!("  {what:<8}")).plain(found.join(", ")))?;
        }
    }
    Ok(())
}

fn counts(tally: &Tally) -> Vec<String> {
    let undecided = tally.conflicts.iter().filter(|conflict| conflict.resolution.is_none()).count();
    let merged: Vec<String> = tally
        .by_strategy
        .iter()
        .map(|(strategy, count)| format!("{count} by {strategy}"))
        .collect();
    [
        (tally.same, "the same".to_owned()),
        (tally.ours, "ours".to_owned()),
        (tally.theirs, "theirs".to_owned()),
        (tally.merged, format!("merged ({})", merged.join(", "))),
        (tally.dissolved, "dissolved into tensors".to_owned()),
        (undecided, "undecided".to_owned()),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect()
}
