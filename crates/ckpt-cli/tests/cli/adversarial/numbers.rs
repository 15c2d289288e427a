//! Metrics and parameters that are no numbers or have no names, and conditions on what is no number.

use ckpt_store::{Contents, Draft, RefName, Signature};
use insta::assert_snapshot;

use super::{refused, refused_lines, refused_unnamed, together};
use crate::sandbox::{START, Sandbox};

/// A branch with the metric f1 at 0.5, then NaN, infinity and none at all.
fn odd_metrics() -> Sandbox {
    let sandbox = Sandbox::new();
    for f1 in [Some(0.5), Some(f64::NAN), Some(f64::INFINITY), None] {
        let metrics = f1.map(|value| ("f1".to_owned(), value)).into_iter().collect();
        let signature = Signature::new("ada", START);
        let draft = Draft::new(Contents::Nothing, signature).with_metrics(metrics);
        sandbox.repository().commit(&RefName::branch("main").unwrap(), &draft).unwrap();
    }
    sandbox
}

#[test]
fn metrics_that_are_no_numbers_or_not_named() {
    let sandbox = Sandbox::with_history();
    let commit = "commit model.safetensors --metric";
    let values =
        ["a=", "a=1,5", "a=0x10", "a=one", "=1", "=", "'a\nb=1'", "'a\u{1b}[31m=1'", "a", "''"];
    let messages = values.map(|value| {
        let message = refused(&sandbox, &format!("{commit} {value}"));
        assert_eq!(refused(&sandbox, &format!("note HEAD --metric {value}")), message);
        (String::new(), message)
    });
    assert_snapshot!(together(messages), @r#"
      error: invalid value 'a=' for '--metric <NAME=VALUE>': "" is not a number, nan or inf
      error: invalid value 'a=1,5' for '--metric <NAME=VALUE>': "1,5" is not a number, nan or inf
      error: invalid value 'a=0x10' for '--metric <NAME=VALUE>': "0x10" is not a number, nan or inf
      error: invalid value 'a=one' for '--metric <NAME=VALUE>': "one" is not a number, nan or inf
      error: invalid value '=1' for '--metric <NAME=VALUE>': the name is empty or has control characters
      error: invalid value '=' for '--metric <NAME=VALUE>': the name is empty or has control characters
      error: invalid value 'a b=1' for '--metric <NAME=VALUE>': the name is empty or has control characters
      error: invalid value 'a=1' for '--metric <NAME=VALUE>': the name is empty or has control characters
      error: invalid value 'a' for '--metric <NAME=VALUE>': it has the form NAME=VALUE
      error: invalid value '' for '--metric <NAME=VALUE>': it has the form NAME=VALUE
    [exit code 2]
    "#);
}

#[test]
fn metrics_and_parameters_that_are_said_twice() {
    let sandbox = Sandbox::with_history();
    let lines = [
        "commit model.safetensors --metric a=1 --metric a=2",
        "commit model.safetensors --metric a=1 --metric a=1",
        "note HEAD --metric a=1 --metric a=2",
        "commit model.safetensors --param a=1 --param a=1",
        "commit model.safetensors --param =1",
        "commit model.safetensors --param a",
        "commit model.safetensors --param 'a\nb=1'",
        "commit model.safetensors --seed -1",
        "commit model.safetensors --seed 18446744073709551616",
        "commit model.safetensors --seed 1.5",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "commit model.safetensors --metric a=1 --metric a=2"
    "commit model.safetensors --metric a=1 --metric a=1"
    "note HEAD --metric a=1 --metric a=2"
      error: metric a is given twice
    "commit model.safetensors --param a=1 --param a=1"
      error: parameter a is given twice
    "commit model.safetensors --param =1"
      error: invalid value '=1' for '--param <NAME=VALUE>': the name is empty or has control characters
    "commit model.safetensors --param a"
      error: invalid value 'a' for '--param <NAME=VALUE>': it has the form NAME=VALUE
    "commit model.safetensors --param 'a\nb=1'"
      error: invalid value 'a b=1' for '--param <NAME=VALUE>': the name is empty or has control characters
    [exit code 2]
    "commit model.safetensors --seed -1"
      error: unexpected argument '-1' found
    hint: usage: ckpt commit [OPTIONS] <PATH>...
    [exit code 2]
    "commit model.safetensors --seed 18446744073709551616"
      error: invalid value '18446744073709551616' for '--seed <N>': it is too large
    "commit model.safetensors --seed 1.5"
      error: invalid value '1.5' for '--seed <N>': it is not a whole number
    [exit code 2]
    "#);
}

#[test]
fn conditions_that_do_not_parse() {
    let sandbox = Sandbox::with_history();
    let lines = [
        "log --where ''",
        "log --where val_loss",
        "log --where 'val_loss > nan'",
        "log --where 'val_loss > NaN'",
        "log --where 'val_loss < inf'",
        "log --where 'val_loss < 1e999'",
        "log --where 'val_loss <'",
        "log --where 'val_loss < 1 &&'",
        "log --where 'val_loss < 1 & val_loss > 0'",
        "log --where 'val_loss < 1 || val_loss > 0'",
        "log --where 'val_loss < 1 val_loss > 0'",
        "log --where 'val_loss =< 1'",
        "log --where '0.5 > val_loss'",
        "log --where '\"val_loss < 1'",
        "log --where 'val_loss < parent.'",
        "log --where 'val_loss < grandparent.val_loss'",
        "log --where 'a\n\u{1b}[31m'",
        "promote HEAD production --require 'val_loss < nan'",
        "promote HEAD production --require 'val_loss < 1e999'",
        "promote HEAD production --no-worse-than val_loss",
        "promote HEAD production --no-worse-than min:",
        "guard main 'val_loss < nan'",
    ];
    assert_snapshot!(refused_unnamed(&sandbox, &lines), @r#"
      error: "" is not a condition: the name of a metric is expected, at position 1
      error: "val_loss" is not a condition: one of < <= > >= == != is expected, at position 9
      error: "val_loss > nan" is not a condition: a number, parent.NAME or current.NAME is expected, at position 12
      error: "val_loss > NaN" is not a condition: a number, parent.NAME or current.NAME is expected, at position 12
      error: "val_loss < inf" is not a condition: a number, parent.NAME or current.NAME is expected, at position 12
      error: "val_loss < 1e999" is not a condition: the number is too large, at position 12
      error: "val_loss <" is not a condition: a number, parent.NAME or current.NAME is expected, at position 11
      error: "val_loss < 1 &&" is not a condition: the name of a metric is expected, at position 16
      error: "val_loss < 1 & val_loss > 0" is not a condition: && or the end is expected, at position 14
      error: "val_loss < 1 || val_loss > 0" is not a condition: && or the end is expected, at position 14
      error: "val_loss < 1 val_loss > 0" is not a condition: && or the end is expected, at position 14
      error: "val_loss =< 1" is not a condition: one of < <= > >= == != is expected, at position 10
      error: "0.5 > val_loss" is not a condition: a number stands on the right side only, at position 1
      error: "\"val_loss < 1" is not a condition: the quote is not closed, at position 1
      error: "val_loss < parent." is not a condition: the name of a metric is expected, at position 19
      error: "val_loss < grandparent.val_loss" is not a condition: a number, parent.NAME or current.NAME is expected, at position 12
      error: "a\n\u{1b}[31m" is not a condition: one of < <= > >= == != is expected, at position 3
      error: "val_loss < nan" is not a condition: a number, parent.NAME or current.NAME is expected, at position 12
      error: "val_loss < 1e999" is not a condition: the number is too large, at position 12
      error: "val_loss" is not a condition: min: or max: and the name of a metric are expected, at position 1
      error: "min:" is not a condition: the name of a metric is expected, at position 5
      error: "val_loss < nan" is not a condition: a number, parent.NAME or current.NAME is expected, at position 12
    hint: forms of a condition: f1 >= 0.95, loss < parent.loss, f1 >= current.f1 && loss < 0.2
    [exit code 2]
    "#);
}

#[test]
fn what_is_no_number_meets_no_condition() {
    let sandbox = odd_metrics();
    let numbers = |line: &str| -> Vec<u64> {
        let documents = sandbox.documents(line);
        documents.iter().map(|version| version["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers("log --where f1>0"), [1]);
    assert_eq!(numbers("log --where f1<1"), [1]);
    assert_eq!(numbers("log --where f1!=0.7"), [1]);
    assert_eq!(numbers("log --where f1>=parent.f1"), [0; 0]);
    assert_snapshot!(refused(&sandbox, "promote main@2 production --require f1>0"), @"
    error: alias production may not move to id1_________: f1 > 0 is not met: f1 is NaN
    hint: --override REASON moves it anyway, which is on record
    [exit code 3]
    ");
    assert_snapshot!(refused(&sandbox, "promote main@2 production --require f1!=0"), @"
    error: alias production may not move to id1_________: f1 != 0 is not met: f1 is NaN
    hint: --override REASON moves it anyway, which is on record
    [exit code 3]
    ");
    assert_snapshot!(refused(&sandbox, "promote main@4 production --require f1>0"), @"
    error: alias production may not move to id2_________: f1 > 0 is not met: f1 is missing
    hint: --override REASON moves it anyway, which is on record
    [exit code 3]
    ");
    sandbox.ok("promote main@2 production");
    assert_snapshot!(refused(&sandbox, "promote main@1 production --no-worse-than max:f1"), @"
    error: alias production may not move to id3_________: f1 >= current.f1 is not met: current.f1 is NaN, f1 is 0.5
    hint: --override REASON moves it anyway, which is on record
    [exit code 3]
    ");
}

#[test]
fn the_best_is_a_number() {
    let sandbox = odd_metrics();
    let number = |revision: &str| sandbox.json(&format!("show {revision}"))["number"].clone();
    assert_eq!(number("min:f1"), 1);
    assert_eq!(number("max:f1@main~2"), 1);
    // The one above it is infinite.
    assert_eq!(number("max:f1"), 1);
    let lines =
        ["show max:f2", "show min:", "show max:f1@", "show max:f1@nothing", "show 'max:a\nb'"];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "show max:f2"
      error: no version up to HEAD has a metric "f2" that is a number
    hint: `ckpt log` shows numbers and metrics
    [exit code 1]
    "show min:"
      error: "min:" is not a revision: a metric follows min: and max:
    "show max:f1@"
      error: "" is not a revision: it names nothing
    hint: forms of a revision: main, main~3, main@12, HEAD, min:loss, max:f1@main, an id
    [exit code 2]
    "show max:f1@nothing"
      error: no version is called "nothing"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    "show 'max:a\nb'"
      error: no version up to HEAD has a metric "a\nb" that is a number
    hint: `ckpt log` shows numbers and metrics
    [exit code 1]
    "#);
}

#[test]
fn what_is_not_finite_is_null_in_json() {
    let sandbox = odd_metrics();
    for (revision, value) in [
        ("main@1", serde_json::json!(0.5)),
        ("main@2", serde_json::Value::Null),
        ("main@3", serde_json::Value::Null),
    ] {
        assert_eq!(sandbox.json(&format!("show {revision}"))["metrics"]["f1"], value);
    }
    let compared = sandbox.json("compare main@1 main@2");
    assert_eq!(compared["metrics"]["f1"]["b"], serde_json::Value::Null);
}
