//! Which checkpoints are measured: given ones, or made-up ones.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use ckpt_cli::ui::Ui;

use super::{StoreArgs, results::Subject};
use crate::{
    UsageError,
    data::{Kind, Recipe},
};

/// What the random numbers of made-up checkpoints start from.
const SEED: u64 = 1;

/// Where a sequence comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    /// The files given.
    Given,
    /// Made up while it is needed: all kinds at once would take gigabytes.
    Made(Kind),
}

/// Ensures that the given files can be read before minutes are spent.
pub(super) fn check(files: &[PathBuf]) -> anyhow::Result<()> {
    for path in files {
        let meta = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
        if !meta.is_file() || meta.len() == 0 {
            return Err(UsageError(format!("{} is no file with contents", path.display())).into());
        }
    }
    Ok(())
}

/// Lists the sequences to measure.
pub(super) fn sources(args: &StoreArgs) -> Vec<Source> {
    match (&args.files[..], &args.kinds[..]) {
        ([], []) => Kind::ALL.map(Source::Made).to_vec(),
        ([], kinds) => kinds.iter().copied().map(Source::Made).collect(),
        _ => vec![Source::Given],
    }
}

impl Source {
    /// Makes the files, or finds the given ones, and reads them once so that memory has them.
    pub(super) fn make(
        self,
        args: &StoreArgs,
        folder: &Path,
        ui: &mut Ui,
    ) -> anyhow::Result<Subject> {
        let (name, kind, files) = match self {
            Self::Given => (args.name.clone(), None, args.files.clone()),
            Self::Made(kind) => {
                ui.notice(format!("bench store: making {}", kind.name()))?;
                let recipe = Recipe { kind, epochs: args.epochs, mib: args.mib, seed: SEED };
                (kind.name().to_owned(), Some(kind), recipe.write(&made(folder))?)
            }
        };
        let len = |path: &PathBuf| {
            let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()));
            Ok(bytes?.len() as u64)
        };
        let lens = files.iter().map(len).collect::<anyhow::Result<_>>()?;
        Ok(Subject { name, kind, files, lens })
    }

    /// Removes the files that were made.
    pub(super) fn clear(self, folder: &Path) -> anyhow::Result<()> {
        match self {
            Self::Given => Ok(()),
            Self::Made(_) => fs::remove_dir_all(made(folder)).context("cannot remove a sequence"),
        }
    }
}

fn made(folder: &Path) -> PathBuf {
    folder.join("made")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_say_nothing_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty");
        let error = || check(std::slice::from_ref(&path)).unwrap_err().to_string();
        assert_eq!(error(), format!("cannot read {}", path.display()));
        fs::write(&path, []).unwrap();
        assert_eq!(error(), format!("{} is no file with contents", path.display()));
    }
}
