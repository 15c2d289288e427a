use insta::assert_snapshot;

use crate::{files::workspace, sandbox::Sandbox};

#[test]
fn files_that_nobody_changed_are_carried_over() {
    let sandbox = Sandbox::new();
    let write = |weight: f32, config: &str| {
        sandbox.tensors("run/model.safetensors", &[("w", &[2], &[weight, 1.0])]);
        sandbox.file("run/config.json", config);
        sandbox.file("run/tokenizer.bin", "same");
    };
    write(1.0, "{}");
    sandbox.ok("commit run");
    write(2.0, "{}");
    sandbox.ok("commit run -b side --from main");
    write(3.0, "{\"a\": 1}");
    sandbox.ok("commit run");
    assert_snapshot!(sandbox.run("merge side --strategy average"), @r#"
    [main id4_________] #3 "merge side"  20 B -> [size] stored
      tensors 1 merged (1 by average:0.5)
      files   1 the same, 1 ours, 1 dissolved into tensors
    "#);
    assert_snapshot!(sandbox.run("restore main -o out"), @"
    written   out/config.json  8 B
    written   out/model.safetensors  72 B
    written   out/tokenizer.bin  4 B
    ");
    assert_eq!(sandbox.read("out/config.json"), b"{\"a\": 1}");
    let merged = sandbox.read("out/model.safetensors");
    assert_eq!(merged[merged.len() - 8..], [2.5f32, 1.0].map(f32::to_le_bytes).concat());
    assert!(sandbox.ok("verify").starts_with("ok: "));
}

#[test]
fn checkpoints_of_pytorch_are_merged() {
    let sandbox = Sandbox::new();
    let torch =
        |name: &str| workspace(&format!("fixtures/torch/{name}/model.pt")).display().to_string();
    sandbox.ok(&format!("commit {} -m base", torch("base")));
    sandbox.ok(&format!("commit {} -b head --from main -m head", torch("head")));
    sandbox.ok(&format!("commit {} -m body", torch("body")));
    assert_snapshot!(sandbox.run("merge head --strategy average --for 'optimizer.*=ours'"), @r#"
    [main id4_________] #3 "merge head"  1.6 kB -> [size] stored
      tensors 2 the same, 12 ours, 2 merged (2 by average:0.5)
      files   1 dissolved into tensors
    "#);
    assert_snapshot!(sandbox.run("restore main -o out"), @"written   out  788 B");
    assert_snapshot!(sandbox.run("merge --replay main"), @"the recipe of id4_________ makes the same weights again: model id5_________");
}

#[test]
fn tied_tensors_stay_in_a_file_that_is_carried_over() {
    let sandbox = Sandbox::new();
    let tied = std::fs::read(workspace("crates/ckpt-formats/tests/data/tied.pt")).unwrap();
    sandbox.file("run/tied.pt", &tied);
    let write = |weight: f32, line: &str| {
        sandbox.tensors("run/w.safetensors", &[("w", &[1], &[weight])]);
        sandbox.ok(line);
    };
    write(1.0, "commit run");
    write(2.0, "commit run -b side --from main");
    write(4.0, "commit run");
    assert_snapshot!(sandbox.run("merge side --strategy average"), @r#"
    [main id4_________] #3 "merge side"  870 B -> [size] stored
      tensors 3 the same, 1 merged (1 by average:0.5)
      files   1 the same, 1 dissolved into tensors
    "#);
    sandbox.ok("restore main -o out");
    assert_eq!(sandbox.read("out/tied.pt"), tied);
    assert_eq!(sandbox.read("out/model.safetensors").last_chunk(), Some(&3f32.to_le_bytes()));
    assert!(sandbox.ok("verify").starts_with("ok: "));
}
