//! Gates of `compare` on numbers that are none, and on what nothing has.

use std::path::Path;

use ckpt_store::{Contents, Draft, RefName, Signature};
use insta::assert_snapshot;

use super::{refused_lines, refused_unnamed};
use crate::sandbox::{START, Sandbox};

/// A tensor, then the same with another value in its middle.
fn spoiled(value: f32) -> Sandbox {
    let sandbox = Sandbox::new();
    for middle in [2.0, value] {
        sandbox.tensors("m.safetensors", &[("weight", &[3], &[1.0, middle, 3.0])]);
        sandbox.ok("commit m.safetensors");
    }
    sandbox
}

#[test]
fn conditions_on_tensors_that_mean_nothing() {
    let sandbox = spoiled(5.0);
    let lines = [
        "compare HEAD~ HEAD --require ''",
        "compare HEAD~ HEAD --require 'max_abs < nan'",
        "compare HEAD~ HEAD --require 'max_abs < 1e999'",
        "compare HEAD~ HEAD --require 'loss < 1'",
        "compare HEAD~ HEAD --require 'max_abs < current.max_abs'",
        "compare HEAD~ HEAD --require 'max_abs < parent.max_abs'",
        "compare HEAD~ HEAD --tensor ''",
        "compare HEAD~ HEAD --tensor '['",
        "compare HEAD~ HEAD --sort size",
        "compare HEAD~ HEAD --tensor nothing",
        "compare HEAD~ HEAD --tensor nothing --require 'nan == 0'",
    ];
    assert_snapshot!(refused_unnamed(&sandbox, &lines), @r#"
      error: "" is not a condition: the name of a metric is expected, at position 1
      error: "max_abs < nan" is not a condition: a number, parent.NAME or current.NAME is expected, at position 11
      error: "max_abs < 1e999" is not a condition: the number is too large, at position 11
    hint: forms of a condition: f1 >= 0.95, loss < parent.loss, f1 >= current.f1 && loss < 0.2
    [exit code 2]
      error: --require loss < 1: a tensor has no "loss"
      error: --require max_abs < current.max_abs: a tensor has no parent. or current.
      error: --require max_abs < parent.max_abs: a tensor has no parent. or current.
    hint: a tensor has max_abs, mean_abs, l2, relative_l2, cosine, changed_fraction, nan, inf
    [exit code 2]
      error: invalid value '' for '--tensor <PATTERN>': "" is not a pattern: it is empty
      error: invalid value '[' for '--tensor <PATTERN>': "[" is not a pattern: unclosed character class; missing ']'
      error: invalid value 'size' for '--sort <ORDER>' [possible values: change, name]
    [exit code 2]
      error: no tensor of these versions has a name like "nothing"
    hint: the names are weight
    [exit code 1]
    "#);
}

#[test]
fn counts_of_what_is_no_number_are_gates() {
    for (value, count) in [(f32::NAN, "nan"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "inf")] {
        let sandbox = spoiled(value);
        let printed = sandbox.run(&format!("compare HEAD~ HEAD --require '{count} == 0'"));
        let last = format!("not met: tensor weight: {count} == 0: {count} is 1\n[exit code 3]\n");
        assert!(printed.ends_with(&last), "{printed}");
    }
}

#[test]
fn what_became_nan_or_infinite_meets_no_condition_on_how_much_it_changed() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let sandbox = spoiled(value);
        for condition in
            ["max_abs < 0.1", "mean_abs < 0.1", "l2 < 0.1", "relative_l2 < 0.1", "cosine > 0.9"]
        {
            let output = sandbox.output(&format!("compare HEAD~ HEAD --require '{condition}'"));
            assert_eq!(output.status.code(), Some(3), "{value}: {condition}");
        }
    }
}

#[test]
fn a_metric_that_became_nan_got_worse() {
    let sandbox = Sandbox::new();
    for f1 in [Some(0.5), Some(f64::NAN), None] {
        let metrics = f1.map(|value| ("f1".to_owned(), value)).into_iter().collect();
        let signature = Signature::new("", START);
        let draft = Draft::new(Contents::Nothing, signature).with_metrics(metrics);
        sandbox.repository().commit(&RefName::branch("main").unwrap(), &draft).unwrap();
    }
    for line in ["compare main@1 main@2 --no-worse", "compare main@1 main@3 --no-worse"] {
        let printed = sandbox.run(line);
        assert!(printed.ends_with("[exit code 3]\n"), "{line}: {printed}");
    }
}

#[test]
fn statistics_of_nothing() {
    let sandbox = spoiled(5.0);
    let lines = [
        "stat",
        "stat ''",
        "stat '['",
        "stat nothing",
        "stat weight --of size",
        "stat weight --over nothing",
        "stat weight --over nothing..HEAD",
        "stat weight --over HEAD..HEAD~",
        "stat weight --over HEAD~..~",
        "stat weight --over HEAD...HEAD~",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "stat"
      error: the following required arguments were not provided: <PATTERN>...
    hint: usage: ckpt stat <PATTERN>...
    [exit code 2]
    "stat ''"
      error: invalid value '' for '<PATTERN>...': "" is not a pattern: it is empty
    "stat '['"
      error: invalid value '[' for '<PATTERN>...': "[" is not a pattern: unclosed character class; missing ']'
    [exit code 2]
    "stat nothing"
      error: no tensor of these versions has a name like "nothing"
    hint: the names are weight
    [exit code 1]
    "stat weight --of size"
      error: invalid value 'size' for '--of <WHAT>' [possible values: l2, update, nan, inf, zeros, max_abs, mean, std, rms, min, max]
    [exit code 2]
    "stat weight --over nothing"
    "stat weight --over nothing..HEAD"
      error: no version is called "nothing"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    "stat weight --over HEAD..HEAD~"
      error: version id2_________ is not on the line of first parents of id1_________
    hint: a range A..B is what comes after A, up to B
    [exit code 1]
    "stat weight --over HEAD~..~"
      error: "~" is not a revision: it names nothing
    "stat weight --over HEAD...HEAD~"
      error: "HEAD...HEAD~" is not a revision: a range has two dots, once
    hint: forms of a revision: main, main~3, main@12, HEAD, min:loss, max:f1@main, an id
    [exit code 2]
    "#);
}

#[test]
fn statistics_do_not_rely_on_what_was_kept() {
    let sandbox = spoiled(f32::NAN);
    let first = sandbox.ok("stat weight");
    assert!(first.contains("nan"), "{first}");
    let kept = sandbox.list(".ckpt/cache");
    assert!(!kept.is_empty());
    let folder = sandbox.path(".ckpt/cache");
    fill_with_garbage(&folder);
    assert_eq!(sandbox.ok("stat weight"), first);
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "no folder").unwrap();
    assert_eq!(sandbox.ok("stat weight"), first);
}

/// Replaces what is in all files of a folder and below, by bytes of another length.
fn fill_with_garbage(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            fill_with_garbage(&path);
        } else {
            std::fs::write(path, "garbage\u{1b}[31m").unwrap();
        }
    }
}

#[cfg(unix)]
#[test]
fn an_answer_stands_though_nobody_reads_what_explains_it() {
    let sandbox = Sandbox::new();
    // More names than a pipe's buffer holds.
    let names: Vec<String> = (0..400).map(|index| format!("a.layer.of.a.model.{index}")).collect();
    for value in [1.0, 2.0] {
        let tensors: Vec<(&str, &[u64], &[f32])> = names
            .iter()
            .map(|name| (name.as_str(), &[1][..], if value < 2.0 { &[1.0][..] } else { &[2.0] }))
            .collect();
        sandbox.tensors("m.safetensors", &tensors);
        sandbox.ok("commit m.safetensors");
    }
    for line in ["compare HEAD~ HEAD --all --exit-code", "compare HEAD~ HEAD --json --exit-code"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = sandbox.command(line).stdout(writer).status().unwrap();
        assert_eq!(status.code(), Some(3), "{line}");
    }
}
