use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::Sandbox;

/// Makes a repository with two models, of which one has two lines.
fn with_models() -> Sandbox {
    let sandbox = Sandbox::new();
    let commit = |branch: &str, len: u64, rest: &str| {
        let values: Vec<f32> = (0..len).map(|value| value as f32).collect();
        sandbox.tensors("model.safetensors", &[("weight", &[len], &values)]);
        sandbox.ok(&format!("commit model.safetensors -b {branch} {rest}"));
    };
    commit("resnet/main", 1500, "--metric val_loss=0.5 --metric f1=0.8");
    commit("resnet/main", 1501, "--metric val_loss=0.25 --metric f1=0.7");
    sandbox.ok("branch resnet/lr-sweep resnet/main~");
    commit("resnet/lr-sweep", 2000, "--metric val_loss=0.3 --metric f1=0.9");
    commit("bert", 1_200_000, "--metric loss_weight=3");
    sandbox.ok("tag v1 resnet/main~");
    sandbox.ok("promote resnet/main production");
    sandbox.ok("switch resnet/main");
    sandbox
}

#[test]
fn branches_with_a_slash_are_lines_of_one_model() {
    let sandbox = with_models();
    let wide = |line: &str| {
        let output = sandbox.command(line).env("COLUMNS", "120").output().unwrap();
        sandbox.transcript(&output)
    };
    assert_snapshot!(wide("models"), @"
    model   lines  versions  newest             time    size  params  best              refs
    bert        1         1  id4_________  4 min ago  4.8 MB   1.2 M
    resnet      2         3  id3_________  5 min ago  8.1 kB   2.0 k  val_loss 0.25 #2  v1, production
    ");
    assert_snapshot!(wide("models resnet"), @"
      line             versions  newest             time    size  params  best              refs
      resnet/lr-sweep         2  id3_________  6 min ago  8.1 kB   2.0 k  val_loss 0.3 #2   v1
    * resnet/main             2  id2_________  8 min ago  6.1 kB   1.5 k  val_loss 0.25 #2  v1, production
    ");
    assert_snapshot!(wide("models --best max:f1"), @"
    model   lines  versions  newest             time    size  params  best       refs
    bert        1         1  id4_________  6 min ago  4.8 MB   1.2 M
    resnet      2         3  id3_________  7 min ago  8.1 kB   2.0 k  f1 0.9 #2  v1, production
    ");
    assert_snapshot!(sandbox.run("models"), @"
    model   lines  versions       time    size  params  best              refs
    bert        1         1  7 min ago  4.8 MB   1.2 M
    resnet      2         3  8 min ago  8.1 kB   2.0 k  val_loss 0.25 #2  v1, pro...
    ");
}

#[test]
fn models_in_json_have_all_that_the_table_may_lack() {
    let sandbox = with_models();
    let models = sandbox.json("models");
    assert_snapshot!(sandbox.pretty(&models[1]), @r#"
    {
      "model": "resnet",
      "branches": ["resnet/lr-sweep","resnet/main"],
      "versions": 3,
      "newest": {
        "version": "id3",
        "branch": "resnet/lr-sweep",
        "number": 2,
        "time": "2023-11-14T22:16:20Z",
        "bytes": 8073,
        "parameters": 2000
      },
      "best": {
        "metric": "val_loss",
        "goal": "min",
        "value": 0.25,
        "version": "id2",
        "number": 2
      },
      "tags": ["v1"],
      "aliases": ["production"]
    }
    "#);
    let bert = &models[0];
    assert_eq!((&bert["model"], &bert["best"]), (&json!("bert"), &json!(null)));
    let lines = sandbox.json("models resnet");
    assert_snapshot!(sandbox.pretty(&lines[0]), @r#"
    {
      "branch": "resnet/lr-sweep",
      "versions": 2,
      "newest": {
        "version": "id3",
        "branch": "resnet/lr-sweep",
        "number": 2,
        "time": "2023-11-14T22:16:20Z",
        "bytes": 8073,
        "parameters": 2000
      },
      "best": {
        "metric": "val_loss",
        "goal": "min",
        "value": 0.3,
        "version": "id3",
        "number": 2
      },
      "tags": ["v1"],
      "aliases": []
    }
    "#);
    assert_eq!(lines.as_array().unwrap().len(), 2);
    assert_eq!(sandbox.json("models bert --best min:loss_weight")[0]["best"]["value"], 3.0);
}

#[test]
fn what_notes_measured_counts_for_the_best() {
    let sandbox = with_models();
    sandbox.ok("note resnet/main~ --metric val_loss=0.1");
    let best = &sandbox.json("models resnet")[1]["best"];
    assert_eq!((&best["value"], &best["number"]), (&json!(0.1), &json!(1)));
}

#[test]
fn a_model_that_is_none_is_not_found() {
    assert_snapshot!(Sandbox::new().run("models"), @"there is no model yet");
    let sandbox = with_models();
    assert_snapshot!(sandbox.run("models resent"), @r#"
    error: there is no model "resent"
    hint: did you mean resnet?
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("models gpt"), @r#"
    error: there is no model "gpt"
    hint: `ckpt models` lists all
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("models --best f1"), @r#"
    error: invalid value 'f1' for '--best <GOAL>': "f1" is not min:METRIC or max:METRIC
    [exit code 2]
    "#);
}

#[test]
fn a_metric_that_no_version_has_makes_none_the_best() {
    let sandbox = with_models();
    assert_snapshot!(sandbox.run("models --best max:val_los"), @r#"
    error: no version has a metric "val_los" that is a number
    hint: did you mean val_loss?
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("models bert --best max:nothing --json"), @r#"
    error: no version of bert has a metric "nothing" that is a number
    hint: `ckpt log` shows metrics
    [exit code 1]
    "#);
}
