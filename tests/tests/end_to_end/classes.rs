//! `cargo xtask train` on classes, and its other ways to train.

use std::{fs, path::Path};

use ckpt_tests::{workspace, xtask, xtask_json};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with the iris fixture, and a `two.csv` of its first two species.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
    let iris = fs::read_to_string(workspace().join("fixtures/iris.csv")).expect("it is there");
    let two: String = iris.lines().take(101).flat_map(|line| [line, "\n"]).collect();
    fs::write(folder.path().join("iris.csv"), iris).expect("the folder is writable");
    fs::write(folder.path().join("two.csv"), two).expect("the folder is writable");
    folder
}

fn train(folder: &Path, args: &[&str]) -> Value {
    xtask_json(folder, &[&["train"], args].concat())
}

fn metric(run: &Value, name: &str) -> f64 {
    run["metrics"][name].as_f64().unwrap_or_else(|| panic!("no {name} in {run}"))
}

fn ids(run: &Value) -> [&Value; 2] {
    [&run["model"], &run["state"]]
}

#[test]
fn iris_picks_softmax_by_itself() {
    let folder = folder();
    let args = ["--data", "iris.csv", "--target", "species", "--epochs", "60"];
    let run = train(folder.path(), &args);
    assert_eq!(run["classes"], json!(["setosa", "versicolor", "virginica"]));
    assert_eq!((&run["rows"], &run["features"]), (&150.into(), &4.into()));
    for part in ["train", "val"] {
        assert!(metric(&run, &format!("{part}_accuracy")) > 0.9, "{run}");
        assert!(metric(&run, &format!("{part}_macro_f1")) > 0.9, "{run}");
        assert!(metric(&run, &format!("{part}_cross_entropy")) < 0.3, "{run}");
    }
    let log = xtask(folder.path(), &["log", "train", "--json"]);
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    assert_eq!(log.lines().count(), 60);
    for line in log.lines() {
        let epoch: Value = serde_json::from_str(line).expect("a line of JSON");
        assert_eq!(epoch["params"]["model"], "softmax");
        assert!(metric(&epoch, "val_accuracy") <= 1.0 && metric(&epoch, "val_macro_f1") <= 1.0);
        assert!(metric(&epoch, "val_cross_entropy") > 0.0);
    }
    for class in ["setosa", "versicolor", "virginica"] {
        assert!(run["coefficients"][class]["petal_width"].is_number(), "{run}");
        assert!(run["intercept"][class].is_number(), "{run}");
    }
    let best = xtask_json(folder.path(), &["show", "min:val_cross_entropy@train"]);
    assert_eq!(best["version"], run["best"]);
}

#[test]
fn the_labels_are_kept_with_the_model() {
    let folder = folder();
    train(folder.path(), &["--data", "iris.csv", "--epochs", "2"]);
    let restored = xtask(folder.path(), &["restore", "train", "-o", "m.safetensors"]);
    assert!(restored.status.success(), "{restored:?}");
    let bytes = fs::read(folder.path().join("m.safetensors")).expect("it was restored");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let tensor = file.tensor("classes").expect("the labels");
    assert_eq!(tensor.dtype(), safetensors::Dtype::U8);
    let labels: Vec<String> = serde_json::from_slice(tensor.data()).expect("a list as JSON");
    assert_eq!(labels, ["setosa", "versicolor", "virginica"]);
    assert_eq!(file.tensor("weight").expect("weights").shape(), [3, 4]);
    assert_eq!(file.tensor("bias").expect("biases").shape(), [3]);
}

#[test]
fn two_classes_of_text_are_told_apart_by_one_line() {
    let folder = folder();
    let run = train(folder.path(), &["--data", "two.csv", "--epochs", "10"]);
    assert_eq!(run["classes"], json!(["setosa", "versicolor"]));
    assert!(run["coefficients"]["petal_width"].is_number() && run["intercept"].is_number());
    assert_eq!(metric(&run, "val_accuracy"), 1.0);
    let log = xtask_json(folder.path(), &["log", "train", "-n", "1"]);
    assert_eq!(log["params"]["model"], "logistic");
    // Nothing lies between the species, so that without a penalty there is no minimum.
    let lbfgs =
        ["--data", "two.csv", "--optimizer", "lbfgs", "--every", "1000", "--epochs", "1000"];
    let run = train(folder.path(), &lbfgs);
    assert_eq!((&run["stop"], &run["converged"]), (&"separated".into(), &false.into()));
    let run = train(folder.path(), &[&lbfgs[..], &["--l2", "0.01"]].concat());
    assert_eq!((&run["stop"], &run["converged"]), (&"precision".into(), &true.into()));
}

#[test]
fn digits_are_classes_when_asked() {
    let folder = folder();
    let digits = workspace().join("fixtures/digits.csv").display().to_string();
    let args = ["--data", &digits, "--model", "softmax", "--optimizer", "lbfgs", "--l2", "0.01"];
    let run = train(folder.path(), &[&args[..], &["--every", "15", "--epochs", "15"]].concat());
    let labels: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    assert_eq!(run["classes"], json!(labels));
    assert!(metric(&run, "val_accuracy") > 0.9, "{run}");
}

#[test]
fn weights_and_left_out_columns_are_no_features() {
    let folder = folder();
    let path = folder.path();
    let text = "a,b,id,count,y\n1,5,900,1,3\n2,4,17,2,5\n3,7,3,0,90\n4,1,44,1,9\n5,2,8,1,12\n";
    fs::write(path.join("counted.csv"), text).expect("the folder is writable");
    // The same rows, each as often as it counts.
    let text = "a,b,y\n1,5,3\n2,4,5\n2,4,5\n4,1,9\n5,2,12\n";
    fs::write(path.join("repeated.csv"), text).expect("the folder is writable");
    let how = ["--optimizer", "exact", "--val-fraction", "0"];
    let counted = ["--data", "counted.csv", "--weights", "count", "--drop", "id"];
    let counted = train(path, &[&counted[..], &how].concat());
    let repeated = train(path, &[&["--data", "repeated.csv"], &how[..]].concat());
    assert_eq!((&counted["stop"], &counted["converged"]), (&"exact".into(), &true.into()));
    assert_eq!((&counted["epochs"], &counted["features"]), (&1.into(), &2.into()));
    let fit = |run: &Value| {
        let coefficient = |name: &str| run["coefficients"][name].as_f64().expect("a number");
        [coefficient("a"), coefficient("b"), run["intercept"].as_f64().expect("a number")]
    };
    for (one, other) in fit(&counted).into_iter().zip(fit(&repeated)) {
        assert!((one - other).abs() < 1e-12 * one.abs(), "{one} is not {other}");
    }
    let params = &xtask_json(path, &["log", "train", "-n", "1"])["params"];
    assert_eq!((&params["weights"], &params["drop.id"]), (&"count".into(), &true.into()));
}

#[test]
fn schedules_and_warm_up_set_the_rate_of_each_epoch() {
    let folder = folder();
    let rates = |branch: &str, args: &[&str]| -> Vec<f64> {
        let common =
            ["--data", "iris.csv", "--optimizer", "gd", "--rate", "0.5", "--branch", branch];
        train(folder.path(), &[&common, args].concat());
        let log = xtask(folder.path(), &["log", branch, "--json"]).stdout;
        let log = String::from_utf8_lossy(&log).into_owned();
        let rate = |line| metric(&serde_json::from_str(line).expect("JSON"), "rate");
        let mut rates: Vec<f64> = log.lines().map(rate).collect();
        rates.reverse();
        rates
    };
    let step = ["--epochs", "7", "--warmup", "2", "--schedule", "step:2:0.5"];
    assert_eq!(rates("step", &step), [0.25, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]);
    // From 1 to a half over the two epochs after the first.
    let cosine = rates("cosine", &["--epochs", "4", "--schedule", "cosine:2:0.5"]);
    for (found, expected) in cosine.iter().zip([0.5, 0.375, 0.25, 0.25]) {
        assert!((found - expected).abs() < 1e-15, "{cosine:?}");
    }
}

#[test]
fn patience_ends_a_run_and_says_so() {
    let folder = folder();
    let args = ["--data", "two.csv", "--patience", "3", "--monitor", "val_accuracy"];
    let run = train(folder.path(), &args);
    assert_eq!((&run["stop"], &run["converged"]), (&"early-stopping".into(), &false.into()));
    // The first epoch tells all rows apart; three more do no better.
    assert_eq!(run["epochs"], 4, "{run}");
}

#[test]
fn every_way_to_train_is_the_same_resumed() {
    let ways: [&[&str]; 6] = [
        &["--data", "iris.csv", "--optimizer", "lbfgs", "--l2", "0.01"],
        &["--data", "iris.csv", "--optimizer", "adamw", "--batch", "16", "--decay", "0.2"],
        &["--data", "two.csv", "--optimizer", "momentum", "--warmup", "4", "--dtype", "f32"],
        &["--data", "iris.csv", "--weights", "sepal_width", "--drop", "petal_width"],
        &["--data", "iris.csv", "--optimizer", "sgd", "--schedule", "step:2:0.7"],
        &["--data", "two.csv", "--patience", "50", "--monitor", "val_macro_f1"],
    ];
    for way in ways {
        let folder = folder();
        let whole = train(folder.path(), &[way, &["--epochs", "9"]].concat());
        train(folder.path(), &[way, &["--epochs", "4", "--branch", "parts"]].concat());
        let rest = train(folder.path(), &["--resume", "parts", "--epochs", "9"]);
        assert_eq!(ids(&rest), ids(&whole), "{way:?}");
        let middle = train(folder.path(), &["--resume", "train@6", "--epochs", "9"]);
        assert_eq!(ids(&middle), ids(&whole), "{way:?}");
    }
}

#[test]
fn wrong_settings_are_refused_in_one_line() {
    let folder = folder();
    let cases: [(&[&str], i32, &str); 14] = [
        (&["--data", "two.csv", "--optimizer", "exact"], 2, "no exact solution; use lbfgs"),
        (&["--data", "iris.csv", "--model", "logistic"], 1, "there are 3; use softmax"),
        (&["--optimizer", "lbfgs", "--batch", "3"], 2, "no batch size"),
        (&["--optimizer", "lbfgs", "--warmup", "3"], 2, "no rate and no schedule"),
        (&["--optimizer", "exact", "--rate", "0.1"], 2, "no rate"),
        (&["--decay", "0.1"], 2, "--decay"),
        (&["--schedule", "wave"], 2, "'wave' is no schedule"),
        (&["--schedule", "step:0:0.5"], 2, "schedule"),
        (&["--data", "two.csv", "--patience", "2", "--monitor", "val_mse"], 2, "no metric val_mse"),
        (&["--patience", "2", "--monitor", "beauty"], 2, "beauty"),
        (&["--patience", "2", "--val-fraction", "0"], 2, "needs validation rows"),
        (&["--data", "two.csv", "--weights", "species"], 1, "column species is text"),
        (&["--data", "two.csv", "--drop", "nose"], 1, "no column \"nose\""),
        (&["--optimizer", "newton"], 2, "newton"),
    ];
    for (args, code, words) in cases {
        let output = xtask(folder.path(), &[&["train"], args].concat());
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        assert!(text.starts_with("error: ") && text.contains(words), "{args:?}: {text}");
        let rest: Vec<&str> = text.lines().skip(1).collect();
        assert!(rest.iter().all(|line| line.starts_with("hint: ")), "{args:?}: {text}");
    }
    assert!(!folder.path().join(".ckpt").exists(), "a refused call made a repository");
    let one = "a,kind\n1,x\n2,x\n3,x\n";
    fs::write(folder.path().join("one.csv"), one).expect("the folder is writable");
    let output = xtask(folder.path(), &["train", "--data", "one.csv"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && text.contains("is of the class \"x\""), "{text}");
}
