//! docs/format.md is right: a reader written from it alone, in another language, reads what is
//! written here. Skipped with a notice where there is no Python with a zstd decoder.

use std::{fs, io::Write, process::Command};

use ckpt_tests::{workspace, xtask, xtask_json};

/// What the reader exits with where it cannot decode.
const NO_DECODER: i32 = 2;

#[test]
fn the_independent_reader_restores_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let out = folder.path().join("out");
    xtask_json(folder.path(), &["train", "--epochs", "12"]);
    let restored = xtask(folder.path(), &["restore", "train", "-o", "m.safetensors"]);
    assert!(restored.status.success());
    let reader = Command::new("python3")
        .arg(workspace().join("tests/format/read_ckpt.py"))
        .arg(folder.path())
        .args(["train", "--out"])
        .arg(&out)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output();
    let reader = match reader {
        Ok(reader) if reader.status.code() != Some(NO_DECODER) => reader,
        _ => {
            let notice = "skipped: no python3 with a zstd decoder (pip install zstandard)";
            writeln!(std::io::stderr(), "{notice}").expect("standard error is open");
            return;
        }
    };
    assert!(reader.status.success(), "{}", String::from_utf8_lossy(&reader.stderr));
    let ours = fs::read(folder.path().join("m.safetensors")).expect("restored by ckpt");
    let theirs = fs::read(out.join("model.safetensors")).expect("restored by the reader");
    assert_eq!(ours, theirs);
}
