//! Input that is broken, adversarial or impossible gets one clear message and the right exit code, and changes nothing.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::sandbox::Sandbox;

mod arrays;
mod disk;
mod exports;
mod gates;
mod gguf;
mod known_issues;
mod meddled;
mod merge;
mod names;
mod numbers;
mod pages;
mod paths;
mod protected;
mod pytorch;
mod race;
mod refs;
mod repository;
mod revisions;
mod safetensors;
mod shards;
mod shown;
mod usage;
mod zip;

/// What stands at a path.
#[derive(PartialEq)]
enum Entry {
    Folder,
    File(Vec<u8>),
    Link(PathBuf),
    Other,
}

/// All that stands in a folder and below, but for what of a repository may vanish at any time.
#[derive(PartialEq)]
struct Everything(BTreeMap<PathBuf, Entry>);

impl Everything {
    fn of(sandbox: &Sandbox) -> Self {
        Self::of_folder(&sandbox.path(""))
    }

    fn of_folder(folder: &Path) -> Self {
        let mut found = BTreeMap::new();
        add(folder, &mut found);
        Self(found)
    }

    /// Forgets files that were being written, which a disk that fails may leave.
    fn without_leftovers(mut self) -> Self {
        let is_leftover =
            |path: &Path| path.parent().is_some_and(|folder| folder.ends_with(".ckpt/tmp"));
        self.0.retain(|path, _| !is_leftover(path));
        self
    }

    /// Fails the test if this is not what was there before, and names what differs.
    fn assert_same(&self, before: &Self, what: &str) {
        let paths = self.0.keys().chain(before.0.keys());
        let differ: Vec<_> =
            paths.filter(|path| self.0.get(*path) != before.0.get(*path)).collect();
        assert!(differ.is_empty(), "{what} changed {differ:?}");
    }
}

fn add(folder: &Path, found: &mut BTreeMap<PathBuf, Entry>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if [".ckpt/locks", ".ckpt/cache"].iter().any(|vanishing| path.ends_with(vanishing)) {
            continue;
        }
        let entry = if kind.is_dir() {
            add(&path, found);
            Entry::Folder
        } else if kind.is_file() {
            Entry::File(fs::read(&path).unwrap())
        } else if kind.is_symlink() {
            Entry::Link(fs::read_link(&path).unwrap())
        } else {
            Entry::Other
        };
        found.insert(path, entry);
    }
}

/// Runs a command line that must fail and change nothing; returns its message and exit code.
fn refused(sandbox: &Sandbox, line: &str) -> String {
    refused_command(sandbox, sandbox.command(line))
}

/// Runs a command that must fail and change nothing; returns its message and exit code.
fn refused_command(sandbox: &Sandbox, mut command: Command) -> String {
    let before = Everything::of(sandbox);
    let output = command.output().unwrap();
    Everything::of(sandbox).assert_same(&before, &format!("{command:?}"));
    message(sandbox, &output)
}

/// Runs `ckpt` with words that a command line of text cannot hold; it must fail and change nothing.
fn refused_words(sandbox: &Sandbox, words: &[&OsStr]) -> String {
    let mut command = sandbox.command("");
    command.args(words);
    refused_command(sandbox, command)
}

/// Checks that a failure is a line on standard error, perhaps with a hint, and nothing else.
fn message(sandbox: &Sandbox, output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).expect("messages are UTF-8");
    assert!(output.stdout.is_empty(), "{output:?}");
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        matches!(lines[..], [error] if error.starts_with("error: "))
            || matches!(lines[..], [error, hint] if error.starts_with("error: ") && hint.starts_with("hint: ")),
        "not one line and a hint: {text}"
    );
    assert!(!text.contains(|char: char| char != '\n' && char.is_control()), "{text:?}");
    assert!(!output.status.success());
    sandbox.transcript(output)
}

/// Runs command lines that must all fail and change nothing; returns all messages.
fn refused_lines(sandbox: &Sandbox, lines: &[&str]) -> String {
    together(lines.iter().map(|line| (format!("{line:?}"), refused(sandbox, line))))
}

/// Runs command lines that must all fail and change nothing, with messages that repeat what matters.
fn refused_unnamed(sandbox: &Sandbox, lines: &[&str]) -> String {
    together(lines.iter().map(|line| (String::new(), refused(sandbox, line))))
}

/// Commits files under one name, which must all fail and change nothing; returns all messages.
fn refused_files(path: &str, cases: &[(&str, Vec<u8>)]) -> String {
    let sandbox = Sandbox::new();
    together(cases.iter().map(|(case, bytes)| {
        sandbox.file(path, bytes);
        ((*case).to_owned(), refused(&sandbox, &format!("commit {path}")))
    }))
}

/// Commits a file that must be refused in a line that names it, with a way out.
fn assert_refused_alone(path: &str, bytes: &[u8]) {
    let message = refused_files(path, &[("", bytes.to_vec())]);
    let is_right = message.trim_start().starts_with(&format!("error: {path}: "))
        && message.ends_with("hint: --opaque keeps it as plain bytes\n[exit code 1]\n");
    assert!(is_right, "{message}");
}

/// Commits files under one name, which must all succeed and come back; returns the tensors that were
/// found in each and why others were not.
fn kept_files(path: &str, cases: &[(&str, Vec<u8>)]) -> String {
    let sandbox = Sandbox::new();
    let mut all = String::new();
    for (case, bytes) in cases {
        sandbox.file(path, bytes);
        sandbox.ok(&format!("commit {path}"));
        sandbox.ok(&format!("restore HEAD -o back/{path} --force"));
        assert!(sandbox.read(&format!("back/{path}")) == *bytes, "{case}");
        let shown = sandbox.json("show");
        let tensors = shown["tensors"].as_array().unwrap().iter().map(|tensor| &tensor["name"]);
        let tensors: Vec<String> = tensors.map(ToString::to_string).collect();
        all += &format!("{case}: [{}] {}\n", tensors.join(", "), shown["files"][0]["note"]);
    }
    all
}

/// Writes down cases, where they are named, and their messages; what cases in a row have in common
/// stands beneath the last of them.
fn together(cases: impl IntoIterator<Item = (String, String)>) -> String {
    let mut all = String::new();
    let mut cases = cases.into_iter().peekable();
    while let Some((case, message)) = cases.next() {
        let next = cases.peek().map(|(_, message)| message.split_once('\n').unwrap());
        let (error, rest) = message.split_once('\n').unwrap();
        if !case.is_empty() {
            all += &format!("{case}\n");
        }
        if next != Some((error, rest)) {
            all += &format!("  {error}\n");
        }
        if next.is_none_or(|(_, next)| next != rest) {
            all += rest;
        }
    }
    all
}

/// Copies a folder with all that is in it.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}
