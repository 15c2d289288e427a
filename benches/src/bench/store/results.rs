//! What the numbers of a run say: ratios.

use std::path::PathBuf;

use super::{
    pass::{Found, Stored},
    samples::{Action, Depth, mean},
    tool::{COPY, MEMORY_COPY, SYNCED_COPY},
};
use crate::data::Kind;

/// A sequence of checkpoints.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) name: String,
    /// What it was made as; none of given files.
    pub(super) kind: Option<Kind>,
    pub(super) files: Vec<PathBuf>,
    /// The size of each file.
    pub(super) lens: Vec<u64>,
}

/// What was found about one tool at one sequence. Times are relative to a copy's.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Row {
    pub(super) tool: String,
    /// What a commit stores, relative to its file: the mean over all but the first, or of the only.
    pub(super) stored_ratio: Option<f64>,
    /// What all versions take, relative to all files.
    pub(super) history_ratio: Option<f64>,
    /// The same after packs were merged.
    pub(super) history_ratio_merged: Option<f64>,
    /// The median of a commit onto its parent in seconds; of the first if there is no other.
    pub(super) commit_seconds: Option<f64>,
    /// The same relative to a copy and its sync.
    pub(super) commit_vs_cp: Option<f64>,
    /// What a commit in the background keeps its caller waiting for, relative to a copy in memory.
    pub(super) stall_vs_copy: Option<f64>,
    /// An unchanged checkpoint, relative to a copy.
    pub(super) again_vs_cp: Option<f64>,
    /// What an unchanged checkpoint adds.
    pub(super) again_bytes: Option<u64>,
    /// A restore, relative to a copy: a version stored whole, two deltas on, and the longest chain.
    pub(super) restore_whole_vs_cp: Option<f64>,
    pub(super) restore_depth_2_vs_cp: Option<f64>,
    pub(super) restore_vs_cp: Option<f64>,
    /// The most memory of a process.
    pub(super) peak_bytes: Option<u64>,
}

/// What was found at one sequence.
#[derive(Debug, Clone)]
pub(super) struct Sequence {
    pub(super) subject: Subject,
    pub(super) rows: Vec<Row>,
}

impl Sequence {
    /// Works out the ratios of every tool, in the order of their names given.
    pub(super) fn new<'a>(
        subject: Subject,
        found: &Found,
        tools: impl Iterator<Item = &'a str>,
    ) -> Self {
        let has_result = |tool: &&str| found.bytes.contains_key(*tool) && !is_out(found, tool);
        let rows = tools.filter(has_result).map(|tool| row(tool, &subject, found)).collect();
        Self { subject, rows }
    }

    /// Returns what was found about a tool.
    pub(super) fn row(&self, tool: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.tool == tool)
    }
}

/// Returns how much two measurements of the same action differ: both copies restore
/// by one command, so whatever their times differ by is the machine's doing.
pub(super) fn noise(sequences: &[Sequence]) -> Option<f64> {
    let controls = sequences.iter().filter_map(|sequence| sequence.row(SYNCED_COPY.name));
    let ratios = controls
        .flat_map(|row| [row.restore_whole_vs_cp, row.restore_depth_2_vs_cp, row.restore_vs_cp]);
    // Half as long is as wrong as twice as long.
    let factors = ratios.flatten().map(|ratio| ratio.max(1.0 / ratio) - 1.0);
    factors.max_by(f64::total_cmp)
}

fn is_out(found: &Found, tool: &str) -> bool {
    found.failed.contains_key(tool)
}

fn row(tool: &str, subject: &Subject, found: &Found) -> Row {
    let samples = &found.samples;
    let stored = found.bytes.get(tool).cloned().unwrap_or_default();
    let commit = if subject.files.len() > 1 { Action::Commit } else { Action::First };
    let against_copy = |action| samples.relative(tool, action, COPY.name);
    let total: u64 = subject.lens.iter().sum();
    let of_total = |bytes: Option<u64>| Some(bytes? as f64 / total as f64);
    Row {
        tool: tool.to_owned(),
        stored_ratio: stored_ratio(&stored, &subject.lens),
        history_ratio: of_total(Some(stored.after)),
        history_ratio_merged: of_total(stored.merged),
        commit_seconds: samples.median(tool, commit),
        commit_vs_cp: samples.relative(tool, commit, SYNCED_COPY.name),
        stall_vs_copy: samples.relative(tool, Action::Stall, MEMORY_COPY),
        again_vs_cp: against_copy(Action::Again),
        again_bytes: stored.again,
        restore_whole_vs_cp: against_copy(Action::Restore(Depth::Whole)),
        restore_depth_2_vs_cp: against_copy(Action::Restore(Depth::Two)),
        restore_vs_cp: against_copy(Action::Restore(Depth::Deepest)),
        peak_bytes: stored.peak,
    }
}

/// Gives what each commit added relative to its file: the mean without the first, unless it is the
/// only one.
fn stored_ratio(stored: &Stored, lens: &[u64]) -> Option<f64> {
    let ratios =
        stored.added.iter().zip(lens).map(|(added, len)| Some(*added as f64 / *len as f64));
    mean(ratios.skip(usize::from(lens.len() > 1)))
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bench::store::tool::CKPT;

    /// Gives a sequence of three files of 100 bytes and what a run may find.
    pub(in crate::bench::store) fn sequence() -> Sequence {
        let lens = vec![100; 3];
        let files = (1..=3).map(|n| PathBuf::from(format!("{n}"))).collect();
        let subject =
            Subject { name: "dense-f32".to_owned(), kind: Some(Kind::DenseF32), files, lens };
        let mut found = Found::default();
        let stored = |added: [u64; 3]| Stored {
            added: added.to_vec(),
            after: added.iter().sum(),
            ..Stored::default()
        };
        found.bytes.insert(COPY.name.to_owned(), stored([100; 3]));
        found.bytes.insert(SYNCED_COPY.name.to_owned(), stored([100; 3]));
        let ours = Stored { again: Some(7), peak: Some(1 << 26), ..stored([90, 60, 80]) };
        found.bytes.insert(CKPT.name.to_owned(), ours);
        found.bytes.insert("git".to_owned(), stored([95, 0, 0]));
        found.failed.insert("git".to_owned(), "out of order".to_owned());
        for (tool, ms) in [(COPY.name, 10), (SYNCED_COPY.name, 20), (CKPT.name, 30)] {
            let actions = [Action::Commit, Action::Again, Action::Restore(Depth::Deepest)];
            for action in actions {
                found.samples.push(tool, action, Duration::from_millis(ms));
            }
        }
        let tools = [COPY.name, SYNCED_COPY.name, CKPT.name, "git", "zstd -3"];
        Sequence::new(subject, &found, tools.into_iter())
    }

    #[test]
    fn ratios_leave_the_first_version_out_and_histories_do_not() {
        let sequence = sequence();
        let row = sequence.row(CKPT.name).unwrap();
        assert!((row.stored_ratio.unwrap() - 0.7).abs() < 1e-12);
        assert!((row.history_ratio.unwrap() - 230.0 / 300.0).abs() < 1e-12);
        assert_eq!((row.history_ratio_merged, row.again_bytes), (None, Some(7)));
    }

    #[test]
    fn commits_are_set_against_synced_copies_and_the_rest_against_copies() {
        let sequence = sequence();
        let row = sequence.row(CKPT.name).unwrap();
        assert!((row.commit_vs_cp.unwrap() - 1.5).abs() < 1e-12);
        assert!((row.again_vs_cp.unwrap() - 3.0).abs() < 1e-12);
        assert!((row.restore_vs_cp.unwrap() - 3.0).abs() < 1e-12);
        assert_eq!(row.restore_whole_vs_cp, None);
    }

    #[test]
    fn noise_is_what_tells_two_equal_copies_apart() {
        // Restores of one copy took 20 ms, of the other 10.
        assert!((noise(&[sequence()]).unwrap() - 1.0).abs() < 1e-12);
        let mut other_way = sequence();
        for row in &mut other_way.rows {
            row.restore_vs_cp = Some(0.8);
        }
        assert!((noise(&[other_way]).unwrap() - 0.25).abs() < 1e-12);
        assert_eq!(noise(&[]), None);
    }

    #[test]
    fn a_peer_that_failed_has_no_row() {
        let sequence = sequence();
        let tools: Vec<&str> = sequence.rows.iter().map(|row| row.tool.as_str()).collect();
        assert_eq!(tools, [COPY.name, SYNCED_COPY.name, CKPT.name]);
    }

    #[test]
    fn a_single_version_is_its_own_mean() {
        let stored = Stored { added: vec![50], ..Stored::default() };
        assert_eq!(stored_ratio(&stored, &[100]), Some(0.5));
        assert_eq!(stored_ratio(&Stored::default(), &[100]), None);
    }
}
