//! Fingerprints of code on the disk: one file or a folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use ignore::WalkBuilder;

use super::folder::{FILE, FOLDER, LINK};
use crate::{CodeId, FieldHasher, file_digest};

/// The reason why code could not be fingerprinted.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// Something could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder could not be walked.
    #[error("cannot list {}", path.display())]
    Walk {
        /// The folder that was asked for.
        path: PathBuf,
        /// Why.
        source: ignore::Error,
    },
    /// A name that is not UTF-8 has no portable identity.
    #[error("{} has a name that is not UTF-8", .0.display())]
    Name(PathBuf),
    /// A socket, device or pipe.
    #[error("{} is neither a file nor a folder", .0.display())]
    Special(PathBuf),
}

/// Fingerprints a code file by its content, or a folder by the relative paths and contents of its files.
///
/// Hidden files, what `.gitignore` and `.ignore` files inside the folder exclude, and empty folders
/// do not count; neither do times, permissions, the folder's own name or the settings of the user.
/// A symbolic link inside the folder counts as the path it points to and is not followed. Paths
/// are compared as bytes with `/` between their parts, so an id does not depend on the platform.
///
/// # Errors
/// What cannot be read, a name that is not UTF-8, a path that is neither file nor folder.
pub fn code_id(path: &Path) -> Result<CodeId, CodeError> {
    let kind = fs::metadata(path).map_err(read_error(path))?.file_type();
    let mut hasher = CodeId::fields();
    if kind.is_file() {
        hasher.text(FILE).digest(&file_digest(path).map_err(read_error(path))?);
    } else if kind.is_dir() {
        hasher.text(FOLDER);
        for (name, file) in files_below(path)? {
            hasher.text(&name);
            hash_entry(&mut hasher, &file)?;
        }
    } else {
        return Err(CodeError::Special(path.to_owned()));
    }
    Ok(CodeId::from_fields(hasher))
}

/// Lists what counts below a folder: relative name with `/`, and path, sorted by name.
fn files_below(root: &Path) -> Result<Vec<(String, PathBuf)>, CodeError> {
    // A link to the folder stands for the folder.
    let root = &fs::canonicalize(root).map_err(read_error(root))?;
    let walk_error = |source| CodeError::Walk { path: root.clone(), source };
    let walk = WalkBuilder::new(root)
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .parents(false)
        .follow_links(false)
        .build();
    let mut files = Vec::new();
    for entry in walk {
        let entry = entry.map_err(walk_error)?;
        if let Some(error) = entry.error() {
            // An ignore file that was not understood: what it excludes cannot be told.
            return Err(walk_error(error.clone()));
        }
        if entry.file_type().is_some_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.into_path();
        let name = relative_name(root, &path).ok_or_else(|| CodeError::Name(path.clone()))?;
        files.push((name, path));
    }
    files.sort();
    Ok(files)
}

fn relative_name(root: &Path, path: &Path) -> Option<String> {
    let relative = path.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

fn hash_entry(hasher: &mut FieldHasher, path: &Path) -> Result<(), CodeError> {
    let kind = fs::symlink_metadata(path).map_err(read_error(path))?.file_type();
    if kind.is_symlink() {
        let target = fs::read_link(path).map_err(read_error(path))?;
        let target = target.to_str().ok_or_else(|| CodeError::Name(path.to_owned()))?;
        hasher.text(LINK).text(target);
    } else if kind.is_file() {
        hasher.text(FILE).digest(&file_digest(path).map_err(read_error(path))?);
    } else {
        return Err(CodeError::Special(path.to_owned()));
    }
    Ok(())
}

fn read_error(path: &Path) -> impl FnOnce(io::Error) -> CodeError + use<> {
    let path = path.to_owned();
    move |source| CodeError::Read { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::Builder::new().prefix("code").tempdir().unwrap();
        for (name, content) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    fn id(files: &[(&str, &str)]) -> CodeId {
        code_id(folder(files).path()).unwrap()
    }

    #[test]
    fn contents_and_names_count() {
        let base = id(&[("train.py", "a"), ("lib/net.py", "b")]);
        assert_eq!(base, id(&[("lib/net.py", "b"), ("train.py", "a")]));
        assert_ne!(base, id(&[("train.py", "a"), ("lib/net.py", "c")]));
        assert_ne!(base, id(&[("train.py", "a"), ("net.py", "b")]));
        assert_ne!(base, id(&[("train.py", "a")]));
    }

    #[test]
    fn hidden_and_ignored_files_do_not_count() {
        let plain = [("train.py", "a"), ("build.log", "x"), (".git/HEAD", "y")];
        let ignoring = [("train.py", "a"), ("build.log", "z"), (".gitignore", "*.log\n")];
        assert_ne!(id(&plain), id(&ignoring));
        assert_eq!(id(&ignoring), id(&[("train.py", "a")]));
    }

    #[test]
    fn a_file_is_its_content() {
        let root = folder(&[("a.py", "x"), ("b.py", "x"), ("c.py", "y")]);
        let id = |name| code_id(&root.path().join(name)).unwrap();
        assert_eq!(id("a.py"), id("b.py"));
        assert_ne!(id("a.py"), id("c.py"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_where_it_points() {
        let root = folder(&[("a.py", "x")]);
        let before = code_id(root.path()).unwrap();
        std::os::unix::fs::symlink("elsewhere", root.path().join("link")).unwrap();
        let with_link = code_id(root.path()).unwrap();
        assert_ne!(before, with_link);
        let to_folder = folder(&[]).path().with_extension("link");
        std::os::unix::fs::symlink(root.path(), &to_folder).unwrap();
        assert_eq!(code_id(&to_folder).unwrap(), with_link);
        fs::remove_file(to_folder).unwrap();
    }

    #[test]
    fn a_missing_path_is_named() {
        let error = code_id(Path::new("no/such/code")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read no/such/code");
    }
}
