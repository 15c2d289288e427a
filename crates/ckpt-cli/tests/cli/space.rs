//! What takes content away and brings it back: gc, prune, undelete.

use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::Sandbox;

/// Six versions whose weights differ from end to end; the second is tagged.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for epoch in 1..=6_u8 {
        let value = |i: u32| (i as f32 * 0.37).sin() + f32::from(epoch) * 1e-6;
        let weights: Vec<f32> = (0..4096).map(value).collect();
        sandbox.tensors("model.safetensors", &[("w", &[64, 64], &weights)]);
        let loss = f32::from((epoch + 3) % 6);
        sandbox.ok(&format!("commit model.safetensors -m 'epoch {epoch}' --metric loss={loss}"));
    }
    sandbox.ok("tag v1 main@2");
    sandbox
}

#[test]
fn a_plan_names_the_rules_that_keep_and_does_nothing() {
    let sandbox = sandbox();
    let plan = sandbox.json("prune --keep-last 2 --keep-best min:loss:1 --plan");
    let kept_by = |at: usize| plan["versions"][at]["kept_by"].clone();
    assert_eq!(kept_by(0), json!(["tip of main", "last 2 of main"]));
    assert_eq!(kept_by(1), json!(["last 2 of main"]));
    assert_eq!(kept_by(3), json!(["best 1 of 1 by min:loss of main"]));
    assert_eq!(kept_by(4), json!(["tag v1"]));
    assert_eq!(plan["dropped"].as_array().unwrap().len(), 2);
    assert_eq!(kept_by(2), json!([]));
    let human = sandbox.run("prune --keep-last 2 --keep-best min:loss:1 --plan");
    assert!(human.contains("would drop 2 versions"), "{human}");
    assert!(human.contains("best 1 of 1 by min:loss of main"), "{human}");
    assert_eq!(sandbox.json("prune --keep-last 9 --plan")["dropped"], json!([]));
    for version in 1..=6 {
        sandbox.ok(&format!("restore main@{version} -o v{version}.safetensors"));
    }
}

#[test]
fn what_is_pruned_says_so_and_comes_back() {
    let sandbox = sandbox();
    sandbox.ok("restore main@3 -o before.safetensors");
    let pruned = sandbox.json("prune --keep-last 1");
    assert_eq!(pruned["dropped"].as_array().unwrap().len(), 4);
    assert!(pruned["gc"]["saved_bytes"].as_u64().unwrap() > 0);
    // History has no holes.
    assert_snapshot!(sandbox.run("log"), @"
    #  version            time  loss  message
    6  id6_________  4 min ago     3  (main) epoch 6
    5  id5_________  5 min ago     2  epoch 5
    4  id4_________  6 min ago     1  epoch 4
    3  id3_________  7 min ago     0  epoch 3
    2  id2_________  8 min ago     5  (v1) epoch 2
    1  id1_________  9 min ago     4  epoch 1
    ");
    assert_snapshot!(sandbox.run("restore main@3 -o after.safetensors"), @"
    error: the content of version id3_________ was removed on 2023-11-14 by ada: keep last 1
    hint: `ckpt undelete id3_________` brings it back while it is in trash
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("undelete"), @"
    #  version       until                    why
    5  id5_________  2023-11-28 22:21:20 UTC  keep last 1
    4  id4_________  2023-11-28 22:21:20 UTC  keep last 1
    3  id3_________  2023-11-28 22:21:20 UTC  keep last 1
    1  id1_________  2023-11-28 22:21:20 UTC  keep last 1
    ");
    assert_snapshot!(sandbox.run("undelete main@3 main@6"), @"
    id3_________  has its content again
    id6_________  has its content
    ");
    sandbox.ok("restore main@3 -o after.safetensors");
    assert_eq!(sandbox.read("before.safetensors"), sandbox.read("after.safetensors"));
    // It stays.
    assert_eq!(sandbox.json("prune --keep-last 1 --plan")["dropped"], json!([]));
    assert_eq!(sandbox.json("undelete").as_array().unwrap().len(), 3);
    sandbox.ok("gc --grace 0s");
    assert_snapshot!(sandbox.run("undelete"), @"nothing was removed that can be brought back");
    assert_snapshot!(sandbox.run("undelete main@4"), @"
    error: the content of version id4_________ was removed on 2023-11-14 by ada: keep last 1; it cannot be brought back any more
    [exit code 1]
    ");
    sandbox.ok("verify");
}

#[test]
fn gc_takes_what_no_ref_leads_to() {
    let sandbox = sandbox();
    sandbox.ok("branch side main@1");
    sandbox.tensors("model.safetensors", &[("other", &[2], &[1.0, 2.0])]);
    sandbox.ok("commit model.safetensors -b side -m aside");
    let version = sandbox.json("show side")["version"].clone();
    sandbox.ok("branch -d side");
    assert_eq!(sandbox.json("gc --plan")["unreachable"], json!([version]));
    assert_eq!(sandbox.json("gc")["unreachable"], json!([version]));
    assert_eq!(sandbox.json("gc")["unreachable"], json!([]));
    assert_eq!(sandbox.json("undelete")[0]["reason"], "no ref leads to it");
    for version in 1..=6 {
        sandbox.ok(&format!("restore main@{version} -o v{version}.safetensors"));
    }
}

#[test]
fn rules_come_from_flags_or_from_the_settings() {
    let sandbox = sandbox();
    assert_snapshot!(sandbox.run("prune"), @"
    error: no rule says what to keep
    hint: give a rule such as --keep-last 5 or --keep-best min:val_mse:3, or write rules to [retention] in .ckpt/config.toml
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("prune --keep-best loss:1"), @r#"
    error: invalid value 'loss:1' for '--keep-best <GOAL:N>': "loss:1" is not min:METRIC:COUNT or max:METRIC:COUNT
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("prune --keep-younger 7"), @r#"
    error: invalid value '7' for '--keep-younger <PERIOD>': "7" is not a period such as 7d: a number and s, m, h, d or w
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("prune --keep-every 0"), @"
    error: invalid value '0' for '--keep-every <N>': number would be zero for non-zero type
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("prune --keep-last 1 --branch side"), @"
    error: there is no branch side
    hint: `ckpt branch` lists the branches
    [exit code 1]
    ");
    sandbox.file(".ckpt/config.toml", "[retention]\nkeep_last = 2\nkeep_best = [\"min:loss:1\"]\n");
    assert_eq!(sandbox.json("prune --plan")["dropped"].as_array().unwrap().len(), 2);
    sandbox.file(".ckpt/config.toml", "[retention]\nkeep_worst = 2\n");
    assert_snapshot!(sandbox.run("prune --plan"), @"
    error: config.toml: line 2, keep_worst: unknown field `keep_worst`, expected one of `keep_last`, `keep_best`, `keep_every`, `keep_younger`, `pareto`
    [exit code 1]
    ");
    sandbox.file(".ckpt/config.toml", "[trash]\ngrace = \"soon\"\n");
    assert_snapshot!(sandbox.run("gc"), @r#"
    error: config.toml: line 2, grace: "soon" is not a period such as 7d: a number and s, m, h, d or w
    [exit code 1]
    "#);
    assert_eq!(sandbox.json("verify")["ok"], true);
}
