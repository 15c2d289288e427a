//! `cargo xtask reproduce`: the same comes out, or what differs, and why.

use std::{fs, path::Path, process::Output};

use ckpt_tests::{workspace, xtask, xtask_json};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with a copy of the houses as `houses.csv`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
    let data = folder.path().join("houses.csv");
    fs::copy(workspace().join("fixtures/houses.csv"), data).expect("the fixture is there");
    folder
}

fn train(folder: &Path, args: &[&str]) -> Value {
    xtask_json(folder, &[&["train", "--data", "houses.csv"], args].concat())
}

fn reproduce(folder: &Path, args: &[&str]) -> (Option<i32>, Value) {
    let output = xtask(folder, &[&["reproduce", "--json"], args].concat());
    let answer = serde_json::from_slice(&output.stdout);
    (output.status.code(), answer.unwrap_or_else(|_| panic!("{output:?}")))
}

/// What stands on stderr, which must be one error and at most a hint.
fn refusal(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut lines = text.lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("error: ")), "{text}");
    assert!(lines.all(|line| line.starts_with("hint: ")), "{text}");
    assert!(output.stdout.is_empty(), "{output:?}");
    text
}

#[test]
fn the_same_comes_out_on_any_number_of_threads() {
    let folder = folder();
    let runs = [
        &["--optimizer", "adamw", "--decay", "0.1", "--batch", "16", "--branch", "a"][..],
        &["--optimizer", "lbfgs", "--dtype", "f32", "--l2", "0.1", "--branch", "b"],
        &["--optimizer", "exact", "--branch", "c"],
        &[
            "--schedule",
            "cosine",
            "--warmup",
            "2",
            "--patience",
            "2",
            "--every",
            "2",
            "--branch",
            "d",
        ],
    ];
    for args in runs {
        let run = train(folder.path(), &[args, &["--epochs", "7"]].concat());
        let versions = run["versions"].as_array().map(Vec::len);
        for threads in ["1", "3"] {
            let branch = run["branch"].as_str().expect("it has a branch");
            let (code, answer) = reproduce(folder.path(), &[branch, "--threads", threads]);
            let expected = json!({
                "same": true,
                "version": run["versions"].as_array().and_then(|versions| versions.last()),
                "epochs": run["epochs"],
                "compared": versions,
                "difference": null,
                "inputs": { "data": "same", "code": "same" },
                "settings_changed": [],
            });
            assert_eq!((code, answer), (Some(0), expected), "{args:?}");
        }
    }
}

#[test]
fn classes_come_out_the_same() {
    let folder = folder();
    let iris = workspace().join("fixtures/iris.csv").display().to_string();
    let args = ["train", "--data", &iris, "--weights", "sepal_width", "--drop", "petal_width"];
    let run = xtask_json(folder.path(), &[&args[..], &["--epochs", "4"]].concat());
    let (code, answer) = reproduce(folder.path(), &["train@3"]);
    assert_eq!((code, &answer["same"]), (Some(0), &true.into()), "{answer}");
    assert_eq!((&answer["epochs"], &answer["version"]), (&3.into(), &run["versions"][2]));
}

#[test]
fn settings_that_changed_on_the_way_are_followed() {
    let folder = folder();
    train(folder.path(), &["--epochs", "4"]);
    train(folder.path(), &["--resume", "train", "--l2", "0.5", "--epochs", "7"]);
    let (code, answer) = reproduce(folder.path(), &["train"]);
    assert_eq!((code, &answer["same"]), (Some(0), &true.into()), "{answer}");
    assert_eq!((&answer["epochs"], &answer["compared"]), (&7.into(), &7.into()));
    assert_eq!(answer["settings_changed"], json!([4]), "the epoch after which they changed");
}

#[test]
fn an_edited_cell_is_found_at_the_first_epoch() {
    let folder = folder();
    let run = train(folder.path(), &["--epochs", "4"]);
    let path = folder.path().join("houses.csv");
    let text = fs::read_to_string(&path).expect("it was copied");
    let edited = text.replacen("270941", "270942", 1);
    assert_ne!(text, edited);
    fs::write(folder.path().join("edited.csv"), &edited).expect("the folder is writable");
    let differs = |args: &[&str]| {
        let (code, answer) = reproduce(folder.path(), args);
        assert_eq!((code, &answer["same"]), (Some(3), &false.into()), "{answer}");
        assert_eq!(answer["inputs"], json!({ "data": "changed", "code": "same" }));
        assert_eq!(answer["compared"], 0);
        let difference = &answer["difference"];
        assert_eq!(
            (&difference["epoch"], &difference["version"]),
            (&1.into(), &run["versions"][0])
        );
        assert_eq!(
            (&difference["tensor"], &difference["index"]),
            (&"weight".into(), &json!([0, 0]))
        );
        assert_eq!(difference["reason"], "value");
        assert_ne!(difference["recorded"], difference["found"]);
    };
    differs(&["train", "--data", "edited.csv"]);
    fs::write(&path, &edited).expect("the folder is writable");
    differs(&["train"]);

    let output = xtask(folder.path(), &["reproduce", "train"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.starts_with("different: epoch 1 "), "{told}");
    for words in ["tensor weight, element [0, 0]", "data: houses.csv", "code: same"] {
        assert!(told.contains(words), "{told}");
    }
    // The data of the recorded run is still good wherever it is.
    fs::write(folder.path().join("moved.csv"), text).expect("the folder is writable");
    let (code, answer) = reproduce(folder.path(), &["train", "--data", "moved.csv"]);
    assert_eq!((code, &answer["inputs"]["data"]), (Some(0), &"same".into()), "{answer}");
}

#[test]
fn dropped_versions_are_still_known_by_what_they_were() {
    let folder = folder();
    train(folder.path(), &["--epochs", "5"]);
    for args in [&["prune", "train@2", "train@4"][..], &["gc"]] {
        assert!(xtask(folder.path(), args).status.success(), "{args:?}");
    }
    for rev in ["train", "train@2"] {
        let (code, answer) = reproduce(folder.path(), &[rev]);
        assert_eq!((code, &answer["same"]), (Some(0), &true.into()), "{answer}");
        assert_eq!(answer["compared"], answer["epochs"]);
    }
    // What differs within a dropped version cannot be told, but that it differs can.
    let path = folder.path().join("houses.csv");
    let text = fs::read_to_string(&path).expect("it was copied");
    fs::write(&path, text.replacen("270941", "270942", 1)).expect("the folder is writable");
    let (code, answer) = reproduce(folder.path(), &["train@2"]);
    assert_eq!((code, &answer["difference"]["epoch"]), (Some(3), &1.into()), "{answer}");
}

#[test]
fn what_cannot_be_trained_again_is_refused_in_one_line() {
    let folder = folder();
    train(folder.path(), &["--epochs", "2"]);
    xtask(folder.path(), &["restore", "train", "-o", "m.safetensors"]);
    let committed = xtask(folder.path(), &["commit", "m.safetensors", "-b", "other"]);
    assert!(committed.status.success(), "{committed:?}");
    fs::remove_file(folder.path().join("houses.csv")).expect("it was copied");
    let cases: [(&[&str], i32, &str); 7] = [
        (&["train"], 1, "cannot read houses.csv"),
        (&["train", "--data", "gone.csv"], 1, "gone.csv"),
        (&["other"], 1, "was not made by `train`"),
        (&["nothing"], 1, "no version is called \"nothing\""),
        (&[], 2, "<REV>"),
        (&["train", "--threads", "0"], 2, "--threads"),
        (&["train", "--epochs", "3"], 2, "--epochs"),
    ];
    for (args, code, words) in cases {
        for json in [&[][..], &["--json"]] {
            let output = xtask(folder.path(), &[&["reproduce"], args, json].concat());
            let text = refusal(&output);
            assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
            assert!(text.contains(words), "{args:?}: {text}");
        }
    }
    // Whoever has the data finds it by the hint.
    let text = refusal(&xtask(folder.path(), &["reproduce", "train"]));
    assert!(text.contains("hint: ") && text.contains("--data"), "{text}");
}
