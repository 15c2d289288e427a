//! The rules of the house that a program can check.

use std::{collections::BTreeMap, fs, process::Command};

use ckpt_tests::workspace;
use serde_json::Value;

/// Which of our crates each crate may know: the table of docs/architecture.md.
const ARROWS: [(&str, &[&str]); 11] = [
    ("ckpt-hash", &[]),
    ("ckpt-metrics", &[]),
    ("ckpt-tensor", &[]),
    ("ckpt-codec", &["ckpt-tensor"]),
    ("ckpt-formats", &["ckpt-tensor"]),
    ("ckpt-data", &["ckpt-hash"]),
    ("ckpt-pack", &["ckpt-hash", "ckpt-tensor", "ckpt-codec"]),
    ("ckpt-store", &["ckpt-hash", "ckpt-tensor", "ckpt-codec", "ckpt-formats", "ckpt-pack"]),
    ("ckpt-train", &["ckpt-metrics"]),
    ("ckpt-runs", &["ckpt-hash", "ckpt-tensor", "ckpt-data", "ckpt-store", "ckpt-train"]),
    (
        "ckpt-cli",
        &[
            "ckpt-hash",
            "ckpt-metrics",
            "ckpt-tensor",
            "ckpt-codec",
            "ckpt-formats",
            "ckpt-data",
            "ckpt-pack",
            "ckpt-store",
            "ckpt-train",
            "ckpt-runs",
        ],
    ),
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    serde_json::from_slice(&output.stdout).expect("cargo's metadata is JSON")
}

#[test]
fn crates_know_only_those_they_may_know() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let packages = metadata["packages"].as_array().expect("packages");
    let mut checked = 0;
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let Some(allowed) = allowed.get(name) else {
            assert!(
                ["xtask", "ckpt-benches", "ckpt-tests"].contains(&name),
                "{name} is in no table"
            );
            continue;
        };
        checked += 1;
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let known = dependency["name"].as_str().expect("a name");
            let is_test_only = dependency["kind"] == "dev";
            let is_ours = known.starts_with("ckpt-");
            assert!(
                !is_ours || is_test_only || allowed.contains(&known),
                "{name} may not know {known}"
            );
        }
    }
    assert_eq!(checked, ARROWS.len(), "a crate of the table is gone");
}

#[test]
fn every_fixture_has_its_source() {
    let folder = workspace().join("fixtures");
    let readme = fs::read_to_string(folder.join("README.md")).expect("fixtures/README.md");
    for entry in fs::read_dir(folder).expect("fixtures").flatten() {
        let name = entry.file_name().into_string().expect("a plain name");
        assert!(
            name == "README.md" || readme.contains(&name),
            "fixtures/README.md does not name {name}"
        );
    }
}
