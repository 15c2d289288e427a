//! Many processes use one repository at once, and some are killed at any moment.
#![cfg(unix)]

use std::{
    collections::HashSet,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};

use ckpt_hash::VersionId;
use ckpt_store::{RefKind, RefName, Repository, Silent};
use ckpt_tests::crowd::check;

/// Writers of one branch, and writers with a branch of their own, half of them in sessions.
const SHARING: u64 = 4;
const ALONE: u64 = 4;
const READERS: u64 = 4;

/// A process and what it has said so far.
struct Member {
    process: Child,
    said: Arc<Mutex<Vec<String>>>,
    listener: JoinHandle<()>,
}

impl Member {
    fn start(role: &str, folder: &Path, branch: &str, writer: u64) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_crowd"))
            .args([role, &folder.to_string_lossy(), branch, &writer.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process starts");
        let output = process.stdout.take().expect("its output is a pipe");
        let said = Arc::new(Mutex::new(Vec::new()));
        let listener = thread::spawn({
            let said = Arc::clone(&said);
            move || {
                let lines = BufReader::new(output).lines().map_while(Result::ok);
                lines.for_each(|line| said.lock().expect("nobody panicked").push(line));
            }
        });
        Self { process, said, listener }
    }

    fn said(&self) -> usize {
        self.said.lock().expect("nobody panicked").len()
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    /// Waits until it has said so many more lines.
    fn wait_for(&mut self, more: usize) {
        let enough = self.said() + more;
        while self.said() < enough {
            if let Some(status) = self.process.try_wait().expect("it can be asked") {
                panic!("it ended too early: {status}");
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits for its end and returns all that it said; `is_killed` if it need not end well.
    fn end(mut self, is_killed: bool) -> Vec<String> {
        let status = self.process.wait().expect("it can be waited for");
        assert!(is_killed || status.success(), "{status}");
        self.listener.join().expect("nobody panicked");
        Arc::into_inner(self.said).expect("the listener is gone").into_inner().expect("no panic")
    }
}

/// What the writers were promised, by branch.
#[derive(Default)]
struct Promised {
    acknowledged: Vec<(String, VersionId)>,
    kept: Vec<VersionId>,
}

impl Promised {
    fn add(&mut self, branch: &str, said: &[String]) {
        for line in said {
            match line.split_once(' ') {
                Some(("ack", id)) => {
                    self.acknowledged.push((branch.to_owned(), id.parse().expect("an id")));
                }
                Some(("kept", id)) => {
                    assert_eq!(branch, "shared", "a writer of its own branch met another one");
                    self.kept.push(id.parse().expect("an id"));
                }
                _ => panic!("{line}"),
            }
        }
    }

    fn check(&self, repository: &Repository) {
        let mut lines = std::collections::HashMap::new();
        for (branch, id) in &self.acknowledged {
            let line: &HashSet<VersionId> = lines.entry(branch).or_insert_with(|| {
                let name = RefName::branch(branch).expect("a branch");
                let tip = repository.target(&name).expect("it is read").expect("it exists");
                repository.log(tip).map(|version| version.expect("it is read").id).collect()
            });
            assert!(line.contains(id), "{id} was acknowledged and is not on {branch}");
            check(repository, &repository.version(id).expect("it is read"));
        }
        for id in &self.kept {
            check(repository, &repository.version(id).expect("what lost is kept"));
        }
    }
}

fn writers(folder: &Path) -> Vec<(String, &'static str, Member)> {
    let sharing = (0..SHARING).map(|_| ("shared".to_owned(), "write"));
    let role = |place: u64| if place.is_multiple_of(2) { "write" } else { "session" };
    let alone = (0..ALONE).map(|place| (format!("own-{place}"), role(place)));
    let start = |(number, (branch, role)): (usize, (String, &'static str))| {
        let member = Member::start(role, folder, &branch, 1 + number as u64);
        (branch, role, member)
    };
    sharing.chain(alone).enumerate().map(start).collect()
}

#[test]
fn eight_writers_and_four_readers_lose_nothing_when_some_are_killed() {
    use_and_kill(16);
}

#[test]
#[cfg(feature = "long-tests")]
fn eight_writers_and_four_readers_lose_nothing_when_many_are_killed() {
    use_and_kill(1000);
}

/// Has many processes use a repository, kills a writer again and again, and counts what is left.
fn use_and_kill(kills: u64) {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let folder = folder.path();
    Repository::init(folder).expect("an empty folder");
    let mut promised = Promised::default();
    let mut writers = writers(folder);
    let mut readers: Vec<Member> =
        (0..READERS).map(|_| Member::start("read", folder, "shared", 0)).collect();
    for round in 0..kills {
        // Another writer, at another moment of its work, each time.
        let place = (round * 5 % (SHARING + ALONE)) as usize;
        let (branch, role, writer) = &mut writers[place];
        writer.wait_for(2);
        thread::sleep(Duration::from_micros(round * 7919 % 5000));
        writer.process.kill().expect("it was running");
        // What it was doing when it was killed may still reach the disk until it is gone.
        writer.process.wait().expect("it can be waited for");
        let next = Member::start(role, folder, branch, 100 + round);
        promised.add(branch, &std::mem::replace(writer, next).end(true));
    }
    readers_go_on_beside_stopped_writers(&mut writers, &mut readers);
    std::fs::write(folder.join("stop"), "").expect("a file is written");
    for (branch, _, writer) in writers {
        promised.add(&branch, &writer.end(false));
    }
    readers.into_iter().for_each(|reader| assert!(!reader.end(false).is_empty()));
    let repository = Repository::open(folder).expect("the repository opens");
    promised.check(&repository);
    // Each round waited for two; who lost against another writer of the branch kept what it made.
    assert!((promised.acknowledged.len() + promised.kept.len()) as u64 >= 2 * kills);
    let report = repository.verify(&Silent).expect("the repository is read");
    assert!(report.is_ok(), "{:?}", report.damage);
    assert_eq!(repository.list(RefKind::Branch).expect("it is read").len() as u64, 1 + ALONE);
}

/// Writers that hold locks and go nowhere stop no reader.
fn readers_go_on_beside_stopped_writers(
    writers: &mut [(String, &'static str, Member)],
    readers: &mut [Member],
) {
    writers.iter().for_each(|(.., writer)| writer.signal("-STOP"));
    readers.iter_mut().for_each(|reader| reader.wait_for(2));
    writers.iter().for_each(|(.., writer)| writer.signal("-CONT"));
}
