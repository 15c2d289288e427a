//! What Git says about code, asked through its command.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Where code stands in its Git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GitFacts {
    /// The commit that is checked out.
    pub(crate) commit: String,
    /// Whether anything in the code differs from that commit, new files included.
    pub(crate) is_dirty: bool,
}

/// Asks Git about a file or folder; `None` without Git, outside of a repository of it, or before
/// its first commit.
pub(crate) fn facts(path: &Path) -> Option<GitFacts> {
    let path = path.canonicalize().ok()?;
    let folder = if path.is_dir() { &path } else { path.parent()? };
    let commit = git(folder, &["rev-parse", "HEAD"], None)?;
    let status = git(folder, &["status", "--porcelain", "--"], Some(&path))?;
    Some(GitFacts { commit: commit.trim().to_owned(), is_dirty: !status.is_empty() })
}

fn git(folder: &Path, args: &[&str], path: Option<&Path>) -> Option<String> {
    let output = Command::new("git")
        // Looking must not write, and a file named like a pattern is still that file.
        .args(["--no-optional-locks", "--literal-pathspecs", "-C"])
        .arg(folder)
        .args(args)
        .args(path)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
