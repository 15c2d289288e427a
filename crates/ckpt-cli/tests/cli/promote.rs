use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::Sandbox;

/// Three versions whose f1 rises and whose loss falls, then one that is worse.
fn measured() -> Sandbox {
    let sandbox = Sandbox::new();
    for (epoch, f1) in [(1, 0.8), (2, 0.9), (3, 0.95), (4, 0.7)] {
        sandbox.file("model.bin", format!("epoch {epoch}"));
        sandbox.ok(&format!("commit model.bin -m 'epoch {epoch}' --metric f1={f1}"));
    }
    sandbox
}

#[test]
fn an_alias_moves_through_a_gate() {
    let sandbox = measured();
    assert_snapshot!(sandbox.run("alias"), @"there is no alias yet");
    assert_snapshot!(sandbox.run("promote main@2 production --require f1>0.85 -m first"), @"
    made alias production at id2_________
      met         f1 > 0.85  (f1 is 0.9)
    ");
    assert_snapshot!(sandbox.run("promote main@3 production --no-worse-than max:f1"), @"
    moved alias production from id2_________ to id3_________
      met         f1 >= current.f1  (current.f1 is 0.9, f1 is 0.95)
    ");
    assert_snapshot!(sandbox.run("promote main production --require 'f1 > 0.5' --no-worse-than max:f1"), @"
    error: alias production may not move to id4_________: f1 >= current.f1 is not met: current.f1 is 0.95, f1 is 0.7
    hint: --override REASON moves it anyway, which is on record
    [exit code 3]
    ");
    assert_snapshot!(sandbox.run("promote main production --require 'f1 > 0.8' --override hotfix"), @"
    moved alias production from id3_________ to id4_________
      overridden  f1 > 0.8  (f1 is 0.7)
    ");
    assert_snapshot!(sandbox.run("promote main production"), @"left alias production at id4_________");
    assert_snapshot!(sandbox.run("alias"), @"
    alias       version       #  message
    production  id4_________  4  epoch 4
    ");
    assert_snapshot!(sandbox.run("rollback production"), @"moved alias production from id4_________ to id3_________");
    assert_snapshot!(sandbox.run("restore production -o out.bin"), @"written   out.bin  7 B");
    assert_eq!(sandbox.read("out.bin"), b"epoch 3");
    assert_snapshot!(sandbox.pretty(&sandbox.json("promote main@2 production --require f1>=current.f1 --override demo")), @r#"
    {
      "kind": "alias",
      "name": "production",
      "from": "id3",
      "to": "id2",
      "move": "id5",
      "evidence": [
        {"condition":"f1 >= current.f1","met":false,"values":{"current.f1":0.95,"f1":0.9}}
      ]
    }
    "#);
    assert_snapshot!(sandbox.run("alias -d production -m retired"), @"deleted alias production, which was at id2_________");
    assert_snapshot!(sandbox.run("alias -d production"), @"
    error: there is no alias production
    hint: `ckpt alias` lists the aliases
    [exit code 1]
    ");
}

#[test]
fn what_is_promoted_in_a_wrong_way_moves_nothing() {
    let sandbox = measured();
    assert_snapshot!(sandbox.run("promote nothing production"), @r#"
    error: no version is called "nothing"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("promote main production --require f1"), @r#"
    error: "f1" is not a condition: one of < <= > >= == != is expected, at position 3
    hint: forms of a condition: f1 >= 0.95, loss < parent.loss, f1 >= current.f1 && loss < 0.2
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("promote main production --require 'accuracy > 0.5'"), @"
    error: alias production may not move to id4_________: accuracy > 0.5 is not met: accuracy is missing
    hint: --override REASON moves it anyway, which is on record
    [exit code 3]
    ");
    assert_snapshot!(sandbox.run("promote main production --no-worse-than f1"), @r#"
    error: "f1" is not a condition: min: or max: and the name of a metric are expected, at position 1
    hint: forms of a condition: f1 >= 0.95, loss < parent.loss, f1 >= current.f1 && loss < 0.2
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("promote main 'a b'"), @r#"
    error: "a b" is not a name for a ref: it contains a space or one of ~ ^ : ? * [ \
    hint: names are made of words, digits, - _ . and /
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("promote main production --override ''"), @"
    error: a value is required for '--override <REASON>' but none was supplied
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("promote main production --override why -m why"), @"
    error: the argument '--override <REASON>' cannot be used with '--message <MESSAGE>'
    hint: usage: ckpt promote --override <REASON> <REV> <ALIAS>
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("promote main"), @"
    error: the following required arguments were not provided: <ALIAS>
    hint: usage: ckpt promote <REV> <ALIAS>
    [exit code 2]
    ");
    assert_eq!(sandbox.json("alias"), json!([]));
    assert_eq!(sandbox.documents("audit").len(), 1);
}

#[test]
fn a_name_does_not_stand_for_an_alias_and_something_else() {
    let sandbox = measured();
    sandbox.ok("promote main production");
    assert_snapshot!(sandbox.run("branch production"), @"
    error: alias production has that name already
    hint: choose another name
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("tag production"), @"
    error: alias production has that name already
    hint: choose another name
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("switch -c production"), @"
    error: alias production has that name already
    hint: choose another name
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("commit model.bin -b production"), @"
    error: alias production has that name already
    hint: choose another name
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("promote main~ main"), @"
    error: branch main has that name already
    hint: choose another name
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("switch production"), @"
    error: alias production is not a branch
    hint: `ckpt branch NAME production` makes a branch there
    [exit code 1]
    ");
}

#[test]
fn guards_hold_whatever_moves_the_ref() {
    let sandbox = measured();
    assert_snapshot!(sandbox.run("guard"), @"nothing is guarded");
    assert_snapshot!(sandbox.run("guard main 'f1>=0.75' f1>0 -m policy"), @"
    branch main is guarded by
      f1 >= 0.75
      f1 > 0
    note: branch main is at id4_________, which does not meet f1 >= 0.75 (f1 is 0.7)
    ");
    assert_snapshot!(sandbox.run("guard main 'f1 >= 0.750'"), @"
    nothing changed: branch main is guarded by
      f1 >= 0.75
      f1 > 0
    note: branch main is at id4_________, which does not meet f1 >= 0.75 (f1 is 0.7)
    ");
    sandbox.file("model.bin", "epoch 5");
    assert_snapshot!(sandbox.run("commit model.bin --metric f1=0.6"), @"
    error: branch main may not move to id5_________: f1 >= 0.75 is not met: f1 is 0.6; your version id5_________ is kept
    hint: `ckpt branch NAME id5_________` keeps what you made; --override REASON moves the branch anyway, which is on record
    [exit code 3]
    ");
    assert_snapshot!(sandbox.run("commit model.bin --metric f1=0.6 --override 'bad luck'"), @"[main id6_________] #5  7 B -> [size] stored");
    assert_snapshot!(sandbox.run("rollback main --to main~"), @"
    error: branch main may not move to id4_________: f1 >= 0.75 is not met: f1 is 0.7
    hint: --override REASON moves it anyway, which is on record
    [exit code 3]
    ");
    assert_snapshot!(sandbox.run("rollback main --to main~2"), @"
    moved branch main from id6_________ to id3_________
      met         f1 >= 0.75  (f1 is 0.95)
      met         f1 > 0  (f1 is 0.95)
    ");
}

#[test]
fn guards_are_listed_and_taken_away() {
    let sandbox = measured();
    sandbox.ok("guard main 'f1>=0.5' f1>0");
    sandbox.ok("tag v1 main@3");
    sandbox.ok("guard v1 'f1 >= 0.9'");
    assert_snapshot!(sandbox.run("tag v1 main@1 --force"), @"
    error: tag v1 may not move to id1_________: f1 >= 0.9 is not met: f1 is 0.8
    hint: --override REASON moves it anyway, which is on record
    [exit code 3]
    ");
    assert_snapshot!(sandbox.run("tag v1 main@1 --force --override agreed"), @"
    moved tag v1 from id3_________ to id1_________
      overridden  f1 >= 0.9  (f1 is 0.8)
    ");
    assert_snapshot!(sandbox.run("guard"), @"
    ref          guard
    branch main  f1 >= 0.5
    branch main  f1 > 0
    tag v1       f1 >= 0.9
    ");
    assert_snapshot!(sandbox.run("guard v1"), @"f1 >= 0.9");
    assert_snapshot!(sandbox.pretty(&sandbox.json("guard v1")), @r#"
    {
      "kind": "tag",
      "name": "v1",
      "guards": ["f1 >= 0.9"]
    }
    "#);
    assert_snapshot!(sandbox.pretty(&sandbox.json("guard main -d f1>0")), @r#"
    {
      "kind": "branch",
      "name": "main",
      "guards": ["f1 >= 0.5"],
      "move": "id5"
    }
    "#);
    assert_snapshot!(sandbox.run("guard main -d f1>0"), @r#"
    error: branch main has no guard "f1>0"
    hint: `ckpt guard main` lists its guards
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("guard main --clear"), @"branch main has no guards");
    assert_snapshot!(sandbox.run("guard main"), @"branch main has no guards");
}

#[test]
fn refs_are_guarded_before_they_exist() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("guard main 'f1 > 0.5'"), @"
    branch main is guarded by
      f1 > 0.5
    ");
    assert_snapshot!(sandbox.run("guard production 'f1 > 0.5'"), @r#"
    error: no branch, tag or alias is called "production"
    hint: `ckpt guard refs/aliases/production CONDITION` guards a new alias
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("guard refs/aliases/production 'f1 > current.f1'"), @"
    alias production is guarded by
      f1 > current.f1
    ");
    sandbox.file("x", "1");
    assert_snapshot!(sandbox.run("commit x"), @"
    error: branch main may not move to id1_________: f1 > 0.5 is not met: f1 is missing; your version id1_________ is kept
    hint: `ckpt branch NAME id1_________` keeps what you made; --override REASON moves the branch anyway, which is on record
    [exit code 3]
    ");
    assert_snapshot!(sandbox.run("branch"), @"
      branch  version  #  message
    * main                no versions yet
    ");
    sandbox.ok("commit x --metric f1=0.6");
    sandbox.ok("promote main production");
    assert_snapshot!(sandbox.run("promote main production"), @"
    error: alias production may not move to id2_________: f1 > current.f1 is not met: current.f1 is 0.6, f1 is 0.6
    hint: --override REASON moves it anyway, which is on record
    [exit code 3]
    ");
    assert_snapshot!(sandbox.run("guard main 'f1 > '"), @r#"
    error: "f1 > " is not a condition: a number, parent.NAME or current.NAME is expected, at position 6
    hint: forms of a condition: f1 >= 0.95, loss < parent.loss, f1 >= current.f1 && loss < 0.2
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("guard main -d 'loss > 1'"), @r#"
    error: branch main has no guard "loss > 1"
    hint: `ckpt guard main` lists its guards
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("guard --clear"), @"
    error: the following required arguments were not provided: <REF>
    hint: usage: ckpt guard --clear <REF> [CONDITION]...
    [exit code 2]
    ");
}

#[test]
fn the_help_tells_the_grammar_of_conditions() {
    assert_snapshot!(Sandbox::empty().run("promote --help"), @r#"
    Moves an alias to a version if it meets the gate

    An alias, such as production, is a name for the version that is in use
    somewhere; it is made if there is none. The version must meet every condition
    given here, and the alias's guards, see `guard`. If it does not, nothing moves
    and the exit code is 3. What was found is recorded with the move, and `audit`
    shows it.

    A condition compares metrics: `f1 >= 0.95`, `loss < parent.loss`, or several
    joined by `&&`. The operators are < <= > >= == !=. On the left stands a metric
    of the version; on the right a number, `parent.NAME` for a metric of its first
    parent, or `current.NAME` for one of the version that the alias is at. A name
    with spaces or one of < > = ! & " stands in double quotes. A metric that is
    missing or NaN meets nothing; while the alias does not exist, comparisons with
    current. are met. Metrics that notes give count first, see `note`.

    With --json: kind, name, from, to, move, evidence (a list of condition, met,
    values).

    Usage: ckpt promote [OPTIONS] <REV> <ALIAS>

    Arguments:
      <REV>
              The version

      <ALIAS>
              The alias

    Options:
          --require <CONDITION>
              A condition that the version must meet; repeatable

          --no-worse-than <METRIC>
              max:NAME or min:NAME: a metric in which the version must be at least
              as good as the one that the alias is at; repeatable

      -m, --message <MESSAGE>
              Why, for the record

          --override <REASON>
              Moves even if conditions are not met, for this reason, which is on
              record

      -h, --help
              Print help (see a summary with '-h')

    Global options:
          --repo <DIR>
              The folder that holds .ckpt [default: found upwards from the current
              folder]

          --json
              Prints the result as JSON

    Examples:
      ckpt promote HEAD production --require 'f1 >= 0.95'
      ckpt promote max:f1 production --no-worse-than max:f1
      ckpt promote main~2 staging -m 'to be tried by hand'
    "#);
}
