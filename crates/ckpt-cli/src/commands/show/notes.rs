//! What was added to a version after it was made.

use ckpt_store::{ContentChange, ContentEvent, NoteInfo, VersionNotes};

use super::fact;
use crate::{
    failure::Failure,
    format,
    ui::{Style, Text, Ui},
};

/// Prints what became of the content, then the notes, the last one first, each whole.
pub(super) fn print(ui: &mut Ui, notes: &VersionNotes) -> Result<(), Failure> {
    for removal in &notes.removals {
        head(ui, "content", removal.time_ms, &removal.author)?;
        what_became(removal).into_iter().try_for_each(|line| fact(ui, "", line))?;
    }
    for note in &notes.notes {
        head(ui, "note", note.record.time_ms, &note.record.author)?;
        lines(&note.record).into_iter().try_for_each(|line| fact(ui, "", line))?;
    }
    Ok(())
}

fn head(ui: &mut Ui, label: &str, time_ms: i64, author: &str) -> Result<(), Failure> {
    ui.line("")?;
    fact(ui, label, Text::from(format::utc(time_ms)).plain(format!("  {author}")))
}

fn what_became(removal: &ContentEvent) -> Vec<Text> {
    let mut lines = vec![match removal.content {
        ContentChange::Removed => Text::styled(Style::Notice, "content removed"),
        ContentChange::Kept => Text::styled(Style::Notice, "content restored"),
    }];
    lines.extend(removal.reason.lines().map(Text::from));
    lines
}

fn lines(NoteInfo { metrics, text, files, .. }: &NoteInfo) -> Vec<Text> {
    let metrics = metrics.iter();
    let mut lines: Vec<Text> =
        metrics.map(|(name, value)| format!("{name} = {}", format::exact(*value)).into()).collect();
    for file in files {
        let size = format!("  {}", format::bytes(file.len(&[])));
        lines.push(Text::from(file.path.as_str()).push(Style::Faint, size));
    }
    lines.extend(text.lines().map(Text::from));
    lines
}
