//! Merges that are asked for wrongly, cannot be decided, or find no room.

use insta::assert_snapshot;

use super::{Everything, disk::on_a_full_disk, refused_lines, refused_unnamed};
use crate::sandbox::Sandbox;

/// Two branches that both changed a tensor, one that gave it another shape, and one of its own.
fn diverged() -> Sandbox {
    let sandbox = Sandbox::new();
    let commit = |branch: &str, values: &[f32]| {
        let shape = [values.len() as u64];
        sandbox.tensors("m.safetensors", &[("bias", &[1], &[0.0]), ("weight", &shape, values)]);
        sandbox.ok(&format!("commit m.safetensors -b {branch} -m {branch}"));
    };
    commit("main", &[1.0, 2.0]);
    sandbox.ok("branch side");
    sandbox.ok("branch shape");
    commit("main", &[2.0, 2.0]);
    commit("side", &[1.0, 5.0]);
    commit("shape", &[1.0, 2.0, 3.0]);
    commit("alone", &[7.0, 7.0]);
    sandbox
}

#[test]
fn strategies_that_are_none() {
    let sandbox = diverged();
    let lines = [
        "merge side --strategy avg",
        "merge side --strategy average:x",
        "merge side --strategy average:nan",
        "merge side --strategy task-arithmetic:1,2,3",
        "merge side --strategy ties:2",
        "merge side --strategy average --weight nan",
        "merge side --strategy average --weight 2",
        "merge side --strategy average --weight -1",
        "merge side --strategy slerp --weight 1e999",
        "merge side --strategy task-arithmetic --scale inf",
        "merge side --strategy ties --density 0",
        "merge side --strategy ours --weight 0.5",
        "merge side --strategy average --scale 2",
        "merge side --for weight",
        "merge side --for weight=",
        "merge side --for =ours",
        "merge side --for '[=ours'",
        "merge side --for '\u{1b}[31m\n=\u{1b}[31m\n'",
        "merge side --strategy ours --metric a=none",
    ];
    assert_snapshot!(refused_unnamed(&sandbox, &lines), @r#"
      error: invalid value 'avg' for '--strategy <STRATEGY>': "avg" is not a strategy: ours, theirs, average, task-arithmetic, ties, slerp
      error: invalid value 'average:x' for '--strategy <STRATEGY>': average takes the weight of theirs, not "x"
      error: invalid value 'average:nan' for '--strategy <STRATEGY>': weight NaN is not from 0 to 1
      error: invalid value 'task-arithmetic:1,2,3' for '--strategy <STRATEGY>': task-arithmetic takes one scale, or ours and theirs, not "1,2,3"
      error: invalid value 'ties:2' for '--strategy <STRATEGY>': density 2 is not above 0 and at most 1
      error: weight NaN is not from 0 to 1
      error: weight 2 is not from 0 to 1
      error: weight -1 is not from 0 to 1
      error: t inf is not from 0 to 1
      error: scale inf is not a finite number
      error: density 0 is not above 0 and at most 1
      error: --weight says nothing to the strategy ours
      error: --scale says nothing to the strategy average
      error: invalid value 'weight' for '--for <PATTERN=STRATEGY>': it has the form PATTERN=STRATEGY
      error: invalid value 'weight=' for '--for <PATTERN=STRATEGY>': "" is not a strategy: ours, theirs, average, task-arithmetic, ties, slerp
      error: invalid value '=ours' for '--for <PATTERN=STRATEGY>': "" is not a pattern: it is empty
      error: invalid value '[=ours' for '--for <PATTERN=STRATEGY>': "[" is not a pattern: unclosed character class; missing ']'
      error: invalid value ' = ' for '--for <PATTERN=STRATEGY>': "\u{1b}[31m\n" is not a pattern: unclosed character class; missing ']'
      error: invalid value 'a=none' for '--metric <NAME=VALUE>': "none" is not a number, nan or inf
    [exit code 2]
    "#);
}

#[test]
fn versions_that_cannot_be_merged() {
    let sandbox = diverged();
    let lines = [
        "merge",
        "merge nothing",
        "merge side --base nothing",
        "merge side --into nothing",
        "merge alone",
        "merge alone --base side --unrelated",
        "merge --replay HEAD",
        "merge --replay HEAD side",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "merge"
      error: the following required arguments were not provided: <REV>
    hint: usage: ckpt merge <REV>
    [exit code 2]
    "merge nothing"
    "merge side --base nothing"
      error: no version is called "nothing"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    "merge side --into nothing"
      error: branch nothing has no version to merge into
    hint: `ckpt branch nothing side` starts it there
    [exit code 1]
    "merge alone"
      error: versions id2_________ and id5_________ have no common ancestor
    hint: --base REV names what both come from; --unrelated does without
    [exit code 1]
    "merge alone --base side --unrelated"
      error: the argument '--base <REV>' cannot be used with '--unrelated'
    hint: usage: ckpt merge --base <REV> <REV>
    [exit code 2]
    "merge --replay HEAD"
      error: version id2_________ was not made by a merge
    [exit code 1]
    "merge --replay HEAD side"
      error: the argument '--replay <REV>' cannot be used with '[REV]'
    hint: usage: ckpt merge --replay <REV> [REV]
    [exit code 2]
    "#);
}

#[test]
fn conflicts_that_nothing_decides_change_nothing() {
    let sandbox = diverged();
    let lines = [
        "merge side",
        "merge side --for 'bias=ours'",
        "merge shape --strategy average",
        "merge alone --unrelated",
        "merge side --json",
    ];
    let before = Everything::of(&sandbox);
    let printed = lines.map(|line| {
        let printed = sandbox.run(line);
        Everything::of(&sandbox).assert_same(&before, line);
        assert!(printed.ends_with("[exit code 4]\n"), "{line}: {printed}");
        printed
    });
    assert_snapshot!(printed[..4].concat(), @"
    merge id3_________ into id2_________, both from id1_________
      tensors 1 the same, 1 undecided
      files   1 ours
      conflict  name    kind          decided by
      tensor    weight  both changed  nothing yet
    error: 1 conflict is not decided; branch main is unchanged
    hint: --strategy average decides what can be averaged, --for 'head.*=theirs' by name
    [exit code 4]
    merge id3_________ into id2_________, both from id1_________
      tensors 1 the same, 1 undecided
      files   1 ours
      conflict  name    kind          decided by
      tensor    weight  both changed  nothing yet
    error: 1 conflict is not decided; branch main is unchanged
    hint: --strategy average decides what can be averaged, --for 'head.*=theirs' by name
    [exit code 4]
    merge id4_________ into id2_________, both from id1_________
      tensors 1 the same, 1 undecided
      files   1 ours
      conflict  name    kind           decided by
      tensor    weight  shapes differ  nothing yet
      undecided: its elements cannot be paired
    error: 1 conflict is not decided; branch main is unchanged
    hint: --for 'NAME=ours' or 'NAME=theirs' decides what the strategy cannot
    [exit code 4]
    merge id5_________ into id2_________, without a common ancestor
      tensors 1 the same, 1 undecided
      files   1 ours
      conflict  name    kind        decided by
      tensor    weight  both added  nothing yet
    error: 1 conflict is not decided; branch main is unchanged
    hint: --strategy average decides what can be averaged, --for 'head.*=theirs' by name
    [exit code 4]
    ");
}

#[test]
fn advice_on_a_conflict_is_not_what_was_tried() {
    let sandbox = diverged();
    let printed = sandbox.run("merge shape --strategy average");
    assert!(!printed.contains("hint: --strategy average"), "{printed}");
}

#[cfg(unix)]
#[test]
fn a_full_disk_stops_a_merge() {
    let sandbox = diverged();
    let lines = [
        "merge side --strategy average",
        "merge side --strategy ties",
        "merge main --into side --strategy ours",
    ];
    for line in lines {
        let message = on_a_full_disk(&sandbox, 0, line);
        assert!(message.starts_with("error: cannot write a pack: File too large"), "{message}");
    }
    assert_eq!(sandbox.json("verify")["ok"], true);
    sandbox.ok("merge side --strategy average");
}
