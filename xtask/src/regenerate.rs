//! `cargo xtask regenerate`: writes the golden files in `fixtures/` and of the store's tests anew.
//!
//! They are what the code of today must read and write the same. So this is for changes of the format
//! alone, and what it writes is to be read before it is kept.

use std::{io, process::ExitCode};

use crate::{cargo, complain};

/// The tests that write, each with its package. They run one after another: the broken repositories are made of
/// the golden one.
const WRITERS: [(&str, &str); 3] = [
    ("ckpt-store", "write_the_golden_records"),
    ("ckpt-store", "write_the_golden_repository"),
    ("ckpt-store", "write_the_broken_repositories"),
];

pub(crate) fn run() -> io::Result<ExitCode> {
    for (package, writer) in WRITERS {
        complain(&format!("regenerate: {writer}"));
        let test = ["test", "--quiet", "-p", package, "--tests", "--", "--ignored", writer];
        if !cargo::cargo().args(test).current_dir(cargo::root()).status()?.success() {
            complain(&format!("error: {writer} failed"));
            return Ok(ExitCode::FAILURE);
        }
    }
    complain("regenerate: see with `git diff` what has changed before you keep it");
    Ok(ExitCode::SUCCESS)
}
