//! What a run found: each bench relative to the machine, and the metrics that keep it.

use std::collections::BTreeMap;

use super::{
    criterion::Estimate,
    machine::{GROUP, Machine},
};

/// The unit of relative times: how long one core takes to hash this many bytes, 64 MiB. It makes
/// the times of operations on whole checkpoints numbers around 1.
const UNIT_BYTES: f64 = (64 << 20) as f64;

/// One bench of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bench {
    /// The bench, as `group/name`.
    pub(crate) name: String,
    /// The median in nanoseconds.
    pub(crate) median_ns: f64,
    /// The median relative to the time that one core takes to hash 64 MiB; lower is better.
    pub(crate) relative: f64,
    /// How far off `relative` may be, as a part of it.
    pub(crate) spread: f64,
}

/// All benches of a run, and the machine that they ran on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Results {
    pub(crate) benches: Vec<Bench>,
    pub(crate) machine: Machine,
}

impl Results {
    /// Sets the estimates in relation to the machine, whose own benches are left out.
    pub(crate) fn new(estimates: Vec<Estimate>, machine: Machine) -> Self {
        let unit_ns = UNIT_BYTES / machine.speed.sha256;
        let bench = |estimate: Estimate| Bench {
            median_ns: estimate.median_ns,
            relative: estimate.median_ns / unit_ns,
            spread: spread(&estimate, machine.drift),
            name: estimate.name,
        };
        let is_machine = |name: &str| name.split('/').next() == Some(GROUP);
        let benches = estimates.into_iter().filter(|estimate| !is_machine(&estimate.name));
        Self { benches: benches.map(bench).collect(), machine }
    }

    /// Joins the parts of a run, each set in relation to the machine as it was around that part,
    /// with the machine as it was over the whole run.
    pub(crate) fn join(parts: Vec<Self>, machine: Machine) -> Self {
        let mut benches: Vec<Bench> = parts.into_iter().flat_map(|part| part.benches).collect();
        benches.sort_by(|a, b| a.name.cmp(&b.name));
        Self { benches, machine }
    }

    /// Names each number as the metric of a version.
    pub(crate) fn metrics(&self) -> BTreeMap<String, f64> {
        let of_bench = |bench: &Bench| {
            let name = format!("bench/{}", bench.name);
            [
                (format!("{name}.ns"), bench.median_ns),
                (format!("{name}.spread"), bench.spread),
                (name, bench.relative),
            ]
        };
        let speed = self.machine.speed;
        let of_machine = [
            (format!("{GROUP}/read_gb_s"), speed.read),
            (format!("{GROUP}/sha256_gb_s"), speed.sha256),
        ];
        self.benches.iter().flat_map(of_bench).chain(of_machine).collect()
    }

    /// Says in a line what was measured.
    pub(crate) fn summary(&self) -> String {
        match &self.benches[..] {
            [bench] => format!("median of the bench {}", bench.name),
            benches => format!("medians of {} benches", benches.len()),
        }
    }
}

/// Judges how far off a relative time may be: by the error of its median, by how much its samples
/// scatter, which is what another run may find, or by how much the machine changed meanwhile.
fn spread(estimate: &Estimate, drift: f64) -> f64 {
    (estimate.confidence_ns.max(estimate.deviation_ns) / estimate.median_ns).max(drift)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{criterion::tests::recorded, machine::Speed},
        *,
    };

    fn machine(drift: f64) -> Machine {
        Machine { speed: Speed { read: 20.0, sha256: 2.0 }, drift }
    }

    #[test]
    fn metrics_have_stable_names_and_the_machine_stands_apart() {
        let metrics = Results::new(recorded(), machine(0.01)).metrics();
        let names: Vec<&str> = metrics.keys().map(String::as_str).collect();
        let expected = [
            "bench/commit/tiny",
            "bench/commit/tiny.ns",
            "bench/commit/tiny.spread",
            "machine/read_gb_s",
            "machine/sha256_gb_s",
        ];
        assert_eq!(names, expected);
        assert_eq!(metrics["bench/commit/tiny.ns"], 889_031.03);
        // One core hashes 64 MiB at 2 GB/s in 33.55 ms.
        assert!((metrics["bench/commit/tiny"] - 0.889_031_03 / 33.554_432).abs() < 1e-12);
        assert_eq!((metrics["machine/read_gb_s"], metrics["machine/sha256_gb_s"]), (20.0, 2.0));
    }

    #[test]
    fn the_largest_doubt_is_the_spread() {
        let estimate = |confidence_ns, deviation_ns| Estimate {
            name: "group/name".to_owned(),
            median_ns: 200.0,
            confidence_ns,
            deviation_ns,
            bytes: None,
        };
        assert_eq!(spread(&estimate(8.0, 2.0), 0.01), 0.04);
        assert_eq!(spread(&estimate(2.0, 10.0), 0.01), 0.05);
        assert_eq!(spread(&estimate(2.0, 2.0), 0.07), 0.07);
    }

    #[test]
    fn parts_keep_the_machine_that_they_were_measured_on() {
        let calm = Results::new(recorded(), machine(0.0));
        let mut busy = Results::new(recorded(), machine(0.5));
        busy.benches[0].name = "a/first".to_owned();
        let joined = Results::join(vec![calm.clone(), busy.clone()], machine(0.2));
        assert_eq!(joined.benches, [busy.benches, calm.benches].concat());
        assert_eq!(joined.machine, machine(0.2));
    }

    #[test]
    fn a_twice_as_fast_machine_gives_the_same_relative_times() {
        let slow = Results::new(recorded(), machine(0.0));
        let faster = recorded()
            .into_iter()
            .map(|estimate| Estimate { median_ns: estimate.median_ns / 2.0, ..estimate });
        let speed = Speed { read: 40.0, sha256: 4.0 };
        let fast = Results::new(faster.collect(), Machine { speed, drift: 0.0 });
        assert_eq!(slow.benches[0].relative, fast.benches[0].relative);
    }
}
