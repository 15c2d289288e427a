//! The document that `--json` prints.

use serde_json::{Value, json};

use super::{
    Run,
    results::{Row, Sequence, noise},
    samples::mean,
    tool::{CKPT, SESSION},
};

/// Gives the document: means over all sequences first, then each by itself.
pub(super) fn document(run: &Run) -> Value {
    let of = |tool: &'static str, field: fn(&Row) -> Option<f64>| {
        mean(run.sequences.iter().map(|sequence| field(sequence.row(tool)?)))
    };
    let ours = |field| of(CKPT.name, field);
    let most = |field: fn(&Row) -> Option<u64>| {
        run.sequences.iter().filter_map(|sequence| field(sequence.row(CKPT.name)?)).max()
    };
    json!({
        "stored_ratio": ours(|row| row.stored_ratio),
        "history_ratio": ours(|row| row.history_ratio),
        "history_ratio_merged": ours(|row| row.history_ratio_merged),
        "commit_vs_cp": ours(|row| row.commit_vs_cp),
        "commit_in_session_vs_cp": of(SESSION, |row| row.commit_vs_cp),
        "stall_vs_copy": of(SESSION, |row| row.stall_vs_copy),
        "restore_vs_cp": ours(|row| row.restore_vs_cp),
        "restore_depth_2_vs_cp": ours(|row| row.restore_depth_2_vs_cp),
        "restore_whole_vs_cp": ours(|row| row.restore_whole_vs_cp),
        "again_vs_cp": ours(|row| row.again_vs_cp),
        "again_bytes": most(|row| row.again_bytes),
        "peak_bytes": most(|row| row.peak_bytes),
        "tiny_commit_vs_floor": run.tiny.commit_vs_floor,
        "tiny_commit_seconds": run.tiny.commit_seconds,
        "tiny_thousand_vs_commit": run.tiny.thousand_relative(),
        "large": run.large.map(|large| json!({
            "bytes": large.bytes,
            "peak_bytes": large.peak_bytes,
        })),
        "noise": noise(&run.sequences),
        "repetitions": run.repetitions,
        "machine": run.facts.document(),
        "skipped": run.skipped,
        "sequences": run.sequences.iter().map(|one| sequence(run, one)).collect::<Vec<_>>(),
    })
}

fn sequence(run: &Run, sequence: &Sequence) -> Value {
    json!({
        "name": sequence.subject.name,
        "versions": sequence.subject.files.len(),
        "bytes": sequence.subject.lens.iter().sum::<u64>(),
        "tools": sequence.rows.iter().map(|row| tool(run, row)).collect::<Vec<_>>(),
    })
}

fn tool(run: &Run, row: &Row) -> Value {
    json!({
        "tool": row.tool,
        "version": run.versions.get(row.tool.as_str()),
        "stored_ratio": row.stored_ratio,
        "history_ratio": row.history_ratio,
        "history_ratio_merged": row.history_ratio_merged,
        "commit_seconds": row.commit_seconds,
        "commit_vs_cp": row.commit_vs_cp,
        "stall_vs_copy": row.stall_vs_copy,
        "restore_vs_cp": row.restore_vs_cp,
        "restore_depth_2_vs_cp": row.restore_depth_2_vs_cp,
        "restore_whole_vs_cp": row.restore_whole_vs_cp,
        "again_vs_cp": row.again_vs_cp,
        "again_bytes": row.again_bytes,
        "peak_bytes": row.peak_bytes,
    })
}
