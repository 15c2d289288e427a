//! Pages and graphs: text that means to be markup, and places that are none.

use std::process::Stdio;

use insta::assert_snapshot;

use super::{Everything, refused, refused_lines};
use crate::sandbox::Sandbox;

/// Text that would end what it stands in, in HTML and in the languages of graphs.
const MARKUP: &str = "</script><b onload>\"];evil\\\"];evil'&<!--";

/// A repository with markup wherever text can be.
fn marked_up() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("data.csv", "a,b\n1,2\n");
    for value in [1.0, 2.0, 3.0] {
        sandbox.tensors("m.safetensors", &[(MARKUP, &[1], &[value])]);
        let metric = format!("{MARKUP}={value}");
        let source = format!("data.csv={MARKUP}");
        let words = [
            "commit",
            "m.safetensors",
            "-m",
            MARKUP,
            "--metric",
            &metric,
            "--param",
            &metric,
            "--author",
            MARKUP,
            "--data",
            "data.csv",
            "--data-source",
            &source,
            "--preprocessing",
            &source,
        ];
        assert!(sandbox.command("").args(words).output().unwrap().status.success());
    }
    for command in ["tag", "branch"] {
        let name = format!("{command}</script><b>\"];evil");
        assert!(sandbox.command(command).arg(name).output().unwrap().status.success());
    }
    sandbox
}

#[test]
fn text_is_no_markup_in_a_report() {
    let sandbox = marked_up();
    sandbox.ok("report");
    let page = String::from_utf8(sandbox.read("report.html")).unwrap();
    assert!(page.contains("&lt;/script&gt;&lt;b onload&gt;"));
    assert!(!page.contains("<b onload") && !page.contains("<b>\"") && !page.contains("<!--"));
    assert_eq!(page.matches("<script").count(), page.matches("</script").count());
}

#[test]
fn text_ends_no_label_of_a_graph() {
    let sandbox = marked_up();
    for line in ["lineage --format dot", "lineage --format mermaid"] {
        let graph = sandbox.ok(line);
        assert!(graph.contains("evil"), "{graph}");
        for (at, _) in graph.match_indices("\"];evil") {
            let before = graph[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
            assert!(before % 2 == 1, "{graph}");
        }
    }
}

#[test]
fn reports_of_nothing_and_to_nowhere() {
    let sandbox = Sandbox::with_history();
    sandbox.file("notes.html", "mine");
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    let lines = [
        "report nothing",
        "report HEAD...HEAD~",
        "report HEAD..main~2",
        "report main..nothing",
        "report -o notes.html",
        "report -o folder",
        "report -o notes.html/report.html",
        "report -o new/report.html",
        "report -o .ckpt/HEAD",
    ];
    assert_snapshot!(refused_lines(&sandbox, &lines), @r#"
    "report nothing"
      error: no version is called "nothing"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    "report HEAD...HEAD~"
      error: "HEAD...HEAD~" is not a revision: a range has two dots, once
    hint: forms of a revision: main, main~3, main@12, HEAD, min:loss, max:f1@main, an id
    [exit code 2]
    "report HEAD..main~2"
      error: version id3_________ is not on the line of first parents of id1_________
    hint: a range A..B is what comes after A, up to B
    [exit code 1]
    "report main..nothing"
      error: no version is called "nothing"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    "report -o notes.html"
      error: notes.html is there and is no report
    hint: --force replaces it; -o FILE names another file
    [exit code 1]
    "report -o folder"
      error: cannot write folder: it is a folder
    hint: -o FILE names a file
    [exit code 1]
    "report -o notes.html/report.html"
      error: cannot write notes.html/report.html: there is no folder notes.html
    "report -o new/report.html"
      error: cannot write new/report.html: there is no folder new
    hint: make the folder, or -o FILE names another
    [exit code 1]
    "report -o .ckpt/HEAD"
      error: .ckpt/HEAD is in a repository
    hint: its files are changed by commands alone; name another place
    [exit code 2]
    "#);
}

#[cfg(unix)]
#[test]
fn a_report_replaces_files_alone() {
    let sandbox = Sandbox::with_history();
    std::os::unix::fs::symlink("model.safetensors", sandbox.path("link")).unwrap();
    std::os::unix::fs::symlink("nothing", sandbox.path("dangling")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(sandbox.path("pipe")).status().unwrap();
    assert!(made.success());
    let lines = [
        "report -o dangling",
        "report -o pipe --force",
        "report -o link --force",
        "report -o dangling --force",
    ];
    for line in lines {
        let message = refused(&sandbox, line);
        assert!(message.contains("is neither a regular file nor a folder"), "{message}");
    }
}

#[cfg(unix)]
#[test]
fn a_full_disk_takes_no_report() {
    let sandbox = Sandbox::with_history();
    let message = super::disk::on_a_full_disk(&sandbox, 0, "report");
    assert_snapshot!(message, @"
    error: cannot write report.html: File too large (os error 27)
    [exit code 1]
    ");
    sandbox.ok("report");
    // What was there stays whole.
    let before = Everything::of(&sandbox);
    super::disk::on_a_full_disk(&sandbox, 1, "report HEAD~..HEAD");
    Everything::of(&sandbox).without_leftovers().assert_same(&before, "report");
}

#[cfg(unix)]
#[test]
fn a_full_disk_takes_no_manual_page() {
    let sandbox = Sandbox::with_history();
    std::fs::create_dir(sandbox.path("pages")).unwrap();
    super::disk::on_a_full_disk(&sandbox, 0, "man -o pages");
}

#[test]
fn a_reader_that_stops_reading_ends_pages_and_graphs_in_silence() {
    let sandbox = Sandbox::with_history();
    let lines = [
        "report -o -",
        "lineage",
        "lineage --format dot",
        "models",
        "merge HEAD~ --plan",
        "man",
        "completions bash",
        "help",
        "compare --help",
        "--version",
    ];
    for line in lines {
        let mut command = sandbox.command(line);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{line}: {output:?}");
    }
}
