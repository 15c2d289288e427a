mod inputs;
mod json;
mod many;
mod no_worse;
mod tensors;

use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::Sandbox;

/// Two versions whose tensors differ in every way.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.tensors(
        "m.safetensors",
        &[
            ("form", &[2, 1], &[1.0, 2.0]),
            ("gone", &[1], &[9.0]),
            ("old_name", &[3], &[1.0, 2.0, 3.0]),
            ("same", &[1], &[4.0]),
            ("w", &[4], &[1.0, 2.0, 3.0, 4.0]),
        ],
    );
    sandbox.ok(
        "commit m.safetensors -m before --metric val_loss=0.5 --metric f1=0.9 --metric size=3 \
         --metric old=1 --param lr=0.1 --param epochs=3",
    );
    sandbox.tensors(
        "m.safetensors",
        &[
            ("came", &[1], &[8.0]),
            ("form", &[1, 2], &[1.0, 2.0]),
            ("new_name", &[3], &[1.0, 2.0, 3.0]),
            ("same", &[1], &[4.0]),
            ("w", &[4], &[1.0, 2.0, 3.5, 4.0]),
        ],
    );
    sandbox
        .ok("commit m.safetensors -m after --metric val_loss=0.4 --metric f1=0.8 --metric size=4 \
         --param lr=0.2 --param epochs=3 --param warm=true");
    sandbox
}

#[test]
fn two_versions_are_compared_in_tables() {
    let sandbox = sandbox();
    assert_snapshot!(sandbox.run("compare main~ main"), @"
       version       #  revision  message
    a  id1_________  1  main~     before
    b  id2_________  2  main      after

    model changed, state changed, recipe changed, data same, code same

    metric    better    a    b  delta
    f1        higher  0.9  0.8   -0.1  worse
    old                 1    -
    size                3    4     +1
    val_loss  lower   0.5  0.4   -0.1  better

    parameter  a    b
    lr         0.1  0.2
    warm       -    true

    6 tensors: 1 changed, 1 reshaped, 1 renamed, 1 added, 1 removed, 1 same
    tensor                status    type
    came                  added     F32 1
    gone                  removed   F32 1
    form                  reshaped  F32 2x1 -> 1x2
    old_name -> new_name  renamed   F32 3

    tensor  type   rel l2  max |b-a|  changed  mean |b-a|    cosine
    w       F32 4  0.0913        0.5   25.0 %       0.125  0.997365

    1 file: 1 changed
    file           status    size
    m.safetensors  changed  343 B
    ");
    assert_eq!(sandbox.run("diff main~ main"), sandbox.run("compare main~ main"));
}

#[test]
fn more_than_two_are_compared_with_the_first() {
    let sandbox = Sandbox::with_history();
    let documents = sandbox.json("compare main main~ main~2");
    let same: Vec<_> = documents.as_array().unwrap().iter().map(|d| &d["a"]).collect();
    assert_eq!(same.len(), 2);
    assert_eq!(same[0], same[1]);
    assert_snapshot!(sandbox.run("compare main main~ main"), @"
       version       #  revision  message
    a  id3_________  3  main      epoch 3
    b  id2_________  2  main~     epoch 2
    c  id3_________  3  main      epoch 3

       model    state    recipe  data  code
    b  changed  changed  same    same  same
    c  same     same     same    same  same

    metric    better         a          b         c
    val_loss  lower   0.333333  worse 0.5  0.333333

    b: 1 tensor: 1 changed
    c: 1 tensor: 1 same
    numbers are the relative l2 of the change from a

    tensor  type       b     c
    bias    F32 2  0.329  same

    file                     b     c
    model.safetensors  changed  same
    ");
}

#[test]
fn the_exit_code_tells_whether_anything_differs() {
    let sandbox = Sandbox::new();
    sandbox.file("x", "1");
    sandbox.file("data.csv", "a\n1\n");
    sandbox.ok("commit x");
    for (line, expected) in [
        ("commit x -m 'another message' --author bob", 0),
        ("commit x --metric loss=1", 3),
        ("commit x --param lr=1", 3),
        ("commit x --data data.csv", 3),
        ("commit x --code x", 3),
    ] {
        sandbox.ok("tag base --force");
        sandbox.ok(line);
        let code = |line: &str| sandbox.output(line).status.code();
        assert_eq!(code("compare base main --exit-code"), Some(expected), "{line}");
        assert_eq!(code("compare base main"), Some(0));
    }
    sandbox.file("x", "2");
    sandbox.ok("commit x --code x");
    assert_snapshot!(sandbox.run("compare main~ main --exit-code"), @"
       version       #  revision  message
    a  id6_________  6  main~
    b  id7_________  7  main

    model changed, state changed, recipe changed, data same, code changed

    1 file: 1 changed
    file  status   size
    x     changed   1 B
    [exit code 3]
    ");
}

#[test]
fn measurements_differ_only_beyond_their_spreads() {
    let sandbox = Sandbox::new();
    sandbox.file("x", "1");
    sandbox.ok("commit x --metric hash=100 --metric hash.spread=0.02 --metric read=10 \
         --metric read.spread=0.01 --metric scan=0 --metric scan.spread=0.01");
    sandbox.ok("commit x --metric hash=104 --metric hash.spread=0.03 --metric read=8 \
         --metric read.spread=0.01 --metric scan=0 --metric scan.spread=0.01");
    assert_snapshot!(sandbox.run("compare main~ main"), @"
       version       #  revision  message
    a  id1_________  1  main~
    b  id2_________  2  main

    model same, state same, recipe same, data same, code same

    metric             a             b    delta
    hash    100 +- 2.0 %  104 +- 3.0 %   +4.0 %  same
    read     10 +- 1.0 %    8 +- 1.0 %  -20.0 %  faster
    scan      0 +- 1.0 %    0 +- 1.0 %        0  same

    1 file: 1 same
    ");
    let metrics = &sandbox.json("compare main~ main")["metrics"];
    let expected = json!({
        "a": 100.0, "b": 104.0, "delta": 4.0, "better": null, "verdict": "same", "within_spread": true
    });
    assert_eq!(metrics["hash"], expected);
    assert_eq!(metrics["read"]["within_spread"], false);
    assert!(metrics["hash.spread"].get("within_spread").is_none());
}

#[test]
fn a_version_that_is_not_there_is_named() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("compare main trial"), @r#"
    error: no version is called "trial"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("compare main"), @"
    error: the following required arguments were not provided: <B>...
    hint: usage: ckpt compare <A> <B>...
    [exit code 2]
    ");
}
