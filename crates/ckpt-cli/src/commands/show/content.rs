//! The part of `show` that says what a version contains: its tensors, its files, and why any of
//! them is opaque.

use ckpt_store::{Checkpoint, FileInfo, Segment};

use crate::{
    failure::Failure,
    format, json,
    ui::{Column, Style, Table, Text, Ui},
};

/// The reader of files of no known format, of which there is nothing more to say.
const OPAQUE: &str = "opaque";

/// Prints tables of at most `limit` rows.
pub(super) fn print(ui: &mut Ui, checkpoint: &Checkpoint, limit: usize) -> Result<(), Failure> {
    print_tensors(ui, checkpoint, limit)?;
    print_files(ui, checkpoint, limit)
}

fn print_tensors(ui: &mut Ui, checkpoint: &Checkpoint, limit: usize) -> Result<(), Failure> {
    let tensors = &checkpoint.tensors;
    if tensors.is_empty() {
        return Ok(());
    }
    let mut table = Table::new([
        Column::left("tensor").elastic(),
        Column::left("dtype"),
        Column::left("shape").elastic(),
        Column::right("size"),
        Column::left("role").dispensable(1),
    ]);
    for tensor in tensors.iter().take(limit) {
        table.row([
            tensor.name.as_str().into(),
            tensor.dtype.name().into(),
            format::shape(&tensor.shape).into(),
            format::bytes(tensor.len).into(),
            json::role(tensor.role).into(),
        ]);
    }
    let bytes: u64 = tensors.iter().map(|tensor| tensor.len).sum();
    print_list(ui, table, "tensor", tensors.len(), bytes, limit)
}

fn print_files(ui: &mut Ui, checkpoint: &Checkpoint, limit: usize) -> Result<(), Failure> {
    let files = &checkpoint.files;
    if files.is_empty() {
        return Ok(());
    }
    let mut table = Table::new([
        Column::left("file").elastic(),
        Column::right("size"),
        Column::left("reader").dispensable(1),
        Column::left("kept as").elastic(),
    ]);
    let size = |file: &FileInfo| file.len(&checkpoint.tensors);
    for file in files.iter().take(limit) {
        table.row([
            file.path.as_str().into(),
            format::bytes(size(file)).into(),
            format!("{} {}", file.reader, file.reader_version).into(),
            kept_as(file).into(),
        ]);
    }
    let bytes = files.iter().map(size).sum();
    print_list(ui, table, "file", files.len(), bytes, limit)?;
    print_reasons(ui, files, limit)
}

/// Says how many tensors were found in a file, or why none is in a file of no known format.
fn kept_as(file: &FileInfo) -> String {
    let is_tensor = |segment: &&Segment| !matches!(segment, Segment::Opaque { .. });
    match file.segments.iter().filter(is_tensor).count() {
        0 if file.reader == OPAQUE => {
            let why = file.note.as_ref().map(|note| format!(", {note}"));
            format!("bytes{}", why.unwrap_or_default())
        }
        0 => "bytes, see below".to_owned(),
        count => format::count(count as u64, "tensor"),
    }
}

/// Says of files of known formats why they, or parts of them, are no tensors.
pub(crate) fn unread(files: &[FileInfo]) -> impl Iterator<Item = String> {
    files.iter().filter_map(|file| {
        let note = file.note.as_deref().filter(|_| file.reader != OPAQUE)?;
        Some(format!("{}: {note}", file.path))
    })
}

fn print_reasons(ui: &mut Ui, files: &[FileInfo], limit: usize) -> Result<(), Failure> {
    for reason in unread(files).take(limit) {
        ui.line(Text::styled(Style::Faint, "opaque  ").plain(reason))?;
    }
    Ok(())
}

/// Prints a table of at most `limit` things out of `count`, and how many there are.
fn print_list(
    ui: &mut Ui,
    mut table: Table,
    what: &str,
    count: usize,
    bytes: u64,
    limit: usize,
) -> Result<(), Failure> {
    ui.line("")?;
    ui.table(&mut table)?;
    if count > limit {
        let more = format!("and {} more; --all lists them", count - limit);
        ui.line(Text::styled(Style::Faint, more))?;
    }
    let total = format!("{}, {}", format::count(count as u64, what), format::bytes(bytes));
    ui.line(Text::styled(Style::Faint, total))
}
