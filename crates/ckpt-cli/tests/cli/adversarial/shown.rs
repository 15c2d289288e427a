//! Text that means to control the terminal, or to forge lines, and never reaches it as it is.

use std::process::Output;

use crate::sandbox::Sandbox;

/// Text that would colour, clear, ring, reverse, and begin a line that looks like a result.
const ADVERSARIAL: &str =
    "x\u{1b}[31m\u{1b}]0;title\u{7}\u{9b}2J\r\u{8}\u{202e}\u{2028}\u{7f}\nFORGED\tline";

/// What of it a file's name may hold.
const REVERSED: &str = "x\u{202e}\u{2028}FORGED";

/// A repository with adversarial text wherever one can be.
fn adversarial() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("data.csv", "a,b\n1,2\n");
    for value in [1.0, 2.0] {
        let name = format!("layer{ADVERSARIAL}");
        let only = format!("{ADVERSARIAL}{value}");
        sandbox
            .tensors("run/model.safetensors", &[(&name, &[1], &[value]), (&only, &[1], &[value])]);
        sandbox.file(&format!("run/{REVERSED}.txt"), value.to_string());
        commit(&sandbox, value);
    }
    ok(&sandbox, &["note", "HEAD", "-m", ADVERSARIAL, "--metric", "a=1"]);
    ok(&sandbox, &["tag", "v1", "HEAD~", "-m", ADVERSARIAL]);
    ok(&sandbox, &["tag", "v1", "HEAD", "--force", "-m", ADVERSARIAL]);
    ok(
        &sandbox,
        &["promote", "HEAD~", "production", "--require", "a>5", "--override", ADVERSARIAL],
    );
    sandbox
}

fn commit(sandbox: &Sandbox, value: f32) {
    let param = format!("text={ADVERSARIAL}{value}");
    let source = format!("data.csv={ADVERSARIAL}");
    let words = [
        "commit",
        "run",
        "-m",
        ADVERSARIAL,
        "--metric",
        "loss=1",
        "--param",
        &param,
        "--data",
        "data.csv",
        "--data-source",
        &source,
        "--preprocessing",
        &source,
        "--author",
        ADVERSARIAL,
    ];
    ok(sandbox, &words);
}

fn ok(sandbox: &Sandbox, words: &[&str]) -> Output {
    let mut command = sandbox.command("");
    let output = command.args(words).env("CKPT_AUTHOR", ADVERSARIAL).output().unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
    check(&output, words);
    output
}

/// Checks that nothing printed controls a terminal or begins a line of its own.
fn check(output: &Output, what: &[&str]) {
    let text = String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap();
    let controls = |char: char| {
        (char != '\n' && char.is_control())
            || ('\u{202a}'..='\u{202e}').contains(&char)
            || char == '\u{2028}'
    };
    assert!(!text.contains(controls), "{what:?}: {text:?}");
    assert!(!text.lines().any(|line| line.starts_with("FORGED")), "{what:?}: {text}");
}

#[test]
fn no_text_controls_the_terminal_or_forges_a_line() {
    let sandbox = adversarial();
    let commands: &[&[&str]] = &[
        &["log"],
        &["log", "--where", "loss>0"],
        &["show"],
        &["show", "--all", "HEAD~"],
        &["compare", "HEAD~", "HEAD"],
        &["compare", "HEAD~", "HEAD", "HEAD", "--all"],
        &["stat", "*"],
        &["stat", "nothing"],
        &["models"],
        &["lineage"],
        &["report", "-o", "-"],
        &["merge", "HEAD~", "--plan"],
        &["lineage", "--format", "dot"],
        &["lineage", "--format", "mermaid"],
        &["export", "HEAD", "-o", "out.safetensors"],
        &["export", "HEAD", "-o", "out.npz"],
        &["branch"],
        &["tag"],
        &["alias"],
        &["audit"],
        &["verify"],
        &["restore", "HEAD", "-o", "out"],
        &["restore", "HEAD", "-o", "out"],
        &["gc", "--plan"],
        &["prune", "--keep-last", "1", "--plan"],
        &["prune", "HEAD~~"],
        &["undelete"],
    ];
    for words in commands {
        let output = sandbox.command("").args(*words).output().unwrap();
        check(&output, words);
        assert!(!output.stdout.is_empty() || !output.stderr.is_empty());
    }
}

#[test]
fn arguments_are_no_better() {
    let sandbox = adversarial();
    let commands = [
        "show",
        "log",
        "log --where",
        "log --spark",
        "restore",
        "commit",
        "commit run -b",
        "commit run --from",
        "commit run --metric",
        "commit run --param",
        "commit run --data",
        "commit run --weights",
        "commit run --effort",
        "compare HEAD",
        "branch",
        "tag",
        "switch",
        "promote HEAD",
        "guard main",
        "guard main -d",
        "rollback",
        "rollback main --to",
        "audit",
        "audit --expect",
        "note",
        "note HEAD --file",
        "prune",
        "prune --keep-best",
        "gc --grace",
        "undelete",
        "init",
        "log --repo",
        "help",
        "",
    ];
    for line in commands {
        let output = sandbox.command(line).arg(ADVERSARIAL).output().unwrap();
        check(&output, &[line]);
    }
}

#[test]
fn files_with_adversarial_names_come_back_under_them() {
    let sandbox = adversarial();
    sandbox.ok("restore HEAD -o out --json");
    assert_eq!(sandbox.read(&format!("out/{REVERSED}.txt")), b"2");
}
