//! The speed of the machine, which the benches are set in relation to.

use anyhow::Context;

use super::criterion::Estimate;

/// The group of the benches that measure the machine; also the bench target that holds them.
pub(crate) const GROUP: &str = "machine";

/// How fast the machine was at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Speed {
    /// Memory read by all cores together, in GB/s: 10^9 bytes per second.
    pub(crate) read: f64,
    /// SHA-256 on one core, in GB/s.
    pub(crate) sha256: f64,
}

impl Speed {
    /// Finds the speed among the estimates of a run.
    pub(crate) fn of(estimates: &[Estimate]) -> anyhow::Result<Self> {
        let rate = |bench: &str| {
            let name = format!("{GROUP}/{bench}");
            let found = estimates.iter().find(|estimate| estimate.name == name);
            let rate = found.and_then(|found| Some(found.bytes? as f64 / found.median_ns));
            rate.with_context(|| format!("the bench {name} left no throughput"))
        };
        Ok(Self { read: rate("read")?, sha256: rate("sha256")? })
    }
}

/// How fast the machine was for a while, and how steady.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Machine {
    /// The median of the measurements.
    pub(crate) speed: Speed,
    /// How far from the median the farthest of them lies, relative to it: of the two speeds, the one
    /// that changed more. A bench may depend on either.
    pub(crate) drift: f64,
}

impl Machine {
    /// Joins the measurements before and after something, and any between.
    ///
    /// # Panics
    /// Without a measurement.
    pub(crate) fn of(measured: &[Speed]) -> Self {
        let over = |field: fn(&Speed) -> f64| {
            let mut speeds: Vec<f64> = measured.iter().map(field).collect();
            speeds.sort_by(f64::total_cmp);
            let (lowest, highest) = (speeds[0], speeds[speeds.len() - 1]);
            let upper = speeds[speeds.len() / 2];
            let lower = speeds[(speeds.len() - 1) / 2];
            let median = f64::midpoint(lower, upper);
            (median, (highest - median).max(median - lowest) / median)
        };
        let (read, read_drift) = over(|speed| speed.read);
        let (sha256, sha256_drift) = over(|speed| speed.sha256);
        Self { speed: Speed { read, sha256 }, drift: read_drift.max(sha256_drift) }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::criterion::tests::recorded, *};

    #[test]
    fn speeds_are_bytes_by_nanoseconds() {
        let estimates = recorded();
        let speed = Speed::of(&estimates).unwrap();
        assert_eq!(speed.sha256, 1_048_576.0 / estimates[2].median_ns);
        assert!((1.5..2.5).contains(&speed.sha256), "{speed:?}");
        let error = Speed::of(&estimates[..2]).unwrap_err();
        assert_eq!(error.to_string(), "the bench machine/sha256 left no throughput");
    }

    #[test]
    fn the_larger_drift_counts() {
        let before = Speed { read: 19.0, sha256: 2.0 };
        let machine = Machine::of(&[before, Speed { read: 21.0, sha256: 2.0 }]);
        assert_eq!(machine.speed, Speed { read: 20.0, sha256: 2.0 });
        assert!((machine.drift - 0.05).abs() < 1e-12);
        let machine = Machine::of(&[before, Speed { read: 19.0, sha256: 1.2 }]);
        assert!((machine.drift - 0.25).abs() < 1e-12);
    }

    #[test]
    fn a_slow_moment_amid_the_run_is_drift_and_no_median() {
        let quiet = Speed { read: 20.0, sha256: 2.0 };
        let machine = Machine::of(&[quiet, Speed { read: 20.0, sha256: 1.0 }, quiet]);
        assert_eq!(machine, Machine { speed: quiet, drift: 0.5 });
    }
}
