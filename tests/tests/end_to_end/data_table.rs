//! `cargo xtask data table`, as a user runs it, and training on what it makes.

use ckpt_tests::{xtask, xtask_json};
use serde_json::Value;

#[test]
fn training_finds_the_coefficients_that_a_table_was_made_with() {
    let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
    for file in ["t.csv", "t.npy", "t.npz"] {
        let size = ["--rows", "300", "--features", "4", "--noise", "0", "--condition", "5"];
        let made = xtask_json(folder.path(), &[&["data", "table", file], &size[..]].concat());
        assert_eq!((&made["rows"], &made["kind"]), (&Value::from(300), &Value::from("regression")));
        let trained = xtask_json(folder.path(), &["train", "--data", file, "--epochs", "300"]);
        let truth = made["coefficients"].as_object().expect("an object");
        assert_eq!(truth.len(), 4);
        let found = |value: &Value| value.as_f64().expect("a number");
        for (column, expected) in truth {
            let error = found(&trained["coefficients"][column]) - found(expected);
            assert!(error.abs() < 1e-6, "{file}: {column} is off by {error}");
        }
        let error = found(&trained["intercept"]) - found(&made["intercept"]);
        assert!(error.abs() < 1e-6, "{file}: the intercept is off by {error}");
    }
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
    let cases = [
        (&["t.txt"][..], "error: t.txt ends neither in .csv, .npy nor .npz\n"),
        (
            &["t.csv", "--rows", "9", "--features", "5"],
            "error: --features 5 needs --rows 10 or more\n",
        ),
        (&["t.csv", "--noise", "inf"], "error: --noise inf is not a number of 0 or more\n"),
        (&["t.csv", "--condition", "0.5"], "error: --condition 5e-1 is not within 1 to 1e10\n"),
        (
            &["t.csv", "--condition", "1e5", "--dtype", "f32"],
            "error: --condition 1e5 is not within 1 to 1e4\n",
        ),
    ];
    for (args, message) in cases {
        let output = xtask(folder.path(), &[&["data", "table"], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), message);
    }
    assert_eq!(folder.path().read_dir().expect("the folder").count(), 0);
}
