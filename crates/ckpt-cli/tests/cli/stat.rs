//! Statistics of tensors through history.

use ckpt_store::{GcOptions, Signature};
use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::{START, Sandbox};

/// Four versions of which the third is spoiled.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for w in [[3.0, 4.0, 0.0], [3.0, 5.0, 0.0], [3.0, f32::NAN, f32::INFINITY], [3.0, 6.0, 0.5]] {
        sandbox.tensors(
            "m.safetensors",
            &[("head.bias", &[1], &[0.25]), ("head.weight", &[3], &w), ("body", &[1], &[w[0]])],
        );
        sandbox.ok("commit m.safetensors");
    }
    sandbox
}

#[test]
fn a_tensor_is_followed_through_history() {
    let sandbox = sandbox();
    assert_snapshot!(sandbox.run("stat head.*"), @"
    head.bias  F32 1
    #  version         l2  update  max_abs  mean  std   rms
    1  id1_________  0.25       -     0.25  0.25    0  0.25
    2  id2_________  0.25       0     0.25  0.25    0  0.25
    3  id3_________  0.25       0     0.25  0.25    0  0.25
    4  id4_________  0.25       0     0.25  0.25    0  0.25
    l2      ▄▄▄▄  0.25 -> 0.25
    update   ▄▄▄  0 -> 0

    head.weight  F32 3
    #  version       nan  inf    l2  update  max_abs  mean   std  zeros   rms
    1  id1_________    0    0     5       -        4  2.33   1.7      1  2.89
    2  id2_________    0    0  5.83     0.2        5  2.67  2.05      1  3.37
    3  id3_________    1    1     3     NaN        3     3     0      0     3
    4  id4_________    0    0  6.73     NaN        6  3.17  2.25      0  3.88
    l2      ▅▇▁█  5 -> 6.73
    ");
    assert_snapshot!(sandbox.run("stat *weight --over main@1..main@3 --of update,nan,min"), @"
    head.weight  F32 3
    #  version       update  nan  min
    2  id2_________     0.2    0    0
    3  id3_________     NaN    1    3
    ");
    assert_snapshot!(sandbox.run("stat body --over main..main"), @"no version is in main..main");
}

#[test]
fn json_has_a_line_for_each_version_and_tensor() {
    let sandbox = sandbox();
    let documents = sandbox.documents("stat head.weight --over main@2");
    assert_eq!(documents.len(), 2);
    assert_snapshot!(sandbox.pretty(&documents[1]), @r#"
    {
      "version": "id2",
      "number": 2,
      "tensor": "head.weight",
      "role": "weights",
      "dtype": "F32",
      "shape": [3],
      "removed": false,
      "count": 3,
      "l2": 5.830951894845301,
      "rms": 3.366501646120693,
      "max_abs": 5.0,
      "mean": 2.6666666666666665,
      "std": 2.0548046676563256,
      "min": 0.0,
      "max": 5.0,
      "zeros": 1,
      "nan": 0,
      "inf": 0,
      "update": 0.2
    }
    "#);
    assert_eq!(documents[0]["update"], json!(null));
    let spoiled = &sandbox.documents("stat head.weight")[2];
    assert_eq!(
        (&spoiled["nan"], &spoiled["inf"], &spoiled["l2"]),
        (&json!(1), &json!(1), &json!(3.0))
    );
}

#[test]
fn what_is_wrong_is_said() {
    let sandbox = sandbox();
    assert_snapshot!(sandbox.run("stat head"), @r#"
    error: no tensor of these versions has a name like "head"
    hint: a pattern is for whole names: try '*head*'
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("stat * --over main..main~"), @"
    error: version id4_________ is not on the line of first parents of id3_________
    hint: a range A..B is what comes after A, up to B
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("stat * --over a...b"), @r#"
    error: "a...b" is not a revision: a range has two dots, once
    hint: forms of a revision: main, main~3, main@12, HEAD, min:loss, max:f1@main, an id
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("stat * --of size"), @"
    error: invalid value 'size' for '--of <WHAT>' [possible values: l2, update, nan, inf, zeros, max_abs, mean, std, rms, min, max]
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("stat"), @"
    error: the following required arguments were not provided: <PATTERN>...
    hint: usage: ckpt stat <PATTERN>...
    [exit code 2]
    ");
}

#[test]
fn removed_content_is_named_and_what_was_computed_is_kept() {
    let sandbox = sandbox();
    let before = sandbox.ok("stat head.weight");
    let repository = sandbox.repository();
    let first = repository.resolve("main@1").unwrap();
    let signature = Signature::new("ada", START);
    let gc = GcOptions::new(signature);
    repository.remove_content(&[first], "too large", &gc).unwrap();
    let after = sandbox.run("stat head.weight");
    let (table, notice) = after.split_at(before.len());
    assert_eq!(table, before);
    assert_snapshot!(notice, @"
    version id1_________: its content was removed; numbers are from before, if any
    ");
    std::fs::remove_dir_all(sandbox.path(".ckpt/cache")).unwrap();
    assert_snapshot!(sandbox.run("stat head.weight --over main@2"), @"
    head.weight  F32 3
    #  version         l2  update  max_abs  mean   std  zeros   rms
    1  id1_________     -       -        -     -     -      -     -
    2  id2_________  5.83       -        5  2.67  2.05      1  3.37
    version id1_________: its content was removed; numbers are from before, if any
    ");
    assert_eq!(sandbox.output("stat head.weight --over main@2 --json").status.code(), Some(0));
}

#[test]
fn tables_fit_and_names_stay_in_their_line() {
    let sandbox = Sandbox::new();
    for step in 1..=5_u8 {
        let value = f32::from(step) * -1.234_567e-7;
        sandbox.tensors("m.safetensors", &[("w\u{1b}[2J\n", &[4], &[value, 0.0, value, 1.0])]);
        sandbox.ok("commit m.safetensors");
    }
    let all = sandbox.run("stat *");
    assert!(all.lines().all(|line| line.chars().count() <= 80), "{all}");
    assert_snapshot!(all, @r#"
    w\u{1b}[2J\n  F32 4
    #  version       l2   update  max_abs  mean    std  zeros  rms
    1  id1_________   1        -        1  0.25  0.433      1  0.5
    2  id2_________   1  1.75e-7        1  0.25  0.433      1  0.5
    3  id3_________   1  1.75e-7        1  0.25  0.433      1  0.5
    4  id4_________   1  1.75e-7        1  0.25  0.433      1  0.5
    5  id5_________   1  1.75e-7        1  0.25  0.433      1  0.5
    l2      ▁▂▃▆█  1 -> 1
    update   ▅█▁▁  1.75e-7 -> 1.75e-7
    "#);
}

#[test]
fn a_long_history_shows_its_newest_versions_and_charts_of_all() {
    let sandbox = Sandbox::new();
    for step in 1..=23_u8 {
        sandbox.tensors("m.safetensors", &[("w", &[1], &[f32::from(step)])]);
        sandbox.ok("commit m.safetensors");
    }
    let some = sandbox.ok("stat w --of l2");
    assert!(some.contains("\n3 versions before (--all)\n 4  "), "{some}");
    assert!(some.ends_with("  1 -> 23\n"), "{some}");
    assert_eq!(some.lines().count(), 1 + 1 + 1 + 20 + 1, "{some}");
    assert_eq!(sandbox.ok("stat w --of l2 --all").lines().count(), 1 + 1 + 23 + 1);
}
