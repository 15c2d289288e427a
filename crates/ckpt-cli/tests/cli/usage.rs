use std::{io::Read, process::Stdio};

use insta::assert_snapshot;

use crate::sandbox::Sandbox;

#[test]
fn wrong_arguments_get_two_lines_and_exit_code_2() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("comit"), @"
    error: unrecognized subcommand 'comit'
    hint: some similar subcommands exist: 'completions', 'commit'
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("commit"), @"
    error: the following required arguments were not provided: <PATH>...
    hint: usage: ckpt commit <PATH>...
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("log --which f1>0"), @"
    error: unexpected argument '--which' found
    hint: usage: ckpt log [OPTIONS] [REV]
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("log -n many"), @"
    error: invalid value 'many' for '--number <N>': it is not a whole number
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("commit model.safetensors --effort huge"), @"
    error: invalid value 'huge' for '--effort <EFFORT>' [possible values: fast, default, small]
    [exit code 2]
    ");
}

#[test]
fn help_is_for_80_columns_and_names_every_command() {
    let sandbox = Sandbox::empty();
    assert_snapshot!(sandbox.run("help"), @"
    Version control for model checkpoints

    Usage: ckpt [OPTIONS] <COMMAND>

    Commands:
      init         Makes a repository
      train        Trains a model and versions its epochs
      reproduce    Trains a version again from its record, and compares bit by bit
      commit       Versions files
      log          Shows a version and all before it
      show         Shows one version whole
      compare      Compares versions [alias: diff]
      models       Lists the models of the repository, or the lines of one
      stat         Shows norms and updates of tensors through history
      lineage      Shows what a version came from: versions, base models, data and
                   code
      report       Writes a page of charts, tables and the history graph
      restore      Gives the files of a version back, byte for byte
      export       Writes the tensors of a version to a new file, whatever files
                   they came in
      verify       Checks every byte of the repository
      branch       Lists, makes and deletes branches
      tag          Lists, makes and deletes tags
      switch       Makes a branch the current one
      alias        Lists and deletes aliases
      merge        Merges a version into a branch, three ways
      promote      Moves an alias to a version if it meets the gate
      guard        Lists and sets conditions that every move of a ref must meet
      rollback     Moves a branch, tag or alias back
      audit        Shows who moved a ref when and why, and verifies the chain of its
                   moves
      note         Adds metrics, text and files to a version, which stays what it is
      gc           Takes away content that nothing needs, and tidies up
      prune        Drops the content of versions that no rule keeps
      undelete     Restores content that gc or prune removed
      completions  Prints a script that completes commands in a shell
      man          Prints a manual page, or writes all of them into a folder
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Global options:
          --repo <DIR>  The folder that holds .ckpt [default: found upwards from the
                        current folder]
          --json        Prints the result as JSON

    Examples:
      ckpt init
      ckpt commit model.safetensors -m 'first try' --metric val_loss=0.31
      ckpt log
      ckpt compare HEAD~ HEAD
      ckpt restore min:val_loss -o best.safetensors

    REV names a version: a branch, tag or alias, HEAD, the first digits of an id,
    main~3 (3 versions before), main@12 (version number 12), min:loss or max:f1 (the
    best of the current branch), min:loss@main.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the answer is no, 4 conflict.
    ");
}

#[test]
fn the_help_of_a_command_tells_all_about_it() {
    assert_snapshot!(Sandbox::empty().run("restore --help"), @"
    Gives the files of a version back, byte for byte

    Every byte is checked before any file appears. What is there already and the
    same is kept; what differs is replaced only with --force, and nothing else is
    touched. With --notes the files that notes brought are given back in place of
    the version's own; of one path, that of the last note.

    With --json: version, files (a list of path, bytes, action: written, kept or
    replaced).

    Usage: ckpt restore [OPTIONS] <REV>

    Arguments:
      <REV>
              The version

    Options:
      -o, --output <PATH>
              Where to: the file's name if the version holds one file, a folder
              otherwise [default: the recorded name, or the folder ckpt-ID, of notes
              ckpt-ID-notes]

          --with-state
              Also restores the optimizer state of a version made in memory, with
              its weights

          --notes
              Restores the files of the version's notes, see `note`

          --force
              Replaces files that differ

      -h, --help
              Print help (see a summary with '-h')

    Global options:
          --repo <DIR>
              The folder that holds .ckpt [default: found upwards from the current
              folder]

          --json
              Prints the result as JSON

    Examples:
      ckpt restore HEAD
      ckpt restore production -o model.safetensors
      ckpt restore min:val_loss -o best/ --with-state --force
    ");
}

#[test]
fn nothing_at_all_prints_the_help_as_an_error() {
    let output = Sandbox::empty().output("");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(String::from_utf8(output.stderr).unwrap().contains("Usage: ckpt"));
}

#[test]
fn the_program_tells_its_version() {
    let sandbox = Sandbox::empty();
    assert_eq!(sandbox.ok("--version"), format!("ckpt {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn revisions_that_name_nothing_fail_and_malformed_ones_are_wrong_usage() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("show nothing"), @r#"
    error: no version is called "nothing"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("show abc"), @r#"
    error: no version is called "abc"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("show HEAD~3"), @"
    error: HEAD~3 goes back beyond the first version: id3_________ has number 3
    hint: `ckpt log` shows numbers and metrics
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("show main@9"), @"
    error: main has no version number 9
    hint: `ckpt log` shows numbers and metrics
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("show max:f1"), @r#"
    error: no version up to HEAD has a metric "f1" that is a number
    hint: `ckpt log` shows numbers and metrics
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("show main~x"), @r#"
    error: "main~x" is not a revision: a number of steps follows ~
    hint: forms of a revision: main, main~3, main@12, HEAD, min:loss, max:f1@main, an id
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("show best:f1"), @r#"
    error: "best:f1" is not a revision: only min: and max: may come before a metric
    hint: forms of a revision: main, main~3, main@12, HEAD, min:loss, max:f1@main, an id
    [exit code 2]
    "#);
}

#[test]
fn failures_are_text_on_standard_error_even_with_json() {
    let sandbox = Sandbox::with_history();
    let output = sandbox.output("show nothing --json");
    assert!(output.stdout.is_empty() && output.stderr.starts_with(b"error: no version"));
}

#[test]
fn a_time_that_is_none_is_wrong_usage() {
    let sandbox = Sandbox::with_history();
    let output = sandbox.command("tag v1").env("CKPT_TIME", "now").output().unwrap();
    assert_snapshot!(sandbox.transcript(&output), @r#"
    error: CKPT_TIME is neither milliseconds since 1970 nor a time as in RFC 3339: "now"
    [exit code 2]
    "#);
    let output = sandbox.command("tag v1").env("CKPT_TIME", "2026-01-02T03:04:05Z").output();
    assert!(output.unwrap().status.success());
}

#[test]
fn a_reader_that_stops_reading_ends_the_program_in_silence() {
    let sandbox = Sandbox::with_history();
    let commands = [
        "log",
        "log --json",
        "show",
        "compare HEAD~ HEAD",
        "verify",
        "branch",
        "audit",
        "models",
        "lineage",
        "lineage --format dot",
        "gc --plan",
    ];
    let about = ["help", "--version", "commit --help", "completions bash", "man"];
    for line in commands.into_iter().chain(about) {
        let mut command = sandbox.command(line);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut complaint = String::new();
        child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
        assert_eq!((child.wait().unwrap().code(), complaint.as_str()), (Some(0), ""), "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let sandbox = Sandbox::with_history();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = sandbox.command("log").stdout(full).output().unwrap();
    assert_snapshot!(sandbox.transcript(&output), @"
    error: cannot write to standard output: No space left on device (os error 28)
    [exit code 1]
    ");
}

#[test]
fn a_name_that_nothing_has_may_be_a_slip() {
    let sandbox = Sandbox::with_history();
    sandbox.ok("tag v1.0");
    sandbox.ok("promote HEAD production");
    assert_snapshot!(sandbox.run("show mian~2"), @r#"
    error: no version is called "mian"
    hint: did you mean main?
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("log HEAD~..prodution"), @r#"
    error: no version is called "prodution"
    hint: did you mean production?
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("tag -d v1"), @"
    error: there is no tag v1
    hint: did you mean v1.0?
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("alias -d v1.1"), @"
    error: there is no alias v1.1
    hint: `ckpt alias` lists the aliases
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("rollback prodcution"), @r#"
    error: no branch, tag or alias is called "prodcution"
    hint: did you mean production?
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("audit man"), @r#"
    error: no branch, tag or alias is or was called "man"
    hint: did you mean main?
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("switch mainn"), @"
    error: there is no branch mainn
    hint: did you mean main?
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("commit model.safetensor"), @"
    error: cannot read model.safetensor: No such file or directory (os error 2)
    hint: did you mean model.safetensors?
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("commit nothing/like.it"), @"
    error: cannot read nothing/like.it: No such file or directory (os error 2)
    [exit code 1]
    ");
}

#[test]
fn failures_say_what_to_do_next() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("init"), @"
    error: [DIR] already holds a ckpt repository
    hint: `ckpt log` shows its versions
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("tag 'a b'"), @r#"
    error: "a b" is not a name for a ref: it contains a space or one of ~ ^ : ? * [ \
    hint: names are made of words, digits, - _ . and /
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("audit --expect x"), @r#"
    error: "x" is not the start of an id: an id has 64 hexadecimal digits
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("prune --keep-every 0"), @"
    error: invalid value '0' for '--keep-every <N>': it has to be 1 or more
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("commit .ckpt"), @"
    error: .ckpt is a repository, not a part of a checkpoint
    hint: give the files of the checkpoint
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("restore HEAD --repo nowhere"), @"
    error: no ckpt repository in nowhere
    hint: `ckpt init` makes one
    [exit code 1]
    ");
}
