use insta::assert_snapshot;

use crate::sandbox::Sandbox;

/// Replaces what depends on the machine.
fn portable(text: &str) -> String {
    text.replace(std::env::consts::ARCH, "[arch]")
        .replace(std::env::consts::OS, "[os]")
        .replace(env!("CARGO_PKG_VERSION"), "[version]")
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.tensors("run/m.safetensors", &[("w", &[1, 2], &[1.0, 2.0]), ("step", &[], &[3.0])]);
    sandbox.file("run/notes.txt", "hello");
    sandbox.file("houses.csv", "area,price\n50,200\n");
    sandbox.ok("commit run -m base");
    sandbox.ok(
        "commit run -m 'two\nlines' --data houses.csv --seed 7 --metric loss=0.30000000000000004 \
         --param lr=0.1 --param note='a b' --code run/notes.txt --from main",
    );
    sandbox.ok("tag v1");
    sandbox
}

#[test]
fn a_version_is_shown_whole() {
    assert_snapshot!(portable(&sandbox().run("show v1")), @"
    version      id2
    number       2
    branch       main
    tag          v1
    parent       id1
    time         2023-11-14 22:14:20 UTC
    author       ada
    model        id3
    state        id4
    recipe       id5
    code         id6
    seed         7
    continues    id4
    message      two
                 lines

    metric  value
    loss    0.30000000000000004

    parameter  value
    lr         0.1
    note       a b

    data
    houses.csv  id7

    environment  value
    arch         [arch]
    ckpt         [version]
    os           [os]

    tensor  dtype  shape   size  role
    step    F32    scalar   4 B  weights
    w       F32    1x2      8 B  weights
    2 tensors, 12 B

    file            size  reader         kept as
    m.safetensors  132 B  safetensors 1  2 tensors
    notes.txt        5 B  opaque 1       bytes, no known checkpoint format
    2 files, 137 B
    ");
}

#[test]
fn json_has_every_documented_key() {
    let sandbox = sandbox();
    assert_snapshot!(portable(&sandbox.pretty(&sandbox.json("show main"))), @r#"
    {
      "version": "id2",
      "model": "id3",
      "state": "id4",
      "parents": ["id1"],
      "number": 2,
      "branch": "main",
      "time": "2023-11-14T22:14:20Z",
      "author": "ada",
      "message": "two\nlines",
      "params": {
        "lr": 0.1,
        "note": "a b"
      },
      "metrics": {
        "loss": 0.30000000000000004
      },
      "refs": [
        {"kind":"branch","name":"main","version":"id2","current":true},
        {"kind":"tag","name":"v1","version":"id2","current":false}
      ],
      "recipe": "id5",
      "data": [
        {"name":"houses.csv","id":"id6","source":null,"preprocessing":null}
      ],
      "code": "id7",
      "seed": 7,
      "parent_state": "id4",
      "bases": [],
      "merge": null,
      "environment": {
        "arch": "[arch]",
        "ckpt": "[version]",
        "os": "[os]"
      },
      "tensors": [
        {"name":"step","dtype":"F32","shape":[],"bytes":4,"role":"weights","root":"id8"},
        {"name":"w","dtype":"F32","shape":[1,2],"bytes":8,"role":"weights","root":"id9"}
      ],
      "files": [
        {"path":"m.safetensors","bytes":132,"reader":"safetensors","reader_version":1,"note":null},
        {"path":"notes.txt","bytes":5,"reader":"opaque","reader_version":1,"note":"no known checkpoint format"}
      ],
      "notes": [],
      "removals": []
    }
    "#);
}

#[test]
fn many_tensors_are_cut_short_unless_all_are_asked_for() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..25).map(|index| format!("layer.{index:02}")).collect();
    let values: &[f32] = &[1.0];
    let tensors: Vec<(&str, &[u64], &[f32])> =
        names.iter().map(|name| (name.as_str(), &[1][..], values)).collect();
    sandbox.tensors("m.safetensors", &tensors);
    sandbox.ok("commit m.safetensors");
    let short = sandbox.ok("show");
    assert!(short.contains("layer.19") && !short.contains("layer.20"), "{short}");
    assert!(short.contains("and 5 more; --all lists them\n25 tensors, 100 B\n"), "{short}");
    let all = sandbox.ok("show --all");
    assert!(all.contains("layer.24") && !all.contains("more;"), "{all}");
}
