//! Messages that could tell more: each test says what, and is ignored until it is so.

use super::refused;
use crate::sandbox::Sandbox;

/// Commits a file that is refused.
fn refused_file(path: &str, bytes: &[u8]) -> String {
    let sandbox = Sandbox::new();
    sandbox.file(path, bytes);
    refused(&sandbox, &format!("commit {}", path.split('/').next().unwrap()))
}

#[test]
fn a_format_that_was_edited_is_not_that_of_another_version() {
    let sandbox = Sandbox::with_history();
    for format in ["", "ckpt repository format 2", "ckpt repository format 2\r\n"] {
        sandbox.file(".ckpt/format", format);
        let message = refused(&sandbox, "log");
        assert!(!message.contains("another version of ckpt made it"), "{message}");
    }
}

#[test]
#[ignore = "the message names the recorded path"]
fn a_broken_file_is_named_as_it_was_given() {
    let message = refused_file("run/deep/b.safetensors", b"no");
    assert!(message.starts_with("error: run/deep/b.safetensors: "), "{message}");
}

#[test]
fn what_a_header_lacks_is_said_in_words_of_its_format() {
    let message = refused_file("m.safetensors", b"\x07\0\0\0\0\0\0\0{\"w\":7}");
    assert!(!message.contains("struct"), "{message}");
    let message = refused_file("run/model.safetensors.index.json", b"[]");
    assert!(!message.contains("struct"), "{message}");
}

#[cfg(unix)]
#[test]
fn what_a_name_may_not_have_is_said() {
    for (name, special) in [("a:b", ":"), ("a\\b", "\\"), ("a\nb", "control character")] {
        let message = refused_file(&format!("run/{name}"), b"1");
        let (_, reason) = message.split_once("\" ").unwrap();
        assert!(reason.contains(special), "{message}");
    }
}

#[test]
fn a_long_message_is_cut_where_it_is_repeated() {
    let sandbox = Sandbox::with_history();
    let printed = sandbox.ok(&format!("commit model.safetensors -m {}", "a".repeat(10_000)));
    assert!(printed.len() < 500, "{} bytes", printed.len());
}

#[test]
#[ignore = "a folder among tags is in the way of everything"]
fn a_folder_among_tags_hides_no_history() {
    let sandbox = Sandbox::with_history();
    std::fs::create_dir(sandbox.path(".ckpt/refs/tags/folder")).unwrap();
    for line in ["log", "show", "compare HEAD~ HEAD"] {
        assert!(sandbox.output(line).status.success(), "{line}: {}", sandbox.run(line));
    }
}

#[test]
fn a_version_without_tensors_is_why_nothing_is_exported() {
    let sandbox = Sandbox::new();
    sandbox.file("text.txt", "1");
    sandbox.ok("commit text.txt");
    let message = refused(&sandbox, "export HEAD -o out.npz");
    assert!(!message.contains("is asked for"), "{message}");
}
