//! What was added to a version after it was made.

use ckpt_store::{
    VersionNotes,
    record::{ContentNote, NoteRecord},
};

use super::fact;
use crate::{
    failure::Failure,
    format,
    ui::{Style, Text, Ui},
};

/// Prints the notes, the newest first, each whole.
pub(super) fn print(ui: &mut Ui, notes: &VersionNotes) -> Result<(), Failure> {
    for note in &notes.notes {
        ui.line("")?;
        let who = format!("  {}", note.record.author);
        fact(ui, "note", Text::from(format::utc(note.record.time_ms)).plain(who))?;
        lines(&note.record).into_iter().try_for_each(|line| fact(ui, "", line))?;
    }
    Ok(())
}

fn lines(NoteRecord { metrics, text, files, content, .. }: &NoteRecord) -> Vec<Text> {
    let metrics = metrics.iter();
    let mut lines: Vec<Text> =
        metrics.map(|(name, value)| format!("{name} = {}", format::exact(*value)).into()).collect();
    for file in files {
        let size = format!("  {}", format::bytes(file.len(&[])));
        lines.push(Text::from(file.path.as_str()).push(Style::Faint, size));
    }
    lines.extend(match content {
        ContentNote::Unchanged => None,
        ContentNote::Removed => Some(Text::styled(Style::Notice, "content removed")),
        ContentNote::Kept => Some(Text::styled(Style::Notice, "content brought back")),
    });
    lines.extend(text.lines().map(Text::from));
    lines
}
