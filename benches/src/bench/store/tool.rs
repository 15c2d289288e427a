//! Programs that keep checkpoints, described by the commands that a user types.

/// The file that holds the checkpoint, in the folder that a tool works in.
pub(super) const CHECKPOINT: &str = "model.safetensors";

/// What stands for the number of the version in a command.
pub(super) const NUMBER: &str = "{n}";

/// A command: the program and its arguments.
pub(super) type Line = &'static [&'static str];

/// A program that keeps checkpoints.
///
/// All commands run in one folder, which holds an empty folder `store` at first. The checkpoint
/// lies there as [`CHECKPOINT`] before a commit, and comes back under that name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    /// Prints the version; a peer whose probe fails is not installed.
    pub(super) probe: Line,
    pub(super) init: &'static [Line],
    /// Keeps the checkpoint as version `{n}`; also if it did not change.
    pub(super) commit: &'static [Line],
    /// The file that a commit leaves to be synced, for tools that are nothing but a copy.
    pub(super) sync: Option<&'static str>,
    /// Names the version, so that it is found again; not timed.
    pub(super) mark: &'static [Line],
    pub(super) restore: &'static [Line],
    /// The folders that hold what is stored.
    pub(super) stores: &'static [&'static str],
}

/// On Linux `cp` shares blocks where the file system can, which copies nothing.
const CP: &[&str] = if cfg!(target_os = "linux") {
    &["cp", "--reflink=never", CHECKPOINT, "store/{n}"]
} else {
    &["cp", CHECKPOINT, "store/{n}"]
};

const CP_BACK: &[&str] = if cfg!(target_os = "linux") {
    &["cp", "--reflink=never", "store/{n}", CHECKPOINT]
} else {
    &["cp", "store/{n}", CHECKPOINT]
};

/// A plain copy: what restoring is measured against.
pub(super) const COPY: Tool = Tool {
    name: "cp",
    probe: &[],
    init: &[],
    commit: &[CP],
    sync: None,
    mark: &[],
    restore: &[CP_BACK],
    stores: &["store"],
};

/// A copy that is on disk when it is done: what committing is measured against.
pub(super) const SYNCED_COPY: Tool = Tool { name: "cp+fsync", sync: Some("store/{n}"), ..COPY };

/// The name of a session of ckpt as a library, beside those of the tools.
pub(super) const SESSION: &str = "session";

/// The name of a copy in memory.
pub(super) const MEMORY_COPY: &str = "memory copy";

/// Collects what no ref reaches, and compacts packs.
pub(super) const GC: Line = &["ckpt", "gc"];

/// Fails if there is no such command.
pub(super) const GC_HELP: Line = &["ckpt", "gc", "--help"];

/// The program that this workspace is about.
pub(super) const CKPT: Tool = Tool {
    name: "ckpt",
    probe: &["ckpt", "--version"],
    init: &[&["ckpt", "init"]],
    commit: &[&["ckpt", "commit", CHECKPOINT, "-m", "epoch {n}", "--json"]],
    sync: None,
    mark: &[],
    restore: &[&["ckpt", "restore", "main@{n}", "-o", CHECKPOINT]],
    stores: &[".ckpt"],
};

const GIT_INIT: Line = &["git", "init", "--quiet"];
const GIT_COMMIT: Line = &["git", "commit", "--quiet", "--allow-empty", "-m", "epoch {n}"];
const GIT_TAG: Line = &["git", "tag", "v{n}"];
const GIT_ADD: Line = &["git", "add", CHECKPOINT];
const GIT_RESTORE: Line = &["git", "checkout", "--quiet", "v{n}", "--", CHECKPOINT];

/// What users use instead, as it behaves without settings.
pub(super) const PEERS: [Tool; 7] = [
    Tool {
        name: "git",
        probe: &["git", "--version"],
        init: &[GIT_INIT],
        commit: &[GIT_ADD, GIT_COMMIT],
        sync: None,
        mark: &[GIT_TAG],
        restore: &[GIT_RESTORE],
        stores: &[".git"],
    },
    Tool {
        name: "git-lfs",
        probe: &["git", "lfs", "version"],
        init: &[
            GIT_INIT,
            &["git", "lfs", "install", "--local"],
            &["git", "lfs", "track", CHECKPOINT],
            &["git", "add", ".gitattributes"],
        ],
        commit: &[GIT_ADD, GIT_COMMIT],
        sync: None,
        mark: &[GIT_TAG],
        restore: &[GIT_RESTORE],
        stores: &[".git"],
    },
    Tool {
        name: "dvc",
        probe: &["dvc", "--version"],
        init: &[GIT_INIT, &["dvc", "init", "--quiet"]],
        commit: &[
            &["dvc", "add", "--quiet", CHECKPOINT],
            &["git", "add", ".gitignore", "model.safetensors.dvc"],
            GIT_COMMIT,
        ],
        sync: None,
        mark: &[GIT_TAG],
        restore: &[
            &["git", "checkout", "--quiet", "v{n}", "--", "model.safetensors.dvc"],
            &["dvc", "checkout", "--quiet", "--force", "model.safetensors.dvc"],
        ],
        stores: &[".git", ".dvc"],
    },
    Tool {
        name: "restic",
        probe: &["restic", "version"],
        init: &[&["restic", "init", "--quiet"]],
        commit: &[&["restic", "backup", "--quiet", "--tag", "v{n}", CHECKPOINT]],
        sync: None,
        mark: &[],
        restore: &[&["restic", "restore", "latest", "--quiet", "--tag", "v{n}", "--target", "."]],
        stores: &["store"],
    },
    Tool {
        name: "borg",
        probe: &["borg", "--version"],
        init: &[&["borg", "init", "--encryption", "none"]],
        commit: &[&["borg", "create", "::v{n}", CHECKPOINT]],
        sync: None,
        mark: &[],
        restore: &[&["borg", "extract", "::v{n}"]],
        stores: &["store"],
    },
    Tool {
        name: "oxen",
        probe: &["oxen", "--version"],
        init: &[
            &["oxen", "config", "--name", "bench", "--email", "bench@localhost"],
            &["oxen", "init"],
        ],
        commit: &[&["oxen", "add", CHECKPOINT], &["oxen", "commit", "-m", "epoch {n}"]],
        sync: None,
        mark: &[&["oxen", "branch", "v{n}"]],
        restore: &[&["oxen", "restore", "--source", "v{n}", CHECKPOINT]],
        stores: &[".oxen"],
    },
    Tool {
        name: "zstd -3",
        probe: &["zstd", "--version"],
        init: &[],
        commit: &[&["zstd", "-3", "--quiet", CHECKPOINT, "-o", "store/{n}"]],
        sync: None,
        mark: &[],
        restore: &[&["zstd", "--decompress", "--quiet", "store/{n}", "-o", CHECKPOINT]],
        stores: &["store"],
    },
];

/// Finds the version in what a program says of itself: the first word of numbers and points.
pub(super) fn version(printed: &str) -> &str {
    let trim = |word| str::trim_matches(word, |c: char| !c.is_ascii_digit());
    let is_version =
        |word: &&str| word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    let words = printed.split(|c: char| c.is_whitespace() || c == '/');
    words.map(trim).find(is_version).unwrap_or_else(|| printed.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        let printed = [
            "git version 2.47.3\n",
            "git-lfs/3.3.0 (GitHub; linux amd64; go 1.19.8)",
            "*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***",
            "unknown\n",
        ];
        assert_eq!(printed.map(version), ["2.47.3", "3.3.0", "1.5.4", "unknown"]);
    }

    #[test]
    fn every_tool_tells_its_versions_apart() {
        let holds_number =
            |lines: &[Line]| lines.iter().any(|line| line.iter().any(|word| word.contains(NUMBER)));
        for tool in [COPY, SYNCED_COPY, CKPT].iter().chain(&PEERS) {
            assert!(holds_number(tool.commit), "{}", tool.name);
            assert!(holds_number(tool.restore), "{}", tool.name);
            assert!(!tool.stores.is_empty(), "{}", tool.name);
        }
    }
}
