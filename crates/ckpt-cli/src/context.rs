//! What every command is given.

use std::{path::PathBuf, process::ExitCode};

pub(crate) use ckpt_app::refs::{find, noted};
use ckpt_store::{Repository, Signature};

use crate::{environment::Environment, failure::Failure, ui::Ui};

/// The name of this program, whatever users type to run it.
pub(crate) const PROGRAM: &str = "ckpt";

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done, or yes.
    Done,
    /// The answer is no: damage, a difference, a condition that is not met.
    No,
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Done => Self::SUCCESS,
            Answer::No => Self::from(3),
        }
    }
}

/// What a command ends with.
pub(crate) type Outcome = Result<Answer, Failure>;

/// What every command is given in addition to its own arguments.
pub(crate) struct Context {
    pub(crate) ui: Ui,
    pub(crate) environment: Environment,
    /// The folder of `--repo`.
    pub(crate) repo: Option<PathBuf>,
    /// Whether results are printed as JSON.
    pub(crate) json: bool,
    /// Describes all commands and their arguments, for what is made from that.
    pub(crate) grammar: fn() -> clap::Command,
}

impl Context {
    /// Opens the repository that `--repo` names, or that the current folder is in.
    pub(crate) fn repository(&self) -> Result<Repository, Failure> {
        Ok(match &self.repo {
            Some(folder) => Repository::open(folder)?,
            None => Repository::discover(&self.environment.current_dir()?)?,
        })
    }

    /// Opens the repository like [`repository`](Self::repository), for a command that goes by its
    /// settings: a notice names the sections that this program does not know.
    pub(crate) fn repository_with_settings(&mut self) -> Result<Repository, Failure> {
        let repository = self.repository()?;
        // What makes no sense is an error once it is needed.
        for section in repository.unknown_sections().unwrap_or_default() {
            self.ui.notice(format!("note: {section}"))?;
        }
        Ok(repository)
    }

    /// Returns who and when.
    pub(crate) fn signature(&self) -> Result<Signature, Failure> {
        self.environment.signature(None)
    }
}
