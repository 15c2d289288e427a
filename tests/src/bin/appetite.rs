//! Commits more than its memory should hold, for the test `memory`.
//!
//! `appetite file|session FOLDER MIB` commits so much content, of one file or of versions of 64 MiB
//! in a session, and prints the most memory that it had, in KiB.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test fails by panicking")]

use std::{fs, io, sync::Arc};

use ckpt_store::{
    Contents, Draft, InputFile, RefName, Repository, Role, Session, SessionOptions, Signature,
    Tensor, disk::ReadAt,
};

const MIB: u64 = 1 << 20;

/// A file that nobody wrote, of numbers that never repeat.
#[derive(Debug)]
struct Endless {
    len: u64,
}

impl ReadAt for Endless {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        for (at, byte) in (offset..).zip(buf) {
            *byte = ((at / 4) >> (8 * (at % 4))) as u8;
        }
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, folder, mib] = &arguments[..] else { panic!("three arguments") };
    let repository = Repository::init(folder.as_ref()).expect("an empty folder");
    let len = mib.parse::<u64>().expect("a number") * MIB;
    let main = RefName::branch("main").expect("a branch");
    match &what[..] {
        "file" => {
            let file = InputFile::new("a.bin", Box::new(Endless { len }), None).expect("a name");
            let contents = Contents::Files(vec![file]);
            repository
                .commit(&main, &Draft::new(contents, Signature::new("", 0)))
                .expect("it is new");
        }
        "session" => session(repository, main, len / (64 * MIB)),
        other => panic!("nothing is called {other}"),
    }
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells it");
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it is there");
    println!("{}", most.trim().trim_end_matches(" kB"));
}

/// Hands over version after version as fast as it can.
fn session(repository: Repository, branch: RefName, versions: u64) {
    let options = SessionOptions::default();
    let session = Session::start(Arc::new(repository), branch, options).expect("a thread starts");
    let mut values: Vec<f64> = (0..8 * MIB).map(|i| i as f64).collect();
    for version in 0..versions {
        values[version as usize * 1000] += 0.5;
        let contents = Contents::Tensors(vec![Tensor::from_f64("w", Role::Weights, &values)]);
        session.commit(Draft::new(contents, Signature::new("", 0))).expect("nothing fails");
    }
    session.flush().expect("nothing fails");
    assert_eq!(session.take_done().len() as u64, versions);
}
