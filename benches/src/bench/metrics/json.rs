//! The document that `--json` prints.

use serde_json::{Value, json};

use super::{Run, results::Row};

/// Gives the document.
pub(super) fn document(run: &Run) -> Value {
    json!({
        "rows": run.rows,
        "threads": run.threads,
        "repetitions": run.repetitions,
        "machine": run.facts.document(),
        "peer": run.peer.as_ref().ok(),
        "skipped": run.peer.as_ref().err(),
        "metrics": run.metrics.iter().map(metric).collect::<Vec<_>>(),
    })
}

fn metric(row: &Row) -> Value {
    json!({
        "name": row.name,
        "target": row.target,
        "bytes": row.bytes,
        "seconds": row.seconds,
        "fraction_of_read": row.fraction_of_read,
        "peer_seconds": row.peer_seconds,
        "ratio": row.ratio,
        "difference": row.difference,
    })
}
