//! Which checkpoints are measured: given ones, or synthetic ones.

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

/// What the random numbers of synthetic checkpoints start from.
const SEED: u64 = 1;

/// Where a sequence comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// Files that were given.
    Given(Vec<PathBuf>),
    /// Made up while it is needed: all kinds at once would take gigabytes.
    Made(Kind),
}

/// Lists the sequences to measure; files are looked at before minutes are spent.
pub(super) fn sources(args: &StoreArgs) -> anyhow::Result<Vec<Source>> {
    Ok(match (&args.files[..], &args.kinds[..]) {
        ([], []) => Kind::ALL.map(Source::Made).to_vec(),
        ([], kinds) => kinds.iter().copied().map(Source::Made).collect(),
        (paths, _) => vec![Source::Given(files(paths)?)],
    })
}

/// Puts the files of folders in the place of these.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let cannot_read = || format!("cannot read {}", path.display());
        if !fs::metadata(path).with_context(cannot_read)?.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).with_context(cannot_read)?;
        let mut found = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<Vec<_>>>()
            .with_context(cannot_read)?;
        found.retain(|path| path.is_file());
        found.sort();
        files.append(&mut found);
    }
    match files.iter().find(|path| fs::metadata(path).is_ok_and(|meta| meta.len() == 0)) {
        Some(empty) => Err(UsageError(format!("{} is empty", empty.display())).into()),
        None if files.is_empty() => Err(UsageError("the folders hold no files".to_owned()).into()),
        None => Ok(files),
    }
}

impl Source {
    /// Makes the files, or finds the given ones, and reads them once so that memory has them.
    pub(super) fn make(
        &self,
        args: &StoreArgs,
        folder: &Path,
        ui: &mut Ui,
    ) -> anyhow::Result<Subject> {
        let (name, kind, files) = match *self {
            Self::Given(ref files) => (args.name.clone(), None, files.clone()),
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
    pub(super) fn clear(&self, folder: &Path) -> anyhow::Result<()> {
        match self {
            Self::Given(_) => Ok(()),
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
    fn a_folder_stands_for_its_files_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let inside = |name: &str| folder.path().join(name);
        for name in ["2", "10", "1"] {
            fs::write(inside(name), name).unwrap();
        }
        fs::create_dir(inside("deeper")).unwrap();
        let found = files(&[inside("2"), folder.path().to_owned()]).unwrap();
        assert_eq!(found, ["2", "1", "10", "2"].map(inside));
    }

    #[test]
    fn files_that_say_nothing_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty");
        let error = |path: &Path| files(&[path.to_owned()]).unwrap_err().to_string();
        assert_eq!(error(&path), format!("cannot read {}", path.display()));
        assert_eq!(error(folder.path()), "the folders hold no files");
        fs::write(&path, []).unwrap();
        assert_eq!(error(&path), format!("{} is empty", path.display()));
    }
}
