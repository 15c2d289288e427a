//! One of many processes that use a repository at once, for the test `processes`.
//!
//! `crowd ROLE FOLDER BRANCH WRITER` runs until FOLDER holds a file named `stop`, and says on
//! standard output what it was promised: `ack ID` for a version that is durable on its branch,
//! `kept ID` for one that lost against another writer, `read N` for a round of reading.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test fails by panicking")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use ckpt_store::{Draft, Error, RefName, Repository, Session, SessionOptions};
use ckpt_tests::crowd::{check, draft};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [role, folder, branch, writer] = &arguments[..] else { panic!("four arguments") };
    let (folder, writer) = (PathBuf::from(folder), writer.parse().expect("a number"));
    let branch = RefName::branch(branch).expect("a branch");
    match &role[..] {
        "write" => write(&folder, &branch, writer),
        "session" => session(&folder, &branch, writer),
        "read" => read(&folder),
        other => panic!("no role {other}"),
    }
}

fn is_over(folder: &Path) -> bool {
    folder.join("stop").exists()
}

fn open(folder: &Path) -> Repository {
    Repository::open(folder).expect("the repository opens")
}

/// Commits one version after the other, each durable before the next.
fn write(folder: &Path, branch: &RefName, writer: u64) {
    let repository = open(folder);
    let mut step = 0;
    while !is_over(folder) {
        match repository.commit(branch, &draft(writer, step)) {
            Ok(commit) => println!("ack {}", commit.version.id),
            Err(Error::Conflict(conflict)) => {
                println!("kept {}", conflict.kept.expect("what was written is kept"));
            }
            Err(error) => panic!("writer {writer}, step {step}: {error}"),
        }
        step += 1;
    }
}

/// Commits in the background and says what is durable whenever something is.
fn session(folder: &Path, branch: &RefName, writer: u64) {
    let session = Session::start(Arc::new(open(folder)), branch.clone(), SessionOptions::default())
        .expect("a thread starts");
    let mut step = 0;
    while !is_over(folder) {
        let draft: Draft = draft(writer, step);
        session.commit(draft).expect("no other writer is on this branch");
        if step % 7 == 0 {
            session.flush().expect("no other writer is on this branch");
        }
        session.take_done().iter().for_each(|commit| println!("ack {}", commit.version.id));
        step += 1;
    }
}

/// Reads the newest versions of every branch, in a process that opened the repository long ago and
/// in one that just did.
fn read(folder: &Path) {
    let old = open(folder);
    let mut round = 0;
    while !is_over(folder) {
        let new = open(folder);
        for repository in [&old, &new] {
            let branches =
                repository.list(ckpt_store::RefKind::Branch).expect("branches are listed");
            for (_, tip) in branches {
                for version in repository.log(tip).take(3) {
                    check(repository, &version.expect("a version is read"));
                }
            }
        }
        round += 1;
        println!("read {round}");
    }
}
