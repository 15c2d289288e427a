//! Reads what criterion leaves of a run: one folder per bench with its estimates.

use std::{fs, path::Path};

use anyhow::{Context, ensure};
use serde_json::Value;

/// What criterion estimated about one bench.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Estimate {
    /// The bench, as `group/name`.
    pub(crate) name: String,
    /// The median time of one iteration in nanoseconds.
    pub(crate) median_ns: f64,
    /// How far the 95 % confidence interval of the median reaches to its farther side.
    pub(crate) confidence_ns: f64,
    /// The median absolute deviation of the samples, which criterion scales by 1.4826: for normally
    /// distributed samples, their standard deviation.
    pub(crate) deviation_ns: f64,
    /// The bytes that one iteration goes through, if the bench says so.
    pub(crate) bytes: Option<u64>,
}

/// Reads the estimates of the newest run of every bench below a folder, sorted by name.
pub(crate) fn read(folder: &Path) -> anyhow::Result<Vec<Estimate>> {
    let mut found = Vec::new();
    collect(folder, &mut found)?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<Estimate>) -> anyhow::Result<()> {
    let cannot_list = || format!("cannot list {}", folder.display());
    for entry in fs::read_dir(folder).with_context(cannot_list)? {
        let path = entry.with_context(cannot_list)?.path();
        if !path.is_dir() {
            continue;
        }
        // Beside `new` stand the runs that criterion itself compares with.
        if path.file_name().is_some_and(|name| name == "new") {
            found.push(read_bench(&path)?);
        } else {
            collect(&path, found)?;
        }
    }
    Ok(())
}

fn read_bench(folder: &Path) -> anyhow::Result<Estimate> {
    let read = |name: &str| -> anyhow::Result<Value> {
        let path = folder.join(name);
        let text = fs::read_to_string(&path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))
    };
    estimate(&read("benchmark.json")?, &read("estimates.json")?)
        .with_context(|| format!("{} holds no estimates of criterion", folder.display()))
}

fn estimate(benchmark: &Value, estimates: &Value) -> anyhow::Result<Estimate> {
    let number = |pointer: &str| -> anyhow::Result<f64> {
        let value = estimates.pointer(pointer).and_then(Value::as_f64);
        value.with_context(|| format!("there is no number {pointer}"))
    };
    let name = benchmark["full_id"].as_str().context("there is no full_id")?;
    let median_ns = number("/median/point_estimate")?;
    ensure!(median_ns > 0.0, "the median of {name} is {median_ns} ns");
    let low = median_ns - number("/median/confidence_interval/lower_bound")?;
    let high = number("/median/confidence_interval/upper_bound")? - median_ns;
    Ok(Estimate {
        name: name.to_owned(),
        median_ns,
        confidence_ns: low.max(high),
        deviation_ns: number("/median_abs_dev/point_estimate")?,
        bytes: benchmark["throughput"]["Bytes"].as_u64(),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Reads files that criterion 0.8 wrote, three benches of one run.
    pub(crate) fn recorded() -> Vec<Estimate> {
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bench/recorded")).unwrap()
    }

    #[test]
    fn recorded_estimates_are_read() {
        let estimates = recorded();
        let names: Vec<&str> = estimates.iter().map(|estimate| estimate.name.as_str()).collect();
        assert_eq!(names, ["commit/tiny", "machine/read", "machine/sha256"]);
        let expected = Estimate {
            name: "commit/tiny".to_owned(),
            median_ns: 889_031.03,
            confidence_ns: 889_031.03 - 867_427.29,
            deviation_ns: 36_771.918_979_167_865,
            bytes: None,
        };
        assert_eq!(estimates[0], expected);
        assert_eq!(estimates[2].bytes, Some(1 << 20));
    }

    #[test]
    fn files_of_another_form_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let bench = folder.path().join("group/name/new");
        fs::create_dir_all(&bench).unwrap();
        let error = || format!("{:#}", read(folder.path()).unwrap_err());
        assert!(error().contains("cannot read"), "{}", error());
        fs::write(bench.join("benchmark.json"), r#"{"full_id":"group/name"}"#).unwrap();
        fs::write(bench.join("estimates.json"), "{").unwrap();
        assert!(error().contains("estimates.json is no JSON"), "{}", error());
        fs::write(bench.join("estimates.json"), r#"{"median":{"point_estimate":null}}"#).unwrap();
        assert!(error().contains("there is no number /median/point_estimate"), "{}", error());
        fs::write(bench.join("estimates.json"), r#"{"median":{"point_estimate":0}}"#).unwrap();
        assert!(error().contains("the median of group/name is 0 ns"), "{}", error());
    }
}
