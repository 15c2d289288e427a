use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::Sandbox;

#[test]
fn a_sound_repository_is_ok() {
    let sandbox = Sandbox::with_history();
    let document = sandbox.json("verify");
    let objects = document["objects"].as_u64().unwrap();
    assert_eq!((&document["ok"], &document["damage"]), (&json!(true), &json!([])));
    let text = sandbox.ok("verify");
    assert!(text.starts_with(&format!("ok: {objects} objects, ")), "{text}");
    assert!(text.ends_with(" kB, 3 versions\n"), "{text}");
}

#[test]
fn damage_is_listed_with_the_versions_that_suffer() {
    let sandbox = Sandbox::new();
    sandbox.file("notes.txt", "precious words");
    sandbox.ok("commit notes.txt");
    sandbox.damage_packs_with(b"precious words");
    assert_snapshot!(sandbox.run("verify"), @"
    block id2_________ in packs/[pack].pack: its bytes fail their checksum
        in versions id1_________
    damaged in 1 place; read 5 objects, 356 B, 1 version
    [exit code 3]
    ");
    let mut document = sandbox.json("verify");
    document["bytes"].take();
    assert_snapshot!(sandbox.pretty(&document), @r#"
    {
      "ok": false,
      "objects": 5,
      "bytes": null,
      "versions": 1,
      "damage": [
        {"place":"block id2_________ in packs/[pack].pack","what":"its bytes fail their checksum","versions":["id1"]}
      ]
    }
    "#);
    assert_eq!(sandbox.output("verify --json").status.code(), Some(3));
    // Nobody reading changes nothing about the answer.
    let mut child = sandbox.command("verify").stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn damaged_packs_are_set_aside_and_the_same_files_heal() {
    let sandbox = Sandbox::new();
    sandbox.file("notes.txt", "precious words");
    sandbox.ok("commit notes.txt");
    assert_eq!(sandbox.json("verify --repair")["set_aside"], serde_json::json!([]));
    sandbox.damage_packs_with(b"precious words");
    assert_snapshot!(sandbox.run("verify --repair"), @"
    packs/[pack].pack is in quarantine; what was undamaged in it is kept
    id1_________  lacks a part
    block id2_________: it is missing
        in versions id1_________
    damaged in 1 place; read 4 objects, 342 B, 1 version
    [exit code 3]
    ");
    assert_snapshot!(sandbox.run("log"), @"
    #  version            time  message
    1  id1_________  3 min ago  (main)
    ");
    sandbox.ok("commit notes.txt");
    assert_eq!(sandbox.json("verify")["ok"], true);
    sandbox.ok("restore main~ -o old.txt");
    assert_eq!(sandbox.read("old.txt"), b"precious words");
}
