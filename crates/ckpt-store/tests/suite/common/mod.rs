//! A small repository in memory and versions for it.
#![allow(dead_code, reason = "each test file uses a part")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

pub(crate) mod adversarial;
pub(crate) mod by_hand;
pub(crate) mod fixture;
pub(crate) mod history;
pub(crate) mod look;
pub(crate) mod records;

use std::{collections::BTreeMap, sync::Arc};

use ckpt_store::{Contents, Draft, RefName, Repository, Role, Signature, Tensor};
use ckpt_testkit::disks::MemDisk;

pub(crate) fn repository() -> (MemDisk, Repository) {
    let disk = MemDisk::new();
    let repository = Repository::init_on(Arc::new(disk.clone())).unwrap();
    (disk, repository)
}

/// Makes a repository whose packs stay as they were written.
pub(crate) fn unmerged() -> (MemDisk, Repository) {
    let (disk, repo) = repository();
    configure(&disk, "[packs]\nmerge = false\n");
    (disk, repo)
}

/// Replaces what `config.toml` says.
pub(crate) fn configure(disk: &MemDisk, text: &str) {
    disk.corrupt("config.toml", |bytes| *bytes = text.as_bytes().to_vec()).unwrap();
}

/// Opens a repository anew, as another process would.
pub(crate) fn open(disk: &MemDisk) -> Repository {
    Repository::open_on(Arc::new(disk.clone())).unwrap()
}

/// Makes a pool of one thread. How often a block is read, and how much memory is taken, is certain
/// only where no two threads can miss the same block in the cache at once.
pub(crate) fn one_thread() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap()
}

pub(crate) fn main_branch() -> RefName {
    RefName::branch("main").unwrap()
}

pub(crate) fn signature() -> Signature {
    Signature::new("ada", 1_700_000_000_000)
}

/// A version of two small tensors made from `seed`, whose loss falls as `seed` grows.
pub(crate) fn draft(seed: f64) -> Draft {
    Draft::new(
        Contents::Tensors(vec![
            Tensor::from_f64("weight", Role::Weights, &[seed, -seed, 0.5]),
            Tensor::from_f64("momentum", Role::State, &[seed / 3.0]),
        ]),
        signature(),
    )
    .with_metrics(BTreeMap::from([("loss".to_owned(), 1.0 / seed)]))
    .with_message(format!("epoch {seed}"))
}
