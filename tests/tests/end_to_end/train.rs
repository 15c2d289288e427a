//! `cargo xtask train`: the main job, as a user runs it.

use std::path::Path;

use ckpt_tests::{workspace, xtask, xtask_json};
use serde_json::Value;
use tempfile::TempDir;

/// Coefficients of scikit-learn 1.9.1's `LinearRegression` on `load_diabetes(scaled=False)`, all rows.
const DIABETES: [(&str, f64); 10] = [
    ("age", -0.036361224223623534),
    ("sex", -22.859648090498354),
    ("bmi", 5.602962091923719),
    ("bp", 1.1168079933181838),
    ("s1", -1.0899963340632226),
    ("s2", 0.7464504555142124),
    ("s3", 0.3720047150891379),
    ("s4", 6.53383193599034),
    ("s5", 68.48312496478829),
    ("s6", 0.2801169893214981),
];
const DIABETES_INTERCEPT: f64 = -334.5671385187875;

fn folder() -> TempDir {
    tempfile::tempdir().expect("the system has a folder for temporary files")
}

fn train(folder: &Path, args: &[&str]) -> Value {
    xtask_json(folder, &[&["train"], args].concat())
}

fn ids(run: &Value) -> (String, String) {
    (run["model"].to_string(), run["state"].to_string())
}

fn relative(value: &Value, expected: f64) -> f64 {
    (value.as_f64().expect("a number") - expected).abs() / expected.abs()
}

#[test]
fn two_fresh_repositories_get_the_same_ids() {
    let (one, two) = (folder(), folder());
    let (first, second) = (train(one.path(), &[]), train(two.path(), &[]));
    assert_eq!(ids(&first), ids(&second));
    assert_eq!(first["branch"], "train");
    assert_eq!(first["versions"].as_array().map(Vec::len), Some(100));
    assert_eq!(
        (&first["rows"], &first["features"], &first["epochs"]),
        (&442.into(), &10.into(), &100.into())
    );
    assert_eq!(xtask(one.path(), &["verify"]).status.code(), Some(0));
    // Run again, it starts a fresh branch with the same model.
    let again = train(one.path(), &[]);
    assert_eq!(again["branch"], "train-2");
    assert_eq!(ids(&again), ids(&first));
}

#[test]
fn the_built_in_data_is_the_fixture() {
    let fixture = workspace().join("fixtures/diabetes.csv");
    let read = |path| std::fs::read(path).expect("it is there");
    let copy = workspace().join("crates/ckpt-cli/data/diabetes.csv");
    assert_eq!(read(fixture.clone()), read(copy));
    let (built_in, from_file) = (folder(), folder());
    let (epochs, path) = (["--epochs", "2"], fixture.display().to_string());
    let runs = [
        train(built_in.path(), &epochs),
        train(from_file.path(), &[&epochs[..], &["--data", &path]].concat()),
    ];
    assert_eq!(ids(&runs[0]), ids(&runs[1]));
    let data = |folder: &TempDir| xtask_json(folder.path(), &["show", "train"])["data"].clone();
    assert_eq!(data(&built_in), data(&from_file));
    assert_eq!(data(&built_in)[0]["name"], "diabetes.csv");
    // Wherever the file was, the table is at hand.
    let again = xtask_json(built_in.path(), &["reproduce", "train"]);
    assert_eq!((&again["same"], &again["inputs"]["data"]), (&true.into(), &"same".into()));
    let resumed = train(built_in.path(), &["--resume", "train", "--epochs", "3"]);
    assert_eq!(resumed["epochs"], 3);
}

#[test]
fn the_code_of_training_is_what_the_program_was_built_from() {
    let folder = folder();
    let code = ckpt_hash::code_id(&workspace().join("crates/ckpt-train/src")).expect("sources");
    assert_eq!(ckpt_runs::code_id(), code);
    train(folder.path(), &["--epochs", "1"]);
    assert_eq!(xtask_json(folder.path(), &["show", "train"])["code"], code.to_string());
}

#[test]
fn the_learning_rate_has_a_short_and_an_old_name() {
    let run = |flag| {
        let folder = folder();
        ids(&train(folder.path(), &["--epochs", "2", flag, "0.1"]))
    };
    let model = run("--learning-rate");
    assert_eq!((run("--lr"), run("--rate")), (model.clone(), model));
}

#[test]
fn any_number_of_threads_gives_the_same_ids() {
    for args in [
        &["--epochs", "20"][..],
        &["--epochs", "5", "--optimizer", "adam", "--batch", "64", "--dtype", "f32"],
    ] {
        let runs = ["1", "2", "5"].map(|threads| {
            let folder = folder();
            ids(&train(folder.path(), &[args, &["--threads", threads]].concat()))
        });
        assert!(runs[0] == runs[1] && runs[1] == runs[2], "{args:?}");
    }
}

#[test]
fn training_to_tolerance_reaches_the_closed_form() {
    let folder = folder();
    let args =
        ["--val-fraction", "0", "--epochs", "20000", "--every", "5000", "--tolerance", "1e-9"];
    let run = train(folder.path(), &args);
    assert_eq!(run["converged"], true);
    for (name, expected) in DIABETES {
        let error = relative(&run["coefficients"][name], expected);
        assert!(error < 1e-6, "{name} is off by {error:e}");
    }
    assert!(relative(&run["intercept"], DIABETES_INTERCEPT) < 1e-6);
}

#[test]
fn resuming_gives_the_ids_of_never_stopping() {
    let optimizers = [
        &["--optimizer", "nesterov"][..],
        &["--optimizer", "sgd", "--batch", "32"],
        &["--optimizer", "momentum", "--l2", "0.01", "--seed", "7"],
        &["--optimizer", "adam", "--dtype", "f32"],
    ];
    for args in optimizers {
        let (whole, parts) = (folder(), folder());
        let never_stopped = train(whole.path(), &[args, &["--epochs", "25"]].concat());
        train(parts.path(), &[args, &["--epochs", "10"]].concat());
        let resumed = train(parts.path(), &["--resume", "train@10", "--epochs", "25"]);
        assert_eq!(resumed["branch"], "train");
        assert_eq!(ids(&resumed), ids(&never_stopped), "{args:?}");
    }
    // From the middle of a finished run, the branch being further already.
    let folder = folder();
    let whole = train(folder.path(), &["--epochs", "30"]);
    let resumed = train(folder.path(), &["--resume", "train@10", "--epochs", "30"]);
    assert_eq!(resumed["branch"], "train-2");
    assert_eq!(ids(&resumed), ids(&whole));
}

#[test]
fn the_best_version_is_the_one_that_min_names() {
    let folder = folder();
    let run = train(folder.path(), &["--epochs", "40", "--every", "7"]);
    assert_eq!(run["versions"].as_array().map(Vec::len), Some(6), "each 7th and the last");
    let show = xtask_json(folder.path(), &["show", "min:val_mse@train"]);
    assert_eq!(show["version"], run["best"]);
}

#[test]
fn a_restored_version_is_a_safetensors_file_that_predicts() {
    let folder = folder();
    let run = train(folder.path(), &["--epochs", "30"]);
    let restored =
        xtask(folder.path(), &["restore", "train", "-o", "m.safetensors", "--with-state"]);
    assert_eq!(restored.status.code(), Some(0), "{restored:?}");
    let bytes = std::fs::read(folder.path().join("m.safetensors")).expect("it was restored");
    // The reference implementation, which is also what Python's package runs.
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let weight = file.tensor("weight").expect("a weight");
    assert_eq!(weight.shape(), [1, 10]);
    let first = weight.data().first_chunk().map(|bytes| f64::from_le_bytes(*bytes));
    assert_eq!(first, run["coefficients"]["age"].as_f64());
    assert!(folder.path().join("m.state.safetensors").is_file());
}

#[test]
fn diverging_training_says_when_and_keeps_what_there_was() {
    let folder = folder();
    let output = xtask(folder.path(), &["train", "--rate", "50", "--optimizer", "gd"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let error = stderr.lines().find(|line| line.starts_with("error: ")).expect("an error");
    assert!(error.contains("diverged at epoch") && error.contains("rate 50"), "{error}");
    let log = xtask(folder.path(), &["log", "train", "--json"]);
    assert!(String::from_utf8_lossy(&log.stdout).lines().count() >= 1);
    assert_eq!(xtask(folder.path(), &["verify"]).status.code(), Some(0));
}

#[test]
fn wrong_calls_are_refused_in_one_line() {
    let folder = folder();
    let iris = workspace().join("fixtures/iris.csv").display().to_string();
    let cases: [(&[&str], i32, &str); 11] = [
        (&["--epochs", "0"], 2, "epochs is 0"),
        (&["--val-fraction", "1"], 2, "val_fraction is 1"),
        (&["--rate", "fast"], 2, "give `auto` or a number"),
        (&["--rate", "-1"], 2, "rate"),
        (&["--optimizer", "sgd", "--batch", "9223372036854775808"], 2, "--batch"),
        (&["--monitor", "val_mae"], 2, "--patience"),
        (&["--warmup", "18446744073709551615"], 2, "--warmup"),
        (&["--target", "nose"], 1, "nose"),
        (&["--data", "none.csv"], 1, "none.csv"),
        (&["--data", &iris, "--model", "linear"], 1, "species"),
        (&["--resume", "train@3"], 1, "no ckpt repository"),
    ];
    for (args, code, word) in cases {
        let output = xtask(folder.path(), &[&["train"], args].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(word), "{args:?}: {stderr}");
    }
    assert!(!folder.path().join(".ckpt").exists(), "a refused call made a repository");
}

#[test]
fn resuming_refuses_what_would_change_the_run() {
    let folder = folder();
    train(folder.path(), &["--epochs", "3", "--patience", "9", "--rate", "0.1", "--drop", "s1"]);
    let houses = workspace().join("fixtures/houses.csv").display().to_string();
    let cases: [(&[&str], &str); 7] = [
        (&["--rate", "auto"], "--learning-rate auto cannot change"),
        (&["--monitor", "val_r2"], "--monitor cannot change"),
        (&[], "epoch 3 was planned as the last; raise --epochs"),
        (&["--epochs", "9", "--tolerance", "1e9"], "epoch 3 is within the tolerance"),
        (&["--seed", "9"], "--seed cannot change"),
        (&["--optimizer", "gd"], "--optimizer cannot change"),
        (&["--data", &houses], "is not the data that version"),
    ];
    for (args, what) in cases {
        let output = xtask(folder.path(), &[&["train", "--resume", "train"], args].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains(what), "{args:?}: {stderr}");
    }
}

#[test]
fn other_tables_train_too() {
    let cases = [
        ("houses.csv", 1, 100),
        ("norris.csv", 1, 36),
        ("longley.csv", 6, 16),
        ("digits.csv", 64, 1797),
    ];
    for (name, features, rows) in cases {
        let folder = folder();
        let data = workspace().join("fixtures").join(name).display().to_string();
        let run = train(folder.path(), &["--data", &data, "--epochs", "3"]);
        assert_eq!((&run["features"], &run["rows"]), (&features.into(), &rows.into()), "{name}");
    }
}

#[test]
fn limits_of_a_resumed_run_do_not_end_what_was_before_it() {
    let folder = folder();
    let run = train(folder.path(), &["--optimizer", "sgd", "--epochs", "12", "--branch", "noisy"]);
    let log = xtask(folder.path(), &["log", "noisy", "--json"]);
    let norms = String::from_utf8_lossy(&log.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a version"))
        .filter_map(|version| version["metrics"]["grad_norm"].as_f64())
        .collect::<Vec<f64>>();
    let least = norms.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(run["metrics"]["grad_norm"].as_f64() > Some(1.2 * least), "{norms:?}");
    // An epoch before was within this tolerance, and training went on.
    let tolerance = (1.1 * least).to_string();
    let resumed =
        ["--resume", "noisy", "--epochs", "13", "--tolerance", &tolerance, "--patience", "1"];
    assert_eq!(train(folder.path(), &resumed)["epochs"], 13);
    let again = xtask_json(folder.path(), &["reproduce", "noisy"]);
    assert_eq!((&again["same"], &again["compared"]), (&true.into(), &13.into()), "{again}");
}
