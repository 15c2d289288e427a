//! Which tensors are listed, how, and what is required of them.

use ckpt_store::{Contents, Draft, RefName, Role, Signature, Tensor};
use ckpt_tensor::Dtype;
use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::Sandbox;

/// Returns what `compare` says of tensors, from their count on.
fn tensors(sandbox: &Sandbox, line: &str) -> String {
    let all = sandbox.run(line);
    let start = all.find(" tensor").map_or(0, |at| all[..at].rfind('\n').unwrap_or(0));
    let end = all.find("\n\n1 file").map_or(all.len(), |end| end + 1);
    all[start..end].to_owned()
        + all
            .split_once("1 changed\nfile")
            .map_or("", |(_, rest)| rest.split_once("\n\n").map_or("", |(_, rest)| rest))
}

/// Two versions of a transformer with names as long as they are in practice.
fn transformer() -> Sandbox {
    let sandbox = Sandbox::new();
    let names: Vec<String> =
        (0..30).map(|layer| format!("model.layers.{layer}.self_attn.q_proj.weight")).collect();
    for step in 0..2_u8 {
        let values: Vec<[f32; 4]> = (0..30_u8)
            .map(|layer| [1.0, 2.0, 3.0, 4.0 + f32::from(step) * f32::from(layer / 5) * 0.01])
            .collect();
        let shape: &[u64] = &[2, 2];
        let tensors: Vec<(&str, &[u64], &[f32])> =
            names.iter().zip(&values).map(|(name, values)| (&**name, shape, &values[..])).collect();
        sandbox.tensors("m.safetensors", &tensors);
        sandbox.ok("commit m.safetensors");
    }
    sandbox
}

#[test]
fn what_changed_most_comes_first_and_the_rest_is_counted() {
    let sandbox = transformer();
    assert_snapshot!(tensors(&sandbox, "compare main~ main"), @"
    30 tensors: 25 changed, 5 same
    tensor                                   type      rel l2  max |b-a|  changed
    model.layers.25.self_attn.q_proj.weight  F32 2x2  0.00913       0.05   25.0 %
    model.layers.26.self_attn.q_proj.weight  F32 2x2  0.00913       0.05   25.0 %
    model.layers.27.self_attn.q_proj.weight  F32 2x2  0.00913       0.05   25.0 %
    model.layers.28.self_attn.q_proj.weight  F32 2x2  0.00913       0.05   25.0 %
    model.layers.29.self_attn.q_proj.weight  F32 2x2  0.00913       0.05   25.0 %
    model.layers.20.self_attn.q_proj.weight  F32 2x2   0.0073       0.04   25.0 %
    model.layers.21.self_attn.q_proj.weight  F32 2x2   0.0073       0.04   25.0 %
    model.layers.22.self_attn.q_proj.weight  F32 2x2   0.0073       0.04   25.0 %
    model.layers.23.self_attn.q_proj.weight  F32 2x2   0.0073       0.04   25.0 %
    model.layers.24.self_attn.q_proj.weight  F32 2x2   0.0073       0.04   25.0 %
    model.layers.15.self_attn.q_proj.weight  F32 2x2  0.00548       0.03   25.0 %
    model.layers.16.self_attn.q_proj.weight  F32 2x2  0.00548       0.03   25.0 %
    model.layers.17.self_attn.q_proj.weight  F32 2x2  0.00548       0.03   25.0 %
    model.layers.18.self_attn.q_proj.weight  F32 2x2  0.00548       0.03   25.0 %
    model.layers.19.self_attn.q_proj.weight  F32 2x2  0.00548       0.03   25.0 %
    model.layers.10.self_attn.q_proj.weight  F32 2x2  0.00365       0.02   25.0 %
    model.layers.11.self_attn.q_proj.weight  F32 2x2  0.00365       0.02   25.0 %
    model.layers.12.self_attn.q_proj.weight  F32 2x2  0.00365       0.02   25.0 %
    model.layers.13.self_attn.q_proj.weight  F32 2x2  0.00365       0.02   25.0 %
    model.layers.14.self_attn.q_proj.weight  F32 2x2  0.00365       0.02   25.0 %
    ... and 5 more (--all)
    ");
    let all = sandbox.run("compare main~ main --all");
    assert_eq!(all.matches("model.layers").count(), 30);
    assert!(!all.contains("more (--all)"), "{all}");
    assert!(all.lines().all(|line| line.chars().count() <= 80), "{all}");
    assert_snapshot!(tensors(&sandbox, "compare main~ main --tensor *.2?.* --sort name"), @"
    10 tensors: 10 changed
    tensor                                   type      rel l2  max |b-a|  changed
    model.layers.20.self_attn.q_proj.weight  F32 2x2   0.0073       0.04   25.0 %
    model.layers.21.self_attn.q_proj.weight  F32 2x2   0.0073       0.04   25.0 %
    model.layers.22.self_attn.q_proj.weight  F32 2x2   0.0073       0.04   25.0 %
    model.layers.23.self_attn.q_proj.weight  F32 2x2   0.0073       0.04   25.0 %
    model.layers.24.self_attn.q_proj.weight  F32 2x2   0.0073       0.04   25.0 %
    model.layers.25.self_attn.q_proj.weight  F32 2x2  0.00913       0.05   25.0 %
    model.layers.26.self_attn.q_proj.weight  F32 2x2  0.00913       0.05   25.0 %
    model.layers.27.self_attn.q_proj.weight  F32 2x2  0.00913       0.05   25.0 %
    model.layers.28.self_attn.q_proj.weight  F32 2x2  0.00913       0.05   25.0 %
    model.layers.29.self_attn.q_proj.weight  F32 2x2  0.00913       0.05   25.0 %
    ");
}

#[test]
fn a_pattern_that_matches_nothing_is_an_error_with_a_suggestion() {
    let sandbox = transformer();
    assert_snapshot!(sandbox.run("compare main~ main --tensor q_proj"), @r#"
    error: no tensor of these versions has a name like "q_proj"
    hint: a pattern is for whole names: try '*q_proj*'
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("compare main~ main --tensor model.layers.3.self_atn.q_proj.weight"), @r#"
    error: no tensor of these versions has a name like "model.layers.3.self_atn.q_proj.weight"
    hint: did you mean "model.layers.3.self_attn.q_proj.weight"?
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("compare main~ main --tensor nothing"), @r#"
    error: no tensor of these versions has a name like "nothing"
    hint: names start with "model.layers.0.self_attn.q_proj.weight"; `show` lists them all
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("compare main~ main --tensor a["), @r#"
    error: invalid value 'a[' for '--tensor <PATTERN>': "a[" is not a pattern: unclosed character class; missing ']'
    [exit code 2]
    "#);
}

/// Versions whose tensor `w` is spoiled step by step, beside one in another dtype.
fn spoiled() -> Sandbox {
    let sandbox = Sandbox::new();
    for w in [[1.0, 2.0, 3.0, 4.0], [f32::NAN, 2.0, f32::INFINITY, 4.5], [1.0, f32::NAN, 3.0, 4.0]]
    {
        sandbox.tensors("m.safetensors", &[("b", &[1], &[w[3]]), ("w", &[4], &w)]);
        sandbox.ok("commit m.safetensors");
    }
    sandbox
}

#[test]
fn what_is_not_a_number_is_said_loudly() {
    let sandbox = spoiled();
    assert_snapshot!(tensors(&sandbox, "compare main@1 main@2"), @"
    2 tensors: 2 changed
    tensor  type   rel l2  max |b-a|  changed  mean |b-a|    cosine
    w       F32 4   0.112        0.5   75.0 %        0.25  0.998969
    b       F32 1   0.125        0.5    100 %         0.5         1
    w: NaN 0 -> 1, infinite 0 -> 1
    ");
    assert_snapshot!(tensors(&sandbox, "compare main@2 main@1 --tensor w"), @"
    1 tensor: 1 changed
    tensor  type   rel l2  max |b-a|  changed  mean |b-a|    cosine
    w       F32 4   0.102        0.5   75.0 %        0.25  0.998969
    w: NaN 1 -> 0, infinite 1 -> 0
    ");
    let tensor = &sandbox.json("compare main@1 main@2")["tensors"][1];
    let keys = ["nan_a", "nan_b", "inf_a", "inf_b"].map(|key| tensor[key].clone());
    assert_eq!(keys, [0, 1, 0, 1].map(|count| json!(count)));
}

#[test]
fn a_cast_shows_what_it_lost() {
    let sandbox = Sandbox::new();
    let commit = |dtype, bytes: Vec<u8>| {
        let tensor = Tensor::new("w", dtype, [2], Role::Weights, bytes).unwrap();
        let draft = Draft::new(Contents::Tensors(vec![tensor]), Signature::new("", 0));
        sandbox.repository().commit(&RefName::branch("main").unwrap(), &draft).unwrap();
    };
    commit(Dtype::F32, [1.0_f32, 1.001].iter().flat_map(|value| value.to_le_bytes()).collect());
    commit(Dtype::Bf16, vec![0x80, 0x3f, 0x80, 0x3f]);
    commit(Dtype::C64, vec![0; 16]);
    assert_snapshot!(tensors(&sandbox, "compare main@1 main@2"), @"
    1 tensor: 1 retyped
    tensor  type             rel l2  max |b-a|  changed  mean |b-a|  cosine
    w       F32 -> BF16 2  0.000707      0.001   50.0 %      0.0005       1
    ");
    assert_snapshot!(tensors(&sandbox, "compare main@2 main@3"), @"
    1 tensor: 1 retyped
    tensor  status   type
    w       retyped  BF16 -> C64 2
    ");
    let lossless = |line: &str| sandbox.output(line).status.code();
    assert_eq!(lossless("compare main@1 main@2 --require relative_l2<=0.001"), Some(0));
    assert_eq!(lossless("compare main@1 main@2 --require relative_l2<=0.0001"), Some(3));
    assert_eq!(lossless("compare main@2 main@3 --require relative_l2<=9"), Some(3), "no pairs");
}

#[test]
fn what_is_required_is_met_or_named() {
    let sandbox = super::sandbox();
    let code = |line: &str| sandbox.output(line).status.code();
    let within = "compare main~ main --tensor w --require 'relative_l2 <= 0.1 && nan == 0'";
    assert_eq!(code(within), Some(0));
    assert!(sandbox.run(within).ends_with("\n\nall that is required is met\n"));
    assert_snapshot!(
        sandbox.run("compare main~ main --tensor w --tensor came --tensor same \
            --require 'relative_l2 < 0.05' --require 'inf == 0'"), @"
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

    3 tensors: 1 changed, 1 added, 1 same
    tensor  status  type
    came    added   F32 1

    tensor  type   rel l2  max |b-a|  changed  mean |b-a|    cosine
    w       F32 4  0.0913        0.5   25.0 %       0.125  0.997365

    1 file: 1 changed
    file           status    size
    m.safetensors  changed  343 B

    not met: tensor came: relative_l2 < 0.05: it was added
    not met: tensor came: inf == 0: it was added
    not met: tensor w: relative_l2 < 0.05: relative_l2 is 0.09128709291752768
    [exit code 3]
    ");
    let document =
        sandbox.json("compare main~ main --tensor w --require l2<0.1 --no-worse --ignore-unknown");
    assert_eq!(document["met"], false);
    assert_snapshot!(sandbox.pretty(&document["unmet"]), @r#"
    [
      {
        "kind": "tensor",
        "name": "w",
        "condition": "l2 < 0.1",
        "values": {"l2":0.5}
      },
      {
        "kind": "metric",
        "name": "f1",
        "condition": "no worse",
        "values": {"a":0.9,"b":0.8}
      }
    ]
    "#);
    let document = sandbox.json("compare main~ main --tensor w --require l2<1");
    assert_eq!((&document["met"], &document["unmet"]), (&json!(true), &json!([])));
}

#[test]
fn a_tensor_that_is_the_same_is_read_where_its_numbers_are_asked_for() {
    let sandbox = spoiled();
    let code = |line: &str| sandbox.output(line).status.code();
    assert_eq!(code("compare main@2 main@2 --require relative_l2==0"), Some(0));
    assert_eq!(code("compare main@1 main@1 --require nan==0"), Some(0));
    let spoiled = sandbox.run("compare main@2 main@2 --require nan==0");
    assert!(
        spoiled.ends_with("not met: tensor w: nan == 0: nan is 1\n[exit code 3]\n"),
        "{spoiled}"
    );
}

#[test]
fn metrics_that_got_worse_close_the_gate() {
    let sandbox = super::sandbox();
    let end = |line: &str| {
        let all = sandbox.run(line);
        all.split_once("not met").map_or(String::new(), |(_, end)| format!("not met{end}"))
    };
    assert_snapshot!(end("compare main~ main --no-worse --ignore-unknown"), @"
    not met: metric f1 got worse: 0.9 -> 0.8
    [exit code 3]
    ");
    sandbox.ok("note main --metric f1=0.95");
    assert_eq!(
        sandbox.output("compare main~ main --no-worse --ignore-unknown").status.code(),
        Some(0)
    );
    sandbox.file(".ckpt/config.toml", "[metrics]\nlower_is_better = [\"size\", \"old\"]\n");
    assert_snapshot!(end("compare main~ main --no-worse --ignore-unknown"), @"
    not met: metric old got worse: 1 -> nothing
    not met: metric size got worse: 3 -> 4
    [exit code 3]
    ");
    let metrics = &sandbox.json("compare main~ main")["metrics"];
    assert_eq!(
        (&metrics["size"]["better"], &metrics["size"]["verdict"]),
        (&json!("lower"), &json!("worse"))
    );
    sandbox.file(".ckpt/config.toml", "[metrics]\nlower_is_better = [\"a[\"]\n");
    assert_snapshot!(sandbox.run("compare main~ main"), @r#"
    error: config.toml: line 2, lower_is_better: "a[" is not a pattern: unclosed character class; missing ']'
    hint: config.toml is in the folder .ckpt
    [exit code 1]
    "#);
}

#[test]
fn conditions_that_no_tensor_can_meet_are_wrong_usage() {
    let sandbox = super::sandbox();
    assert_snapshot!(sandbox.run("compare main~ main --require loss<1"), @r#"
    error: --require loss < 1: a tensor has no "loss"
    hint: a tensor has max_abs, mean_abs, l2, relative_l2, cosine, changed_fraction, nan, inf
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("compare main~ main --require l2<parent.l2"), @"
    error: --require l2 < parent.l2: a tensor has no parent. or current.
    hint: a tensor has max_abs, mean_abs, l2, relative_l2, cosine, changed_fraction, nan, inf
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("compare main~ main --require l2"), @r#"
    error: "l2" is not a condition: one of < <= > >= == != is expected, at position 3
    hint: forms of a condition: f1 >= 0.95, loss < parent.loss, f1 >= current.f1 && loss < 0.2
    [exit code 2]
    "#);
    sandbox.file("x", "1");
    sandbox.ok("branch opaque");
    sandbox.ok("switch opaque");
    sandbox.ok("commit x");
    sandbox.ok("commit x");
    assert_snapshot!(sandbox.run("compare opaque~ opaque --require l2<1"), @"
    error: there is no tensor that --require could be about
    hint: `ckpt show opaque` lists what a version has
    [exit code 1]
    ");
}

#[test]
fn adversarial_names_stay_in_their_line() {
    let sandbox = Sandbox::new();
    let name = "w\u{1b}[31m\nerror: all is lost\u{202e}";
    for value in [1.0_f32, f32::NAN] {
        sandbox.tensors("m.safetensors", &[(name, &[1], &[value])]);
        sandbox.ok("commit m.safetensors");
    }
    assert_snapshot!(tensors(&sandbox, "compare main~ main --require nan==0"), @r"

    1 tensor: 1 changed
    tensor                                   type   rel l2  max |b-a|  changed
    w\u{1b}[31m\nerror: all is lost\u{202e}  F32 1     NaN        NaN    100 %
    w\u{1b}[31m\nerror: all is lost\u{202e}: NaN 0 -> 1
    not met: tensor w\u{1b}[31m\nerror: all is lost\u{202e}: nan == 0: nan is 1
    [exit code 3]
    ");
}

#[test]
fn many_versions_stand_side_by_side_in_as_many_tables_as_they_need() {
    let sandbox = Sandbox::new();
    for step in 1..=9_u8 {
        let w = [1.0, f32::from(step), if step == 4 { f32::NAN } else { 0.0 }];
        sandbox.tensors("m.safetensors", &[("fixed", &[1], &[1.0]), ("w", &[3], &w)]);
        let (loss, rate) = (1.0 / f64::from(step), 0.1 * f64::from(step));
        sandbox.ok(&format!("commit m.safetensors --metric val_loss={loss} --param lr={rate:.1}"));
    }
    let revisions: Vec<String> = (1..=9).map(|number| format!("main@{number}")).collect();
    let all = sandbox.run(&format!("compare {}", revisions.join(" ")));
    assert!(all.lines().all(|line| line.chars().count() <= 80), "{all}");
    assert_snapshot!(all, @"
       version       #  revision  message
    a  id1_________  1  main@1
    b  id2_________  2  main@2
    c  id3_________  3  main@3
    d  id4_________  4  main@4
    e  id5_________  5  main@5
    f  id6_________  6  main@6
    g  id7_________  7  main@7
    h  id8_________  8  main@8
    i  id9_________  9  main@9

       model    state    recipe   data  code
    b  changed  changed  changed  same  same
    c  changed  changed  changed  same  same
    d  changed  changed  changed  same  same
    e  changed  changed  changed  same  same
    f  changed  changed  changed  same  same
    g  changed  changed  changed  same  same
    h  changed  changed  changed  same  same
    i  changed  changed  changed  same  same

    metric    better  a           b                c            d           e
    val_loss  lower   1  better 0.5  better 0.333333  better 0.25  better 0.2

    metric    better                f                g             h
    val_loss  lower   better 0.166667  better 0.142857  better 0.125

    metric    better                i
    val_loss  lower   better 0.111111

    parameter    a    b    c    d    e    f    g    h    i
    lr         0.1  0.2  0.3  0.4  0.5  0.6  0.7  0.8  0.9

    b: 2 tensors: 1 changed, 1 same
    c: 2 tensors: 1 changed, 1 same
    d: 2 tensors: 1 changed, 1 same
    e: 2 tensors: 1 changed, 1 same
    f: 2 tensors: 1 changed, 1 same
    g: 2 tensors: 1 changed, 1 same
    h: 2 tensors: 1 changed, 1 same
    i: 2 tensors: 1 changed, 1 same
    numbers are the relative l2 of the change from a

    tensor  type       b     c     d     e     f     g     h     i
    w       F32 3  0.707  1.41  2.12  2.83  3.54  4.24  4.95  5.66
    d: w: NaN 0 -> 1

    file                 b        c        d        e        f        g        h
    m.safetensors  changed  changed  changed  changed  changed  changed  changed

    file                 i
    m.safetensors  changed
    ");
}
