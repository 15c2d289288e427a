//! The tables of docs/benchmarks.md, written whole so that nobody edits numbers.

use ckpt_cli::format;

use super::{
    Run,
    results::{Row, Sequence, noise},
    targets::{PEAK_BYTES, Quantity, TINY_COMMIT, TINY_THOUSAND},
    text::{heading, mebibytes, ratio, times},
    tool::{CKPT, COPY, SESSION, SYNCED_COPY},
};

/// A table: what it is about, and how its numbers are found and written.
struct Section {
    title: &'static str,
    quantity: Quantity,
    field: fn(&Row) -> Option<f64>,
    write: fn(Option<f64>) -> String,
    /// Whose numbers stand under `ckpt`.
    ours: &'static str,
}

const SECTIONS: [Section; 10] = [
    Section {
        title: "Stored bytes / bytes of the file, a commit onto its parent",
        quantity: Quantity::Stored,
        field: |row| row.stored_ratio,
        write: ratio,
        ours: CKPT.name,
    },
    Section {
        title: "Stored bytes / bytes of all files, whole history",
        quantity: Quantity::History,
        field: |row| row.history_ratio,
        write: ratio,
        ours: CKPT.name,
    },
    Section {
        title: "The same after packs were merged",
        quantity: Quantity::Merged,
        field: |row| row.history_ratio_merged,
        write: ratio,
        ours: CKPT.name,
    },
    Section {
        title: "Commit against `cp` and fsync, whole process, parent on disk",
        quantity: Quantity::Commit,
        field: |row| row.commit_vs_cp,
        write: times,
        ours: CKPT.name,
    },
    Section {
        title: "Commit against `cp` and fsync, in a session, until it is durable",
        quantity: Quantity::Session,
        field: |row| row.commit_vs_cp,
        write: times,
        ours: SESSION,
    },
    Section {
        title: "What training waits for in a session, against a copy in memory",
        quantity: Quantity::Stall,
        field: |row| row.stall_vs_copy,
        write: times,
        ours: SESSION,
    },
    Section {
        title: "Restore against `cp`, whole process, of a version stored whole",
        quantity: Quantity::RestoreWhole,
        field: |row| row.restore_whole_vs_cp,
        write: times,
        ours: CKPT.name,
    },
    Section {
        title: "The same, two deltas away from a version stored whole",
        quantity: Quantity::RestoreDepth2,
        field: |row| row.restore_depth_2_vs_cp,
        write: times,
        ours: CKPT.name,
    },
    Section {
        title: "The same, the deepest version",
        quantity: Quantity::RestoreDeepest,
        field: |row| row.restore_vs_cp,
        write: times,
        ours: CKPT.name,
    },
    Section {
        title: "An unchanged checkpoint committed again, against `cp`",
        quantity: Quantity::Again,
        field: |row| row.again_vs_cp,
        write: times,
        ours: CKPT.name,
    },
];

/// Writes the page's part.
pub(super) fn lines(run: &Run) -> Vec<String> {
    let peers = peers(run);
    let mut lines =
        ["```sh", &run.command, "```", "", &preamble(run, &peers), ""].map(str::to_owned).to_vec();
    for section in &SECTIONS {
        lines.extend(table(section, &run.sequences, &peers));
    }
    lines.extend(small_and_large(run));
    lines
}

/// Names the tools other than ckpt and copies that anything was measured of, in order.
fn peers(run: &Run) -> Vec<&str> {
    let mut peers: Vec<&str> = Vec::new();
    for row in run.sequences.iter().flat_map(|sequence| &sequence.rows) {
        let is_ours = [CKPT.name, COPY.name, SYNCED_COPY.name, SESSION].contains(&&*row.tool);
        if !is_ours && !peers.contains(&row.tool.as_str()) {
            peers.push(&row.tool);
        }
    }
    peers
}

fn preamble(run: &Run, peers: &[&str]) -> String {
    let sequences: Vec<String> = run.sequences.iter().map(heading).collect();
    let version = |tool: &&str| run.versions.get(tool).map(|version| format!("{tool} {version}"));
    let versions: Vec<String> = peers.iter().filter_map(version).collect();
    let among = if versions.is_empty() { "none".to_owned() } else { versions.join(", ") };
    let noise = noise(&run.sequences).map_or_else(String::new, |noise| {
        let percent = format::percent(noise);
        format!(
            " One and the same action, measured twice, differed by up to {percent}: times that \
                 differ by less say nothing."
        )
    });
    format!(
        "Machine: {}. Medians of {}; sequences: {}. Peers: {among}.{noise}",
        run.facts.line(),
        format::count(u64::from(run.repetitions), "repetition"),
        sequences.join(", "),
    )
}

/// Writes a table with a row for each sequence; nothing if nothing was measured.
fn table(section: &Section, sequences: &[Sequence], peers: &[&str]) -> Vec<String> {
    let value = |sequence: &Sequence, tool: &str| sequence.row(tool).and_then(section.field);
    if sequences.iter().all(|sequence| value(sequence, section.ours).is_none()) {
        return Vec::new();
    }
    // Peers have no sessions.
    let peers = if section.ours == CKPT.name { peers } else { &[] };
    let has_any = |peer: &&&str| sequences.iter().any(|one| value(one, peer).is_some());
    let peers: Vec<&str> = peers.iter().filter(has_any).copied().collect();
    let mut lines = vec![format!("**{}**", section.title), String::new()];
    let titles = ["sequence", "target", "ckpt"].into_iter().chain(peers.iter().copied());
    lines.extend(head(titles));
    for sequence in sequences {
        let target = (section.write)(section.quantity.target(sequence.subject.kind));
        let values = [section.ours].into_iter().chain(peers.iter().copied());
        let values = values.map(|tool| (section.write)(value(sequence, tool)));
        lines.push(line([sequence.subject.name.clone(), target].into_iter().chain(values)));
    }
    lines.push(String::new());
    lines
}

/// Writes the table of what no sequence is needed for.
fn small_and_large(run: &Run) -> Vec<String> {
    let mut lines = vec!["**Small and large**".to_owned(), String::new()];
    lines.extend(head(["what", "target", "ckpt"].into_iter()));
    let mut row = |what: String, target: String, ours: String| {
        lines.push(line([what, target, ours].into_iter()));
    };
    let tiny = "a durable commit of a tiny checkpoint, in process, against two durable renames";
    row(tiny.to_owned(), times(Some(TINY_COMMIT)), times(Some(run.tiny.commit_vs_floor)));
    let thousand = "1,000 tiny versions through a session, against one durable commit";
    let ours = times(Some(run.tiny.thousand_relative()));
    row(thousand.to_owned(), times(Some(TINY_THOUSAND)), ours);
    let ours = run.sequences.iter().filter_map(|sequence| sequence.row(CKPT.name));
    if let Some(bytes) = ours.filter_map(|row| row.again_bytes).max() {
        let what = "what an unchanged checkpoint adds".to_owned();
        row(what, "no bytes of weights".to_owned(), format::bytes(bytes));
    }
    if let Some(large) = run.large
        && let Some(peak) = large.peak_bytes
    {
        let what = format!("peak memory of a process, checkpoint of {}", mebibytes(large.bytes));
        row(what, mebibytes(PEAK_BYTES), mebibytes(peak));
    }
    lines
}

fn head<'a>(titles: impl Iterator<Item = &'a str>) -> [String; 2] {
    let titles: Vec<String> = titles.map(str::to_owned).collect();
    let rules = titles
        .iter()
        .enumerate()
        .map(|(index, _)| if index == 0 { "---".to_owned() } else { "---:".to_owned() });
    let rules = line(rules);
    [line(titles.into_iter()), rules]
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let mut line = String::from("|");
    for cell in cells {
        line.extend([" ", &cell, " |"]);
    }
    line
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{
        super::{super::facts::Facts, Large, Tiny, results::tests::sequence},
        *,
    };

    fn run() -> Run {
        Run {
            command: "cargo xtask bench store --markdown".to_owned(),
            repetitions: 3,
            facts: Facts { cores: 2, system: "linux".to_owned(), ..Facts::default() },
            versions: BTreeMap::new(),
            sequences: vec![sequence()],
            tiny: Tiny { commit_seconds: 0.003, commit_vs_floor: 1.5, thousand_seconds: 0.03 },
            large: Some(Large { bytes: 1 << 30, peak_bytes: Some(100 << 20) }),
            skipped: BTreeMap::new(),
        }
    }

    #[test]
    fn a_table_has_a_row_for_each_sequence() {
        let run = run();
        assert_eq!(
            table(&SECTIONS[0], &run.sequences, &["git"])[2..],
            [
                "| sequence | target | ckpt |",
                "| --- | ---: | ---: |",
                "| dense-f32 | 0.720 | 0.700 |",
                "",
            ]
        );
    }

    #[test]
    fn what_was_not_measured_has_no_table() {
        let lines = lines(&run());
        assert_eq!(lines[1], "cargo xtask bench store --markdown");
        assert!(lines[4].starts_with("Machine: 2 cores, linux. Medians of 3 repetitions;"));
        assert!(!lines.iter().any(|line| line.contains("merged")), "{lines:?}");
        let last = "| peak memory of a process, checkpoint of 1024 MiB | 512 MiB | 100 MiB |";
        assert_eq!(lines.last().unwrap(), last);
        assert!(lines.iter().any(|line| line.ends_with("renames | 2.00x | 1.50x |")));
        assert!(lines.iter().any(|line| line.ends_with("durable commit | 50x | 10x |")));
    }
}
