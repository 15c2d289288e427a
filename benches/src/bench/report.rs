//! Shows what a run found, to users and as JSON.

use ckpt_cli::{
    Failure, format,
    ui::{Column, Style, Table, Text, Ui},
};
use ckpt_store::Version;
use serde_json::{Value, json};

use super::results::{Bench, Results};

/// What a run found, and where it is kept.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) results: &'a Results,
    pub(crate) branch: &'a str,
    /// The version that keeps the results; none if they were not to be kept.
    pub(crate) version: Option<&'a Version>,
}

impl Report<'_> {
    /// Prints the report.
    pub(crate) fn print(&self, ui: &mut Ui, json: bool) -> Result<(), Failure> {
        if json {
            return ui.json(&self.document());
        }
        let speed = self.results.machine.speed;
        ui.table(&mut self.table())?;
        ui.line("")?;
        ui.line(format!(
            "machine: reads {:.1} GB/s, SHA-256 {:.2} GB/s on one core, drift +- {}",
            speed.read,
            speed.sha256,
            format::percent(self.results.machine.drift),
        ))?;
        ui.line("relative: 1 is the time that one core takes to hash 64 MiB; lower is better")?;
        self.print_version(ui)
    }

    fn print_version(&self, ui: &mut Ui) -> Result<(), Failure> {
        let (program, branch) = (ui.program(), self.branch);
        let Some(version) = self.version else {
            return ui.line("not committed");
        };
        let name = Text::styled(Style::Ref, format!("{branch}@{}", version.record.number));
        ui.line(Text::from("committed as ").join(name))?;
        if version.record.number > 1 {
            ui.line(format!("next: {program} compare {branch}~1 {branch}"))
        } else {
            ui.line(format!("after another run: {program} compare {branch}~1 {branch}"))
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new([
            Column::left("bench").elastic(),
            Column::right("median"),
            Column::right("relative"),
            Column::right("spread"),
        ]);
        for bench in &self.results.benches {
            table.row([
                Text::from(bench.name.as_str()),
                duration(bench.median_ns).into(),
                format::number(bench.relative).into(),
                format!("+- {}", format::percent(bench.spread)).into(),
            ]);
        }
        table
    }

    fn document(&self) -> Value {
        let bench = |bench: &Bench| {
            json!({
                "name": bench.name,
                "median_ns": bench.median_ns,
                "relative": bench.relative,
                "spread": bench.spread,
            })
        };
        let machine = self.results.machine;
        json!({
            "branch": self.branch,
            "version": self.version.map(|version| version.id.to_string()),
            "number": self.version.map(|version| version.record.number),
            "machine": {
                "read_gb_s": machine.speed.read,
                "sha256_gb_s": machine.speed.sha256,
                "drift": machine.drift,
            },
            "benches": self.results.benches.iter().map(bench).collect::<Vec<_>>(),
        })
    }
}

/// Writes a time with three digits or more.
fn duration(ns: f64) -> String {
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "us")];
    let (unit, name) = units.into_iter().find(|(unit, _)| ns >= *unit).unwrap_or((1.0, "ns"));
    let value = ns / unit;
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        let texts = [0.5, 13.4, 13_407.0, 901_432.5, 72_568_000.0, 1.25e9].map(duration);
        assert_eq!(texts, ["0.50 ns", "13.4 ns", "13.4 us", "901 us", "72.6 ms", "1.25 s"]);
    }
}
