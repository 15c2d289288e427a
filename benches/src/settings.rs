//! How long and how often benches run.

use std::time::Duration;

use criterion::Criterion;

/// Bytes of a mebibyte.
pub const MIB: usize = 1 << 20;

/// Measures what runs in memory: many samples of a repeated call.
///
/// A filter, and whatever else criterion reads from the command line, still applies.
pub fn steady() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .sample_size(30)
}

/// Measures what takes tens of milliseconds, or needs a setup as long as itself: few samples, but
/// enough of them for a median that a single slow sync does not move.
pub fn brief() -> Criterion {
    steady().measurement_time(Duration::from_secs(5)).sample_size(20)
}
