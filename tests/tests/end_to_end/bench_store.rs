//! `cargo xtask bench store` and `cargo xtask data sequence`, as a user runs them, on little data.

use std::path::Path;

use ckpt_tests::{binary, xtask, xtask_json};
use serde_json::Value;

/// Numbers that every run must give, whatever they are.
const RATIOS: [&str; 10] = [
    "stored_ratio",
    "history_ratio",
    "commit_vs_cp",
    "commit_in_session_vs_cp",
    "restore_vs_cp",
    "restore_whole_vs_cp",
    "again_vs_cp",
    "tiny_commit_vs_floor",
    "tiny_thousand_vs_commit",
    "stall_vs_copy",
];

/// Measures without building anything for release.
fn bench_store(folder: &Path, args: &[&str]) -> Value {
    let ckpt = binary("ckpt");
    let ckpt = ckpt.to_str().expect("a path in UTF-8");
    let common = ["bench", "store", "--repetitions", "1", "--no-peers", "--ckpt", ckpt];
    let report = xtask_json(folder, &[&common, args].concat());
    for key in RATIOS {
        let ratio = report[key].as_f64().unwrap_or(f64::NAN);
        assert!(ratio.is_finite() && ratio > 0.0, "{key}: {}", report[key]);
    }
    report
}

#[test]
fn a_sequence_is_made_and_measured() {
    let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
    let make = ["data", "sequence", "frozen", "run", "--epochs", "3", "--mib", "1", "--seed", "5"];
    let made = xtask_json(folder.path(), &make);
    assert_eq!(made["kind"], "frozen");
    let files: Vec<&str> =
        made["files"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(files.len(), 3);

    let report = bench_store(folder.path(), &[&files[..], &["--name", "real"]].concat());
    let sequence = &report["sequences"][0];
    assert_eq!((&sequence["name"], &sequence["versions"]), (&"real".into(), &3.into()));
    let tools: Vec<&Value> =
        sequence["tools"].as_array().into_iter().flatten().map(|row| &row["tool"]).collect();
    assert_eq!(tools, ["cp", "cp+fsync", "ckpt", "session"]);
    // A copy stores all, and is what it is measured against.
    let copy = &sequence["tools"][1];
    assert_eq!((&copy["stored_ratio"], &copy["commit_vs_cp"]), (&1.0.into(), &1.0.into()));
    assert_eq!(report["large"], Value::Null);
    // Nothing is left but the files.
    assert_eq!(std::fs::read_dir(folder.path().join("run")).expect("a folder").count(), 3);
}

#[test]
fn sequences_are_made_up_where_no_file_is_given() {
    let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
    let small = ["--kinds", "bf16,sparse", "--epochs", "2", "--mib", "1", "--large-mib", "1"];
    let report = bench_store(folder.path(), &[&small[..], &["--dir", "."]].concat());
    let names: Vec<&Value> =
        report["sequences"].as_array().into_iter().flatten().map(|one| &one["name"]).collect();
    assert_eq!(names, ["bf16", "sparse"]);
    assert_eq!(report["large"]["bytes"].as_u64().map(|bytes| bytes >> 20), Some(1));
    if cfg!(target_os = "linux") {
        assert!(report["large"]["peak_bytes"].as_u64() > Some(1 << 20), "{}", report["large"]);
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
    let ckpt = binary("ckpt");
    let ckpt = ckpt.to_str().expect("a path in UTF-8");
    let output = xtask(folder.path(), &["bench", "store", "gone.safetensors", "--ckpt", ckpt]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.starts_with("error: cannot read gone.safetensors"), "{stderr}");
}
