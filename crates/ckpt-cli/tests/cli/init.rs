use insta::assert_snapshot;

use crate::sandbox::Sandbox;

#[test]
fn a_new_repository_says_where_it_is_and_what_to_try() {
    let sandbox = Sandbox::empty();
    assert_snapshot!(sandbox.run("init"), @r#"
    made an empty repository in [DIR]/.ckpt
    next: ckpt commit model.safetensors -m "first version"
    "#);
    assert_snapshot!(sandbox.run("init runs/first"), @r#"
    made an empty repository in [DIR]/runs/first/.ckpt
    next: ckpt commit model.safetensors -m "first version"
    "#);
    assert_snapshot!(sandbox.run("init --repo runs/second"), @r#"
    made an empty repository in [DIR]/runs/second/.ckpt
    next: ckpt commit model.safetensors -m "first version"
    "#);
    assert_snapshot!(sandbox.pretty(&sandbox.json("init third")), @r#"
    {
      "repository": "[DIR]/third/.ckpt",
      "branch": "main"
    }
    "#);
    assert!(sandbox.path("runs/first/.ckpt/format").is_file());
}

#[test]
fn a_repository_is_not_made_twice() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("init"), @"
    error: [DIR] already holds a ckpt repository
    hint: `ckpt log` shows its versions
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("init a --repo b"), @"
    error: DIR and --repo both name the folder; give one of them
    [exit code 2]
    ");
}

#[test]
fn a_file_is_no_place_for_a_repository() {
    let sandbox = Sandbox::empty();
    sandbox.file("file", "");
    assert_snapshot!(sandbox.run("init file"), @"
    error: cannot read file/.ckpt: Not a directory (os error 20)
    [exit code 1]
    ");
}

#[test]
fn without_a_repository_there_is_a_hint() {
    let sandbox = Sandbox::empty();
    assert_snapshot!(sandbox.run("log"), @"
    error: no ckpt repository in [DIR] or above it
    hint: `ckpt init` makes one
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("log --repo elsewhere"), @"
    error: no ckpt repository in elsewhere
    hint: `ckpt init` makes one
    [exit code 1]
    ");
}

#[test]
fn a_repository_is_found_from_a_folder_below() {
    let sandbox = Sandbox::with_history();
    std::fs::create_dir_all(sandbox.path("a/b")).unwrap();
    let output = sandbox.command("log -n 1").current_dir(sandbox.path("a/b")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_repository_of_a_newer_format_is_left_alone() {
    let sandbox = Sandbox::with_history();
    sandbox.file(".ckpt/format", "ckpt repository format 9\n");
    assert_snapshot!(sandbox.run("commit model.safetensors"), @r#"
    error: the repository has format "ckpt repository format 9"; this ckpt reads "ckpt repository format 2"
    hint: another version of ckpt made it; use that one
    [exit code 1]
    "#);
}

#[test]
fn a_section_of_config_toml_that_a_later_ckpt_knows_is_noticed_and_passed_by() {
    let sandbox = Sandbox::new();
    sandbox.tensors("w.safetensors", &[("w", &[1], &[1.0])]);
    sandbox.file(
        ".ckpt/config.toml",
        "[remotes.origin]\nurl = \"s3://models\"\n\n[metric]\nloss = \"min\"\n",
    );
    let output = sandbox.output("commit w.safetensors");
    assert!(output.status.success());
    assert_snapshot!(String::from_utf8_lossy(&output.stderr), @"
    note: this ckpt does not know the section [metric] of config.toml; [metrics] may be meant
    note: this ckpt does not know the section [remotes] of config.toml
    ");
}
