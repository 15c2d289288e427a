//! The table of a run, for a page and for a terminal.

use ckpt_cli::format;

use super::Run;

/// Writes the page's part.
pub(super) fn lines(run: &Run) -> Vec<String> {
    let mut lines =
        ["```sh", &run.command, "```", "", &preamble(run), ""].map(str::to_owned).to_vec();
    lines.extend(table(run).into_iter().map(|cells| format!("| {} |", cells.join(" | "))));
    lines.insert(7, "| --- | --- | --- | --- |".to_owned());
    lines.push(String::new());
    lines
}

/// Writes the same for a terminal.
pub(super) fn summary(run: &Run) -> Vec<String> {
    let table = table(run);
    let width =
        |column: usize| table.iter().map(|cells| cells[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    let line = |cells: &[String; 4]| {
        let first = format!("{:<width$}", cells[0], width = widths[0]);
        let rest = (1..4).map(|i| format!("{:>width$}", cells[i], width = widths[i]));
        [first].into_iter().chain(rest).collect::<Vec<_>>().join("  ")
    };
    [preamble(run), String::new()].into_iter().chain(table.iter().map(line)).collect()
}

fn preamble(run: &Run) -> String {
    let peer = match &run.peer {
        Ok(version) => format!("Peer: {version}."),
        Err(why) => format!("Peer: none ({why})."),
    };
    format!(
        "Machine: {}. {}, {}, medians of {}. {peer}",
        run.facts.line(),
        format::count(run.rows as u64, "row"),
        format::count(run.threads as u64, "thread"),
        format::count(u64::from(run.repetitions), "repetition"),
    )
}

/// The cells, with a heading.
fn table(run: &Run) -> Vec<[String; 4]> {
    let number = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
    };
    let times = |value: Option<f64>| match value {
        Some(value) if value < 10.0 => format!("{value:.1}x"),
        Some(value) => format!("{value:.0}x"),
        None => "-".to_owned(),
    };
    let heading = ["metric", "target", "against scikit-learn", "of reading the columns"];
    let rows = run.metrics.iter().map(|row| {
        [row.name.to_owned(), times(row.target), times(row.ratio), number(row.fraction_of_read, 2)]
    });
    [heading.map(str::to_owned)].into_iter().chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::facts::Facts, results::tests::row},
        *,
    };

    fn run() -> Run {
        Run {
            command: "cargo xtask bench metrics --markdown".to_owned(),
            rows: 1000,
            threads: 2,
            repetitions: 3,
            facts: Facts { cores: 2, system: "linux".to_owned(), ..Facts::default() },
            peer: Ok("scikit-learn 1.0".to_owned()),
            metrics: vec![row()],
        }
    }

    #[test]
    fn a_page_gets_a_table() {
        let expected = "\
```sh
cargo xtask bench metrics --markdown
```

Machine: 2 cores, linux. 1000 rows, 2 threads, medians of 3 repetitions. Peer: scikit-learn 1.0.

| metric | target | against scikit-learn | of reading the columns |
| --- | --- | --- | --- |
| accuracy | 100x | 120x | 0.60 |
";
        assert_eq!(lines(&run()).join("\n"), expected);
    }

    #[test]
    fn a_terminal_gets_columns() {
        let mut run = run();
        run.peer = Err("left out".to_owned());
        run.metrics[0].ratio = None;
        let lines = summary(&run);
        assert!(lines[0].ends_with("Peer: none (left out)."), "{}", lines[0]);
        assert_eq!(lines[2], "metric    target  against scikit-learn  of reading the columns");
        assert_eq!(lines[3], "accuracy    100x                     -                    0.60");
    }
}
