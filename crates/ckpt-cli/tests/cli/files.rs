//! Files that the real packages wrote (torch, numpy, safetensors, gguf): they come back byte for
//! byte, and the same weights have one id whatever file they are in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use insta::assert_snapshot;

use crate::sandbox::Sandbox;

/// Finds a file of the workspace.
pub(crate) fn workspace(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Lists the files of a folder, sorted, without those that make or describe the others.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.is_file())
        .filter(|path| {
            !["py", "json"].iter().any(|end| path.extension().is_some_and(|e| e == *end))
        })
        .collect();
    files.sort();
    files
}

fn model(sandbox: &Sandbox, line: &str) -> String {
    sandbox.json(line)["model"].as_str().unwrap().to_owned()
}

#[test]
fn every_file_comes_back_byte_for_byte() {
    let sandbox = Sandbox::new();
    let mut all = files(&workspace("crates/ckpt-formats/tests/data"));
    all.extend(
        ["base", "head", "body"]
            .map(|name| workspace("fixtures/torch").join(name).join("model.pt")),
    );
    assert!(all.len() > 30, "{} files", all.len());
    for (round, path) in all.iter().enumerate() {
        let bytes = fs::read(path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        sandbox.file(&format!("in/{name}"), &bytes);
        sandbox.ok(&format!("commit in/{name} -b b{round}"));
        sandbox.ok(&format!("restore b{round} -o out/{round}-{name}"));
        assert_eq!(sandbox.read(&format!("out/{round}-{name}")), bytes, "{name}");
    }
    sandbox.ok("verify");
}

#[test]
fn the_same_weights_have_one_model_id_in_every_container() {
    let sandbox = Sandbox::new();
    let alike = workspace("fixtures/torch/alike");
    let commit = |path: &Path, branch: &str| {
        model(&sandbox, &format!("commit {} -b {branch}", path.display()))
    };
    let training = commit(&workspace("fixtures/torch/base/model.pt"), "training");
    for name in ["weights.pt", "weights.safetensors", "weights.npz", "reordered.safetensors"] {
        assert_eq!(commit(&alike.join(name), name), training, "{name}");
    }
    let sharded = alike.join("sharded");
    assert_eq!(commit(&sharded, "folder"), training);
    let index = sharded.join("model.safetensors.index.json");
    assert_eq!(commit(&index, "index"), training);
    let other = commit(&workspace("fixtures/torch/head/model.pt"), "other");
    assert_ne!(other, training);
}

#[test]
fn a_training_checkpoint_is_shown_with_weights_and_state() {
    let sandbox = Sandbox::new();
    let path = workspace("fixtures/torch/base/model.pt");
    sandbox.ok(&format!("commit {} -m base", path.display()));
    let shown = sandbox.run("show");
    let tables = shown.split_once("tensor ").unwrap().1;
    assert_snapshot!(format!("tensor {tables}"), @"
    tensor                        dtype  shape    size  role
    0.bias                        F32    16       64 B  weights
    0.weight                      F32    16x4    256 B  weights
    2.bias                        F32    3        12 B  weights
    2.weight                      F32    3x16    192 B  weights
    optimizer.state.0.exp_avg     F32    16x4    256 B  state
    optimizer.state.0.exp_avg_sq  F32    16x4    256 B  state
    optimizer.state.0.step        F32    scalar    4 B  state
    optimizer.state.1.exp_avg     F32    16       64 B  state
    optimizer.state.1.exp_avg_sq  F32    16       64 B  state
    optimizer.state.1.step        F32    scalar    4 B  state
    optimizer.state.2.exp_avg     F32    3x16    192 B  state
    optimizer.state.2.exp_avg_sq  F32    3x16    192 B  state
    optimizer.state.2.step        F32    scalar    4 B  state
    optimizer.state.3.exp_avg     F32    3        12 B  state
    optimizer.state.3.exp_avg_sq  F32    3        12 B  state
    optimizer.state.3.step        F32    scalar    4 B  state
    16 tensors, 1.6 kB

    file        size  reader     kept as
    model.pt  5.8 kB  pytorch 1  16 tensors
    1 file, 5.8 kB
    ");
}

#[test]
fn what_is_kept_as_bytes_says_why() {
    let sandbox = Sandbox::new();
    let data = workspace("crates/ckpt-formats/tests/data");
    for (round, name) in
        ["module.pt", "strided.pt", "legacy.pt", "compressed.npz", "fortran.npy", "quantized.gguf"]
            .iter()
            .enumerate()
    {
        fs::create_dir_all(sandbox.path("all")).unwrap();
        fs::copy(data.join(name), sandbox.path(&format!("all/{round}-{name}"))).unwrap();
    }
    sandbox.ok("commit all");
    let shown = sandbox.run("show");
    let reasons: Vec<&str> = shown.lines().filter(|line| line.starts_with("opaque  ")).collect();
    assert_snapshot!(reasons.join("\n"), @"
    opaque  0-module.pt: data.pkl uses the global torch.nn.modules.container.Sequential
    opaque  1-strided.pt: 2 tensors are opaque, first `channels_last`: not row-major (shape [1, 2, 2, 4], strides [16, 1, 8, 2])
    opaque  2-legacy.pt: not pytorch: no zip archive (a legacy or other file)
    opaque  3-compressed.npz: 2 tensors are opaque, first `b`: compressed (savez_compressed)
    opaque  4-fortran.npy: the array is in Fortran order
    opaque  5-quantized.gguf: 3 tensors are quantized and opaque: Q8_0 2, Q4_0 1
    ");
}

#[test]
fn a_shard_that_is_missing_is_named() {
    let sandbox = Sandbox::new();
    let sharded = workspace("fixtures/torch/alike/sharded");
    for name in ["model.safetensors.index.json", "model-00001-of-00002.safetensors"] {
        fs::create_dir_all(sandbox.path("m")).unwrap();
        fs::copy(sharded.join(name), sandbox.path(&format!("m/{name}"))).unwrap();
    }
    assert_snapshot!(sandbox.run("commit m"), @"
    error: m/model.safetensors.index.json lists the shard model-00002-of-00002.safetensors, which cannot be read: No such file or directory (os error 2)
    hint: fetch the shard, or commit the index as plain bytes by --opaque
    [exit code 1]
    ");
    sandbox.ok("commit m --opaque");
}

#[test]
fn rules_say_what_is_state() {
    let sandbox = Sandbox::new();
    let path = workspace("fixtures/torch/base/model.pt");
    let commit = |branch: &str, flags: &str| {
        model(&sandbox, &format!("commit {} -b {branch} {flags}", path.display()))
    };
    let usual = commit("usual", "");
    assert_ne!(commit("all", "--weights 'optimizer.*'"), usual);
    assert_ne!(commit("less", "--state '2.*'"), usual);
    sandbox.file(".ckpt/config.toml", "[roles]\nweights = [\"optimizer.*\"]\n");
    assert_eq!(commit("config", ""), model(&sandbox, "show all"));
    assert_eq!(commit("flag", "--state 'optimizer.*'"), usual);
}

#[test]
fn tensors_are_exported_whatever_file_they_came_in() {
    let sandbox = Sandbox::new();
    let path = workspace("fixtures/torch/base/model.pt");
    let training = model(&sandbox, &format!("commit {}", path.display()));
    assert_snapshot!(sandbox.run("export HEAD --with-state -o out.safetensors"), @"
    written   out.safetensors  788 B
    written   out.state.safetensors  2.1 kB
    ");
    assert_snapshot!(sandbox.run("export HEAD --format npz"), @"
    written   model.npz  1.5 kB
    note: 12 tensors of state are left out; --with-state exports them
    ");
    for (branch, files) in [("a", "out.safetensors"), ("b", "model.npz")] {
        assert_eq!(model(&sandbox, &format!("commit {files} -b {branch}")), training);
    }
    let both = sandbox.json("commit out.safetensors out.state.safetensors -b c");
    assert_eq!(both["state"], sandbox.json("show main")["state"]);
    assert_snapshot!(sandbox.run("export HEAD --tensor 'nothing*' -o x.npz"), @r#"
    error: no tensor of these versions has a name like "nothing*"
    hint: names start with "0.bias"; `show` lists them all
    [exit code 1]
    "#);
}

/// Weights and their moving average are equal at first: the names of tensors do not depend on that,
/// so that a history does not break in two where they part.
#[test]
fn a_moving_average_has_its_names_from_the_first_epoch_on() {
    let sandbox = Sandbox::new();
    for (weights, average) in [(1.0, 1.0), (2.0, 1.1), (3.0, 1.3)] {
        sandbox.tensors("run/model.safetensors", &[("w", &[1], &[weights])]);
        sandbox.tensors("run/ema.safetensors", &[("w", &[1], &[average])]);
        sandbox.run("commit run");
    }
    for pair in ["main@1 main@2", "main@2 main@3"] {
        let compared = sandbox.run(&format!("compare {pair} --tensor w"));
        assert!(compared.contains("2 tensors: 2 changed"), "{compared}");
        assert!(compared.contains("ema.safetensors::w") && !compared.contains("renamed"));
    }
    // Each has a row in every version, and an update from the second on.
    let rows = sandbox.documents("stat w --over main");
    assert_eq!(rows.len(), 6);
    assert!(rows.iter().all(|row| row["update"].is_number() == (row["number"] != 1)));
}
