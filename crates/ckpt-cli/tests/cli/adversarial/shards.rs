//! Indices of sharded models that lie, or lead elsewhere.

use insta::assert_snapshot;

use super::{refused, together};
use crate::sandbox::Sandbox;

const INDEX: &str = "run/model.safetensors.index.json";

/// A folder with two shards, of one tensor each, and another file outside.
fn sharded() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.tensors("run/one.safetensors", &[("a", &[1], &[1.0])]);
    sandbox.tensors("run/two.safetensors", &[("b", &[1], &[2.0])]);
    sandbox.tensors("other.safetensors", &[("c", &[1], &[3.0])]);
    sandbox
}

fn refused_indices(indices: &[&str]) -> String {
    let sandbox = sharded();
    together(indices.iter().map(|index| {
        sandbox.file(INDEX, index);
        let message = refused(&sandbox, "commit run");
        assert_eq!(refused(&sandbox, &format!("commit {INDEX}")), message);
        ((*index).to_owned(), message)
    }))
}

#[test]
fn shards_that_are_not_there_or_elsewhere() {
    let indices = [
        r#"{"weight_map":{"a":"one.safetensors","c":"three.safetensors"}}"#,
        r#"{"weight_map":{"c":"../other.safetensors"}}"#,
        r#"{"weight_map":{"c":"deep/../../other.safetensors"}}"#,
        r#"{"weight_map":{"c":"/etc/passwd"}}"#,
        r#"{"weight_map":{"c":"C:\\other.safetensors"}}"#,
        r#"{"weight_map":{"c":"."}}"#,
        r#"{"weight_map":{"c":""}}"#,
        r#"{"weight_map":{"c":"a\u001b[31m\nb"}}"#,
        r#"{"weight_map":{"c":"a\u0000b"}}"#,
    ];
    assert_snapshot!(refused_indices(&indices), @r#"
    {"weight_map":{"a":"one.safetensors","c":"three.safetensors"}}
      error: run/model.safetensors.index.json lists the shard three.safetensors, which cannot be read: No such file or directory (os error 2)
    hint: fetch the shard, or commit the index as plain bytes by --opaque
    [exit code 1]
    {"weight_map":{"c":"../other.safetensors"}}
      error: run/model.safetensors.index.json: shard index: `../other.safetensors` is no name of a file in the folder of the index
    {"weight_map":{"c":"deep/../../other.safetensors"}}
      error: run/model.safetensors.index.json: shard index: `deep/../../other.safetensors` is no name of a file in the folder of the index
    {"weight_map":{"c":"/etc/passwd"}}
      error: run/model.safetensors.index.json: shard index: `/etc/passwd` is no name of a file in the folder of the index
    {"weight_map":{"c":"C:\\other.safetensors"}}
      error: run/model.safetensors.index.json: shard index: `C:\other.safetensors` is no name of a file in the folder of the index
    {"weight_map":{"c":"."}}
      error: run/model.safetensors.index.json: shard index: `.` is no name of a file in the folder of the index
    {"weight_map":{"c":""}}
      error: run/model.safetensors.index.json: shard index: `` is no name of a file in the folder of the index
    {"weight_map":{"c":"a\u001b[31m\nb"}}
      error: run/model.safetensors.index.json: shard index: `a\u{1b}[31m\nb` is no name of a file in the folder of the index
    {"weight_map":{"c":"a\u0000b"}}
      error: run/model.safetensors.index.json: shard index: `a\u{0}b` is no name of a file in the folder of the index
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    "#);
}

#[test]
fn indices_that_are_none() {
    let indices = [
        "",
        r#"{"weight_map":"#,
        "{}",
        r#"{"weight_map":{"a":7}}"#,
        r#"{"weight_map":{"a":"one.safetensors","a":"two.safetensors"}}"#,
    ];
    assert_snapshot!(refused_indices(&indices), @r#"
      error: run/model.safetensors.index.json: shard index: EOF while parsing a value at line 1 column 0
    {"weight_map":
      error: run/model.safetensors.index.json: shard index: EOF while parsing a value at line 1 column 14
    {}
      error: run/model.safetensors.index.json: shard index: missing field `weight_map` at line 1 column 2
    {"weight_map":{"a":7}}
      error: run/model.safetensors.index.json: shard index: invalid type: integer `7`, expected a string at line 1 column 20
    {"weight_map":{"a":"one.safetensors","a":"two.safetensors"}}
      error: run/model.safetensors.index.json: shard index: tensor `a` appears twice, first in `one.safetensors`
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    "#);
}

#[test]
fn shards_that_are_folders() {
    let sandbox = sharded();
    sandbox.file(INDEX, r#"{"weight_map":{"a":"one.safetensors","c":"folder"}}"#);
    std::fs::create_dir(sandbox.path("run/folder")).unwrap();
    assert_snapshot!(refused(&sandbox, "commit run"), @"
    error: run/model.safetensors.index.json lists the shard folder, which is a folder
    hint: fetch the shard, or commit the index as plain bytes by --opaque
    [exit code 1]
    ");
}

#[cfg(unix)]
#[test]
fn shards_that_are_links() {
    let sandbox = sharded();
    sandbox.file(INDEX, r#"{"weight_map":{"a":"one.safetensors","c":"link"}}"#);
    std::os::unix::fs::symlink("../other.safetensors", sandbox.path("run/link")).unwrap();
    let message = refused(&sandbox, "commit run");
    assert_snapshot!(message, @"
    error: run/link is a symbolic link
    hint: only regular files and folders can be committed
    [exit code 1]
    ");
    assert_eq!(refused(&sandbox, &format!("commit {INDEX}")), message);
}

#[test]
fn shards_without_the_tensors_that_they_are_said_to_have() {
    let indices = [r#"{"weight_map":{"a":"one.safetensors","b":"one.safetensors"}}"#];
    assert_snapshot!(refused_indices(&indices), @r#"
    {"weight_map":{"a":"one.safetensors","b":"one.safetensors"}}
      error: run/model.safetensors.index.json lists the tensor "b" in one.safetensors, which has no such tensor
    hint: fetch the shard again, or commit the index as plain bytes by --opaque
    [exit code 1]
    "#);
}
