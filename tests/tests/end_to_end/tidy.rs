//! The rules of the house that a program can check.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use ckpt_tests::{
    modules::{Modules, circles},
    workspace,
};
use serde_json::Value;

/// Which of our crates each crate may know: the table of docs/architecture.md.
const ARROWS: [(&str, &[&str]); 13] = [
    // It runs before anything of ours is compiled.
    ("xtask", &[]),
    ("ckpt-hash", &[]),
    ("ckpt-metrics", &[]),
    ("ckpt-tensor", &[]),
    ("ckpt-codec", &["ckpt-tensor"]),
    ("ckpt-formats", &["ckpt-tensor"]),
    ("ckpt-data", &["ckpt-hash", "ckpt-formats"]),
    ("ckpt-pack", &["ckpt-hash", "ckpt-tensor", "ckpt-codec"]),
    ("ckpt-store", &["ckpt-hash", "ckpt-tensor", "ckpt-codec", "ckpt-formats", "ckpt-pack"]),
    ("ckpt-train", &["ckpt-metrics"]),
    ("ckpt-runs", &["ckpt-hash", "ckpt-tensor", "ckpt-data", "ckpt-store", "ckpt-train"]),
    (
        "ckpt-app",
        &[
            "ckpt-hash",
            "ckpt-metrics",
            "ckpt-tensor",
            "ckpt-codec",
            "ckpt-formats",
            "ckpt-data",
            "ckpt-pack",
            "ckpt-store",
        ],
    ),
    (
        "ckpt-cli",
        &[
            "ckpt-hash",
            "ckpt-metrics",
            "ckpt-tensor",
            "ckpt-codec",
            "ckpt-formats",
            "ckpt-data",
            "ckpt-pack",
            "ckpt-store",
            "ckpt-train",
            "ckpt-runs",
            "ckpt-app",
        ],
    ),
];

/// What each part of `ckpt-store` may know of the others: a folder, a file at the top, or a file of a
/// folder. A folder may know itself.
const ROOMS: [(&str, &[&str]); 18] = [
    ("signature", &[]),
    ("options", &[]),
    ("sync", &[]),
    ("record", &["signature"]),
    ("recipe", &["record"]),
    ("error", &["signature", "record", "refs::name", "refs::condition", "history::revision"]),
    ("content", &["record", "error"]),
    ("config", &["signature", "error", "content::pattern", "content::roles", "upkeep::policy"]),
    ("repo", &["config", "content", "error", "history::notes", "refs::name", "refs::store"]),
    ("refs", &["signature", "record", "error", "content", "repo"]),
    ("history", &["signature", "record", "recipe", "error", "content", "repo", "refs::name"]),
    (
        "commit",
        &[
            "sync",
            "options",
            "signature",
            "record",
            "recipe",
            "error",
            "content",
            "repo",
            "refs",
            "history",
        ],
    ),
    ("restore", &["options", "record", "error", "content", "repo", "history::notes"]),
    ("compare", &["record", "recipe", "error", "content", "repo"]),
    ("statistics", &["record", "error", "content", "repo"]),
    (
        "merge",
        &[
            "options",
            "signature",
            "record",
            "recipe",
            "error",
            "content",
            "repo",
            "refs",
            "history",
            "commit",
        ],
    ),
    ("exchange", &["record", "error", "repo"]),
    ("upkeep", &["signature", "record", "error", "content", "repo", "refs", "history"]),
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    serde_json::from_slice(&output.stdout).expect("cargo's metadata is JSON")
}

#[test]
fn crates_know_only_those_they_may_know() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let packages = metadata["packages"].as_array().expect("packages");
    let mut checked = 0;
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let Some(allowed) = allowed.get(name) else {
            assert!(
                ["ckpt-benches", "ckpt-testkit", "ckpt-tests"].contains(&name),
                "{name} is in no table"
            );
            continue;
        };
        checked += 1;
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let known = dependency["name"].as_str().expect("a name");
            let is_test_only = dependency["kind"] == "dev";
            let is_ours = known.starts_with("ckpt-");
            assert!(
                !is_ours || is_test_only || allowed.contains(&known),
                "{name} may not know {known}"
            );
        }
    }
    assert_eq!(checked, ARROWS.len(), "a crate of the table is gone");
}

/// Returns the sources of every crate of the workspace, by name.
fn sources() -> Vec<(String, Modules)> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let read = |package: &Value| {
        let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
        let name = package["name"].as_str().expect("a name").to_owned();
        let source = manifest.with_file_name("src");
        source.is_dir().then(|| (name, Modules::read(&source)))
    };
    packages.iter().filter_map(read).collect()
}

#[test]
fn files_do_not_use_each_other_in_circles() {
    let mut wrong = Vec::new();
    for (name, modules) in sources() {
        let circles = circles(&modules.uses());
        if !circles.is_empty() {
            wrong.push(format!("{name}: {circles:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rooms_of_the_store_know_only_those_they_may_know() {
    let sources = sources();
    let (_, store) = sources.iter().find(|(name, _)| name == "ckpt-store").expect("the store");
    let is_in = |module: &str, room: &str| {
        module.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let uses = store.uses();
    assert!(uses.len() > 50);
    for (module, used) in &uses {
        let room = ROOMS.iter().find(|(room, _)| is_in(module, room));
        let (room, allowed) = room.unwrap_or_else(|| panic!("{module} is in no room"));
        for used in used.iter().filter(|used| !is_in(used, room)) {
            let is_allowed = allowed.iter().any(|allowed| is_in(used, allowed));
            assert!(is_allowed, "{module} may not know {used}");
        }
    }
}

/// Words for which Git, databases or machine learning have others: adversarial, synthetic, another
/// process, trash or quarantine, restore, inputs, metrics.
const WORDS: [&str; 8] = [
    "hostile",
    "made-up",
    "somebody",
    "set aside",
    "brings back",
    "bring back",
    "what went in",
    "what came out",
];

/// Returns the Rust and Markdown files below a folder.
fn texts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let of = |path: PathBuf| match path.is_dir() {
        true => texts(&path),
        false if path.extension().is_some_and(|end| end == "rs" || end == "md") => vec![path],
        false => Vec::new(),
    };
    entries.flat_map(of).collect()
}

#[test]
fn sources_and_pages_use_the_words_of_the_field() {
    let crates = fs::read_dir(workspace().join("crates")).expect("crates").flatten();
    let sources = crates.map(|entry| entry.path().join("src"));
    let files: Vec<PathBuf> =
        sources.chain([workspace().join("docs")]).flat_map(|f| texts(&f)).collect();
    assert!(files.len() > 100, "only {} files were found", files.len());
    let mut wrong = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).expect("a text").to_lowercase();
        let found = WORDS.iter().filter(|word| text.contains(**word));
        wrong.extend(found.map(|word| format!("{}: {word}", file.display())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_fixture_has_its_source() {
    let folder = workspace().join("fixtures");
    let readme = fs::read_to_string(folder.join("README.md")).expect("fixtures/README.md");
    for entry in fs::read_dir(folder).expect("fixtures").flatten() {
        let name = entry.file_name().into_string().expect("a plain name");
        assert!(
            name == "README.md" || readme.contains(&name),
            "fixtures/README.md does not name {name}"
        );
    }
}

/// What a crate that is published has in its package: a README, which is also its documentation, the
/// licences, and no test, since tests use files and crates of the workspace.
#[test]
fn every_published_package_stands_by_itself() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let published = packages.iter().filter(|package| package["publish"].is_null());
    let mut checked = 0;
    for package in published {
        checked += 1;
        let name = package["name"].as_str().expect("a name");
        let output = Command::new(env!("CARGO"))
            .args(["package", "--list", "--allow-dirty", "--offline", "--package", name])
            .current_dir(workspace())
            .output()
            .expect("cargo runs");
        let list = String::from_utf8(output.stdout).expect("paths are UTF-8");
        for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "src/lib.rs"] {
            assert!(list.lines().any(|line| line == file), "{name} has no {file}");
        }
        assert!(!list.lines().any(|line| line.starts_with("tests")), "{name} has tests");
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let is_ours = !dependency["path"].is_null() && dependency["kind"] != "dev";
            assert!(!is_ours || dependency["req"] != "*", "{name} has a path without a version");
        }
        for key in ["description", "license", "keywords", "categories"] {
            let value = &package[key];
            assert!(!value.is_null() && *value != Value::Array(vec![]), "{name} has no {key}");
        }
    }
    // All of the table but ckpt-testkit.
    assert_eq!(checked + 1, ARROWS.len(), "a crate of the table is not published");
}
