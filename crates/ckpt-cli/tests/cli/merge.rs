mod files;

use insta::assert_snapshot;

use crate::sandbox::Sandbox;

/// Commits a model of four tensors: what `head.weight` and `head.bias` start with is given.
fn commit(sandbox: &Sandbox, body: f32, weight: [f32; 2], bias: f32, rest: &str) {
    let tensors: [(&str, &[u64], &[f32]); 4] = [
        ("body.weight", &[2], &[body, 2.0]),
        ("head.bias", &[1], &[bias]),
        ("head.weight", &[2], &weight),
        ("norm", &[1], &[1.0]),
    ];
    sandbox.tensors("model.safetensors", &tensors);
    sandbox.ok(&format!("commit model.safetensors {rest}"));
}

/// A base and two branches that changed different tensors of it, and one tensor both.
fn forked() -> Sandbox {
    let sandbox = Sandbox::new();
    commit(&sandbox, 1.0, [1.0, 1.0], 0.0, "-m base --param lr=0.1 --metric loss=1");
    commit(
        &sandbox,
        1.0,
        [1.0, 5.0],
        0.5,
        "-b side --from main -m side --param lr=0.1 --metric loss=0.7",
    );
    commit(&sandbox, 4.0, [3.0, 1.0], 0.0, "-m ours --param lr=0.2 --metric loss=0.8");
    sandbox
}

#[test]
fn what_both_changed_needs_a_decision() {
    let sandbox = forked();
    assert_snapshot!(sandbox.run("merge side"), @"
    merge id2_________ into id3_________, both from id1_________
      tensors 1 the same, 1 ours, 1 theirs, 1 undecided
      files   1 dissolved into tensors
      params  1 ours
      conflict  name         kind          decided by
      tensor    head.weight  both changed  nothing yet
    error: 1 conflict is not decided; branch main is unchanged
    hint: --strategy average decides what can be averaged, --for 'head.*=theirs' by name
    [exit code 4]
    ");
    assert_snapshot!(sandbox.run("log"), @"
    #  version            time  loss  message
    2  id3_________  2 min ago   0.8  (main) ours
    1  id1_________  4 min ago     1  base
    ");
}

#[test]
fn a_strategy_decides_all_and_rules_by_name() {
    let sandbox = forked();
    assert_snapshot!(sandbox.run("merge side --strategy average --plan"), @"
    merge id2_________ into id3_________, both from id1_________
      tensors 1 the same, 1 ours, 1 theirs, 1 merged (1 by average:0.5)
      files   1 dissolved into tensors
      params  1 ours
      conflict  name         kind          decided by
      tensor    head.weight  both changed  average:0.5
    ");
    assert_snapshot!(sandbox.run("merge side --strategy average --weight 0.25 -m 'a bit of side' --metric loss=0.6"), @r#"
    [main id4_________] #3 "a bit of side"  24 B -> [size] stored
      tensors 1 the same, 1 ours, 1 theirs, 1 merged (1 by average:0.25)
      files   1 dissolved into tensors
      params  1 ours
    "#);
    assert_snapshot!(sandbox.run("restore main -o out.safetensors"), @"written   out.safetensors  288 B");
    assert_snapshot!(sandbox.run("merge --replay main"), @"the recipe of id4_________ makes the same weights again: model id5_________");
    assert_snapshot!(sandbox.run("merge side"), @"branch main has it already: it stays at id4_________");
    let ties = forked();
    assert_snapshot!(ties.run("merge side --strategy ties --density 1 --for 'head.w*=theirs' --for 'norm=ours'"), @r#"
    [main id4_________] #3 "merge side"  24 B -> [size] stored
      tensors 1 the same, 1 ours, 2 theirs
      files   1 dissolved into tensors
      params  1 ours
    "#);
}

#[test]
fn the_document_says_what_became_of_everything() {
    let sandbox = forked();
    let mut document = sandbox.json("merge side --for 'head.*=average'");
    assert!(document["stored_bytes"].take().as_u64() > Some(24));
    let tally = |ours: usize, dissolved: usize| {
        serde_json::json!({
            "same": 0,
            "ours": ours,
            "theirs": 0,
            "merged": 0,
            "dissolved": dissolved,
            "conflicts": [],
        })
    };
    assert_eq!(document["files"].take(), tally(0, 1));
    assert_eq!(document["parameters"].take(), tally(1, 0));
    assert_eq!(document["inputs"].take(), tally(0, 0));
    assert_snapshot!(sandbox.pretty(&document), @r#"
    {
      "result": "merged",
      "version": "id4",
      "model": "id5",
      "state": "id6",
      "parents": ["id3","id2"],
      "number": 3,
      "branch": "main",
      "time": "2023-11-14T22:16:20Z",
      "author": "ada",
      "message": "merge side",
      "params": {
        "lr": 0.2
      },
      "metrics": {},
      "base": "id1",
      "ours": "id3",
      "theirs": "id2",
      "strategy": null,
      "tensors": {
        "same": 1,
        "ours": 1,
        "theirs": 1,
        "merged": 1,
        "dissolved": 0,
        "conflicts": [{"name":"head.weight","kind":"changed","resolution":"average:0.5","reason":null}]
      },
      "files": null,
      "parameters": null,
      "inputs": null,
      "logical_bytes": 24,
      "stored_bytes": null
    }
    "#);
    assert_snapshot!(sandbox.pretty(&sandbox.json("merge --replay HEAD")), @r#"
    {
      "version": "id4",
      "same": true,
      "model": "id5",
      "replayed": "id5"
    }
    "#);
}

#[test]
fn an_undecided_merge_prints_its_document_and_fails() {
    let sandbox = forked();
    let output = sandbox.output("merge side --json");
    assert_eq!(output.status.code(), Some(4));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["result"], "undecided");
    let conflict = serde_json::json!(
        {"name": "head.weight", "kind": "changed", "resolution": null, "reason": null}
    );
    assert_eq!(document["tensors"]["conflicts"], serde_json::json!([conflict]));
    assert!(document.get("version").is_none());
}

#[test]
fn a_branch_without_news_moves_on() {
    let sandbox = Sandbox::with_history();
    sandbox.ok("branch behind main@1");
    assert_snapshot!(sandbox.run("merge main --into behind --plan"), @"
    merge id3_________ into id1_________, both from id1_________
      tensors 1 theirs
      files   1 theirs
      params  1 the same
    branch behind has nothing new: it would move on
    ");
    assert_snapshot!(sandbox.run("merge main --into behind --metric f1=0.5"), @"
    error: --metric is of a new version, and the branch needs none to move on
    hint: --no-ff makes one
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("merge main --into behind"), @"moved branch behind on from id1_________ to id3_________");
    assert_snapshot!(sandbox.run("merge main~1 --into behind"), @"branch behind has it already: it stays at id3_________");
    assert_snapshot!(sandbox.run("audit behind"), @"
    time (UTC)           who  what  from          to            why
    2023-11-14 22:19:20  ada  set   id1_________  id3_________  merge main
    2023-11-14 22:16:20  ada  set   -             id1_________

    ok: 2 moves of branch behind, unbroken
    newest move  id4
    ");
    sandbox.ok("branch other main@1");
    assert_snapshot!(sandbox.run("merge main --into other --no-ff"), @r#"
    [other id5_________] #2 "merge main"  73 B -> [size] stored
      tensors 1 theirs
      files   1 theirs
      params  1 the same
    "#);
    assert_snapshot!(sandbox.pretty(&sandbox.json("merge main --into other")), @r#"
    {
      "result": "up-to-date",
      "version": "id5",
      "model": "id6",
      "state": "id7",
      "parents": ["id1","id3"],
      "number": 2,
      "branch": "other",
      "time": "2023-11-14T22:23:20Z",
      "author": "ada",
      "message": "merge main",
      "params": {
        "lr": 0.1
      },
      "metrics": {},
      "base": "id3",
      "ours": "id5",
      "theirs": "id3",
      "strategy": null,
      "logical_bytes": null,
      "stored_bytes": null
    }
    "#);
}

#[test]
fn guards_hold_for_merges_too() {
    let sandbox = forked();
    sandbox.run("guard main 'loss < 0.7'");
    assert_snapshot!(sandbox.run("merge side --strategy ours --metric loss=0.9"), @"
    error: branch main may not move to id4_________: loss < 0.7 is not met: loss is 0.9; your version id4_________ is kept
    hint: `ckpt branch NAME id4_________` keeps what you made; --override REASON moves the branch anyway, which is on record
    [exit code 3]
    ");
    assert_snapshot!(sandbox.run("merge side --strategy ours --metric loss=0.9 --override demo"), @r#"
    [main id5_________] #3 "merge side"  24 B -> [size] stored
      tensors 1 the same, 2 ours, 1 theirs
      files   1 dissolved into tensors
      params  1 ours
    "#);
}

#[test]
fn unrelated_versions_and_other_bases() {
    let sandbox = forked();
    commit(&sandbox, 9.0, [1.0, 1.0], 0.0, "-b new");
    assert_snapshot!(sandbox.run("merge new"), @"
    error: versions id3_________ and id4_________ have no common ancestor
    hint: --base REV names what both come from; --unrelated does without
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("merge new --unrelated --strategy task-arithmetic"), @"
    merge id4_________ into id3_________, without a common ancestor
      tensors 2 the same, 2 undecided
      files   1 ours
      params  1 ours
      conflict  name         kind        decided by
      tensor    body.weight  both added  nothing yet
      tensor    head.weight  both added  nothing yet
      undecided: the base has none like it
    error: 2 conflicts are not decided; branch main is unchanged
    hint: --for 'NAME=ours' or 'NAME=theirs' decides what the strategy cannot
    [exit code 4]
    ");
    assert_snapshot!(sandbox.run("merge new --base main~1 --plan"), @"
    merge id4_________ into id3_________, both from id1_________
      tensors 2 the same, 1 ours, 1 undecided
      files   1 ours
      params  1 undecided
      conflict  name         kind            decided by
      tensor    body.weight  both changed    nothing yet
      param     lr           theirs removed  nothing yet
    error: 2 conflicts are not decided; branch main is unchanged
    hint: --strategy average decides what can be averaged, --for 'head.*=theirs' by name
    [exit code 4]
    ");
}

#[test]
fn wrong_usage_is_said() {
    let sandbox = forked();
    let lines = [
        "merge",
        "merge nothing",
        "merge side --into empty",
        "merge side --weight 0.5",
        "merge side --strategy ours --weight 0.5",
        "merge side --strategy average --weight 1.5",
        "merge side --replay main",
        "merge --replay main",
    ];
    let transcript = lines.map(|line| format!("> {line}\n{}", sandbox.run(line)));
    assert_snapshot!(transcript.concat(), @r#"
    > merge
    error: the following required arguments were not provided: <REV>
    hint: usage: ckpt merge <REV>
    [exit code 2]
    > merge nothing
    error: no version is called "nothing"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    > merge side --into empty
    error: branch empty has no version to merge into
    hint: `ckpt branch empty side` starts it there
    [exit code 1]
    > merge side --weight 0.5
    error: the following required arguments were not provided: --strategy <STRATEGY>
    hint: usage: ckpt merge --strategy <STRATEGY> --weight <W> <REV>
    [exit code 2]
    > merge side --strategy ours --weight 0.5
    error: --weight says nothing to the strategy ours
    [exit code 2]
    > merge side --strategy average --weight 1.5
    error: weight 1.5 is not from 0 to 1
    [exit code 2]
    > merge side --replay main
    error: the argument '[REV]' cannot be used with '--replay <REV>'
    hint: usage: ckpt merge <REV>
    [exit code 2]
    > merge --replay main
    error: version id3_________ was not made by a merge
    [exit code 1]
    "#);
}

#[test]
fn what_is_no_strategy_is_said() {
    let sandbox = forked();
    let lines = [
        "merge side --strategy mean",
        "merge side --strategy average:2",
        "merge side --for head",
        "merge side --for '[=ours'",
        "merge side --for 'a=ours:1'",
    ];
    let transcript = lines.map(|line| format!("> {line}\n{}", sandbox.run(line)));
    assert_snapshot!(transcript.concat(), @r#"
    > merge side --strategy mean
    error: invalid value 'mean' for '--strategy <STRATEGY>': "mean" is not a strategy: ours, theirs, average, task-arithmetic, ties, slerp
    [exit code 2]
    > merge side --strategy average:2
    error: invalid value 'average:2' for '--strategy <STRATEGY>': weight 2 is not from 0 to 1
    [exit code 2]
    > merge side --for head
    error: invalid value 'head' for '--for <PATTERN=STRATEGY>': it has the form PATTERN=STRATEGY
    [exit code 2]
    > merge side --for '[=ours'
    error: invalid value '[=ours' for '--for <PATTERN=STRATEGY>': "[" is not a pattern: unclosed character class; missing ']'
    [exit code 2]
    > merge side --for 'a=ours:1'
    error: invalid value 'a=ours:1' for '--for <PATTERN=STRATEGY>': ours takes nothing, not "1"
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("log"), @"
    #  version            time  loss  message
    2  id3_________  6 min ago   0.8  (main) ours
    1  id1_________  8 min ago     1  base
    ");
}
