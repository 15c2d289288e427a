use insta::assert_snapshot;

use crate::sandbox::Sandbox;

#[test]
fn a_plan_names_the_rules_and_does_nothing() {
    let sandbox = Sandbox::with_history();
    sandbox.ok("tag v1 HEAD~2");
    let plan = "prune --keep-last 1 --keep-best min:val_loss:1 --plan";
    assert_snapshot!(sandbox.run(plan), @"
    #  version            time  frees  kept by
    3  id3_________  2 min ago   72 B  tip of main
                                       last 1 of main
                                       best 1 of 1 by min:val_loss of main
    2  id2_________  3 min ago   72 B  nothing: dropped
    1  id1_________  4 min ago   72 B  tag v1
    would drop 1 of 3 versions, about 72 B
    ");
    assert_eq!(sandbox.run("undelete"), "nothing can be restored\n");
    assert_eq!(sandbox.documents("log").len(), 3);
    assert_snapshot!(sandbox.pretty(&sandbox.json(plan)), @r#"
    {
      "plan": true,
      "versions": [
        {"version":"id3","number":3,"time":"2023-11-14T22:15:20Z","keep":true,"rules":["tip of main","last 1 of main","best 1 of 1 by min:val_loss of main"],"bytes":72},
        {"version":"id2","number":2,"time":"2023-11-14T22:14:20Z","keep":false,"rules":[],"bytes":72},
        {"version":"id1","number":1,"time":"2023-11-14T22:13:20Z","keep":true,"rules":["tag v1"],"bytes":72}
      ],
      "bytes": 72,
      "dropped": ["id2"],
      "gc": null
    }
    "#);
}

#[test]
fn what_is_pruned_says_so_and_comes_back() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("prune --keep-last 1"), @"
    #  version            time  frees  kept by
    3  id3_________  1 min ago   72 B  tip of main
                                       last 1 of main
    2  id2_________  2 min ago   72 B  nothing: dropped
    1  id1_________  3 min ago   72 B  nothing: dropped
    drops 2 of 3 versions, about 144 B
    dropped the content of 2 versions
    wrote 2 packs anew: 1.8 kB -> [size] stored
    ");
    assert_snapshot!(sandbox.run("log"), @"
    #  version            time  val_loss  message
    3  id3_________  2 min ago  0.333333  (main) epoch 3
    2  id2_________  3 min ago       0.5  epoch 2
    1  id1_________  4 min ago         1  epoch 1

    val_loss  1 -> 0.333333  min 0.333333  max 1  █▃▁
    ");
    assert_snapshot!(sandbox.run("restore HEAD~ -o out.safetensors"), @"
    error: the content of version id2_________ was removed on 2023-11-14 by ada: keep last 1
    hint: `ckpt undelete id2_________` restores it, unless it is too late
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("undelete"), @"
    version         removed  by   until       why
    id2_________  3 min ago  ada  2023-11-28  keep last 1
    id1_________  3 min ago  ada  2023-11-28  keep last 1
    ");
    assert_snapshot!(sandbox.pretty(&sandbox.json("undelete")[0]), @r#"
    {
      "version": "id2",
      "removed": "2023-11-14T22:16:20Z",
      "author": "ada",
      "reason": "keep last 1",
      "until": "2023-11-28T22:16:20Z"
    }
    "#);
}

#[test]
fn what_was_brought_back_is_kept_until_somebody_names_it() {
    let sandbox = Sandbox::with_history();
    sandbox.ok("prune --keep-last 1");
    assert_snapshot!(sandbox.run("undelete HEAD~ HEAD"), @"
    id2_________  is back
    id3_________  has its content
    ");
    sandbox.ok("restore HEAD~ -o out.safetensors");
    assert!(sandbox.json("verify")["ok"].as_bool().unwrap());
    assert_snapshot!(sandbox.run("prune --keep-last 1 --plan"), @"
    #  version            time  frees  kept by
    3  id3_________  5 min ago   72 B  tip of main
                                       last 1 of main
    2  id2_________  6 min ago   72 B  brought back
    would drop nothing of 2 versions
    ");
    assert_snapshot!(sandbox.run("prune HEAD~ -m 'too large'"), @"
    dropped the content of 1 version
    wrote 1 pack anew: 866 B -> [size] stored
    ");
    assert_snapshot!(sandbox.run("prune HEAD"), @"
    error: branch main points to version id3_________, which keeps its content
    hint: move or delete the ref first
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("restore HEAD~"), @"
    error: the content of version id2_________ was removed on 2023-11-14 by ada: too large
    hint: `ckpt undelete id2_________` restores it, unless it is too late
    [exit code 1]
    ");
}

#[test]
fn what_no_ref_leads_to_goes() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("gc"), @"nothing to do");
    sandbox.ok("rollback main");
    assert_snapshot!(sandbox.run("gc --plan"), @"
    id3_________  loses its content: no ref leads to it
    would take away 1 object that nothing needs, 72 B
    would write 1 pack anew, 866 B
    ");
    assert_snapshot!(sandbox.run("gc"), @"
    id3_________  lost its content: no ref leads to it
    wrote 1 pack anew: 866 B -> [size] stored
    ");
    assert_snapshot!(sandbox.run("gc --grace 0d"), @"removed 1 pack from trash for good, 866 B");
    assert_snapshot!(sandbox.run("undelete"), @"nothing can be restored");
    let mut document = sandbox.json("gc --plan");
    document["bytes"].take();
    assert_snapshot!(sandbox.pretty(&document), @r#"
    {
      "plan": true,
      "unreachable": [],
      "objects": 0,
      "bytes": null,
      "packs": 0,
      "pack_bytes": 0,
      "expired": 0,
      "expired_bytes": 0
    }
    "#);
    assert_snapshot!(sandbox.pretty(&sandbox.json("gc")), @r#"
    {
      "plan": false,
      "unreachable": [],
      "packs": 0,
      "pack_bytes": 0,
      "written_bytes": 0,
      "removed": 0,
      "removed_bytes": 0,
      "merged": 0
    }
    "#);
}

#[test]
fn rules_come_from_the_settings_too() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("prune --plan"), @"
    error: no rule says what to keep, and config.toml has none either
    hint: `ckpt prune --keep-last 5 --plan` shows what that would do
    [exit code 2]
    ");
    sandbox
        .file(".ckpt/config.toml", "[retention]\nkeep_every = 2\npareto = [[\"min:val_loss\"]]\n");
    assert_snapshot!(sandbox.run("prune --plan"), @"
    #  version            time  frees  kept by
    3  id3_________  2 min ago   72 B  tip of main
                                       front of min:val_loss of main
    2  id2_________  3 min ago   72 B  every 2 of main
    1  id1_________  4 min ago   72 B  nothing: dropped
    would drop 1 of 3 versions, about 72 B
    ");
    sandbox.file(".ckpt/config.toml", "[retention]\nkeep_evry = 2\n");
    assert_snapshot!(sandbox.run("prune --plan"), @"
    error: config.toml: line 2, keep_evry: unknown field `keep_evry`, expected one of `keep_last`, `keep_best`, `keep_every`, `keep_younger`, `pareto`, `aliased_before`
    hint: config.toml is in the folder .ckpt
    [exit code 1]
    ");
    sandbox.file(".ckpt/config.toml", "");
    assert_snapshot!(sandbox.run("prune --keep-best val_loss:3"), @r#"
    error: invalid value 'val_loss:3' for '--keep-best <GOAL:N>': "val_loss:3" is not min:METRIC:COUNT or max:METRIC:COUNT
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("prune --keep-younger 3 --plan"), @r#"
    error: invalid value '3' for '--keep-younger <PERIOD>': "3" is not a period such as 7d: a number and s, m, h, d or w
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("prune HEAD --keep-last 1"), @"
    error: the argument '[REV]...' cannot be used with '--keep-last <N>'
    hint: usage: ckpt prune <REV>...
    [exit code 2]
    ");
}

#[test]
fn what_refs_lead_to_and_what_an_alias_left_can_be_restored() {
    let sandbox = Sandbox::with_history();
    sandbox.ok("promote main@1 production");
    sandbox.ok("promote main@2 production");
    assert_snapshot!(sandbox.run("prune --keep-last 1 --plan"), @"
    #  version            time  frees  kept by
    3  id3_________  3 min ago   72 B  tip of main
                                       last 1 of main
    2  id2_________  4 min ago   72 B  alias production
    1  id1_________  5 min ago   72 B  alias production before
    would drop nothing of 3 versions
    ");
    sandbox.ok("rollback production -m 'B is broken'");
    sandbox.ok("restore production -o back.safetensors");
    // What was pruned comes back with a tag; what is gone is refused.
    sandbox.tensors("model.safetensors", &[("bias", &[2], &[7.0, 7.0])]);
    sandbox.ok("commit model.safetensors");
    sandbox.tensors("model.safetensors", &[("bias", &[2], &[8.0, 8.0])]);
    sandbox.ok("commit model.safetensors");
    sandbox.ok("prune --keep-last 1");
    sandbox.ok("tag keep main@3");
    sandbox.ok("restore keep -o keep.safetensors");
    sandbox.ok("gc --grace 0s");
    assert_snapshot!(sandbox.run("tag late main@4"), @"
    error: tag late cannot be moved: the content of version id4_________ was removed on 2023-11-14 by ada: keep last 1; it cannot be restored any more
    hint: versions that have their content: id3_________, id5_________
    [exit code 3]
    ");
    assert!(sandbox.run("promote main@4 production").ends_with("[exit code 3]\n"));
    assert_snapshot!(sandbox.run("prune main@2"), @"
    error: alias production pointed to version id2_________ within the grace period, so it keeps its content
    hint: `aliased_before = false` under [retention] in config.toml gives it up
    [exit code 1]
    ");
    sandbox.ok("restore production -o again.safetensors");
    assert!(sandbox.ok("verify").starts_with("ok"));
}
