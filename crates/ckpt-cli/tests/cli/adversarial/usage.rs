//! Command lines that ask for what is not there, or for two things at once.

use insta::assert_snapshot;

use super::{refused_lines, refused_unnamed};
use crate::sandbox::Sandbox;

#[test]
fn words_that_the_program_does_not_know() {
    let sandbox = Sandbox::with_history();
    let lines = [
        "lgo",
        "commit model.safetensors --mesage x",
        "log -n -1",
        "log main main",
        "tag v1 HEAD extra",
        "gc --grace -1d",
        "help nothing",
        "show --json=1",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "lgo"
      error: unrecognized subcommand 'lgo'
    hint: usage: ckpt [OPTIONS] <COMMAND>
    [exit code 2]
    "commit model.safetensors --mesage x"
      error: unexpected argument '--mesage' found
    hint: a similar argument exists: '--message'
    [exit code 2]
    "log -n -1"
      error: unexpected argument '-1' found
    "log main main"
      error: unexpected argument 'main' found
    hint: usage: ckpt log [OPTIONS] [REV]
    [exit code 2]
    "tag v1 HEAD extra"
      error: unexpected argument 'extra' found
    hint: usage: ckpt tag [OPTIONS] [NAME] [REV]
    [exit code 2]
    "gc --grace -1d"
      error: unexpected argument '-1' found
    hint: usage: ckpt gc [OPTIONS]
    [exit code 2]
    "help nothing"
      error: unrecognized subcommand 'nothing'
    hint: usage: ckpt [OPTIONS] <COMMAND>
    [exit code 2]
    "show --json=1"
      error: unexpected value '1' for '--json' found; no more were expected
    hint: usage: ckpt show --json [REV]
    [exit code 2]
    "#);
}

#[test]
fn arguments_that_are_missing() {
    let sandbox = Sandbox::with_history();
    let lines = [
        "log --repo",
        "log -n",
        "restore HEAD -o",
        "restore HEAD -o ''",
        "restore",
        "compare",
        "promote HEAD",
        "switch",
        "commit",
        "commit ''",
        "note HEAD",
        "prune",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "log --repo"
      error: a value is required for '--repo <DIR>' but none was supplied
    "log -n"
      error: a value is required for '--number <N>' but none was supplied
    "restore HEAD -o"
    "restore HEAD -o ''"
      error: a value is required for '--output <PATH>' but none was supplied
    [exit code 2]
    "restore"
      error: the following required arguments were not provided: <REV>
    hint: usage: ckpt restore <REV>
    [exit code 2]
    "compare"
      error: the following required arguments were not provided: <A> <B>...
    hint: usage: ckpt compare <A> <B>...
    [exit code 2]
    "promote HEAD"
      error: the following required arguments were not provided: <ALIAS>
    hint: usage: ckpt promote <REV> <ALIAS>
    [exit code 2]
    "switch"
      error: the following required arguments were not provided: <NAME>
    hint: usage: ckpt switch <NAME>
    [exit code 2]
    "commit"
      error: the following required arguments were not provided: <PATH>...
    hint: usage: ckpt commit <PATH>...
    [exit code 2]
    "commit ''"
      error: a value is required for '<PATH>...' but none was supplied
    [exit code 2]
    "note HEAD"
      error: there is nothing to note
    hint: give --metric NAME=VALUE, --file PATH or -m TEXT
    [exit code 2]
    "prune"
      error: no rule says what to keep, and config.toml has none either
    hint: `ckpt prune --keep-last 5 --plan` shows what that would do
    [exit code 2]
    "#);
}

#[test]
fn arguments_that_mean_nothing() {
    let sandbox = Sandbox::with_history();
    let lines = [
        "log -n 1.5",
        "prune --keep-last many",
        "prune --keep-best val_loss:1",
        "prune --keep-best min:val_loss:x",
        "gc --grace yesterday",
        "audit --expect xyz",
        "commit model.safetensors --effort huge",
        "commit model.safetensors --weights '['",
        "commit model.safetensors --state 'a{b'",
    ];
    assert_snapshot!(refused_unnamed(&sandbox, &lines), @r#"
      error: invalid value '1.5' for '--number <N>': it is not a whole number
      error: invalid value 'many' for '--keep-last <N>': it is not a whole number
      error: invalid value 'val_loss:1' for '--keep-best <GOAL:N>': "val_loss:1" is not min:METRIC:COUNT or max:METRIC:COUNT
      error: invalid value 'min:val_loss:x' for '--keep-best <GOAL:N>': "min:val_loss:x" is not min:METRIC:COUNT or max:METRIC:COUNT
      error: invalid value 'yesterday' for '--grace <PERIOD>': "yesterday" is not a period such as 7d: a number and s, m, h, d or w
      error: "xyz" is not the start of an id: an id has 64 hexadecimal digits
      error: invalid value 'huge' for '--effort <EFFORT>' [possible values: fast, default, small]
      error: invalid value '[' for '--weights <PATTERN>': "[" is not a pattern: unclosed character class; missing ']'
      error: invalid value 'a{b' for '--state <PATTERN>': "a{b" is not a pattern: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
    [exit code 2]
    "#);
}

#[test]
fn repositories_that_are_none() {
    let sandbox = Sandbox::with_history();
    sandbox.file("empty/x", "");
    let lines = [
        "log --repo empty",
        "log --repo nowhere",
        "log --repo model.safetensors",
        "log --repo .ckpt",
        "log --repo ''",
        "init .",
        "init model.safetensors",
        "init 'model.safetensors/a\nb/x'",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "log --repo empty"
      error: no ckpt repository in empty
    "log --repo nowhere"
      error: no ckpt repository in nowhere
    "log --repo model.safetensors"
      error: no ckpt repository in model.safetensors
    "log --repo .ckpt"
      error: no ckpt repository in .ckpt
    hint: `ckpt init` makes one
    [exit code 1]
    "log --repo ''"
      error: a value is required for '--repo <DIR>' but none was supplied
    [exit code 2]
    "init ."
      error: . already holds a ckpt repository
    hint: `ckpt log` shows its versions
    [exit code 1]
    "init model.safetensors"
      error: cannot read model.safetensors/.ckpt: Not a directory (os error 20)
    "init 'model.safetensors/a\nb/x'"
      error: cannot read model.safetensors/a\nb/x/.ckpt: Not a directory (os error 20)
    [exit code 1]
    "#);
}

#[test]
fn commits_of_nothing() {
    let sandbox = Sandbox::with_history();
    std::fs::create_dir_all(sandbox.path("bare/below")).unwrap();
    sandbox.file("only/.ckpt/format", "x");
    sandbox.tensors("other/model.safetensors", &[("w", &[1], &[1.0])]);
    let lines = [
        "commit nothing.safetensors",
        "commit model.safetensors/x",
        "commit bare",
        "commit only",
        "commit .ckpt",
        "commit model.safetensors model.safetensors",
        "commit model.safetensors ./model.safetensors",
        "commit model.safetensors other/model.safetensors",
        "commit /dev/null",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "commit nothing.safetensors"
      error: cannot read nothing.safetensors: No such file or directory (os error 2)
    hint: did you mean model.safetensors?
    [exit code 1]
    "commit model.safetensors/x"
      error: cannot read model.safetensors/x: Not a directory (os error 20)
    "commit bare"
      error: there are no files in bare
    "commit only"
      error: there are no files in only
    [exit code 1]
    "commit .ckpt"
      error: .ckpt is a repository, not a part of a checkpoint
    hint: give the files of the checkpoint
    [exit code 2]
    "commit model.safetensors model.safetensors"
      error: model.safetensors and model.safetensors would both be recorded as model.safetensors
    "commit model.safetensors ./model.safetensors"
      error: model.safetensors and ./model.safetensors would both be recorded as model.safetensors
    "commit model.safetensors other/model.safetensors"
      error: model.safetensors and other/model.safetensors would both be recorded as model.safetensors
    hint: give the folder that holds both, or commit them one after the other
    [exit code 2]
    "commit /dev/null"
      error: /dev/null is neither a file nor a folder
    hint: only regular files and folders can be committed
    [exit code 1]
    "#);
}

#[test]
fn inputs_that_are_not_there() {
    let sandbox = Sandbox::with_history();
    sandbox.tensors("other/model.safetensors", &[("w", &[1], &[1.0])]);
    let lines = [
        "commit model.safetensors --data other",
        "commit model.safetensors --code nothing",
        "commit model.safetensors --data-source a=b",
        "note HEAD --file nothing",
        "note HEAD --file .ckpt",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "commit model.safetensors --data other"
      error: other is a folder
    hint: only regular files can be data
    [exit code 1]
    "commit model.safetensors --code nothing"
      error: cannot read nothing: No such file or directory (os error 2)
    [exit code 1]
    "commit model.safetensors --data-source a=b"
      error: no --data file is called a
    [exit code 2]
    "note HEAD --file nothing"
      error: cannot read nothing: No such file or directory (os error 2)
    [exit code 1]
    "note HEAD --file .ckpt"
      error: .ckpt is a repository, not a part of a checkpoint
    hint: give the files of the checkpoint
    [exit code 2]
    "#);
}

#[test]
fn tensors_that_are_said_to_be_both_weights_and_state_are_weights() {
    let sandbox = Sandbox::new();
    sandbox.tensors("m.safetensors", &[("v", &[1], &[1.0]), ("w", &[1], &[1.0])]);
    sandbox.ok("commit m.safetensors --weights w --state '*'");
    let roles = sandbox.json("show")["tensors"].clone();
    assert_eq!((&roles[0]["role"], &roles[1]["role"]), (&"state".into(), &"weights".into()));
}

#[test]
fn commits_of_a_part_of_a_repository() {
    let sandbox = Sandbox::with_history();
    let lines = ["commit .ckpt/HEAD", "commit .ckpt/packs"];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "commit .ckpt/HEAD"
      error: .ckpt/HEAD is in a repository, not a part of a checkpoint
    "commit .ckpt/packs"
      error: .ckpt/packs is in a repository, not a part of a checkpoint
    hint: give the files of the checkpoint
    [exit code 2]
    "#);
}

#[test]
fn a_repository_in_a_repository() {
    let sandbox = Sandbox::with_history();
    let lines = ["init .ckpt", "init .ckpt/packs"];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "init .ckpt"
      error: .ckpt is in a ckpt repository
    "init .ckpt/packs"
      error: .ckpt/packs is in a ckpt repository
    hint: name a folder next to it
    [exit code 1]
    "#);
}
