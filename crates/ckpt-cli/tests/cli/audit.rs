use ckpt_store::RefName;
use insta::assert_snapshot;
use serde_json::Value;

use crate::sandbox::Sandbox;

/// An alias that was made, guarded, overridden, rolled back and deleted.
fn history() -> Sandbox {
    let sandbox = Sandbox::new();
    for (epoch, f1) in [(1, 0.9), (2, 0.8)] {
        sandbox.file("model.bin", format!("epoch {epoch}"));
        sandbox.ok(&format!("commit model.bin -m 'epoch {epoch}' --metric f1={f1}"));
    }
    sandbox.ok("promote main@1 production --require f1>0.5 -m 'first release of the model'");
    sandbox.ok("guard production f1>=current.f1 -m policy");
    sandbox.ok("promote main@2 production --override 'data was wrong'");
    sandbox.ok("rollback production");
    sandbox
}

#[test]
fn the_moves_of_a_ref_are_listed_with_what_was_found() {
    let sandbox = history();
    assert_snapshot!(sandbox.run("audit production"), @"
    time (UTC)           who  what      from          to            why
    2023-11-14 22:18:20  ada  rollback  id2_________  id1_________
      met         f1 >= current.f1  (current.f1 is 0.8, f1 is 0.9)
    2023-11-14 22:17:20  ada  promote   id1_________  id2_________  data was wrong
      overridden  f1 >= current.f1  (current.f1 is 0.9, f1 is 0.8)
    2023-11-14 22:16:20  ada  guard     id1_________  id1_________  policy
      guard       f1 >= current.f1
    2023-11-14 22:15:20  ada  promote   -             id1_________  first release...
      met         f1 > 0.5  (f1 is 0.9)

    ok: 4 moves of alias production, unbroken
    newest move  id3
    ");
    assert_snapshot!(sandbox.run("audit main"), @"
    time (UTC)           who  what    from          to            why
    2023-11-14 22:14:20  ada  commit  id1_________  id2_________  epoch 2
    2023-11-14 22:13:20  ada  commit  -             id1_________  epoch 1

    ok: 2 moves of branch main, unbroken
    newest move  id4
    ");
    let lines = sandbox.documents("audit production");
    assert_eq!(lines.len(), 4);
    assert_snapshot!(sandbox.pretty(&lines[1]), @r#"
    {
      "kind": "alias",
      "name": "production",
      "move": "id5",
      "previous": "id6",
      "action": "promote",
      "from": "id1",
      "to": "id2",
      "time": "2023-11-14T22:17:20Z",
      "author": "ada",
      "reason": "data was wrong",
      "overridden": true,
      "evidence": [
        {"condition":"f1 >= current.f1","met":false,"values":{"current.f1":0.9,"f1":0.8}}
      ],
      "guards": ["f1 >= current.f1"]
    }
    "#);
    assert_eq!(lines[0]["previous"], lines[1]["move"]);
    assert_eq!(lines[3]["previous"], Value::Null);
}

#[test]
fn without_a_ref_all_are_listed_deleted_ones_too() {
    let sandbox = history();
    sandbox.ok("guard production --clear");
    sandbox.ok("alias -d production");
    assert_snapshot!(sandbox.run("audit"), @"
    ref               moves  overridden  newest move        time  who
    branch main           2           0  id3_________  7 min ago  ada
    alias production      6           1  id4_________  1 min ago  ada
    ");
    let lines = sandbox.documents("audit");
    assert_snapshot!(sandbox.pretty(&lines[1]), @r#"
    {
      "kind": "alias",
      "name": "production",
      "version": null,
      "moves": 6,
      "overridden": 1,
      "move": "id4",
      "time": "2023-11-14T22:20:20Z",
      "author": "ada",
      "damage": null
    }
    "#);
    assert_eq!(sandbox.documents("audit production").len(), 6);
    assert_snapshot!(sandbox.run("audit nothing"), @r#"
    error: no branch, tag or alias is or was called "nothing"
    hint: `ckpt audit` lists all
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("audit 'a b'"), @r#"
    error: "a b" is not a name for a ref: it contains a space or one of ~ ^ : ? * [ \
    hint: names are made of words, digits, - _ . and /
    [exit code 2]
    "#);
    assert_snapshot!(Sandbox::new().run("audit"), @"no ref was made yet");
}

#[test]
fn a_remembered_move_must_be_there() {
    let sandbox = history();
    let heads = sandbox.documents("audit");
    let head = heads[1]["move"].as_str().unwrap().to_owned();
    let expect =
        |sandbox: &Sandbox, id: &str| sandbox.output(&format!("audit production --expect {id}"));
    assert!(expect(&sandbox, &head).status.success());
    assert!(expect(&sandbox, &head[..12]).status.success());
    sandbox.ok("promote main@1 production");
    assert!(expect(&sandbox, &head).status.success());
    assert!(sandbox.output(&format!("audit --expect {head}")).status.success());
    // Cut off, by another process that can write files.
    let before = sandbox.documents("audit production")[2]["move"].as_str().unwrap().to_owned();
    sandbox.file(".ckpt/refs/aliases/production", format!("{before}\n"));
    assert_snapshot!(sandbox.run(&format!("audit production --expect {head}")), @"
    time (UTC)           who  what     from          to            why
    2023-11-14 22:17:20  ada  promote  id1_________  id2_________  data was wrong
      overridden  f1 >= current.f1  (current.f1 is 0.9, f1 is 0.8)
    2023-11-14 22:16:20  ada  guard    id1_________  id1_________  policy
      guard       f1 >= current.f1
    2023-11-14 22:15:20  ada  promote  -             id1_________  first release ...
      met         f1 > 0.5  (f1 is 0.9)
    error: move id3 is not in the history of alias production
    hint: its history was cut off or replaced, or the move is another ref's
    [exit code 3]
    ");
    assert_eq!(
        sandbox.output(&format!("audit production --json --expect {head}")).status.code(),
        Some(3)
    );
    assert_eq!(sandbox.output(&format!("audit --expect {head}")).status.code(), Some(3));
    assert_eq!(sandbox.output("verify").status.code(), Some(0));
    std::fs::remove_file(sandbox.path(".ckpt/refs/aliases/production")).unwrap();
    assert_snapshot!(sandbox.run(&format!("audit production --expect {head}")), @r#"
    error: no branch, tag or alias is or was called "production"
    hint: `ckpt audit` lists all
    [exit code 3]
    "#);
    assert_snapshot!(sandbox.run("audit production --expect head"), @r#"
    error: "head" is not the start of an id: an id has 64 hexadecimal digits
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("audit production --expect abc"), @r#"
    error: "abc" is too short for an id: give at least 4 hexadecimal digits
    [exit code 2]
    "#);
}

#[test]
fn a_break_in_the_chain_ends_it_with_exit_code_3() {
    let sandbox = history();
    // A move of another ref in place of the own.
    let other = sandbox.documents("audit main")[0]["move"].as_str().unwrap().to_owned();
    sandbox.file(".ckpt/refs/aliases/production", format!("{other}\n"));
    assert_snapshot!(sandbox.run("audit production"), @"
    error: refs/aliases/production is damaged: it holds a move of refs/heads/main
    hint: `ckpt verify` lists all damage and whom it affects
    [exit code 3]
    ");
    assert_snapshot!(sandbox.run("audit"), @"
    ref               moves  overridden  newest move        time  who
    branch main           2           0  id3_________  7 min ago  ada
    alias production      0           0
      damage      alias production is damaged: its chain of moves has a break: move id3_________ is one of refs/heads/main
    [exit code 3]
    ");
    sandbox.file(".ckpt/refs/aliases/production", "nothing\n");
    assert_snapshot!(sandbox.run("audit production"), @"
    error: refs/aliases/production is damaged: it does not hold an id
    hint: `ckpt verify` lists all damage and whom it affects
    [exit code 3]
    ");
}

#[test]
fn damage_in_the_middle_shows_what_came_after() {
    let sandbox = history();
    sandbox.damage_packs_with(b"policy");
    assert_snapshot!(sandbox.run("audit production"), @"
    time (UTC)           who  what      from          to            why
    2023-11-14 22:18:20  ada  rollback  id2_________  id1_________
      met         f1 >= current.f1  (current.f1 is 0.8, f1 is 0.9)
    2023-11-14 22:17:20  ada  promote   id1_________  id2_________  data was wrong
      overridden  f1 >= current.f1  (current.f1 is 0.9, f1 is 0.8)
    error: move id3_________ in packs/[pack].pack is damaged: its bytes fail their checksum
    hint: `ckpt verify` lists all damage and whom it affects
    [exit code 3]
    ");
    let output = sandbox.output("audit production --json");
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 2);
    let alias = RefName::from_full("refs/aliases/production").unwrap();
    assert!(sandbox.repository().audit(&alias).unwrap().nth(2).unwrap().is_err());
}
