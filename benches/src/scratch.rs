//! Folders that go when they are dropped.

use std::path::Path;

use ckpt_store::Repository;
use tempfile::TempDir;

/// A folder on the build's disk with an empty repository in it, removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    /// The repository in the folder.
    pub repository: Repository,
}

impl Scratch {
    /// Makes a folder below `parent`, for benches `env!("CARGO_TARGET_TMPDIR")`.
    pub fn new(parent: &str) -> Self {
        let folder = tempfile::tempdir_in(parent).expect("the build's folder can be written");
        let repository = Repository::init(folder.path()).expect("the folder is empty");
        Self { folder, repository }
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}
