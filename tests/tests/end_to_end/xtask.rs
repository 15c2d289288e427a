//! `cargo xtask VERB` hands on what it does not know itself.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use ckpt_tests::binary;

/// Stands for cargo: says what it was asked for, as `run` on standard output, and has its own exit code.
const CARGO: &str = "\
#!/bin/sh
case $1 in
build)
    echo '   Compiling something' >&2
    echo '    Finished `dev` profile' >&2
    if [ \"$3\" = ckpt-benches ]; then exit 101; fi ;;
run)
    shift 8
    echo \"$CKPT_PROGRAM:\" \"$@\"
    exit 7 ;;
esac
";

fn xtask(folder: &Path, args: &[&str]) -> Output {
    let cargo = folder.join("cargo");
    fs::write(&cargo, CARGO).expect("the folder is writable");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("a mode");
    let mut xtask = Command::new(binary("xtask"));
    xtask.args(args).current_dir(folder).env("CARGO", cargo).output().expect("xtask runs")
}

#[test]
fn arguments_are_handed_on_and_exit_codes_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases = [
        (&["log", "train", "-n", "3"][..], "log train -n 3"),
        (&["--repo", "ci", "--json", "verify"], "--repo ci --json verify"),
        (&["train", "--help"], "train --help"),
        (&["help", "log"], "help log"),
    ];
    for (args, handed_on) in cases {
        let output = xtask(folder.path(), args);
        assert_eq!(output.status.code(), Some(7), "{args:?}: {output:?}");
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said, format!("cargo xtask: -- {handed_on}\n"));
        // What is built is seen, but not that cargo has finished.
        assert_eq!(String::from_utf8_lossy(&output.stderr), "   Compiling something\n");
    }
    let help = String::from_utf8(xtask(folder.path(), &["help"]).stdout).expect("UTF-8");
    assert!(help.contains("regenerate") && help.ends_with("cargo xtask: -- help\n"), "{help}");
}

#[test]
fn what_does_not_build_is_not_run() {
    let folder = tempfile::tempdir().expect("a folder");
    for args in [&["bench", "store"][..], &["data", "table", "t.csv"], &["help", "bench"]] {
        let output = xtask(folder.path(), args);
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(101), &b""[..]), "{args:?}");
    }
}

#[test]
fn wrong_calls_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for args in [&["ci", "--short"][..], &["regenerate", "all"]] {
        let output = xtask(folder.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stderr.starts_with(b"error: "), "{output:?}");
    }
}
