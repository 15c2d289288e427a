//! Where a verb works, and on what machine.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Instant,
};

use ckpt_cli::environment::Environment;
use ckpt_store::{Error, REPOSITORY_DIR, Repository, Signature};

/// Where a verb works, and on what machine.
#[derive(Debug)]
pub(crate) struct Place {
    /// The folder that holds or will hold `.ckpt`.
    pub(crate) repository: PathBuf,
    /// Whether results are printed as JSON.
    pub(crate) json: bool,
    /// The folder of this workspace.
    pub(crate) workspace: PathBuf,
    /// The machine and the tools, as versions record them.
    pub(crate) environment: BTreeMap<String, String>,
    caller: Environment,
}

impl Place {
    /// Finds the repository: the folder asked for, the nearest one upwards that has one, or the
    /// current one.
    pub(crate) fn new(
        repo: Option<PathBuf>,
        json: bool,
        caller: Environment,
    ) -> anyhow::Result<Self> {
        let current = caller.current_dir()?;
        let holds = |folder: &&Path| is_repository(folder);
        let found = || current.ancestors().find(holds).unwrap_or(&current).to_owned();
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let workspace = workspace.canonicalize().unwrap_or(workspace);
        Ok(Self {
            repository: repo.unwrap_or_else(found),
            json,
            environment: ckpt_cli::environment::facts(Some(&workspace)),
            workspace,
            caller,
        })
    }

    /// Opens the repository, or makes it.
    pub(crate) fn open_or_init(&self) -> ckpt_store::Result<Repository> {
        match Repository::init(&self.repository) {
            Err(Error::AlreadyRepository(_)) => Repository::open(&self.repository),
            other => other,
        }
    }

    /// Returns who called, and what time it is now.
    pub(crate) fn stamp_now(&self) -> anyhow::Result<Signature> {
        Ok(self.caller.signature(None)?)
    }
}

fn is_repository(folder: &Path) -> bool {
    folder.join(REPOSITORY_DIR).join("format").is_file()
}

/// Starts to measure how long something takes.
#[expect(clippy::disallowed_methods, reason = "users are told how long a verb took")]
pub(crate) fn clock() -> Instant {
    Instant::now()
}
