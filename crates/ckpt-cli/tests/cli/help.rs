//! What the program says about itself: completions and manual pages.

use std::process::Command;

use insta::assert_snapshot;

use crate::sandbox::Sandbox;

/// Asks bash what it would complete the last of these words to.
fn completed(script: &str, words: &[&str]) -> Vec<String> {
    let line = words.join(" ");
    let ask = format!(
        "{script}\nCOMP_WORDS=({line}{}); COMP_CWORD={}; _ckpt ckpt '{}' '{}'; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        if words.last() == Some(&"") { " ''" } else { "" },
        words.len() - 1,
        words[words.len() - 1],
        words[words.len() - 2],
    );
    let output = Command::new("bash").args(["--norc", "-c", &ask]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn bash_completes_commands_flags_and_values() {
    let script = Sandbox::empty().ok("completions bash");
    assert_eq!(completed(&script, &["ckpt", "comp"]), ["compare", "completions"]);
    assert_eq!(completed(&script, &["ckpt", "commit", "--eff"]), ["--effort"]);
    let efforts = completed(&script, &["ckpt", "commit", "--effort", "f"]);
    assert_eq!(efforts, ["fast"]);
}

#[test]
fn every_shell_has_completions() {
    let sandbox = Sandbox::empty();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = sandbox.ok(&format!("completions {shell}"));
        for command in ["commit", "rollback", "completions"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
        assert_eq!(sandbox.json(&format!("completions {shell}"))["script"], script);
    }
    assert_snapshot!(sandbox.run("completions csh"), @"
    error: invalid value 'csh' for '<SHELL>' [possible values: bash, elvish, fish, powershell, zsh]
    hint: a similar value exists: 'zsh'
    [exit code 2]
    ");
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let sandbox = Sandbox::empty();
    let written = sandbox.ok("man -o man/man1");
    let pages = sandbox.list("man/man1");
    let help = sandbox.ok("help");
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    let named = commands.lines().filter(|line| !line.starts_with("   "));
    let mut expected: Vec<String> = named
        .map(|line| line.split_whitespace().next().unwrap())
        .filter(|name| *name != "help")
        .map(|name| format!("ckpt-{name}.1"))
        .collect();
    expected.push("ckpt.1".to_owned());
    expected.sort();
    assert_eq!(pages, expected);
    assert_eq!(written, format!("wrote {} pages into man/man1\n", pages.len()));
    for page in &pages {
        let name = page.strip_suffix(".1").unwrap();
        let text = String::from_utf8(sandbox.read(&format!("man/man1/{page}"))).unwrap();
        assert!(text.contains(&format!(".TH {name} 1")), "{page}: {text}");
        assert!(text.contains(".SH EXAMPLES"), "{page}");
        assert!(!text.contains(".SH EXTRA"), "{page}");
    }
}

#[test]
fn a_manual_page_tells_all_about_a_command() {
    let sandbox = Sandbox::empty();
    let page = sandbox.ok("man switch");
    let version = format!("ckpt {}", env!("CARGO_PKG_VERSION"));
    let text = page.replace(&version, "ckpt VERSION");
    // Each section begins with how to write an apostrophe.
    let lines = text
        .lines()
        .filter(|line| !line.starts_with(".ie") && !line.starts_with(".el"))
        .map(str::trim_end);
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    .TH ckpt-switch 1  "ckpt VERSION"
    .SH NAME
    ckpt\-switch \- Makes a branch the current one
    .SH SYNOPSIS
    \fBckpt switch\fR [\fB\-c\fR|\fB\-\-create\fR] [\fB\-\-repo\fR] [\fB\-\-json\fR] [\fB\-h\fR|\fB\-\-help\fR] <\fINAME\fR>
    .SH DESCRIPTION
    Makes a branch the current one
    .PP
    The current branch is what HEAD stands for and what `commit` adds to. No file is touched: `restore` gives files back.
    .PP
    With \-\-json: branch, from (the current branch before), version (the newest of the branch).
    .SH OPTIONS
    .TP
    \fB\-c\fR, \fB\-\-create\fR
    Makes the branch first, at the current version
    .TP
    \fB\-h\fR, \fB\-\-help\fR
    Print help (see a summary with \*(Aq\-h\*(Aq)
    .TP
    <\fINAME\fR>
    The branch
    .SH "GLOBAL OPTIONS"
    .TP
    \fB\-\-repo\fR \fI<DIR>\fR
    The folder that holds .ckpt [default: found upwards from the current folder]
    .TP
    \fB\-\-json\fR
    Prints the result as JSON
    .SH EXAMPLES
    .nf
    ckpt switch resnet/main
    ckpt switch \-\-create resnet/lr\-sweep
    .fi
    "#);
    assert_eq!(sandbox.json("man switch")["page"], page);
    assert_eq!(sandbox.ok("man ckpt"), sandbox.ok("man"));
    assert_snapshot!(sandbox.run("man swich"), @r#"
    error: there is no command "swich"
    hint: `ckpt help` lists all
    [exit code 2]
    "#);
}
