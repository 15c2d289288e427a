//! The tables that users read on a terminal: one per sequence, a row per tool.

use ckpt_cli::{
    Failure, format,
    ui::{Column, Style, Table, Text, Ui},
};

use super::{
    Run,
    results::{Row, Sequence, noise},
};

/// What the columns say.
const LEGEND: [&str; 5] = [
    "stored: a commit onto its parent / its file; history: all versions / all files",
    "merged: the same after gc; commit: time against cp and fsync; again: an unchanged",
    "checkpoint against cp; whole, 2 deep, deepest: restores of versions so many",
    "differences from one stored whole, against cp; peak: memory of a process",
    "files are in the system's memory; times are medians",
];

/// Prints everything.
pub(super) fn print(run: &Run, ui: &mut Ui) -> Result<(), Failure> {
    for sequence in &run.sequences {
        ui.line(Text::styled(Style::Strong, heading(sequence)))?;
        ui.table(&mut table(sequence))?;
        ui.line("")?;
    }
    LEGEND.into_iter().try_for_each(|line| ui.line(line))?;
    ui.line("")?;
    ui.line(format!(
        "tiny durable commit in process: {:.2} ms, {:.1} x two durable renames",
        run.tiny.commit_seconds * 1e3,
        run.tiny.commit_vs_floor,
    ))?;
    ui.line(format!(
        "1,000 tiny versions through a session: {:.0} ms, {:.1} x one durable commit",
        run.tiny.thousand_seconds * 1e3,
        run.tiny.thousand_relative(),
    ))?;
    if let Some(large) = run.large {
        let peak = large.peak_bytes.map_or_else(|| "unknown".to_owned(), mebibytes);
        ui.line(format!("peak memory for {}: {peak}", mebibytes(large.bytes)))?;
    }
    if let Some(noise) = noise(&run.sequences) {
        let percent = format::percent(noise);
        ui.line(format!("noise: the same copy, measured twice, differed by up to {percent}"))?;
    }
    ui.line(format!("machine: {}", run.facts.line()))
}

/// Says what a sequence consists of.
pub(super) fn heading(sequence: &Sequence) -> String {
    let lens = &sequence.subject.lens;
    let mean = lens.iter().sum::<u64>() / lens.len().max(1) as u64;
    format!("{}: {} of {}", sequence.subject.name, lens.len(), format::bytes(mean))
}

fn table(sequence: &Sequence) -> Table {
    let numbers =
        ["stored", "history", "merged", "commit", "again", "whole", "2 deep", "deepest", "peak"];
    let columns = numbers.into_iter().map(Column::right);
    let mut table = Table::new([Column::left("tool")].into_iter().chain(columns));
    for row in &sequence.rows {
        table.row([row.tool.clone()].into_iter().chain(cells(row)).map(Text::from));
    }
    table
}

fn cells(row: &Row) -> [String; 9] {
    [
        ratio(row.stored_ratio),
        ratio(row.history_ratio),
        ratio(row.history_ratio_merged),
        times(row.commit_vs_cp),
        times(row.again_vs_cp),
        times(row.restore_whole_vs_cp),
        times(row.restore_depth_2_vs_cp),
        times(row.restore_vs_cp),
        row.peak_bytes.map_or_else(absent, mebibytes),
    ]
}

/// Writes a part of a whole: two significant digits where it is small.
pub(super) fn ratio(value: Option<f64>) -> String {
    value.map_or_else(absent, |value| {
        if value < 0.1 { format!("{value:.4}") } else { format!("{value:.3}") }
    })
}

/// Writes how many times as long something takes.
pub(super) fn times(value: Option<f64>) -> String {
    let digits = |value: f64| if value < 0.1 { 4 } else { 2 * usize::from(value < 10.0) };
    value.map_or_else(absent, |value| format!("{value:.*}x", digits(value)))
}

/// Writes a size as users who watch memory do.
pub(super) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

/// Stands for what was not measured.
fn absent() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::{super::results::tests::sequence, *};

    #[test]
    fn numbers_are_short() {
        assert_eq!([Some(0.7104), Some(0.00812), None].map(ratio), ["0.710", "0.0081", "-"]);
        let values = [Some(1.234), Some(31.7), Some(0.00123), None];
        assert_eq!(values.map(times), ["1.23x", "32x", "0.0012x", "-"]);
        assert_eq!(mebibytes((1 << 20) + 1), "2 MiB");
    }

    #[test]
    fn a_row_says_what_was_found() {
        let sequence = sequence();
        assert_eq!(heading(&sequence), "dense-f32: 3 of 100 B");
        let row = sequence.row("ckpt").unwrap();
        let expected = ["0.700", "0.767", "-", "1.50x", "3.00x", "-", "-", "3.00x", "64 MiB"];
        assert_eq!(cells(row), expected);
    }
}
