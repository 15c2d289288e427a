//! docs/format.md is right: a reader written from it alone, in another language, reads what is
//! written here. Without Python and a zstd decoder it is skipped with a notice, but fails where the
//! environment has `CI`.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output},
};

use ckpt_tests::{workspace, xtask, xtask_json};

/// What the reader exits with where it cannot decode.
const NO_DECODER: i32 = 2;

/// Has the reader check a repository and write a ref's files to a folder; `None` where it cannot
/// decode, which is said once more on standard error.
#[expect(clippy::disallowed_methods, reason = "what CI cannot run must fail there")]
fn read(folder: &Path, reference: &str, out: &Path) -> Option<Output> {
    let reader = Command::new("python3")
        .arg(workspace().join("tests/format/read_ckpt.py"))
        .arg(folder)
        .args([reference, "--out"])
        .arg(out)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output();
    let reader = reader.ok().filter(|reader| reader.status.code() != Some(NO_DECODER));
    if reader.is_none() {
        let notice = "skipped: no python3 with a zstd decoder (pip install zstandard)";
        assert!(std::env::var_os("CI").is_none(), "{notice}");
        writeln!(std::io::stderr(), "{notice}").expect("standard error is open");
    }
    reader
}

#[test]
fn the_independent_reader_restores_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    xtask_json(folder.path(), &["train", "--epochs", "12"]);
    let restored = xtask(folder.path(), &["restore", "train", "-o", "m.safetensors"]);
    assert!(restored.status.success());
    let ours = fs::read(folder.path().join("m.safetensors")).expect("restored by ckpt");
    xtask_json(folder.path(), &["tag", "first", "train@1"]);
    // A branch that is deleted before its version is dropped, and whose file comes back by hand.
    xtask_json(folder.path(), &["branch", "dropped", "train@5"]);
    let file = folder.path().join(".ckpt/refs/heads/dropped");
    let branch = fs::read(&file).expect("a branch is a file");
    xtask_json(folder.path(), &["branch", "--delete", "dropped"]);
    // As trained, and after most of it was dropped and packs were written anew.
    for (round, command) in [["log", "-n1"], ["prune", "--keep-last=3"]].into_iter().enumerate() {
        assert!(xtask(folder.path(), &command).status.success());
        let out = folder.path().join(format!("out{round}"));
        let Some(reader) = read(folder.path(), "train", &out) else { return };
        assert!(reader.status.success(), "{}", String::from_utf8_lossy(&reader.stderr));
        let theirs = fs::read(out.join("model.safetensors")).expect("restored by the reader");
        assert_eq!(ours, theirs);
    }
    // What was dropped, the reader does not restore, either.
    fs::write(&file, branch).expect("the folder is there");
    let out = folder.path().join("none");
    let reader = read(folder.path(), "dropped", &out).expect("it decoded before");
    let said = String::from_utf8_lossy(&reader.stderr);
    assert_eq!(said, "damaged: the content of refs/heads/dropped was removed\n");
}
